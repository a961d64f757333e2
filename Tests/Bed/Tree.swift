// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The root file system of one machine: a base, with or without preroot, and a test's changes.
public struct Tree: Hashable, Sendable {
  public var suite: Suite
  public var profile: Profile
  /// Whether the tree has preroot.
  public var hasPreroot: Bool
  /// Whether the tree has the overlayfs module of Debian's User Mode Linux kernel.
  public var hasPackagedOverlay = false
  /// Whether the tree has the bed's probe, which reports a boot and ends it.
  public var hasProbe = true
  /// Debian's packages in the base besides systemd and what it needs.
  public var packages: [String] = []
  /// The architecture of its programs; nil for the host's, else as `make ARCH=` takes it.
  public internal(set) var architecture: String?
  /// The changes to the base, in order.
  public private(set) var edits: [Edit] = []

  /// One change to the base. Paths are absolute on the machine.
  public enum Edit: Hashable, Sendable {
    case file(String, text: String, mode: Int)
    case symlink(String, to: String)
    case directory(String)
    case removed(String)
    /// A copy of a file of the host.
    case copy(of: String, at: String)
    /// Everything below a directory of the host, copied over the tree.
    case over(String)
    /// An installed Debian package.
    case package(String)
    /// The SELinux label of a directory.
    case label(String, of: String)
    /// The labels that Debian's policy gives to every file, with a module of CIL added to it, unless that is empty.
    case labels(module: String)
  }

  /// Creates the tree of a freshly installed suite.
  public init(_ suite: Suite = .bookworm, _ profile: Profile = .lean, hasPreroot: Bool = true) {
    self.suite = suite
    self.profile = profile
    self.hasPreroot = hasPreroot
  }

  /// Debian 12 with the units of a device and preroot.
  public static let lean = Tree(.bookworm, .lean)
  /// A freshly installed minimal Debian 12 with preroot.
  public static let full = Tree(.bookworm, .full)

  /// The same tree without preroot, for comparison.
  public var withoutPreroot: Tree { changed { $0.hasPreroot = false } }

  /// The same tree with an added or replaced file.
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

  /// The same tree with everything below a directory of the host copied over it.
  public func with(everythingIn directory: FilePath) -> Tree {
    changed { $0.edits.append(.over(directory.string)) }
  }

  /// The same tree with an installed Debian package that has no maintainer scripts.
  public func installing(_ package: FilePath) -> Tree {
    changed { $0.edits.append(.package(package.string)) }
  }

  /// The same tree with an SELinux label of a directory. An image of squashfs has it; the others have no extended attributes.
  public func labelling(_ directory: String, _ label: String) -> Tree {
    changed { $0.edits.append(.label(label, of: directory)) }
  }

  /// The same tree with SELinux labels, by the policy of the package selinux-policy-default that it has.
  ///
  /// - Parameter module: what is added to the policy, in CIL.
  public func labelled(adding module: String = "") -> Tree {
    changed { $0.edits.append(.labels(module: module)) }
  }

  /// Whether files have extended attributes.
  var hasAttributes: Bool {
    edits.contains {
      switch $0 {
      case .label, .labels: true
      default: false
      }
    }
  }

  /// The same tree with a shell script that the probe runs once the machine is up; see ``Boot/script``.
  public func running(_ script: String) -> Tree {
    with("/usr/lib/bed/script", "#!/bin/bash\n" + script, mode: 0o755)
  }

  /// The same tree with a probe that starts this unit to end the boot, instead of poweroff.target.
  public func ending(with unit: String) -> Tree {
    with("/usr/lib/bed/end", unit + "\n")
  }

  /// The same tree with more of Debian's packages, and all that these need, which their own scripts have set up.
  public func with(packages: [String]) -> Tree {
    changed { $0.packages += packages }
  }

  private func changed(_ change: (inout Tree) -> Void) -> Tree {
    var tree = self
    change(&tree)
    return tree
  }
}

extension Tree {
  /// A name for the tree's content, including the shipped programs.
  func fingerprint() async throws -> Fingerprint {
    var fingerprint = Fingerprint("\(suite)", "\(profile)", "\(hasPackagedOverlay)", "\(hasProbe)")
    if let architecture { fingerprint.add("for \(architecture)") }
    if !packages.isEmpty { fingerprint.add("with \(packages)") }
    for edit in edits {
      fingerprint.add("\(edit)")
      switch edit {
      case .copy(let file, _), .package(let file): fingerprint.add(try await sh("sha256sum", file))
      case .over(let directory): fingerprint.add(try await contents(of: FilePath(directory)))
      case .file, .symlink, .directory, .removed, .label, .labels: break
      }
    }
    for name in ["bed-probe", "bed-probe.service"] { fingerprint.add(try await sh("sha256sum", Checkout.bedFile(name).string)) }
    if hasPreroot { fingerprint.add(try await contents(of: Checkout.installed(for: suite, architecture))) }
    return fingerprint
  }

  /// One line for each file and link below a directory, with its name and contents.
  private func contents(of directory: FilePath) async throws -> String {
    try await sh("sh", "-c", "find . -type f -exec sha256sum {} + | sort; find . -type l -printf '%p %l\\n' | sort", in: directory)
  }

  /// A directory with the tree's files for containers, which do not write to it. It is created unless one of the same content exists.
  func laidOut() async throws -> FilePath {
    let fingerprint = try await fingerprint()
    try Cache.shared.tidy("trees", keeping: 6)
    return try await Cache.shared.thing("trees/\(fingerprint)") { try await lay(out: $0) }
  }

  /// The words with which User Mode Linux has the tree, a directory of the host, as its root.
  public func wordsOfHostRoot() async throws -> [String] {
    ["root=/dev/root", "rootfstype=hostfs", "rootflags=\(try await laidOut())"]
  }

  /// Whether the tree on the host has a file.
  public func hasFileOnHost(_ path: String) async throws -> Bool {
    FileManager.default.fileExists(atPath: try await laidOut().string + path)
  }

  /// The names, types, owners, sizes and times of all files of the tree on the host. The time of a change is not among them: others' hard links change it.
  public func stateOnHost() async throws -> String {
    try await sh("sh", "-c", "find . -printf '%P %y %m %U %G %s %T@ %l\\n' | sort | sha256sum", in: try await laidOut())
  }

  /// Creates the tree in a new directory beside the base, on the same file system.
  func lay(out place: FilePath) async throws {
    let base = if let architecture { try await ForeignTree.path(of: architecture, suite) } else { try await BaseTree.path(of: suite, with: packages) }
    try await sh("cp", "-al", base.string, place.string)
    // A write through a hard link would change the base, so files are replaced and never edited.
    if hasPreroot { try await sh("cp", "-a", "--remove-destination", "\(try await Checkout.installed(for: suite, architecture))/.", place.string) }
    // With an empty file systemd generates an ID for each boot. Without the file a read-only machine could not boot.
    try replace("/etc/machine-id", text: "", mode: 0o444, in: place)
    // An empty root password lets a developer look around. The machine has no network.
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
        // dpkg replaces its files except the log, which it would write through the hard link.
        try await sh("dpkg", "--root=\(place)", "--log=/dev/null", "--install", file)
      case .label(let label, let directory):
        // Directories are the tree's own, and not links to the base. The label's end is a zero byte, as that of the policy's tools.
        // 188 is setxattr(2) of x86_64.
        try await sh("perl", "-e", #"my ($name, $label) = ("security.selinux", "$ARGV[1]\0"); exit(syscall(188, $ARGV[0], $name, $label, length $label, 0) != 0)"#, place.string + directory, label)
      case .labels(let module):
        // The files of the base get the labels, too: all trees with the policy share them. semodule replaces what it changes. The policy names no label for /proc.
        try await sh("sh", "-euc", """
          if [ -n "$2" ]; then
            echo "$2" > "$1/tmp/bed.cil"
            chroot "$1" semodule -n -i /tmp/bed.cil
            rm "$1/tmp/bed.cil"
          fi
          LD_LIBRARY_PATH=$1/usr/lib/x86_64-linux-gnu "$1/usr/sbin/setfiles" -F -r "$1" "$1/etc/selinux/default/contexts/files/file_contexts" "$1"
          """, "sh", place.string, module)
      }
    }
  }

  private func installProbe(in place: FilePath) throws {
    let units = "/usr/lib/systemd/system"
    try replace("/usr/lib/bed/probe", text: try Checkout.bedText("bed-probe"), mode: 0o755, in: place)
    try replace("\(units)/bed-probe.service", text: try Checkout.bedText("bed-probe.service"), mode: 0o644, in: place)
    // This is not default.target, so that the probe also runs in rescue and emergency.
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
