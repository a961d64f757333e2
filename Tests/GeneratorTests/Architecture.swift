// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// A row of Sources/cross/architectures: an architecture for `make ARCH=`.
struct Architecture: CustomTestStringConvertible, Sendable {
  let name: String
  /// Debian's name, the triple for C, and the directory of libraries.
  let debian, target, multiarch: String
  let emulator: [String]
  var testDescription: String { name }

  static let all: [Architecture] = (try? Checkout.text("Sources/cross/architectures"))?.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
    let columns = $0.split(separator: " ").map(String.init)
    return Architecture(name: columns[0], debian: columns[1], target: columns[5], multiarch: columns[6], emulator: columns[7].split(separator: ",").map(String.init))
  } ?? []

  /// The architectures whose programs are built: `make check` names all of them in `PREROOT_ARCHITECTURES`.
  static let built: [Architecture] = {
    let names = (ProcessInfo.processInfo.environment["PREROOT_ARCHITECTURES"] ?? "").split(separator: " ").map(String.init)
    return all.filter { names.contains($0.name) }
  }()

  var sysroot: String { Checkout.path.appending(path: ".build/sysroot/\(name)").path }
  func program(_ name: String) -> String { Checkout.path.appending(path: ".build/ships-\(self.name)/release/\(name)").path }

  /// Runs a program of this architecture.
  func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Run {
    let program = self.program(program)
    guard FileManager.default.isExecutableFile(atPath: program) else { throw Problem("\(program) is missing: run make ARCH=\(name)") }
    return try Run(emulator[0], emulator.dropFirst() + ["-L", sysroot, program] + arguments, environment: environment, package: "qemu-user")
  }
}
