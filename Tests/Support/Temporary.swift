// SPDX-License-Identifier: MIT
import Foundation

/// A temporary directory; `deinit` removes it.
public final class Temporary: Sendable {
  public let path: String

  /// - Throws: ``Problem`` if it cannot be created.
  public init() throws {
    var template = Array("\(FileManager.default.temporaryDirectory.path)/preroot-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Problem("Cannot make a directory in /tmp: \(String(cString: strerror(errno)))") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  public func path(_ name: String) -> String { "\(path)/\(name)" }

  /// A file's text, or nil if it is unreadable.
  public func text(_ name: String) -> String? { try? String(contentsOfFile: path(name), encoding: .utf8) }

  /// The paths of everything below the directory, sorted.
  public var names: [String] { get throws { try FileManager.default.subpathsOfDirectory(atPath: path).sorted() } }

  /// The target of a link, or nil if it is not a link.
  public func link(_ name: String) -> String? { try? FileManager.default.destinationOfSymbolicLink(atPath: path(name)) }

  /// Writes a file, and creates its parents.
  public func write(_ name: String, _ contents: String) throws {
    let url = URL(filePath: path(name))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: url, atomically: false, encoding: .utf8)
  }
}
