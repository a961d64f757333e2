// SPDX-License-Identifier: MIT
import Foundation

/// A directory that goes with its owner.
public final class Temporary: Sendable {
  public let path: String

  /// - Throws: ``Problem`` where there is no place for it.
  public init() throws {
    var template = Array("\(FileManager.default.temporaryDirectory.path)/preroot-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Problem("Cannot make a directory in /tmp: \(String(cString: strerror(errno)))") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  public func path(_ name: String) -> String { "\(path)/\(name)" }

  /// A file's text; nil where it cannot be read.
  public func text(_ name: String) -> String? { try? String(contentsOfFile: path(name), encoding: .utf8) }

  /// All that is below it, sorted.
  public var names: [String] { get throws { try FileManager.default.subpathsOfDirectory(atPath: path).sorted() } }

  /// Where a link leads; nil where it is none.
  public func link(_ name: String) -> String? { try? FileManager.default.destinationOfSymbolicLink(atPath: path(name)) }

  /// Writes a file, and makes the directories that lead to it.
  public func write(_ name: String, _ contents: String) throws {
    let url = URL(filePath: path(name))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: url, atomically: false, encoding: .utf8)
  }
}
