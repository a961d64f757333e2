// SPDX-License-Identifier: MIT
import PrerootCore

/// What the next boot of a machine will find, as far as that is known now: the image as it is, below the overlay where there is one,
/// and the command line of this boot.
public struct NextBoot: ~Copyable {
  public let facts: BootFacts
  /// The image's files.
  public let image: Machine
  /// Whether this boot's mount table names a root. An image that is not booted has none; then a squashfs is taken for granted.
  public let isRootKnown: Bool

  /// - Throws: what `open` says of the lower.
  public init(of machine: borrowing Machine) throws(Errno) {
    let now = BootFacts(asSeenOn: machine)
    let root = now.mountInfo.image
    let image = try Machine(now.mountInfo.overlays.isEmpty ? "/" : Paths.lower, on: machine)
    var facts = BootFacts(of: image)
    facts.container = now.container
    // Below an overlay there is no /proc.
    if facts.commandLine != now.commandLine {
      facts.commandLine = now.commandLine
      facts.assignments.add(now.commandLine)
    }
    facts.mountInfo = MountInfo(bootingFrom: root ?? MountInfo.unbooted)
    facts.isRootDeviceReadOnly = machine.isReadOnly(deviceOf: root)
    // They are on /run, and gone.
    facts.ready = nil
    facts.failed = nil
    self.facts = facts
    self.image = image
    isRootKnown = root != nil
  }
}

extension BootFacts {
  /// For a person who need not be root: nobody else may read PID 1's mount table, but their own shows the same overlay.
  @inline(never) public init(asSeenOn machine: borrowing Machine) {
    self.init(of: machine)
    if mountInfo.root == nil { mountInfo = machine.mounts(of: "self") }
  }
}
