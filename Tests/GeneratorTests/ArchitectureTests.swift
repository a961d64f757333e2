// SPDX-License-Identifier: MIT
import Foundation
import PrerootCore
import Support
import Testing

/// The programs of other architectures in user-mode emulation, on this machine's kernel.
@Suite("Architectures", .enabled(if: !Architecture.built.isEmpty, "make check builds the others"))
struct ArchitectureTests {
  /// The tool's answers about one machine, for comparison between architectures.
  private func answers(on machine: MiniatureMachine, _ run: (String, [String]) throws -> Run) throws -> [String] {
    try Self.configurations.map { configuration in
      try machine.write("etc/preroot.conf", "[Preroot]\n\(configuration)\n")
      return try [["plan"], ["check"], ["status"], ["status", "--json"]].map { arguments in
        let run = try run("preroot", arguments)
        return "\(configuration): \(arguments.joined(separator: " ")) ended with \(run.status):\n\(run.output)\(run.errors)"
      }.joined(separator: "\n")
    }
  }

  /// Numbers around the limits of 32 bits, invalid words, and a plan of each kind.
  private static let configurations = [
    "", "Upper=tmpfs:size=64m", "Upper=tmpfs:size=2147483647", "Upper=tmpfs:size=2147483648", "Upper=tmpfs:size=3000000000", "Upper=tmpfs:size=3g",
    "Upper=tmpfs:size=4294967296k", "Upper=tmpfs:size=9g", "Upper=tmpfs:size=99%", "Upper=tmpfs:size=99999999999999999999", "Upper=tmpfs:size=8388608t",
    "Upper=/dev/sdb\nTimeout=299", "Upper=/dev/sdb\nTimeout=2147483648", "Upper=/dev/sdb\nTimeout=99999999999", "Upper=/dev/vda\nFSType=ext4\nOptions=noatime,nosuid",
    "Upper=LABEL=data", "Upper=PARTLABEL=data\nFormat=blank", "Upper=ubi0:data", "Upper=ubi31:data", "Upper=ubi4294967299:data", "Upper=mtd:data", "Upper=mtd:User FS",
    "Upper=PARTLABEL=data\nScope=/etc:/var\nBind=/x", "Upper=PARTLABEL=data\nAttempts=4294967297", "Upper=tmpfs:nr_inodes=3000000000",
  ]

  @Test("The tool of every architecture gives the same answers as on x86_64", arguments: Architecture.built)
  func answerTheSame(architecture: Architecture) throws {
    let machine = try MiniatureMachine()
    for directory in ["dev", "proc", "run", "sys"] { try FileManager.default.createDirectory(atPath: "\(machine.root)/\(directory)", withIntermediateDirectories: true) }
    try machine.write("etc/machine-id", "")
    // The emulator uses the sysroot as /.
    let native = try answers(on: machine) { try Run(Checkout.ships($0), $1, environment: ["PREROOT_ROOT": machine.root]) }
    let other = try answers(on: machine) { try architecture.run($0, $1, environment: ["PREROOT_ROOT": machine.root]) }
    for (native, other) in zip(native, other) { #expect(other == native) }
  }

  /// An untranslated error number would look like another error. ELOOP is 40, but 90 on MIPS.
  @Test("The tool of every architecture reports errors in the same words as on x86_64", arguments: Architecture.built)
  func tellErrors(architecture: Architecture) throws {
    let machine = try MiniatureMachine()
    try machine.link("loop", to: "loop")
    try machine.write("file", "")
    // ELOOP, ENOENT, ENOTDIR, ENAMETOOLONG.
    for path in ["loop", "absent", "file/below", String(repeating: "n", count: 300)] {
      let native = try Run(Checkout.ships("preroot"), ["plan", "--root", "\(machine.root)/\(path)"])
      let other = try architecture.run("preroot", ["plan", "--root", "\(machine.root)/\(path)"])
      #expect(native.status != 0)
      #expect(other.errors == native.errors)
      #expect(other.status == native.status)
    }
  }

  @Test("The helper of every architecture starts with the libraries of that architecture", arguments: Architecture.built)
  func runHelper(architecture: Architecture) throws {
    let run = try architecture.run("overlay-prep", ["--bogus"])
    #expect(run.errors == "overlay-prep: '--bogus' is not an option; see overlay-prep --help\n")
    #expect(run.status == 2)
  }

  @Test("The programs of every architecture need only libc", arguments: Architecture.built)
  func needFewLibraries(architecture: Architecture) throws {
    for program in ["preroot-generator", "preroot", "overlay-prep"] {
      let dynamic = try Run.tool("readelf", "-dW", architecture.program(program), package: "binutils")
      let needed = dynamic.matches(of: #/\(NEEDED\).*\[(.*)\]/#).map { String($0.output.1) }
      #expect(Set(needed).subtracting(["libc.so.6"]).filter { !$0.hasPrefix("ld") } == [], "\(program)")
      #expect(!dynamic.contains("RPATH") && !dynamic.contains("RUNPATH"))
    }
  }

  /// They have no ARMv7 instructions, as the objects that are linked into them come from armel.
  @Test("The programs for ARMv6 have no ARMv7 code", .enabled(if: Architecture.built.contains { $0.name == "armv6" }))
  func areOfTheRightVersion() throws {
    let architecture = try #require(Architecture.built.first { $0.name == "armv6" })
    for program in ["preroot-generator", "overlay-prep", "preroot"] {
      let attributes = try Run.tool("readelf", "-A", architecture.program(program), package: "binutils")
      #expect(!attributes.contains("Tag_CPU_arch: v7"), "\(program)")
      #expect(!attributes.contains("Tag_THUMB_ISA_use: Thumb-2"), "\(program)")
    }
  }
}

@Suite("Constants")
struct ConstantsTests {
  /// Each constant with its name in C.
  private static let errors: [(name: String, value: Errno)] = [
    ("EPERM", .notPermitted), ("ENOENT", .noSuchFileOrDirectory), ("EIO", .inputOutput), ("EBADF", .badFileDescriptor), ("EBADMSG", .badMessage), ("EBUSY", .busy), ("EEXIST", .fileExists), ("EXDEV", .crossDevice),
    ("ENODEV", .noSuchDevice), ("EAGAIN", .tryAgain), ("EMLINK", .tooManyHardLinks), ("ENOTDIR", .notDirectory), ("EISDIR", .isDirectory), ("EINVAL", .invalidArgument), ("EFBIG", .fileTooLarge),
    ("ENOSPC", .noSpace), ("ERANGE", .outOfRange), ("ENOSYS", .functionNotImplemented), ("ELOOP", .tooManyLinks), ("ENOTEMPTY", .directoryNotEmpty),
    ("ENOTUNIQ", .notUnique), ("ELIBACC", .noLibrary), ("EOPNOTSUPP", .notSupported), ("ECONNRESET", .connectionReset), ("ETIMEDOUT", .timedOut),
    ("ESTALE", .staleFileHandle),
  ]
  private static let flags: [(name: String, option: Text)] = [
    ("MS_RDONLY", "ro"), ("MS_NOSUID", "nosuid"), ("MS_NODEV", "nodev"), ("MS_NOEXEC", "noexec"), ("MS_SYNCHRONOUS", "sync"), ("MS_DIRSYNC", "dirsync"),
    ("MS_NOATIME", "noatime"), ("MS_NODIRATIME", "nodiratime"), ("MS_RELATIME", "relatime"), ("MS_STRICTATIME", "strictatime"), ("MS_LAZYTIME", "lazytime"),
  ]
  /// The numbers in PrerootSystem, with the lines that have them.
  private static let numbers: [(assertion: String, file: String, line: String)] = [
    ("S_IFMT == 0170000", "FileStatus.swift", "mode & 0o170000"), ("S_IFDIR == 0040000", "FileStatus.swift", "type == 0o040000"),
    ("S_IFREG == 0100000", "FileStatus.swift", "type == 0o100000"), ("S_IFCHR == 0020000", "FileStatus.swift", "type == 0o020000"),
    ("S_IFLNK == 0120000", "FileStatus.swift", "type == 0o120000"), ("S_IFCHR == 0020000", "Descent+Copying.swift", "name.cString, 0o020000, 0"),
    ("S_IFMT == 0170000", "Descent+Copying.swift", "status.mode & 0o170000"),
    ("SIGHUP == 1 && SIGINT == 2 && SIGQUIT == 3 && SIGPIPE == 13 && SIGTERM == 15", "Lower.swift", "linux_ignore_signals(1 << 1 | 1 << 2 | 1 << 3 | 1 << 13 | 1 << 15)"),
    ("__builtin_offsetof(struct dirent64, d_reclen) == 16", "FileDescriptor.swift", "fromByteOffset: start + 16, as: UInt16.self"),
    ("AT_FDCWD == LINUX_CURRENT_DIRECTORY", "FileStatus.swift", "LINUX_CURRENT_DIRECTORY"),
  ]

  private var assertions: String {
    get throws {
      var assertions: [String] = []
      for (name, value) in Self.errors { assertions.append("GENERIC_\(name) == \(value.rawValue)") }
      for (name, option) in Self.flags { assertions.append("\(name) == \(MountOptions(option).flags)") }
      return (assertions + Self.numbers.map(\.assertion)).map { "_Static_assert(\($0), \"\");\n" }.joined()
    }
  }

  @Test("Every constant of the core is checked against C headers")
  func areComplete() throws {
    let declared = try Checkout.text("Sources/PrerootCore/Ground/Errno.swift").matches(of: #/static var \w+: Errno \{ Errno\(rawValue: ([0-9]+)\)/#).compactMap { Int32($0.output.1) }
    #expect(declared.sorted() == Self.errors.map(\.value.rawValue).sorted())
    let bits = try Checkout.text("Sources/PrerootCore/Reading/MountOptions.swift").matches(of: #/case \.\w+: (1( << [0-9]+)?)\n/#).count
    #expect(bits == Self.flags.count)
    for number in Self.numbers { #expect(try Checkout.text("Sources/PrerootSystem/\(number.file)").contains(number.line), "\(number)") }
    for file in try FileManager.default.subpathsOfDirectory(atPath: Checkout.path.appending(path: "Sources").path) where file.hasSuffix(".swift") {
      // Only the list makes errors of literal numbers. Other code makes them of numbers that C has translated.
      let made = try Checkout.text("Sources/\(file)").contains(#/Errno\(rawValue: [0-9]/#)
      #expect(!made || file == "PrerootCore/Ground/Errno.swift", "\(file)")
    }
  }

  @Test("The constants of the core match this machine's headers")
  func areNative() throws {
    try compile([], also: "#define X(name, number) _Static_assert(name == number, #name);\nLINUX_ERRNOS(X)\n")
  }

  @Test("The constants of the core match the headers of every architecture", .enabled(if: !Architecture.built.isEmpty, "make check has their headers"), arguments: Architecture.built)
  func areForeign(architecture: Architecture) throws {
    let include = "\(architecture.sysroot)/usr/include"
    try compile(["--target=\(architecture.target)", "--sysroot=\(architecture.sysroot)", "-isystem", "\(include)/\(architecture.multiarch)", "-isystem", include])
  }

  /// Compiles the assertions with the header of CLinux, so that they check the same numbers as the programs use.
  private func compile(_ options: [String], also more: String = "") throws {
    let directory = try Temporary()
    let source = """
      #include "internal.h"
      #include "CLinux.h"
      #include <dirent.h>
      #include <fcntl.h>
      #include <signal.h>
      #include <sys/mount.h>
      #include <sys/stat.h>
      #ifndef MS_LAZYTIME
      #define MS_LAZYTIME (1 << 25)
      #endif
      enum {
      #define X(name, number) GENERIC_##name = number,
        LINUX_ERRNOS(X)
      #undef X
      };

      """ + (try assertions) + more
    try source.write(toFile: directory.path("constants.c"), atomically: false, encoding: .utf8)
    let clang = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/clang" }.first(where: FileManager.default.isExecutableFile(atPath:))
    let sources = Checkout.path.appending(path: "Sources/CLinux").path
    let run = try Run(try #require(clang, "There is no clang, which comes with Swift"), options + ["-fsyntax-only", "-Wall", "-I", sources, "-I", "\(sources)/include", directory.path("constants.c")])
    #expect(run.errors == "")
    #expect(run.status == 0)
  }
}

@Suite("Cross builds")
struct CrossBuildTests {
  private func make(_ arguments: String...) throws -> Run {
    try Run("make", ["--no-print-directory", "-C", Checkout.path.path] + arguments, environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
  }

  @Test("make with an unknown ARCH= lists the known ones", arguments: ["sparc64", "armv7", "ARM64"])
  func unknown(name: String) throws {
    let run = try make("ARCH=\(name)")
    #expect(run.status == 2)
    #expect(run.errors.contains("ARCH=\(name) is unknown; use one of: \(Architecture.all.map(\.name).joined(separator: " "))."))
  }

  /// This machine's own root is a sysroot for x86_64.
  @Test("make rejects a sysroot of another architecture before it builds anything", arguments: Architecture.all.map(\.name))
  func foreignSysroot(name: String) throws {
    let run = try Run(Checkout.path.appending(path: "Sources/cross/check-sysroot.sh").path, [name, "/"])
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("make: the sysroot / is not for \(name): its libc.so.6 is for another architecture"))
  }

  @Test("make names the file that a sysroot lacks")
  func emptySysroot() throws {
    let directory = try Temporary()
    #expect(try make("ARCH=arm64", "SYSROOT=\(directory.path)").errors.hasPrefix("make: the sysroot \(directory.path) has no libc.so.6 in lib or usr/lib\n"))
    #expect(try make("ARCH=arm64", "SYSROOT=\(directory.path)/absent").errors.hasPrefix("make: SYSROOT=\(directory.path)/absent is not a directory\n"))
  }

  @Test("make recognizes the sysroot of each architecture", .enabled(if: Architecture.built.count > 1, "make check has their headers"))
  func knowsSysroots() throws {
    for sysroot in Architecture.built {
      for architecture in Architecture.built {
        let run = try Run(Checkout.path.appending(path: "Sources/cross/check-sysroot.sh").path, [architecture.name, sysroot.sysroot])
        #expect((run.status == 0) == (architecture.debian == sysroot.debian), "\(sysroot.name) for \(architecture.name)")
      }
    }
  }

  @Test("make dist makes the same archive in another directory", .enabled(if: Architecture.built.contains { $0.name == "mipsel" }, "make check builds the others"))
  func isReproducible() throws {
    let elsewhere = try Temporary()
    _ = try Run.tool("sh", "-c", "cd '\(Checkout.path.path)' && cp -r Makefile NEWS.md Package.swift Sources generator docs Tests '\(elsewhere.path)'")
    let architecture = Architecture.built.first { $0.name == "mipsel" }!
    let here = try make("dist", "ARCH=mipsel")
    #expect(here.status == 0, "\(here.errors)")
    let there = try Run("make", ["--no-print-directory", "-C", elsewhere.path, "dist", "ARCH=mipsel", "SYSROOT=\(architecture.sysroot)"], environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
    #expect(there.status == 0, "\(there.errors)")
    func sum(_ directory: String, _ output: String) throws -> Substring? {
      try Run.tool("sha256sum", "\(directory)/\(output.split(separator: "\n").last ?? "")").split(separator: " ").first
    }
    #expect(try sum(Checkout.path.path, here.output) == sum(elsewhere.path, there.output))
  }
}

/// See Sources/cross/Retargeting.swift.
@Suite("Translation to MIPS")
struct RetargetingTests {
  private static let head = """
    target datalayout = "e-m:e-p:32:32-i64:64-n32-S128"
    target triple = "riscv32-none-none-eabi"

    """

  private func translate(_ ir: String) throws -> Run {
    let directory = try Temporary()
    try ir.write(toFile: directory.path("module.ll"), atomically: false, encoding: .utf8)
    let built = try Run("make", ["--no-print-directory", "-C", Checkout.path.path, "ARCH=mipsel", ".build/cross/mips"], environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
    guard built.status == 0 else { throw Problem(built.errors) }
    return try Run(Checkout.path.appending(path: ".build/cross/mips").path, ["--translate", directory.path("module.ll")])
  }

  @Test("The translation to MIPS replaces processor-specific parts and names that look like labels")
  func replaces() throws {
    let run = try translate(Self.head + """
      @"$s1a" = constant [4 x i8] c"@\\22$;"
      define private i32 @0(ptr %0) #0 { ; a comment with @1
        %1 = call i32 @"$s1b"(ptr @1, i32 7)
        call void asm sideeffect "", "n"(i32 0) #1
        ret i32 %1
      }
      attributes #0 = { minsize "no-trapping-math"="true" "target-cpu"="generic-rv32" "target-features"="+32bit" allockind("free") }
      !llvm.module.flags = !{!1, !2}
      !1 = !{i32 1, !"wchar_size", i32 4}
      !2 = !{i32 8, !"PIC Level", i32 1}
      """)
    #expect(run.errors == "")
    #expect(run.output == """
      target datalayout = "e-m:m-p:32:32-i8:8:32-i16:16:32-i64:64-n32-S64"
      target triple = "mipsel-unknown-linux-gnu"
      @"_$s1a" = constant [4 x i8] c"@\\22$;"
      define internal i32 @unnamed.0(ptr %0) #0 {\u{20}
        %1 = call i32 @"_$s1b"(ptr @unnamed.1, i32 7)
        call void asm sideeffect "", "n"(i32 0) #1
        ret i32 %1
      }
      attributes #0 = { minsize "no-trapping-math"="true"   allockind("free") }
      !llvm.module.flags = !{!2}
      !1 = !{i32 1, !"wchar_size", i32 4}
      !2 = !{i32 8, !"PIC Level", i32 1}

      """)
  }

  @Test("The translation to MIPS rejects anything that it does not know", arguments: [
    ("target triple = \"armv7-none-none-eabi\"", "another processor"), ("target datalayout = \"e-m:e-p:64:64\"", "another data layout"),
    ("call void asm sideeffect \"fence rw, rw\", \"~{memory}\"()", "assembler code"), ("%1 = call i32 @llvm.riscv.orc.b.i32(i32 %0)", "an intrinsic of one processor"),
    ("attributes #9 = { \"sign-return-address\"=\"all\" }", "an unknown attribute: sign-return-address"), ("musttail call swifttailcc void @a()", "'musttail'"),
    ("!llvm.module.flags = !{!1}\n!1 = !{i32 1, !\"cf-protection\", i32 1}", "an unknown module flag: cf-protection"),
  ])
  func refuses(line: String, reason: String) throws {
    let run = try translate(Self.head + line + "\n")
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.contains(reason), "\(run.errors)")
  }
}
