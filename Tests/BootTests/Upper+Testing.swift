// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

extension Tree {
  /// A tree whose script counts boots in a file on the root; see ``Boot/bootsNoted``.
  static let noting = Tree.lean.noting("")

  /// The same tree with a script that counts boots in a file on the root, prints the message of the day, and runs `script`, in which
  /// `$n` is the count.
  func noting(_ script: String) -> Tree {
    running("n=$(($(cat /var/lib/boots 2> /dev/null) + 1)); echo $n > /var/lib/boots; echo \"boots=$n\"\necho \"login=$(cat /run/motd.d/preroot 2> /dev/null)\"\n" + script)
  }

  /// The same tree as an image of the given release.
  func release(_ version: String) -> Tree {
    with("/usr/lib/os-release", "ID=bed\nIMAGE_ID=bed\nIMAGE_VERSION=\(version)\n").with("/usr/share/release", version + "\n")
  }
}

extension Machine {
  /// A machine with a kernel, a squashfs root, and its upper on this disk.
  init(keepingOn disk: Disk, _ tree: Tree = .noting, _ words: String...) {
    self.init(.kernel(.squashfs), tree)
    self.words = (words.contains { $0.hasPrefix("preroot=") } ? [] : ["preroot=/dev/ubdb"]) + words
    disks = [disk]
  }

  /// The same machine with more words on its command line.
  func with(_ words: String...) -> Machine {
    var machine = self
    machine.words += words
    return machine
  }

  /// The same machine and disks with another image.
  func with(_ tree: Tree) -> Machine {
    var machine = self
    machine.tree = tree
    return machine
  }
}

extension Boot {
  /// The value of the script's last line `NAME=VALUE`.
  func told(_ name: String) -> String? {
    let lines = (script?.output ?? "").split(separator: "\n")
    return lines.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// The number of boots that the upper has seen, including this one; see ``Tree/noting(_:)``.
  var bootsNoted: Int? { told("boots").flatMap { Int($0) } }

  /// The mount of the upper's file system.
  var store: MountTable.Mount? { mounts["/run/initramfs/preroot/upper"] }

  /// The warnings and errors of preroot, each once, although both the kernel log and the journal have them.
  var remarks: [String] {
    journal.entries.filter { $0.priority <= 4 && $0.identifier.hasPrefix("preroot") }
      .reduce(into: []) { if !$0.contains($1.message) { $0.append($1.message) } }
  }
}

/// Expects a boot on an upper of this type without any failure.
func expectUpper(_ type: String = "ext4", in boot: Boot, at location: SourceLocation = #_sourceLocation) {
  #expect(boot.state == "running", "\(boot)", sourceLocation: location)
  #expect(boot.failedUnits == [], "\(boot)", sourceLocation: location)
  #expect(boot.mounts["/"]?.source == "preroot", "\(boot)", sourceLocation: location)
  #expect(boot.store?.fileSystem == type, "\(boot)", sourceLocation: location)
  #expect(boot.isRootWritable, "\(boot)", sourceLocation: location)
  #expect(boot.startupCount == 1, "\(boot)", sourceLocation: location)
  #expect(boot.unitsStartedAgain == [], "\(boot)", sourceLocation: location)
  #expect(boot.consoleFailures == [], "\(boot)", sourceLocation: location)
}

/// Expects a boot that fell back to a tmpfs and reports this reason.
func expectFallback(in boot: Boot, saying text: String, at location: SourceLocation = #_sourceLocation) {
  #expect(boot.state == "degraded", "\(boot)", sourceLocation: location)
  #expect(boot.failedUnits == ["overlay-prep.service"], "\(boot)", sourceLocation: location)
  #expect(boot.units["overlay-prep.service"]?.properties["ExecMainStatus"] == "4", "\(boot)", sourceLocation: location)
  #expect(boot.mounts["/"]?.source == "preroot", "\(boot)", sourceLocation: location)
  #expect(boot.store?.fileSystem == "tmpfs", "\(boot)", sourceLocation: location)
  #expect(boot.isRootWritable, "\(boot)", sourceLocation: location)
  #expect(boot.units["graphical.target"]?.activeState == "active", "\(boot)", sourceLocation: location)
  #expect(boot.startupCount == 1, "\(boot)", sourceLocation: location)
  expectError(in: boot, saying: text, at: location)
}

/// Expects an error with this text in the journal of overlay-prep.service, in state.json and in the message of the day.
func expectError(in boot: Boot, saying text: String, at location: SourceLocation = #_sourceLocation) {
  let errors = boot.journal.entries(of: "overlay-prep.service").filter { $0.identifier == "preroot" && $0.priority <= 3 }
  #expect(errors.contains { $0.message.contains(text) }, "\(errors.map(\.message)) \(boot)", sourceLocation: location)
  #expect(boot.file("preroot/state.json")?.contains(text) == true, "\(boot)", sourceLocation: location)
  #expect(boot.told("login")?.contains(text) == true, "\(boot)", sourceLocation: location)
}

extension String {
  /// The string without white space at its ends.
  var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
