// SPDX-License-Identifier: MIT
import Foundation

/// The source tree of the tests, and its build products.
public enum Checkout {
  /// Its top directory.
  public static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file of the source tree as text.
  public static func text(_ file: String) throws -> String { try String(contentsOf: path.appending(path: file), encoding: .utf8) }

  /// The path of a shipped program.
  ///
  /// - Throws: ``Problem`` if `make` has not built it.
  public static func ships(_ program: String) throws -> String {
    let file = path.appending(path: ".build/ships/release/\(program)").path
    guard FileManager.default.isExecutableFile(atPath: file) else { throw Problem("\(file) is missing: run make") }
    return file
  }
}
