// SPDX-License-Identifier: MIT
import Glibc
import PrerootCore

/// Compares the readers with systemd's own, which are in its private library: the same bytes have to give the same result.
///
/// The library has no stable interface. The functions called here are the same from systemd 247 to 262, except for the position of the flags.
struct Comparison {
  private let shared: UnsafeMutableRawPointer
  private let isUnitName: @convention(c) (UnsafePointer<CChar>, CInt) -> Bool
  private let isHostname: @convention(c) (UnsafePointer<CChar>, CInt) -> Bool
  private let boolean: @convention(c) (UnsafePointer<CChar>) -> CInt
  private let escape: @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt
  private let id: @convention(c) (UnsafePointer<CChar>, UnsafeMutableRawPointer) -> CInt
  private let parse: @convention(c) (Callback, UnsafeMutableRawPointer, CInt) -> CInt

  private typealias Callback = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>?, UnsafeMutableRawPointer) -> CInt

  /// Nil if this machine has no systemd.
  init?() {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("/usr/lib/*/systemd/libsystemd-shared-*.so", 0, nil, &found) == 0, let path = found.gl_pathv[0],
          let library = dlopen(path, RTLD_NOW) else { return nil }
    shared = library
    func function<Function>(_ name: String) -> Function? { dlsym(library, name).map { unsafeBitCast($0, to: Function.self) } }
    guard let unitName: @convention(c) (UnsafePointer<CChar>, CInt) -> Bool = function("unit_name_is_valid"),
          let hostname: @convention(c) (UnsafePointer<CChar>, CInt) -> Bool = function("hostname_is_valid"),
          let boolean: @convention(c) (UnsafePointer<CChar>) -> CInt = function("parse_boolean"),
          let escape: @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt = function("unit_name_path_escape"),
          let id: @convention(c) (UnsafePointer<CChar>, UnsafeMutableRawPointer) -> CInt = function("sd_id128_from_string"),
          let parse: @convention(c) (Callback, UnsafeMutableRawPointer, CInt) -> CInt = function("proc_cmdline_parse") else { return nil }
    isUnitName = unitName
    isHostname = hostname
    self.boolean = boolean
    self.escape = escape
    self.id = id
    self.parse = parse
  }

  /// Reads the same text with both readers.
  func examine(_ input: [UInt8]) throws(Finding) {
    // C strings end at a NUL.
    let text = Text(input.dropFirst().prefix { $0 != 0 })
    try compareUnitName(text)
    try compareHostname(text)
    try compareBoolean(text)
    try compareID(text)
    try comparePath(text)
    try compareCommandLine(text)
  }

  private func compareUnitName(_ text: Text) throws(Finding) {
    // UNIT_NAME_PLAIN | UNIT_NAME_INSTANCE, which PID 1 accepts for systemd.unit=.
    let theirs = isUnitName(text.cString, 1 | 4)
    try expect((UnitName(text) != nil) == theirs, "systemd \(theirs ? "takes" : "does not take") \(text) for a unit's name")
  }

  private func compareHostname(_ text: Text) throws(Finding) {
    // The reader of the file handles comments, wildcards and white space around the name.
    guard text.trimmed == text, text.lines.count == 1, !text.contains(where: { "#?$\n".utf8.contains($0) }) else { return }
    let theirs = isHostname(text.cString, 0)
    try expect((Hostname(text) == .name(text)) == theirs, "systemd \(theirs ? "takes" : "does not take") \(text) for a host's name")
  }

  private func compareBoolean(_ text: Text) throws(Finding) {
    let theirs = boolean(text.cString)
    let ours = Enable(text)
    // preroot also takes words of overlayroot and its own. A word may be a boolean here and not to systemd, but never the opposite one.
    if theirs >= 0 { try expect(ours == (theirs == 1 ? .yes : .no), "systemd reads \(text) as \(theirs)") }
    if theirs < 0, let ours { try expect(ours == .auto || text.count > 6, "\(text) is \(ours), and no boolean of systemd's") }
  }

  private func compareID(_ text: Text) throws(Finding) {
    // With dashes it is a UUID, which is invalid in /etc/machine-id.
    guard text.trimmed == text, !text.contains(0x2d) else { return }
    var bytes: (UInt64, UInt64) = (0, 0)
    let theirs = id(text.cString, &bytes) >= 0 && bytes != (0, 0)
    try expect((MachineID(text) == .valid(text)) == theirs, "systemd \(theirs ? "takes" : "does not take") \(text) for an ID")
  }

  private func comparePath(_ text: Text) throws(Finding) {
    guard let path = text.normalPath, path != "/" else { return }
    var name: UnsafeMutablePointer<CChar>?
    let result = escape(path.cString, &name)
    defer { free(name) }
    guard result >= 0, let name else { return }
    try expect(Text(cString: name) == path.unitName, "\(path) is \(path.unitName), and \(Text(cString: name)) to systemd")
  }

  private final class Words { var words: [KernelCommandLine.Word] = [] }

  private func compareCommandLine(_ text: Text) throws(Finding) {
    let line = text.lines.first ?? Text()
    guard !text.hasPrefix("\n"), !line.isEmpty else { return }
    let theirs = Words()
    // This process has one thread.
    _ = setenv("SYSTEMD_PROC_CMDLINE", line.cString, 1)
    let result = parse({ key, value, data in
      var word = KernelCommandLine.Word(Text())
      word.key = Text(cString: key)
      word.value = value.map { Text(cString: $0) }
      Unmanaged<Words>.fromOpaque(data).takeUnretainedValue().words.append(word)
      return 0
    }, Unmanaged.passUnretained(theirs).toOpaque(), 0)
    guard result >= 0 else { return }
    // systemd skips keys for the initrd, and no key of preroot begins like one.
    let ours = KernelCommandLine(parsing: line).words.filter { !$0.text.hasPrefix("rd.") }
    try expect(ours == theirs.words, "\(line) is \(ours) here and \(theirs.words) to systemd")
  }
}
