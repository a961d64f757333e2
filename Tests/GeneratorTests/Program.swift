// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// The reason why a test could not run, in one line.
struct Problem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The source tree and its build products.
enum Checkout {
  static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file of the source tree as text.
  static func text(_ file: String) throws -> String { try String(contentsOf: path.appending(path: file), encoding: .utf8) }

  /// The path of a shipped program.
  ///
  /// - Throws: ``Problem`` if `make` has not built it.
  static func ships(_ program: String) throws -> String {
    let file = path.appending(path: ".build/ships/release/\(program)").path
    guard FileManager.default.isExecutableFile(atPath: file) else { throw Problem("\(file) is missing: run make") }
    return file
  }
}

/// A finished run of a program.
struct Run {
  let status: Int32
  let output: String
  let errors: String

  /// Runs a program with exactly this environment, PATH and LC_ALL.
  ///
  /// - Throws: ``Problem``, which names the package to install, if the program is missing.
  init(_ program: String, _ arguments: [String], environment: [String: String] = [:], package: String? = nil) throws {
    let process = Process()
    if program.hasPrefix("/") {
      process.executableURL = URL(filePath: program)
    } else {
      let places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map { "\($0)/\(program)" }
      guard let place = places.first(where: FileManager.default.isExecutableFile(atPath:)) else {
        throw Problem("The program '\(program)' is missing: install the package '\(package ?? program)'")
      }
      process.executableURL = URL(filePath: place)
    }
    process.arguments = arguments
    process.environment = environment.merging(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]) { mine, _ in mine }
    process.standardInput = FileHandle.nullDevice
    // With files instead of pipes nobody has to read while the program writes.
    let directory = try Temporary()
    let out = directory.path("out"), err = directory.path("err")
    for file in [out, err] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: out)
    process.standardError = FileHandle(forWritingAtPath: err)
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    output = String(decoding: try Data(contentsOf: URL(filePath: out)), as: UTF8.self)
    errors = String(decoding: try Data(contentsOf: URL(filePath: err)), as: UTF8.self)
  }

  /// The output of a program that the test only uses as a tool.
  static func tool(_ program: String, _ arguments: String..., package: String? = nil) throws -> String {
    let run = try Run(program, arguments, package: package)
    guard run.status == 0 else { throw Problem("'\(program) \(arguments.joined(separator: " "))' failed: \(run.errors)") }
    return run.output
  }
}

/// A temporary directory; `deinit` removes it.
final class Temporary {
  let path: String

  init() throws {
    var template = Array("\(FileManager.default.temporaryDirectory.path)/preroot-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Problem("Cannot make a directory in /tmp: \(String(cString: strerror(errno)))") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(_ name: String) -> String { "\(path)/\(name)" }
}
