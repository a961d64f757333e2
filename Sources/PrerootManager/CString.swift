import PrerootCore

extension Text {
  /// Calls `body` with the bytes and a NUL after them, as C has its strings.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var terminated = bytes
    terminated.append(0)
    return unsafe terminated.withUnsafeBytes { unsafe body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }

  /// The characters before the NUL.
  init(cString characters: [CChar]) {
    self.init()
    for character in characters.prefix(while: { $0 != 0 }) { append(UInt8(truncatingIfNeeded: character)) }
  }
}

extension Text? {
  /// The same, with C's NULL for nil.
  func withCString<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let self else { return unsafe body(nil) }
    return unsafe self.withCString { unsafe body($0) }
  }
}
