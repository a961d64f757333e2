import PrerootCore

extension Text {
  /// Calls `body` with the bytes and a NUL after them, as C has its strings.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var terminated = bytes
    terminated.append(0)
    return unsafe terminated.withUnsafeBytes { unsafe body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }

  /// A copy of C's string.
  public init(cString: UnsafePointer<CChar>) {
    self.init()
    var place = unsafe cString
    while unsafe place.pointee != 0 {
      append(UInt8(bitPattern: Int8(truncatingIfNeeded: unsafe place.pointee)))
      unsafe place += 1
    }
  }
}
