// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// The clang that comes with Swift knows every architecture. This machine's headers also serve for 32 bits, except one that the
/// sources take nothing from.
@Suite("The C sources")
struct WideTypesTests {
  private static let compiler = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/clang" }
    .first(where: FileManager.default.isExecutableFile(atPath:))

  private static let sources = try! FileManager.default.contentsOfDirectory(atPath: Checkout.path.appending(path: "Sources/CLinux").path)
    .filter { $0.hasSuffix(".c") }

  @Test("The C sources have 64-bit file offsets and times on 32-bit machines", .enabled(if: compiler != nil, "There is no clang"), arguments: sources)
  func areWide(source: String) throws {
    let directory = try Temporary()
    try FileManager.default.createDirectory(atPath: directory.path("gnu"), withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: directory.path("gnu/stubs-32.h"), contents: nil)
    let file = Checkout.path.appending(path: "Sources/CLinux/\(source)").path
    // The assertions are in a header that each file has to include first.
    #expect(try Checkout.text("Sources/CLinux/\(source)").split(separator: "\n").first { $0.hasPrefix("#") } == "#include \"internal.h\"")
    let run = try Run(try #require(Self.compiler), [
      "--target=i386-linux-gnu", "-fsyntax-only", "-Wall", "-isystem", "/usr/include/x86_64-linux-gnu", "-isystem", directory.path,
      "-I", Checkout.path.appending(path: "Sources/CLinux/include").path, file,
    ])
    #expect(run.errors == "")
    #expect(run.status == 0)
  }
}
