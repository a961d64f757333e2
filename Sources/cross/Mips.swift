// SPDX-License-Identifier: MIT
import Foundation

/// Builds the programs for mipsel, which Swift does not support. swiftc compiles for riscv32 up to LLVM's IR; this program translates the IR;
/// clang compiles it; Debian's cross compiler links.
@main
struct Mips {
  let sysroot: String
  let scratch: String
  let version: String
  let programs: [String]
  /// Columns of the architecture's row in the table.
  let base: String, target: String, multiarch: String

  static func main() {
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      if arguments.first == "--translate" {
        // For the tests: translates a single file.
        FileHandle.standardOutput.write(Data(try Retargeting.mips(try String(contentsOfFile: arguments[1], encoding: .utf8)).utf8))
        return
      }
      try Mips(arguments).run()
    } catch {
      FileHandle.standardError.write(Data("make: mipsel: \(error)\n".utf8))
      exit(1)
    }
  }

  init(_ arguments: [String]) throws {
    var arguments = arguments[...], options: [String: String] = [:]
    while let option = arguments.first, option.hasPrefix("--"), arguments.count > 1 {
      options[option] = arguments[arguments.startIndex + 1]
      arguments = arguments.dropFirst(2)
    }
    guard let sysroot = options["--sysroot"], let scratch = options["--scratch"], let version = options["--version"] else {
      throw Problem("usage: mips --sysroot DIR --scratch DIR --version VERSION PROGRAM...")
    }
    self.sysroot = sysroot
    self.scratch = FileManager.default.currentDirectoryPath + "/" + scratch
    self.version = version
    programs = Array(arguments)
    let row = try String(contentsOfFile: "Sources/cross/architectures", encoding: .utf8).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      .first { $0.first == "mipsel" }
    guard let row, row.count > 6 else { throw Problem("Sources/cross/architectures has no such architecture") }
    (base, target, multiarch) = (row[4], row[5], row[6])
  }

  /// The modules in C.
  private static let modules = ["CLinux", "CSystemd"]
  private var work: String { scratch + "/mips" }
  private func program(_ name: String) -> String { "\(scratch)/release/\(name)" }

  private func run() throws {
    try? FileManager.default.removeItem(atPath: work)
    try FileManager.default.createDirectory(atPath: work + "/include", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: scratch + "/release", withIntermediateDirectories: true)
    let here = FileManager.default.currentDirectoryPath
    // As SwiftPM does: the umbrella header has the name of its module.
    try Self.modules.map { "module \($0) {\n  umbrella header \"\(here)/Sources/\($0)/include/\($0).h\"\n  export *\n}\n" }.joined()
      .write(toFile: work + "/include/module.modulemap", atomically: false, encoding: .utf8)

    // A separate scratch directory: the caller may hold the lock of the default one.
    let manifest = try JSONDecoder().decode(Manifest.self, from: Data(try output("swift", ["package", "--scratch-path", "\(work)/package", "dump-package"]).utf8))
    let targets = try programs.map(manifest.target)
    var libraries: [Manifest.Target] = []
    for library in try targets.flatMap(manifest.libraries) where !libraries.contains(where: { $0.name == library.name }) { libraries.append(library) }
    for library in libraries { try compile(library, isLibrary: true) }
    for target in targets { try compile(target, isLibrary: false) }

    var objects: [String] = []
    for module in try Self.modules.map(manifest.target) {
      for file in try sources(of: module, ending: ".c") {
        let object = "\(work)/\(file.split(separator: "/").last!).o"
        try output("clang", clang + (try module.flags(of: "c", traits: ["Embedded"])) + [
          "-fPIC", "-std=gnu11", "-DPREROOT_VERSION=\(version)", "-I", "\(module.directory)/include", "-isystem", "\(sysroot)/usr/include/\(multiarch)", "-c", file, "-o", object,
        ])
        objects.append(object)
      }
    }
    for target in targets { try link(target, with: try manifest.libraries(of: target).map(\.name), objects) }
  }

  private func sources(of target: Manifest.Target, ending: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: target.directory).filter { $0.hasSuffix(ending) }.sorted().map { "\(target.directory)/\($0)" }
  }

  private var clang: [String] { ["--target=\(target)", "-march=mips32r2", "-mabi=32", "--sysroot=\(sysroot)"] }

  /// Compiles a target from Swift to an object file.
  private func compile(_ target: Manifest.Target, isLibrary: Bool) throws {
    let module = target.name.replacingOccurrences(of: "-", with: "_")
    let ir = "\(work)/\(target.name).ll", translated = "\(work)/\(target.name).mips.ll"
    let headers = ["--sysroot=\(sysroot)", "-isystem\(sysroot)/usr/include/\(multiarch)", "-isystem\(sysroot)/usr/include"].flatMap { ["-Xcc", $0] }
    try output("swiftc", ["-target", base, "-Xfrontend", "-clang-target", "-Xfrontend", self.target, "-swift-version", "6", "-module-name", module,
                          "-package-name", "preroot", "-I", work, "-I", work + "/include"]
      + headers + (try target.flags(of: "swift", traits: ["Embedded"])) + ["-parse-as-library"]
      + (isLibrary ? ["-emit-module", "-emit-module-path", "\(work)/\(module).swiftmodule"] : []) + ["-emit-ir", "-o", ir] + (try sources(of: target, ending: ".swift")))
    do { try Retargeting.mips(try String(contentsOfFile: ir, encoding: .utf8)).write(toFile: translated, atomically: false, encoding: .utf8) } catch let refusal as Retargeting.Refusal {
      throw Problem("this Swift's IR has something that is not known for MIPS: \(ir), \(refusal)")
    }
    try output("clang", clang + ["-Os", "-fPIC", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-x", "ir", "-Wno-override-module",
                                 "-c", translated, "-o", "\(work)/\(target.name).o"])
  }

  private func link(_ target: Manifest.Target, with libraries: [String], _ objects: [String]) throws {
    // The manifest's options that GNU ld supports, too.
    let flags = try target.flags(of: "linker", traits: ["Embedded"]).filter { $0 != "-use-ld=lld" && $0 != "-Xlinker" && !$0.hasPrefix("--icf") }
    // crt1.o and the libraries come from the sysroot, not from the cross compiler.
    try output("\(multiarch)-gcc", ["--sysroot=\(sysroot)", "-B\(sysroot)/usr/lib/\(multiarch)", "-L\(sysroot)/usr/lib/\(multiarch)", "-march=mips32r2", "-pie"]
      + (flags + ["--gc-sections", "--hash-style=sysv", "-z", "noseparate-code", "--as-needed", "--build-id=none", "--allow-shlib-undefined",
                  "--defsym=main=\(target.name.replacingOccurrences(of: "-", with: "_"))_main"]).map { "-Wl,\($0)" }
      + ["-o", program(target.name), "\(work)/\(target.name).o"] + libraries.map { "\(work)/\($0).o" } + objects)
    try output("llvm-objcopy", ["--remove-section=.comment", "--remove-section=.gnu.attributes", program(target.name)])
  }

  /// Runs a program and waits for its end. If it fails or warns, its output goes to standard error.
  @discardableResult
  private func output(_ name: String, _ arguments: [String]) throws -> String {
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Problem("\(name) failed (\(process.terminationStatus))") }
    return text
  }
}
