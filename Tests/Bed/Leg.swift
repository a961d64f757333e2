// SPDX-License-Identifier: MIT
/// The kind of machine.
public enum Leg: Hashable, Sendable, CustomStringConvertible {
  /// A container: a tree, the host's kernel, a real systemd as PID 1. A boot takes half a second.
  case container
  /// User Mode Linux: a kernel, block devices and a read-only root of this kind, no initramfs. A boot takes three seconds.
  case kernel(ImageKind)
  /// QEMU: a kernel, block devices, a squashfs root, no initramfs. With another processor a boot takes half a minute.
  case emulated(Board)

  /// All legs.
  public static let all: [Leg] = [.container, .kernel(.squashfs), .kernel(.erofs), .kernel(.ext4)]
  /// The legs with their own kernel.
  public static let kernels: [Leg] = [.kernel(.squashfs), .kernel(.erofs), .kernel(.ext4)]
  /// One leg of each sort, for scenarios to which the kind of root makes no difference.
  public static let each: [Leg] = [.container, .kernel(.squashfs)]

  /// How much longer a boot may take than in User Mode Linux.
  var slowness: Int {
    switch self {
    case .container, .kernel: 1
    case .emulated: 6
    }
  }

  public var description: String {
    switch self {
    case .emulated(let board): "\(board)"
    case .container: "container"
    case .kernel(let kind): "\(kind) under a kernel"
    }
  }
}
