// SPDX-License-Identifier: MIT
/// An enum of words, each next to its case, so that no two lists have to keep the same order.
///
/// Not an enum with raw texts, which would be shorter to write: its initializer builds a text of each word, 2 KB in the generator.
public protocol Keyword: CaseIterable, Equatable, Sendable {
  /// The word as users write it.
  var word: Text { get }
}

extension Keyword {
  /// Nil if no keyword matches.
  ///
  /// - Parameter isExact: whether case, dashes and underscores are significant.
  @inline(never) public init?(_ word: Text, isExact: Bool = true) {
    for keyword in Self.allCases where word.isWord(keyword.word, isExact: isExact) {
      self = keyword
      return
    }
    return nil
  }

  public var text: Text { word }

  /// All words, separated by spaces.
  public static var words: Text {
    var words: [Text] = []
    for keyword in allCases { words.add(keyword.text) }
    return Text(joining: words, separator: " ")
  }
}
