public enum DeviceName: Equatable, Sendable {
  case path(Text)
  public init?(_ word: Text) { guard word.hasPrefix("/dev/") else { return nil }; self = .path(word) }
  public var text: Text { switch self { case .path(let p): p } }
}
