// SPDX-License-Identifier: MIT
/// What a device holds, by the words of libblkid: a file system, a partition table, or anything else that has a name.
public struct Signature: Equatable, Sendable {
  /// `ext4`, `crypto_LUKS`, `gpt`, …
  public var type: Text
  public var label: Text
  public var uuid: Text

  public init(type: Text, label: Text = "", uuid: Text = "") {
    self.type = type
    self.label = label
    self.uuid = uuid
  }

  /// Reads lines `NAME=value`. A file system counts for more than a partition table that was there before it.
  public init(properties: Text) {
    type = properties.value(of: "TYPE") ?? properties.value(of: "PTTYPE") ?? "unknown"
    label = properties.value(of: "LABEL") ?? Text()
    uuid = properties.value(of: "UUID") ?? Text()
  }
}

/// What is known of a device's contents.
public enum Probe: Equatable, Sendable {
  /// Nothing was ever there, or it was erased: the licence to format it.
  case blank
  case signature(Signature)
  /// Making a file system was begun, by preroot, on a device that was blank, and has not come to its end. See `Formatting`.
  case unfinished
  /// Signatures of more than one kind. Nobody can tell which is the right one.
  case ambivalent
  /// Something without a signature: a plain dm-crypt volume, a file system that libblkid does not know, or the remains of one.
  case unknown
}
