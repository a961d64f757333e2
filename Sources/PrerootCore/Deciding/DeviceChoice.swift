// SPDX-License-Identifier: MIT
/// The choice among devices of the same name: anyone can plug in a stick with the upper's label.
public struct DeviceChoice: Equatable, Sendable {
  /// Nil if no device has the name, or if several do and none has the highest weight.
  public private(set) var device: Text?
  /// The other devices with the name.
  public private(set) var others: [Text] = []

  /// The only candidate, or none.
  public init(_ device: Text?) { self.device = device }

  /// - Parameter weights: the weight of each device, in the same order.
  public init(among devices: [Text], weights: [UInt8]) {
    var heaviest: UInt8 = 0, isOnly = false
    for place in devices.indices where device == nil || weights[place] >= heaviest {
      isOnly = device == nil || weights[place] > heaviest
      heaviest = weights[place]
      device = devices[place]
    }
    if !isOnly { device = nil }
    for other in devices where device != other { others.add(other) }
  }

  /// Returns the choice with `device` as the chosen one, because it is in use already.
  public func keeping(_ device: Text) -> DeviceChoice {
    var choice = DeviceChoice(device)
    for other in others + (self.device.map { [$0] } ?? []) where other != device { choice.others.add(other) }
    return choice
  }

  /// Returns how well a device matches, the most important criterion first.
  ///
  /// - Parameters:
  ///   - hasType: whether it holds the requested file system.
  ///   - isOnRootDisk: whether it is on the same disk as the root.
  public static func weight(hasType: Bool, isOnRootDisk: Bool, isRemovable: Bool) -> UInt8 {
    (hasType ? 4 : 0) | (isOnRootDisk ? 2 : 0) | (isRemovable ? 0 : 1)
  }

  /// A sentence about the device if others share its name; nil if none does.
  public var sentence: Text? {
    if others.isEmpty { return nil }
    var sentence: Text = "matches more than one device: "
    if let device { sentence.append(device + " is used, ") }
    sentence.append(Text(joining: others, separator: ", ") + (device == nil ? "" : " ignored"))
    return sentence + "; a path, PARTUUID= or FSType= selects one"
  }
}
