// SPDX-License-Identifier: MIT
/// A moment in the run of a machine: an event and a delay after it.
public struct Moment: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// An event that is visible from outside.
  enum Sign: Hashable, Sendable {
    case powerOn, firstWrite, saying(String)
  }

  let sign: Sign
  /// The delay after the event.
  let delay: Duration

  /// The machine powers on.
  public static let powerOn = Moment(sign: .powerOn, delay: .zero)
  /// The machine writes to its first disk for the first time.
  public static let firstWrite = Moment(sign: .firstWrite, delay: .zero)

  /// The console shows this text for the first time.
  public static func saying(_ text: String) -> Moment { Moment(sign: .saying(text), delay: .zero) }

  public init(stringLiteral text: String) {
    self = .saying(text)
  }

  private init(sign: Sign, delay: Duration) {
    self.sign = sign
    self.delay = delay
  }

  /// The moment after a further delay.
  public static func + (moment: Moment, delay: Duration) -> Moment {
    Moment(sign: moment.sign, delay: moment.delay + delay)
  }

  public var description: String {
    let what = switch sign {
    case .powerOn: "power-on"
    case .firstWrite: "first write"
    case .saying(let text): "'\(text)'"
    }
    return delay == .zero ? what : "\(what) + \(delay.formatted)"
  }
}
