// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension FileDescriptor {
  /// Gives this file the owner, the extended attributes and the mode of `model`, including access control lists and security labels. Leaves
  /// out what this file system does not support, but never grants more than `model` does.
  ///
  /// - Throws: the errors of fchown(2) and fchmod(2).
  func becomeLike(_ model: borrowing FileDescriptor) throws(Errno) {
    let status = try model.status()
    try check(linux_change_owner(rawValue, status.owner, status.group))
    var mode = status.mode & 0o7777
    for name in model.attributeNames where !name.hasPrefix("trusted.overlay.") {
      guard let value = model.attribute(name) else { continue }
      // With a list, the group bits are its mask, and may allow more than the group has. See acl(5).
      if !set(name, value), name == "system.posix_acl_access" { mode &= ~0o070 }
    }
    try check(linux_change_mode(rawValue, mode))
  }

  private var attributeNames: [Text] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = unsafe buffer.withUnsafeMutableBytes {
      unsafe linux_list_attributes(rawValue, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return length <= 0 ? [] : Text(buffer[..<length]).split(at: 0)
  }

  private func attribute(_ name: Text) -> Text? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = unsafe buffer.withUnsafeMutableBytes { unsafe linux_get_attribute_of(rawValue, name.cString, $0.baseAddress!, $0.count) }
    return length < 0 ? nil : Text(buffer[..<length])
  }

  private func set(_ name: Text, _ value: Text) -> Bool {
    unsafe linux_set_attribute_of(rawValue, name.cString, value.pointer, value.count) >= 0
  }
}
