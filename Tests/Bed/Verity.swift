// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The hash tree of an image, with which the kernel verifies each block of a root that it reads. See veritysetup(8).
struct Verity: Sendable {
  /// The file with the tree, which begins with a superblock.
  let tree: FilePath
  private let blocks: Int
  private let rootHash: String
  private let salt: String

  /// Both devices have blocks of one page.
  private static let blockSize = 4096

  /// Creates the tree of an image in a new file.
  ///
  /// - Throws: ``Problem`` if veritysetup is missing or fails.
  init(of image: FilePath, at tree: FilePath) async throws {
    self.tree = tree
    let words = try await sh("veritysetup", "format", "--data-block-size=\(Self.blockSize)", "--hash-block-size=\(Self.blockSize)", image.string, tree.string)
    func word(_ name: String) throws -> String {
      guard let line = words.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }), let word = line.split(whereSeparator: \.isWhitespace).last else {
        throw Problem("veritysetup did not say '\(name)': \(words)")
      }
      return String(word)
    }
    guard let count = Int(try word("Data blocks")) else { throw Problem("veritysetup did not count the blocks: \(words)") }
    blocks = count
    rootHash = try word("Root hash")
    salt = try word("Salt")
  }

  /// The words with which the kernel creates /dev/dm-0 from an image and its tree, and mounts it as root.
  func words(image: String, tree: String) -> [String] {
    let sectors = blocks * Self.blockSize / 512
    let target = "verity 1 \(image) \(tree) \(Self.blockSize) \(Self.blockSize) \(blocks) 1 sha256 \(rootHash) \(salt)"
    return ["root=/dev/dm-0", "dm-mod.create=\"root,,,ro,0 \(sectors) \(target)\""]
  }
}
