// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage

/// Follows a growing console log and reads each part once.
struct ConsoleReader {
  private let file: FilePath
  /// The offset of the first incomplete line.
  private var offset = 0
  private var size = 0

  init(_ file: FilePath) {
    self.file = file
  }

  /// The new lines. The last one may be incomplete; then it comes again when it has grown.
  mutating func newLines() -> [String] {
    guard let handle = FileHandle(forReadingAtPath: file.string) else { return [] }
    defer { try? handle.close() }
    try? handle.seek(toOffset: UInt64(offset))
    guard let data = try? handle.readToEnd(), offset + data.count > size else { return [] }
    size = offset + data.count
    let lines = Console(data).lines
    if let end = data.lastIndex(of: UInt8(ascii: "\n")) { offset += data.distance(from: data.startIndex, to: end) + 1 }
    return lines
  }
}
