import PrerootCore

extension StoreFacts {
  /// Reads what is in `directory` on the mounted upper, to be compared with the image that is there.
  public init(in directory: Text, over lower: LowerIdentity?, _ machine: borrowing Machine) {
    self.init(in: directory)
    self.lower = lower
    hasUpper = machine.exists(directory + "/upper")
    hasTrash = machine.exists(directory + "/trash")
    recorded = machine.contents(directory + "/lower.id")?.trimmed
    attempts = machine.contents(directory + "/attempts")?.trimmed.decimalValue ?? 0
    mark = machine.contents(directory + "/reset")
    isResetting = machine.exists(directory + "/resetting")
  }
}

extension LowerIdentity {
  public init?(_ facts: borrowing BootFacts, _ machine: borrowing Machine) {
    guard let root = facts.mountInfo.root else { return nil }
    var superblock = Text()
    // What mountinfo says is /dev/root as often as not, which is no device.
    if let node = machine.contents(Text("/sys/dev/block/") + root.majorMinor + "/uevent")?.value(of: "DEVNAME") {
      superblock = machine.beginning(of: Text("/dev/") + node)
    }
    self.init(
      type: root.fileSystemType, superblock: superblock, rootHash: Self.rootHash(on: facts.commandLine),
      imageVersion: (machine.contents("/etc/os-release") ?? machine.text("/usr/lib/os-release")).value(of: "IMAGE_VERSION") ?? Text())
  }
}
