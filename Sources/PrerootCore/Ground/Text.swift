// SPDX-License-Identifier: MIT
/// Text as the kernel has it: bytes in no promised encoding.
///
/// Its pieces are kept out of line: inlined, as the compiler likes them, they would double the programs' size.
/// Not `String`: paths, mount options and command lines are not Unicode, and `String`'s comparison would link 60 KB
/// of Unicode tables into programs of a few pages.
public struct Text: Equatable, Sendable {
  public var bytes: [UInt8]

  public init() { bytes = [] }
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
  public init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

  public var count: Int { bytes.count }
  public var isEmpty: Bool { bytes.isEmpty }

  @inline(never) public mutating func append(_ text: Text) { bytes.append(contentsOf: text.bytes) }
  @inline(never) public mutating func append(_ byte: UInt8) { bytes.append(byte) }
  @inline(never) mutating func append(literal: StaticString) {
    literal.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
  }
  @inline(never) @_disfavoredOverload public static func == (left: Text, right: Text) -> Bool { left.bytes == right.bytes }
  /// The same with a literal, which needs no copy.
  @inline(never) public static func == (left: Text, right: StaticString) -> Bool {
    right.withUTF8Buffer { unsafe left.bytes.elementsEqual($0) }
  }
  public static func != (left: Text, right: StaticString) -> Bool { !(left == right) }

  @inline(never) @_disfavoredOverload public static func + (left: consuming Text, right: Text) -> Text {
    left.append(right)
    return left
  }
  @inline(never) public static func + (left: consuming Text, right: StaticString) -> Text {
    left.append(literal: right)
    return left
  }
}

extension Text: ExpressibleByStringLiteral {
  @inline(never) public init(stringLiteral literal: StaticString) {
    self.init()
    append(literal: literal)
  }
}
