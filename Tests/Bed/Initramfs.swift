// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// An initramfs with busybox and one script, for comparison with preroot's boot time.
enum Initramfs {
  /// The path of the initramfs, created unless the cache has one of the same content.
  ///
  /// - Parameters:
  ///   - architecture: Debian's name of the machine's architecture; nil for the host's.
  ///   - root: the device of the root.
  /// - Throws: ``Problem`` if Debian's package of busybox is unavailable.
  static func path(for architecture: String? = nil, root: String = "/dev/ubda") async throws -> FilePath {
    let script = try Checkout.bedText("bench-initramfs").replacing("/dev/ubda", with: root)
    return try await Cache.shared.thing("packages/initramfs-\(Fingerprint(script, architecture ?? "", "recipe 1"))") { place in
      let work = FilePath(place.string + ".apt")
      let package = try await PrivateApt(suite: "bookworm", architecture: architecture, below: work).download("busybox-static")
      try await sh("dpkg-deb", "--extract", package.string, "\(work)/root")
      guard let busybox = FileManager.default.contents(atPath: "\(work)/root/bin/busybox") else { throw Problem("The package has no /bin/busybox") }
      var archive = Archive()
      for directory in ["bin", "dev", "proc", "lower", "upper", "root"] { archive.add(directory, mode: 0o040755) }
      archive.add("bin/busybox", mode: 0o100755, busybox)
      archive.add("init", mode: 0o100755, Data(script.utf8))
      try archive.finished.write(to: URL(fileURLWithPath: place.string))
      try await sh("rm", "-rf", work.string)
    }
  }
}

/// An archive in the kernel's initramfs format. See linux: Documentation/driver-api/early-userspace/buffer-format.rst.
private struct Archive {
  private var data = Data()
  private var number = 0

  /// - Parameter mode: the mode including the file type. See inode(7).
  mutating func add(_ name: String, mode: Int, _ contents: Data = Data()) {
    number += 1
    let fields = [number, mode, 0, 0, 1, 0, contents.count, 0, 0, 0, 0, name.utf8.count + 1, 0]
    data.append(Data("070701".utf8))
    for field in fields {
      let digits = String(field, radix: 16)
      data.append(Data((String(repeating: "0", count: 8 - digits.count) + digits).utf8))
    }
    data.append(Data(name.utf8) + [0])
    pad()
    data.append(contents)
    pad()
  }

  private mutating func pad() { data.append(Data(count: (4 - data.count % 4) % 4)) }

  var finished: Data {
    var whole = self
    whole.add("TRAILER!!!", mode: 0)
    return whole.data
  }
}
