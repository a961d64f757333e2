// SPDX-License-Identifier: MIT

/// Translates the textual LLVM IR of a module from a bare-metal 32-bit architecture that Swift supports, riscv32, to MIPS with the o32 ABI.
///
/// Both have the same type sizes and alignments in memory, so the IR computes the same. This replaces the parts that are specific to the
/// architecture, and refuses everything that it does not know: the output of a new compiler may be wrong on the other architecture.
/// See https://llvm.org/docs/LangRef.html.
struct Retargeting {
  /// IR that cannot be translated.
  struct Refusal: Error, CustomStringConvertible {
    let line: Int
    let reason: String
    var description: String { "line \(line): \(reason)" }
  }

  private static let layout = (from: "e-m:e-p:32:32-i64:64-n32-S128", to: "e-m:m-p:32:32-i8:8:32-i16:16:32-i64:64-n32-S64")
  private static let triple = (from: "riscv32-none-none-eabi", to: "mipsel-unknown-linux-gnu")
  /// Function attributes to keep; those of the architecture are dropped.
  private static let droppedAttributes: Set = ["target-cpu", "target-features", "tune-cpu", "target-abi"]
  private static let keptAttributes: Set = [
    "no-trapping-math", "stack-protector-buffer-size", "frame-pointer", "alloc-family", "no-builtins", "probe-stack", "min-legal-vector-width",
    "uniform-work-group-size", "no-jump-tables", "disable-tail-calls", "less-precise-fpmad", "denormal-fp-math", "nooutline",
  ]
  private static let droppedFlags: Set = ["target-abi", "riscv-isa", "SmallDataLimit", "wchar_size", "min_enum_size"]
  private static let keptFlags: Set = [
    "PIC Level", "PIE Level", "uwtable", "frame-pointer", "Objective-C Version", "Objective-C Image Info Version", "Objective-C Image Info Section",
    "Objective-C Garbage Collection", "Swift Version", "Swift ABI Version", "Swift Major Version", "Swift Minor Version", "Debug Info Version", "Dwarf Version",
  ]
  /// The name prefixes of intrinsics that are specific to an architecture.
  private static let processors: Set = [
    "aarch64", "amdgcn", "arm", "bpf", "dx", "hexagon", "loongarch", "mips", "nvvm", "ppc", "r600", "riscv", "s390", "spv", "ve", "wasm", "x86", "xcore",
  ]
  private static let refusedWords: Set = ["swifttailcc", "musttail", "presplitcoroutine", "callbr", "vscale", "ppc_fp128", "x86_fp80", "target"]

  /// The translated text.
  ///
  /// - Throws: ``Refusal``.
  static func mips(_ source: String) throws(Refusal) -> String {
    var retargeting = Retargeting()
    for line in source.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      retargeting.number += 1
      try retargeting.translate(Array(line))
    }
    guard retargeting.hasLayout, retargeting.hasTriple else { throw Refusal(line: retargeting.number, reason: "the module says for no processor or no layout") }
    return String(decoding: retargeting.output, as: UTF8.self)
  }

  private var output: [UInt8] = []
  private var number = 0
  private var hasLayout = false, hasTriple = false
  private var droppedMetadata: Set<String> = []

  private func refusal(_ reason: String) -> Refusal { Refusal(line: number, reason: reason) }

  private mutating func translate(_ line: [UInt8]) throws(Refusal) {
    let text = String(decoding: line, as: UTF8.self)
    if text.hasPrefix("target datalayout = ") {
      guard text == "target datalayout = \"\(Self.layout.from)\"" else { throw refusal("another data layout: \(text)") }
      hasLayout = true
      output += Array("target datalayout = \"\(Self.layout.to)\"\n".utf8)
    } else if text.hasPrefix("target triple = ") {
      guard text == "target triple = \"\(Self.triple.from)\"" else { throw refusal("another processor: \(text)") }
      hasTriple = true
      output += Array("target triple = \"\(Self.triple.to)\"\n".utf8)
    } else if text.hasPrefix("attributes #") {
      output += Array(try attributes(text).utf8) + [UInt8(ascii: "\n")]
    } else if text.hasPrefix("!llvm.module.flags = !{"), text.hasSuffix("}") {
      // The list precedes the flags that it names.
      pendingFlags = text.dropFirst("!llvm.module.flags = !{".count).dropLast().split(separator: ",").map { $0.filter { $0 != " " } }
      pendingPlace = output.count
    } else if let first = pendingFlags.first, text.hasPrefix("!"), let flag = try flag(text, first: first) {
      output += Array(flag.utf8) + [UInt8(ascii: "\n")]
    } else {
      try translateBody(line)
    }
  }

  private var pendingFlags: [String] = []
  private var pendingPlace = 0

  /// Translates `!3 = !{i32 8, !"SmallDataLimit", i32 0}`; nil if this is not a module flag. A dropped flag leaves the list of flags.
  private mutating func flag(_ text: String, first: String) throws(Refusal) -> String? {
    guard let equals = text.firstIndex(of: "="), case let name = String(text[..<equals].filter { $0 != " " }), pendingFlags.contains(name) else { return nil }
    let parts = text.split(separator: "\"")
    guard parts.count >= 2 else { throw refusal("a module flag without a name: \(text)") }
    let key = String(parts[1])
    if Self.droppedFlags.contains(key) { droppedMetadata.insert(name) } else if !Self.keptFlags.contains(key) { throw refusal("an unknown module flag: \(key)") }
    seenFlags += 1
    if seenFlags == pendingFlags.count {
      let list = "!llvm.module.flags = !{" + pendingFlags.filter { !droppedMetadata.contains($0) }.joined(separator: ", ") + "}\n"
      output.insert(contentsOf: Array(list.utf8), at: pendingPlace)
    }
    return text
  }

  private var seenFlags = 0

  /// `attributes #0 = { minsize "no-trapping-math"="true" "target-cpu"="generic-rv32" }`
  private func attributes(_ text: String) throws(Refusal) -> String {
    var kept = ""
    var rest = Substring(text)
    while let quote = rest.firstIndex(of: "\"") {
      kept += rest[..<quote]
      rest = rest[rest.index(after: quote)...]
      guard let end = rest.firstIndex(of: "\"") else { throw refusal("an attribute without an end") }
      let key = String(rest[..<end])
      rest = rest[rest.index(after: end)...]
      var value = ""
      if rest.hasPrefix("=\"") {
        rest = rest.dropFirst(2)
        guard let end = rest.firstIndex(of: "\"") else { throw refusal("an attribute without an end") }
        value = "=\"\(rest[..<end])\""
        rest = rest[rest.index(after: end)...]
      }
      if Self.droppedAttributes.contains(key) { continue }
      // allockind("free")
      if kept.hasSuffix("(") {
        kept += "\"\(key)\""
        continue
      }
      guard Self.keptAttributes.contains(key) else { throw refusal("an unknown attribute: \(key)") }
      kept += "\"\(key)\"" + value
    }
    return kept + rest
  }

  private mutating func translateBody(_ line: [UInt8]) throws(Refusal) {
    var place = 0
    var word: [UInt8] = []
    var expectsAssembly = false
    func at(_ index: Int) -> UInt8 { index < line.count ? line[index] : 0 }
    func isWord(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
    // A private function is called through an assembler label, which GNU ld rejects in the table of addresses.
    let isPrivate = line.starts(with: "define private ".utf8)
    if isPrivate {
      output += Array("define internal ".utf8)
      place = "define private ".utf8.count
    }
    while place < line.count {
      let byte = line[place]
      if byte == UInt8(ascii: ";") { break }
      if byte == UInt8(ascii: "\"") {
        guard let end = line[(place + 1)...].firstIndex(of: byte) else { throw refusal("a string without an end") }
        if expectsAssembly, end != place + 1 { throw refusal("assembler code: \(String(decoding: line[place...end], as: UTF8.self))") }
        expectsAssembly = false
        output.append(byte)
        let sigil = place > 0 ? line[place - 1] : 0
        // MIPS' assembler treats a name that begins with '$' as a label, and every name of Swift's does.
        if (sigil == UInt8(ascii: "@") || sigil == UInt8(ascii: "$")) && at(place + 1) == UInt8(ascii: "$") { output.append(UInt8(ascii: "_")) }
        output += line[(place + 1)...end]
        place = end + 1
        continue
      }
      if byte == UInt8(ascii: "@") {
        output.append(byte)
        place += 1
        // An unnamed value would get a name that is a label, too.
        if (0x30...0x39).contains(at(place)) { output += Array("unnamed.".utf8) }
        var name: [UInt8] = []
        while isWord(at(place)) {
          name.append(line[place])
          place += 1
        }
        output += name
        let parts = String(decoding: name, as: UTF8.self).split(separator: ".")
        if parts.count > 1, parts[0] == "llvm", Self.processors.contains(String(parts[1])) {
          throw refusal("an intrinsic of one processor: \(String(decoding: name, as: UTF8.self))")
        }
        continue
      }
      if isWord(byte), place == 0 || line[place - 1] == UInt8(ascii: " ") || line[place - 1] == UInt8(ascii: "(") || line[place - 1] == UInt8(ascii: "<") {
        word = []
        while isWord(at(place)) {
          word.append(line[place])
          place += 1
        }
        output += word
        let name = String(decoding: word, as: UTF8.self)
        if Self.refusedWords.contains(name) || name.hasPrefix("riscv") { throw refusal("'\(name)', which is not translated") }
        if name == "asm" { expectsAssembly = true }
        continue
      }
      output.append(byte)
      place += 1
    }
    output.append(UInt8(ascii: "\n"))
  }
}
