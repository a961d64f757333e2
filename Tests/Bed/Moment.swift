/// A moment in the run of a machine: when it is switched on, or when its console says something, and what comes some time after it.
public struct Moment: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// What the console says; nil where nothing has to be said first.
  let text: String?
  /// How long after that.
  let delay: Duration

  /// The moment at which the machine is switched on.
  public static let powerOn = Moment(text: nil, delay: .zero)

  /// The moment at which the console says this for the first time.
  public static func saying(_ text: String) -> Moment { Moment(text: text, delay: .zero) }

  public init(stringLiteral text: String) {
    self = .saying(text)
  }

  private init(text: String?, delay: Duration) {
    self.text = text
    self.delay = delay
  }

  /// Some time after another moment.
  public static func + (moment: Moment, delay: Duration) -> Moment {
    Moment(text: moment.text, delay: moment.delay + delay)
  }

  public var description: String {
    (text.map { "'\($0)'" } ?? "power-on") + (delay == .zero ? "" : " + \(delay.formatted)")
  }
}
