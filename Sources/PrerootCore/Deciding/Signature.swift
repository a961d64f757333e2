// SPDX-License-Identifier: MIT
/// What a device holds, in libblkid's terms: a file system, a partition table, or anything else that has a name.
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

  /// Reads lines `NAME=value`. A file system takes precedence over an older partition table.
  public init(properties: Text) {
    type = properties.value(of: "TYPE") ?? properties.value(of: "PTTYPE") ?? "unknown"
    label = properties.value(of: "LABEL") ?? Text()
    uuid = properties.value(of: "UUID") ?? Text()
  }
}

/// The result of probing a device.
public enum Probe: Equatable, Sendable {
  /// Never written, or erased: preroot may format it.
  case blank
  case signature(Signature)
  /// preroot began to create a file system on a blank device and did not finish. See `Formatting`.
  case unfinished
  /// preroot has taken it for random keys when it was blank, and may overwrite it. See `Encryption`.
  case claimed
  /// Signatures of more than one kind: which one is right is unknown.
  case ambivalent
  /// Data without a signature: plain dm-crypt, a file system that libblkid does not know, or remnants of one.
  case unknown
}
