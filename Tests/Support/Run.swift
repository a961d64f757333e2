// SPDX-License-Identifier: MIT
import Foundation

/// A finished run of a program.
public struct Run: Sendable {
  public let status: Int32
  public let output: String
  public let errors: String

  /// Runs a program with exactly this environment, PATH and LC_ALL.
  ///
  /// - Throws: ``Problem``, which names the package to install, if the program is missing.
  public init(
    _ program: String, _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:], package: String? = nil
  ) throws {
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
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
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
  public static func tool(_ program: String, _ arguments: String..., package: String? = nil) throws -> String {
    let run = try Run(program, arguments, package: package)
    guard run.status == 0 else { throw Problem("'\(program) \(arguments.joined(separator: " "))' failed: \(run.errors)") }
    return run.output
  }
}
