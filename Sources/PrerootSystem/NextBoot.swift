// SPDX-License-Identifier: MIT
import PrerootCore

/// A prediction of the next boot's facts: the current image, below the overlay if there is one, and this boot's command line.
public struct NextBoot: ~Copyable {
  public let facts: BootFacts
  /// The image's files.
  public let image: Machine
  /// Whether this boot's mount table names a root. An image that is not booted has none; then a squashfs is assumed.
  public let isRootKnown: Bool

  /// - Throws: the errors of opening the lower.
  public init(of machine: borrowing Machine) throws(Errno) {
    let now = BootFacts(asSeenOn: machine)
    let root = now.mountInfo.image
    let image = try Machine(now.mountInfo.overlays.isEmpty ? "/" : Paths.lower, on: machine)
    var facts = BootFacts(of: image)
    facts.container = now.container
    // The lower has no mounted /proc.
    if facts.commandLine != now.commandLine {
      facts.commandLine = now.commandLine
      facts.assignments.add(now.commandLine)
    }
    facts.mountInfo = MountInfo(bootingFrom: root ?? MountInfo.unbooted)
    facts.isRootDeviceReadOnly = machine.isReadOnly(deviceOf: root)
    // These are on /run, which does not survive this boot.
    facts.ready = nil
    facts.failed = nil
    facts.hasFailedAsFirstProcess = false
    self.facts = facts
    self.image = image
    isRootKnown = root != nil
  }
}

extension NextBoot {
  /// Whether the kernel will start overlay-prep instead of systemd.
  public var isFirstProcess: Bool {
    guard facts.containerName == nil else { return false }
    do throws(Errno) { return Text("/") + (try image.root.resolvingLinks(of: facts.commandLine.initProgram ?? "/sbin/init")) == StageOne.helper } catch { return false }
  }
}

extension BootFacts {
  /// Reads the facts for a user without privileges: only root may read PID 1's mount table, but the user's own shows the same overlay.
  @inline(never) public init(asSeenOn machine: borrowing Machine) {
    self.init(of: machine)
    if mountInfo.root == nil { mountInfo = machine.mounts(of: "self") }
  }
}
