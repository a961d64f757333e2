// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

extension Tree {
  /// A machine with a script that counts its boots in a file of the root; see ``Boot/bootsNoted``.
  static let noting = Tree.lean.noting("")

  /// The same tree, whose script counts its boots in a file of the root, `n` in the script, says what a login says, and does more.
  func noting(_ script: String) -> Tree {
    running("n=$(($(cat /var/lib/boots 2> /dev/null) + 1)); echo $n > /var/lib/boots; echo \"boots=$n\"\necho \"login=$(cat /run/motd.d/preroot 2> /dev/null)\"\n" + script)
  }

  /// The same tree as the image of another release.
  func release(_ version: String) -> Tree {
    with("/usr/lib/os-release", "ID=bed\nIMAGE_ID=bed\nIMAGE_VERSION=\(version)\n").with("/usr/share/release", version + "\n")
  }
}

extension Machine {
  /// A machine with a kernel, a squashfs root and its upper on this disk, which is its first.
  init(keepingOn disk: Disk, _ tree: Tree = .noting, _ words: String...) {
    self.init(.kernel(.squashfs), tree)
    self.words = (words.contains { $0.hasPrefix("preroot=") } ? [] : ["preroot=/dev/ubdb"]) + words
    disks = [disk]
  }

  /// The same machine with further words.
  func with(_ words: String...) -> Machine {
    var machine = self
    machine.words += words
    return machine
  }

  /// The same machine with another image, on the same disks.
  func with(_ tree: Tree) -> Machine {
    var machine = self
    machine.tree = tree
    return machine
  }
}

extension Boot {
  /// What the script said in a line `NAME=VALUE`.
  func told(_ name: String) -> String? {
    let lines = (script?.output ?? "").split(separator: "\n")
    return lines.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// How many boots its upper has seen, this one included; see ``Tree/noting(_:)``.
  var bootsNoted: Int? { told("boots").flatMap { Int($0) } }

  /// Where the upper is.
  var store: MountTable.Mount? { mounts["/run/initramfs/preroot/upper"] }

  /// What preroot said that is a warning at least, each sentence once: it is in the kernel's log and in the journal.
  var remarks: [String] {
    journal.entries.filter { $0.priority <= 4 && $0.identifier.hasPrefix("preroot") }
      .reduce(into: []) { if !$0.contains($1.message) { $0.append($1.message) } }
  }
}

/// A boot on an upper of this type, in which nothing went wrong.
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

/// A boot that had to do without its upper, took a tmpfs instead, and says so with these words.
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

/// The journal has these words under overlay-prep.service, as an error; and so has what programs and people find without it.
func expectError(in boot: Boot, saying text: String, at location: SourceLocation = #_sourceLocation) {
  let errors = boot.journal.entries(of: "overlay-prep.service").filter { $0.identifier == "preroot" && $0.priority <= 3 }
  #expect(errors.contains { $0.message.contains(text) }, "\(errors.map(\.message)) \(boot)", sourceLocation: location)
  #expect(boot.file("preroot/state.json")?.contains(text) == true, "\(boot)", sourceLocation: location)
  #expect(boot.told("login")?.contains(text) == true, "\(boot)", sourceLocation: location)
}

extension String {
  /// Without the space around it.
  var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
