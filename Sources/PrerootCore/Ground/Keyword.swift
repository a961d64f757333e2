// SPDX-License-Identifier: MIT
/// One of a few words, each beside its case: nothing has to keep the order of two lists.
///
/// Not an enum of raw texts, which is shorter to write: its initializer makes a text of each word, 2 KB in the generator.
public protocol Keyword: CaseIterable, Equatable, Sendable {
  /// As it is written.
  var word: Text { get }
}

extension Keyword {
  /// Nil where it is none of the words.
  ///
  /// - Parameter isExact: whether large and small letters, dashes and underscores tell words apart.
  @inline(never) public init?(_ word: Text, isExact: Bool = true) {
    for keyword in Self.allCases where word.isWord(keyword.word, isExact: isExact) {
      self = keyword
      return
    }
    return nil
  }

  public var text: Text { word }

  /// All of them, with blanks between.
  public static var words: Text {
    var words: [Text] = []
    for keyword in allCases { words.add(keyword.text) }
    return Text(joining: words, separator: " ")
  }
}
