// SPDX-License-Identifier: MIT
/// Text as the kernel has it: bytes in no promised encoding.
///
/// It is a place in memory that nobody changes and nobody frees: a literal's, or what a `Builder` has filled. So a copy costs two
/// registers, a part of a text is the same memory, and threads may share it. What is thrown away stays until the program ends, which is
/// soon: generator and helper live for milliseconds to seconds. This file is the core's only one with unsafe code.
///
/// Not `String`: paths, mount options and command lines are not Unicode, and `String`'s comparison would link 60 KB
/// of Unicode tables into programs of a few pages.
@safe public struct Text: Equatable, @unchecked Sendable {
  // One more byte can be read: the literal's NUL, the builder's, or where this is a part, what follows it in the whole.
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

  /// A part, which shares the memory.
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

  /// A few pieces are put together so, each time in new memory. For a loop there is `Builder`.
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

// MARK: Making one

extension Text {
  /// A text in the making, which grows in place. It cannot be copied, so nobody has a text that changes.
  @safe public struct Builder: ~Copyable {
    private var text: Text
    /// Of the memory at `text.start`; 0 where that is another text's, and not to be written.
    private var capacity = 0

    public init(_ text: Text = Text()) { self.text = text }

    public var count: Int { text.count }

    fileprivate consuming func finished() -> Text {
      if capacity > 0 { unsafe end.pointee = 0 }
      return text
    }

    private var end: UnsafeMutablePointer<UInt8> { unsafe UnsafeMutablePointer(mutating: text.start + text.count) }

    /// Has room for so many bytes more, and for C's NUL.
    @inline(never) private mutating func reserve(_ count: Int) {
      let needed = text.count + count + 1
      if needed <= capacity { return }
      capacity = Swift.max(needed, 2 * capacity, 32)
      let start = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      unsafe start.update(from: text.start, count: text.count)
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
      unsafe end.update(from: bytes, count: count)
      unsafe text = Text(text.start, text.count + count)
    }

    /// Appends what `fill` puts there.
    ///
    /// - Parameter fill: is given room for `count` bytes, and returns how many it has written, or a negative number, which is returned.
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
  /// A copy of C's string.
  @inline(never) public init(cString: UnsafePointer<CChar>) {
    var count = 0
    while unsafe cString[count] != 0 { count += 1 }
    var copy = Builder()
    unsafe copy.append(UnsafeRawPointer(cString).assumingMemoryBound(to: UInt8.self), count)
    self.init(copy)
  }

  /// For system calls that take a number of bytes.
  @unsafe public var pointer: UnsafeRawPointer { unsafe UnsafeRawPointer(start) }

  /// The bytes and a NUL after them, as C has its strings. There mostly is one; where the text is a part of another, it is copied.
  @unsafe public var cString: UnsafePointer<CChar> {
    @inline(never) get {
      var text = self
      if unsafe start[count] != 0 { text = text + Text(0) }
      return unsafe text.pointer.assumingMemoryBound(to: CChar.self)
    }
  }
}

extension [Text] {
  /// Appends, out of line: inlined, each place would grow by 60 bytes.
  @inline(never) public mutating func add(_ text: Text) { append(text) }
}
