// SPDX-License-Identifier: MIT
extension Text {
  /// A copy of C's string.
  @inline(never) public init(cString: UnsafePointer<CChar>) {
    self.init()
    var place = unsafe cString
    while unsafe place.pointee != 0 {
      append(UInt8(truncatingIfNeeded: unsafe place.pointee))
      unsafe place += 1
    }
  }

  /// The bytes and a NUL after them, as C has its strings.
  public var terminated: [UInt8] {
    @inline(never) get {
      var copy: [UInt8] = []
      copy.reserveCapacity(count + 1)
      copy.append(contentsOf: bytes)
      copy.append(0)
      return copy
    }
  }
}

extension [UInt8] {
  /// Calls `body` with a pointer to the bytes, which end with a NUL.
  @inline(__always) public func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    unsafe withUnsafeBytes { unsafe body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }
}

extension [Text] {
  /// Appends, out of line: inlined, each place would grow by 60 bytes.
  @inline(never) public mutating func add(_ text: Text) { append(text) }
}
