// SPDX-License-Identifier: MIT
import Foundation

/// The source tree that the tests were built from, and what was built from it.
public enum Checkout {
  /// Its top directory.
  public static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file of it, as text.
  public static func text(_ file: String) throws -> String { try String(contentsOf: path.appending(path: file), encoding: .utf8) }

  /// A program as it ships.
  ///
  /// - Throws: ``Problem`` where `make` has not built it.
  public static func ships(_ program: String) throws -> String {
    let file = path.appending(path: ".build/ships/release/\(program)").path
    guard FileManager.default.isExecutableFile(atPath: file) else { throw Problem("\(file) is missing: run make") }
    return file
  }
}
