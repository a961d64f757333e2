// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A read-only root file system on a block device.
public enum ImageKind: String, Hashable, Sendable, CaseIterable {
  case squashfs, erofs, ext4

  /// The image of a tree, created unless the cache has one of the same content.
  ///
  /// - Throws: ``Problem`` if a tool is missing or fails.
  public func image(of tree: Tree) async throws -> FilePath {
    let fingerprint = try await tree.fingerprint()
    try Cache.shared.tidy("images", keeping: 12)
    return try await Cache.shared.thing("images/\(fingerprint).\(rawValue)") { image in
      try Cache.shared.tidy("trees", keeping: 6)
      let place = try Cache.shared.holding("trees/\(fingerprint)-\(rawValue)")
      try await sh("rm", "-rf", place.string)
      try await tree.lay(out: place)
      // The kernel of a small board has one compressor beside the best one.
      try await make(image, from: place, compressor: tree.architecture == nil ? "zstd" : "gzip", hasAttributes: tree.hasAttributes)
      try await sh("rm", "-rf", place.string)
    }
  }

  private func make(_ image: FilePath, from tree: FilePath, compressor: String, hasAttributes: Bool) async throws {
    switch self {
    case .squashfs:
      // Level 1 is the fastest, and the image is only read once or twice.
      try await sh("mksquashfs", tree.string, image.string, "-comp", compressor, "-Xcompression-level", "1", hasAttributes ? "-xattrs" : "-no-xattrs",
                   "-noappend", "-quiet", "-no-progress")
    case .erofs:
      try await sh("mkfs.erofs", "--quiet", "-x-1", image.string, tree.string)
    case .ext4:
      let kilobytes = try await sh("du", "-sk", "--apparent-size", tree.string).split(separator: "\t").first.flatMap { Int($0) } ?? 0
      // Small files, each of which fills a block, and inode tables need a quarter more.
      let size = kilobytes * 5 / 4 + 65536
      // dm-verity has blocks of one page.
      try await sh("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", tree.string, "-L", "root", image.string, "\(size)k")
    }
  }
}
