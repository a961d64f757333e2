// SPDX-License-Identifier: MIT
import PrerootCore

/// The upper's device, and how to use it.
public struct FoundDevice: Equatable, Sendable {
  /// The source for mount(2).
  public let source: Text
  public let use: DeviceUse
  /// The number of other devices with the name.
  public let others: Int
  /// The place of the file system, if it is behind the image; the source is a loop device.
  public let tail: TailUse?

  public init(_ source: Text, _ use: DeviceUse, others: Int = 0, in tail: TailUse? = nil) {
    self.source = source
    self.use = use
    self.others = others
    self.tail = tail
  }

  /// Looks at the room behind the image.
  ///
  /// - Parameter loop: the loop device that the boot will use.
  public init(behindImageOf facts: borrowing BootFacts, _ settings: Settings, loop: Text, on machine: borrowing Machine) throws(Errno) {
    switch Room(behindImageOn: try RootDevice(facts, on: machine)) {
    case .none(let sentence): self.init(loop, .refuse(sentence))
    case .free(let room):
      let use = try TailUse(room, settings, on: machine)
      self.init(loop, use.use, in: use)
    }
  }
}
