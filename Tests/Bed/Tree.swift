// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The root file system of one machine: a base, preroot or not, and what a test changes in it.
public struct Tree: Hashable, Sendable {
  public var suite: Suite
  public var profile: Profile
  /// Whether preroot is installed in it.
  public var hasPreroot: Bool
  /// Whether the overlayfs of Debian's User Mode Linux kernel is in it: a module, as is most of that kernel.
  public var hasPackagedOverlay = false
  /// Whether the bed's witness is in it, which reports a boot and ends it.
  public var hasProbe = true
  /// What differs from the base, in the order of happening.
  public private(set) var edits: [Edit] = []

  /// One difference from the base. Paths are absolute, on the machine.
  public enum Edit: Hashable, Sendable {
    case file(String, text: String, mode: Int)
    case symlink(String, to: String)
    case directory(String)
    case removed(String)
    /// A file of the host, copied.
    case copy(of: String, at: String)
    /// Everything below a directory of the host, laid over the tree.
    case over(String)
    /// A Debian package, installed.
    case package(String)
  }

  /// Creates the tree of a suite as it is installed.
  public init(_ suite: Suite = .bookworm, _ profile: Profile = .lean, hasPreroot: Bool = true) {
    self.suite = suite
    self.profile = profile
    self.hasPreroot = hasPreroot
  }

  /// A device's Debian 12 with preroot.
  public static let lean = Tree(.bookworm, .lean)
  /// A minimal Debian 12 as it is installed, with preroot.
  public static let full = Tree(.bookworm, .full)

  /// The same tree without preroot: what preroot is compared with.
  public var withoutPreroot: Tree { changed { $0.hasPreroot = false } }

  /// The same tree with one file more, or another one in its place.
  public func with(_ path: String, _ text: String, mode: Int = 0o644) -> Tree {
    changed { $0.edits.append(.file(path, text: text, mode: mode)) }
  }

  /// The same tree with a symbolic link.
  public func linking(_ path: String, to target: String) -> Tree {
    changed { $0.edits.append(.symlink(path, to: target)) }
  }

  /// The same tree with an empty directory.
  public func withDirectory(_ path: String) -> Tree {
    changed { $0.edits.append(.directory(path)) }
  }

  /// The same tree without a file, or a directory and everything below.
  public func without(_ path: String) -> Tree {
    changed { $0.edits.append(.removed(path)) }
  }

  /// The same tree with a copy of a file of the host.
  public func with(copyOf file: FilePath, at path: String) -> Tree {
    changed { $0.edits.append(.copy(of: file.string, at: path)) }
  }

  /// The same tree with everything below a directory of the host laid over it.
  public func with(everythingIn directory: FilePath) -> Tree {
    changed { $0.edits.append(.over(directory.string)) }
  }

  /// The same tree with a Debian package installed, one without maintainer scripts.
  public func installing(_ package: FilePath) -> Tree {
    changed { $0.edits.append(.package(package.string)) }
  }

  /// The same tree with a shell script that the probe runs once the machine is up; see ``Boot/script``.
  public func running(_ script: String) -> Tree {
    with("/usr/lib/bed/script", "#!/bin/bash\n" + script, mode: 0o755)
  }

  /// The same tree, where the probe ends the boot with the start of another unit than poweroff.target.
  public func ending(with unit: String) -> Tree {
    with("/usr/lib/bed/end", unit + "\n")
  }

  private func changed(_ change: (inout Tree) -> Void) -> Tree {
    var tree = self
    change(&tree)
    return tree
  }
}

extension Tree {
  /// A name for what is in the tree, the shipped programs' bytes included.
  func fingerprint() async throws -> Fingerprint {
    var fingerprint = Fingerprint("\(suite)", "\(profile)", "\(hasPackagedOverlay)", "\(hasProbe)")
    for edit in edits {
      fingerprint.add("\(edit)")
      switch edit {
      case .copy(let file, _), .package(let file): fingerprint.add(try await sh("sha256sum", file))
      case .over(let directory): fingerprint.add(try await contents(of: FilePath(directory)))
      case .file, .symlink, .directory, .removed: break
      }
    }
    for name in ["bed-probe", "bed-probe.service"] { fingerprint.add(try await sh("sha256sum", Checkout.bedFile(name).string)) }
    if hasPreroot { fingerprint.add(try await contents(of: Checkout.installed(for: suite))) }
    return fingerprint
  }

  /// One line for each file and link below a directory: its name and what it holds.
  private func contents(of directory: FilePath) async throws -> String {
    try await sh("sh", "-c", "find . -type f -exec sha256sum {} + | sort; find . -type l -printf '%p %l\\n' | sort", in: directory)
  }

  /// The directory in which the tree is laid out, for containers that do not write to it, made where there is none of the same content.
  func laidOut() async throws -> FilePath {
    let fingerprint = try await fingerprint()
    try Cache.shared.tidy("trees", keeping: 6)
    return try await Cache.shared.thing("trees/\(fingerprint)") { try await lay(out: $0) }
  }

  /// Lays the tree out in a directory that does not exist yet, beside the base on the same file system.
  func lay(out place: FilePath) async throws {
    let base = try await BaseTree.path(of: suite)
    try await sh("cp", "-al", base.string, place.string)
    // A hard link is written through: every file is replaced, none is edited.
    if hasPreroot { try await sh("cp", "-a", "--remove-destination", "\(try await Checkout.installed(for: suite))/.", place.string) }
    // Empty: systemd makes an ID for each boot. A missing file would be a machine that cannot boot read-only.
    try replace("/etc/machine-id", text: "", mode: 0o444, in: place)
    // A root password that is empty lets a person look around; there is no network.
    try await sh("sh", "-c", "sed 's/^root:[^:]*:/root::/' etc/shadow > etc/shadow.new && chmod 640 etc/shadow.new && chown root:42 etc/shadow.new && mv etc/shadow.new etc/shadow", in: place)
    for unit in profile.masked { try link("/etc/systemd/system/\(unit)", to: "/dev/null", in: place) }

    if hasProbe { try installProbe(in: place) }
    if hasPackagedOverlay { try await sh("sh", "-c", "mkdir -p \(place)/usr/lib/modules && cd /usr/lib/uml/modules && cp -a --parents */modules.* */kernel/fs/overlayfs \(place)/usr/lib/modules") }

    for edit in edits {
      switch edit {
      case .file(let path, let text, let mode): try replace(path, text: text, mode: mode, in: place)
      case .symlink(let path, let target): try link(path, to: target, in: place)
      case .directory(let path): try FileManager.default.createDirectory(atPath: place.string + path, withIntermediateDirectories: true)
      case .removed(let path): try await sh("rm", "-rf", place.string + path)
      case .copy(let file, let path):
        try makeParent(of: path, in: place)
        try await sh("cp", "-a", "--remove-destination", file, place.string + path)
      case .over(let directory):
        try await sh("cp", "-a", "--remove-destination", "\(directory)/.", place.string)
      case .package(let file):
        // dpkg replaces its files, but for the log, which it would write through the hard link.
        try await sh("dpkg", "--root=\(place)", "--log=/dev/null", "--install", file)
      }
    }
  }

  private func installProbe(in place: FilePath) throws {
    let units = "/usr/lib/systemd/system"
    try replace("/usr/lib/bed/probe", text: try Checkout.bedText("bed-probe"), mode: 0o755, in: place)
    try replace("\(units)/bed-probe.service", text: try Checkout.bedText("bed-probe.service"), mode: 0o644, in: place)
    // Not default.target: rescue and emergency are to be probed as well.
    for target in ["sysinit", "emergency"] {
      try link("\(units)/\(target).target.wants/bed-probe.service", to: "../bed-probe.service", in: place)
    }
  }

  private func makeParent(of path: String, in place: FilePath) throws {
    let parent = FilePath(place.string + path).removingLastComponent()
    try FileManager.default.createDirectory(atPath: parent.string, withIntermediateDirectories: true)
  }

  private func replace(_ path: String, text: String, mode: Int, in place: FilePath) throws {
    try makeParent(of: path, in: place)
    let file = place.string + path
    try? FileManager.default.removeItem(atPath: file)
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
  }

  private func link(_ path: String, to target: String, in place: FilePath) throws {
    try makeParent(of: path, in: place)
    try? FileManager.default.removeItem(atPath: place.string + path)
    try FileManager.default.createSymbolicLink(atPath: place.string + path, withDestinationPath: target)
  }
}
