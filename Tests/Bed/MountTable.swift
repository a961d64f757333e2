// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The mounts of a machine. See proc_pid_mountinfo(5).
public struct MountTable: Sendable {
  /// One mount.
  public struct Mount: Hashable, Sendable, CustomStringConvertible {
    public let root: String
    public let mountPoint: String
    public let options: Set<String>
    /// `shared:N`, `master:N` …
    public let propagation: [String]
    public let fileSystem: String
    public let source: String
    public let superOptions: [String]

    public var isReadOnly: Bool { options.contains("ro") }
    public var isShared: Bool { propagation.contains { $0.hasPrefix("shared:") } }

    /// The fields in the order of the file, without the IDs, which differ from boot to boot.
    public var description: String {
      "\(mountPoint) \(fileSystem) \(source) \(root) \(options.sorted().joined(separator: ","))"
        + (isShared ? " shared" : "") + (propagation.contains { $0.hasPrefix("master:") } ? " slave" : "")
    }
  }

  /// The mounts in the order of mounting.
  public let mounts: [Mount]

  /// Reads a mountinfo file.
  ///
  /// - Throws: ``Problem`` if a line lacks fields.
  public init(mountInfo text: String, of run: FilePath = "") throws {
    let hostNames = [run.string, run.lastComponent?.string ?? ""].filter { !$0.isEmpty }
    // These are the host's directories of a container, and the random name of a file that nspawn has mounted and removed.
    let text = hostNames.reduce(text) { $0.replacing($1, with: "RUN") }.replacing(/[^ ]*\/trees\/[0-9a-f]{16}/, with: "RUN/tree").replacing(/\/\.#\S*\/\/deleted/, with: "/deleted")
    mounts = try text.split(separator: "\n").map { line in
      let fields = line.split(separator: " ").map(String.init)
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else {
        throw Problem("A line of mountinfo that has not its fields: \(line)")
      }
      return Mount(
        root: Self.unescaped(fields[3]), mountPoint: Self.unescaped(fields[4]), options: Set(fields[5].split(separator: ",").map(String.init)),
        propagation: Array(fields[6..<dash]), fileSystem: fields[dash + 1], source: Self.unescaped(fields[dash + 2]),
        superOptions: fields[dash + 3].split(separator: ",").map(String.init))
    }
  }

  /// The topmost mount at a mount point.
  public subscript(_ mountPoint: String) -> Mount? { mounts.last { $0.mountPoint == mountPoint } }

  /// The mount points with more than one mount.
  public var stacked: [String] {
    Dictionary(grouping: mounts, by: \.mountPoint).filter { $0.value.count > 1 }.keys.sorted()
  }

  /// The mounts whose propagation is not the default, shared.
  public var unshared: [Mount] { mounts.filter { !$0.isShared } }

  /// One line for each mount, sorted and without IDs, as order and IDs differ between two boots of one machine.
  public var normalised: [String] { lasting.map(\.description).sorted() }

  /// The mounts except the credentials of services, which may or may not exist at the time of the report.
  private var lasting: [Mount] { mounts.filter { !$0.mountPoint.hasPrefix("/run/credentials/") } }

  /// The mounts that `other` lacks, and the mounts that only `other` has, by their normalized lines.
  public func difference(from other: MountTable) -> (added: [Mount], missing: [Mount]) {
    let mine = Set(normalised), theirs = Set(other.normalised)
    return (lasting.filter { !theirs.contains($0.description) }, other.lasting.filter { !mine.contains($0.description) })
  }

  private static func unescaped(_ field: String) -> String {
    guard field.contains("\\") else { return field }
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3, let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
