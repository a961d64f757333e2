// SPDX-License-Identifier: MIT
/// Text as the kernel has it: bytes in no particular encoding.
///
/// A text refers to memory that is never changed and never freed: a literal, or what a `Builder` has filled. So a copy costs two
/// registers, a slice shares the memory, and threads may share it. Discarded texts stay allocated until the program ends, which is soon:
/// generator and helper live for milliseconds to seconds. This is the core's only file with unsafe code.
///
/// Not `String`: paths, mount options and command lines are not Unicode, and `String`'s comparison would link 60 KB
/// of Unicode tables into programs of a few pages.
@safe public struct Text: Equatable, @unchecked Sendable {
  // The byte after the end is readable, too: the literal's NUL, the builder's, or, for a slice, the next byte of the whole.
  private let start: UnsafePointer<UInt8>
  public let count: Int

  fileprivate init(_ start: UnsafePointer<UInt8>, _ count: Int) {
    unsafe self.start = start
    self.count = count
  }

  public init() { self = "" }
  public init(_ byte: UInt8) { self.init([byte]) }
  public init(_ bytes: [UInt8]) { self.init(bytes[...]) }
  @inline(never) public init(_ bytes: ArraySlice<UInt8>) {
    var copy = Builder()
    unsafe bytes.withUnsafeBufferPointer { unsafe copy.append($0.baseAddress, $0.count) }
    self.init(copy)
  }

  public var isEmpty: Bool { count == 0 }
  public var indices: Range<Int> { unsafe Range(uncheckedBounds: (0, count)) }

  public subscript(place: Int) -> UInt8 {
    precondition(place >= 0 && place < count)
    return unsafe start[place]
  }

  /// Returns a slice, which shares the memory.
  @inline(never) public subscript(places: Range<Int>) -> Text {
    precondition(places.lowerBound >= 0 && places.upperBound <= count)
    return unsafe Text(start + places.lowerBound, places.count)
  }

  @inline(never) public static func == (left: Text, right: Text) -> Bool { left.count == right.count && left.hasPrefix(right) }

  @inline(never) public func hasPrefix(_ prefix: Text) -> Bool {
    if prefix.count > count { return false }
    for place in prefix.indices where unsafe start[place] != prefix.start[place] { return false }
    return true
  }

  @inline(never) public static func + (left: Text, right: Text) -> Text {
    var sum = Builder(left)
    sum.append(right)
    return Text(sum)
  }

  /// Appends a few pieces, in new memory each time. In a loop, use `Builder`.
  public mutating func append(_ text: Text) { self = self + text }
}

extension Text: ExpressibleByStringLiteral {
  @inline(__always) public init(stringLiteral literal: StaticString) { unsafe self.init(literal.utf8Start, literal.utf8CodeUnitCount) }
}

extension Text: Sequence {
  @safe public struct Iterator: IteratorProtocol {
    fileprivate var place: UnsafePointer<UInt8>
    fileprivate let end: UnsafePointer<UInt8>

    @inline(__always) public mutating func next() -> UInt8? {
      if unsafe place == end { return nil }
      defer { unsafe place += 1 }
      return unsafe place.pointee
    }
  }

  @inline(__always) public func makeIterator() -> Iterator { unsafe Iterator(place: start, end: start + count) }
}

// MARK: Building

extension Text {
  /// A text under construction, which grows in place. It cannot be copied, so no text ever changes.
  @safe public struct Builder: ~Copyable {
    private var text: Text
    /// The capacity at `text.start`; 0 if that memory belongs to another text and must not be written.
    private var capacity = 0

    public init(_ text: Text = Text()) { self.text = text }

    public var count: Int { text.count }

    fileprivate consuming func finished() -> Text {
      if capacity > 0 { unsafe end.pointee = 0 }
      return text
    }

    private var end: UnsafeMutablePointer<UInt8> { unsafe UnsafeMutablePointer(mutating: text.start + text.count) }

    /// Makes room for `count` more bytes and a NUL.
    @inline(never) private mutating func reserve(_ count: Int) {
      let needed = text.count + count + 1
      if needed <= capacity { return }
      capacity = Swift.max(needed, 2 * capacity, 32)
      let start = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      unsafe UnsafeMutableRawPointer(start).copyMemory(from: text.start, byteCount: text.count)
      unsafe text = Text(start, text.count)
    }

    @inline(never) public mutating func append(_ byte: UInt8) {
      reserve(1)
      unsafe end.pointee = byte
      unsafe text = Text(text.start, text.count + 1)
    }

    @inline(never) public mutating func append(_ other: Text) {
      if text.isEmpty, capacity == 0 { text = other } else { unsafe append(other.start, other.count) }
    }

    @inline(never) fileprivate mutating func append(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
      guard let bytes = unsafe bytes, count > 0 else { return }
      reserve(count)
      unsafe UnsafeMutableRawPointer(end).copyMemory(from: bytes, byteCount: count)
      unsafe text = Text(text.start, text.count + count)
    }

    /// Appends the bytes that `fill` writes.
    ///
    /// - Parameter fill: receives room for `count` bytes. It returns the number of bytes written, or a negative number, which is passed on.
    public mutating func append(upTo count: Int, _ fill: (UnsafeMutableRawPointer) -> Int) -> Int {
      reserve(count)
      let filled = unsafe fill(end)
      precondition(filled <= count)
      if filled > 0 { unsafe text = Text(text.start, text.count + filled) }
      return filled
    }
  }

  @inline(__always) public init(_ builder: consuming Builder) { self = builder.finished() }
}

// MARK: C

extension Text {
  /// Copies a C string.
  @inline(never) public init(cString: UnsafePointer<CChar>) {
    var count = 0
    while unsafe cString[count] != 0 { count += 1 }
    var copy = Builder()
    unsafe copy.append(UnsafeRawPointer(cString).assumingMemoryBound(to: UInt8.self), count)
    self.init(copy)
  }

  /// The bytes, for system calls that also take a count.
  @unsafe public var pointer: UnsafeRawPointer { unsafe UnsafeRawPointer(start) }

  /// The bytes followed by a NUL, as a C string. Usually the NUL is already there; a slice may have to be copied.
  @unsafe public var cString: UnsafePointer<CChar> {
    @inline(never) get {
      var text = self
      if unsafe start[count] != 0 { text = text + Text(0) }
      return unsafe text.pointer.assumingMemoryBound(to: CChar.self)
    }
  }
}

extension [Text] {
  /// Appends. Out of line, because inlining would add 60 bytes to each call.
  @inline(never) public mutating func add(_ text: Text) { append(text) }
}
