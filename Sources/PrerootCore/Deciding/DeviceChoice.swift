// SPDX-License-Identifier: MIT
/// Which of the devices with a name is meant: anybody can bring a stick with the label of the upper.
public struct DeviceChoice: Equatable, Sendable {
  /// Nil where there is none, or nothing decides between several.
  public private(set) var device: Text?
  /// The others that have the name.
  public private(set) var others: [Text] = []

  /// The one there is, or none.
  public init(_ device: Text?) { self.device = device }

  /// - Parameter weights: of each device, in the same order.
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

  /// The same devices, of which this one is used already.
  public func keeping(_ device: Text) -> DeviceChoice {
    var choice = DeviceChoice(device)
    for other in others + (self.device.map { [$0] } ?? []) where other != device { choice.others.add(other) }
    return choice
  }

  /// What speaks for a device, the most important first.
  ///
  /// - Parameters:
  ///   - hasType: whether it has the file system that is asked for.
  ///   - isOnRootDisk: whether it is on the disk that the root is on.
  public static func weight(hasType: Bool, isOnRootDisk: Bool, isRemovable: Bool) -> UInt8 {
    (hasType ? 4 : 0) | (isOnRootDisk ? 2 : 0) | (isRemovable ? 0 : 1)
  }

  /// What is said where more than one device has the name: a sentence about it. Nil where none has, or one.
  public var sentence: Text? {
    if others.isEmpty { return nil }
    var sentence: Text = "matches more than one device: "
    if let device { sentence.append(device + " is used, ") }
    sentence.append(Text(joining: others, separator: ", ") + (device == nil ? "" : " ignored"))
    return sentence + "; a path, PARTUUID= or FSType= selects one"
  }
}
