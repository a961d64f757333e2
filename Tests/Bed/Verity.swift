// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The hash tree of an image: with it the kernel proves each block of a root as it is read. See veritysetup(8).
struct Verity: Sendable {
  /// The file with the tree, after a block that describes it.
  let tree: FilePath
  private let blocks: Int
  private let rootHash: String
  private let salt: String

  /// Both devices have blocks of a page.
  private static let blockSize = 4096

  /// Makes the tree of an image in a new file.
  ///
  /// - Throws: ``Problem`` where veritysetup is missing or fails.
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

  /// The words that have the kernel put /dev/dm-0 together from an image and its tree, and take it for the root.
  func words(image: String, tree: String) -> [String] {
    let sectors = blocks * Self.blockSize / 512
    let target = "verity 1 \(image) \(tree) \(Self.blockSize) \(Self.blockSize) \(blocks) 1 sha256 \(rootHash) \(salt)"
    return ["root=/dev/dm-0", "dm-mod.create=\"root,,,ro,0 \(sectors) \(target)\""]
  }
}
