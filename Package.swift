// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

// Two builds of one set of sources:
//   swift build -c release --traits Embedded --product …   the programs that ship: Embedded Swift, need only libc (and libsystemd)
//   swift test                                             the same sources as full Swift, with the tests' libraries
let embedded = BuildSettingCondition.when(traits: ["Embedded"])

let library: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableExperimentalFeature("Embedded", embedded),
  // -function-sections lets the linker drop unused functions: 31 KB become 19 KB. The programs do not need the hash for incremental builds:
  // 1 KB each. LLVM's inliner counts on caches that the programs do not live to fill; and a table of texts in place of a switch has a
  // relocation of 24 bytes for each of them: 0.7 KB of the helper together.
  .unsafeFlags([
    "-wmo", "-Osize", "-Xfrontend", "-function-sections", "-Xfrontend", "-disable-incremental-llvm-codegen",
    "-Xllvm", "-sil-disable-pass=closure-specialize", "-Xllvm", "-inline-threshold=-50", "-Xllvm", "-switch-to-lookup=false", "-Xcc", "-fno-asynchronous-unwind-tables",
  ], embedded),
  // The outliner merges code that functions have in common: 1 KB. Not on i386, see the Makefile.
  .unsafeFlags(["-Xllvm", "-enable-machine-outliner=always"], .when(traits: ["Outliner"])),
  // Calls of C functions go directly through the table of addresses. Some architectures do not have that, see the Makefile.
  .unsafeFlags(["-Xcc", "-fno-plt"], .when(traits: ["NoPLT"])),
]
// @_cdecl exports main, so no file of a program is a script.
let program: [SwiftSetting] = library + [.unsafeFlags(["-parse-as-library"])]
let c: [CSetting] = [.unsafeFlags(["-Os", "-ffunction-sections", "-fno-asynchronous-unwind-tables"], embedded), .unsafeFlags(["-fno-plt"], .when(traits: ["NoPLT"]))]
let linker: [LinkerSetting] = [.unsafeFlags(["-use-ld=lld", "-Xlinker", "--icf=all", "-Xlinker", "-O2", "-Xlinker", "-s"], embedded)]
// The tests' libraries. SwiftPM does not even resolve them when it builds the programs that ship.
let workshop = TargetDependencyCondition.when(traits: ["Workshop"])

let package = Package(
  name: "preroot",
  products: [
    .executable(name: "preroot-generator", targets: ["preroot-generator"]),
    .executable(name: "overlay-prep", targets: ["overlay-prep"]),
    .executable(name: "preroot", targets: ["preroot"]),
    .executable(name: "bed", targets: ["BedTool"]),
    .executable(name: "fuzz", targets: ["Fuzz"]),
  ],
  traits: [
    .trait(name: "Embedded", description: "Build with Embedded Swift: no Swift runtime needed."),
    .trait(name: "Outliner", description: "Have LLVM's machine outliner make what ships smaller."),
    .trait(name: "NoPLT", description: "Call C functions without a procedure linkage table."),
    .trait(name: "Workshop", description: "What the tests and the demo need."),
    .default(enabledTraits: ["Workshop"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .target(name: "CLinux", cSettings: c),
    .target(name: "CSystemd", cSettings: c),
    .target(name: "PrerootCore", swiftSettings: library),
    .target(name: "PrerootSystem", dependencies: ["PrerootCore", "CLinux"], swiftSettings: library),
    .target(name: "PrerootManager", dependencies: ["PrerootCore", "CSystemd"], swiftSettings: library),
    .executableTarget(name: "preroot-generator", dependencies: ["PrerootCore", "PrerootSystem"], path: "generator",
                      exclude: ["units"], swiftSettings: program, linkerSettings: linker),
    .executableTarget(name: "overlay-prep", dependencies: ["PrerootCore", "PrerootSystem", "PrerootManager"],
                      swiftSettings: program, linkerSettings: linker),
    .executableTarget(name: "preroot", dependencies: ["PrerootCore", "PrerootSystem"], swiftSettings: program, linkerSettings: linker),

    // The bed does not depend on the core, so that a change of the core does not rebuild it.
    .target(name: "Support", path: "Tests/Support"),
    .target(name: "CoreSupport", dependencies: ["PrerootCore"], path: "Tests/CoreSupport"),
    .target(name: "Bed", dependencies: [
      "Support",
      .product(name: "Subprocess", package: "swift-subprocess", condition: workshop),
      .product(name: "SystemPackage", package: "swift-system", condition: workshop),
    ], path: "Tests/Bed", exclude: ["files"]),
    .executableTarget(name: "BedTool", dependencies: [
      "Bed", "Support", .product(name: "ArgumentParser", package: "swift-argument-parser", condition: workshop),
    ], path: "Tests/BedTool"),
    .testTarget(name: "PrerootCoreTests", dependencies: ["PrerootCore", "CoreSupport"]),
    .target(name: "CWitness", path: "Tests/CWitness"),
    .testTarget(name: "PrerootSystemTests", dependencies: ["PrerootCore", "PrerootSystem", "Support", "CoreSupport", "CWitness"]),
    // The programs are there for the tests that compare the manual with them.
    .testTarget(name: "GeneratorTests", dependencies: ["PrerootCore", "PrerootSystem", "preroot-generator", "overlay-prep", "preroot", "Support", "CoreSupport"], exclude: ["Cases"]),
    .executableTarget(name: "Fuzz", dependencies: ["PrerootCore", "Support"], path: "Tests/Fuzz"),
    .testTarget(name: "FuzzTests", dependencies: ["Support"]),
    .testTarget(name: "BootTests", dependencies: ["Bed", "Support"]),
  ]
)
