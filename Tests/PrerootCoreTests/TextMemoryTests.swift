// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("Text memory")
struct TextMemoryTests {
  /// A text from a builder, which has spare room after it.
  private static func built(_ bytes: String) -> Text {
    var builder = Text.Builder()
    for byte in bytes.utf8 { builder.append(byte) }
    return Text(builder)
  }

  @Test("A text keeps its value when copies of it grow", arguments: [Text("literal"), built("built"), built("a part of")[2..<6]])
  func isOfValues(text: Text) {
    let before = text.string
    var first = text, second = text
    first.append(" 1")
    second.append(" 2 and more")
    first.append("!")
    var third = second
    third.append("?")
    second.append(".")
    #expect(text.string == before)
    #expect(first.string == before + " 1!")
    #expect(second.string == before + " 2 and more.")
    #expect(third.string == before + " 2 and more?")
  }

  @Test("A builder that begins with a text does not change it")
  func isNotTheBuilders() {
    let beginning = Self.built("beginning")
    var builder = Text.Builder(beginning[0..<5]), other = Text.Builder(beginning)
    builder.append(0x21)
    other.append(0x3f)
    let (first, second) = (Text(builder), Text(other))
    #expect(beginning.string == "beginning")
    #expect(first.string == "begin!")
    #expect(second.string == "beginning?")
  }

  @Test("Threads may append to copies of one text at the same time")
  func isShared() async {
    let text = Self.built("shared")
    let sums = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<8 {
        group.addTask {
          var sum = text
          for _ in 0..<1000 { sum = text + Text(decimal: number) }
          return sum.string == "shared\(number)" && text.string == "shared"
        }
      }
      return await group.reduce(true) { $0 && $1 }
    }
    #expect(sums)
  }

  @Test("A builder takes any number of bytes and texts")
  func grows() {
    var builder = Text.Builder()
    for place in 0..<100_000 {
      if place % 3 == 0 { builder.append(Text([UInt8(place % 251)])) } else { builder.append(UInt8(place % 251)) }
    }
    #expect(builder.count == 100_000)
    #expect(Array(Text(builder)) == (0..<100_000).map { UInt8($0 % 251) })
  }

  @Test("A builder grows by the bytes that a system call returns")
  func isFilled() {
    var builder = Text.Builder("ab")
    let filled = unsafe builder.append(upTo: 10) { place in
      unsafe place.storeBytes(of: 0x63, as: UInt8.self)
      return 1
    }
    let failed = unsafe builder.append(upTo: 10) { _ in -5 }
    #expect(filled == 1 && failed == -5)
    #expect(Text(builder).string == "abc")
  }

  @Test("A text is NUL-terminated for C, and only a part of another one is copied for that")
  func endsForC() {
    let literal: Text = "literal", built = Self.built("built"), part = Self.built("a part of it")[2..<6]
    for text in [literal, built, part, part.dropFirst(9), Text(), Text([0x61]), literal + built, Text(Text.Builder("b"))] {
      #expect(unsafe Text(cString: text.cString) == text)
    }
    #expect(unsafe UnsafeRawPointer(literal.cString) == literal.pointer)
    #expect(unsafe UnsafeRawPointer(built.cString) == built.pointer)
    #expect(unsafe UnsafeRawPointer(part.cString) != part.pointer)
  }

  @Test("An index or range outside of a text traps")
  func isNotLeft() async {
    await #expect(processExitsWith: .failure) { _ = Text("ab")[2] }
    await #expect(processExitsWith: .failure) { _ = Text("ab")[-1] }
    await #expect(processExitsWith: .failure) { _ = Text("ab")[1..<3] }
    await #expect(processExitsWith: .failure) { _ = Text("ab")[-1..<1] }
    #expect(Text("ab")[2..<2].isEmpty)
  }
}

