// SPDX-License-Identifier: MIT
/// A moment in the run of a machine: something that happens, and some time after it.
public struct Moment: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// What can be seen of a machine from outside.
  enum Sign: Hashable, Sendable {
    case powerOn, firstWrite, saying(String)
  }

  let sign: Sign
  /// How long after that.
  let delay: Duration

  /// The machine is switched on.
  public static let powerOn = Moment(sign: .powerOn, delay: .zero)
  /// The first of the machine's disks is written to for the first time.
  public static let firstWrite = Moment(sign: .firstWrite, delay: .zero)

  /// The console says this for the first time.
  public static func saying(_ text: String) -> Moment { Moment(sign: .saying(text), delay: .zero) }

  public init(stringLiteral text: String) {
    self = .saying(text)
  }

  private init(sign: Sign, delay: Duration) {
    self.sign = sign
    self.delay = delay
  }

  /// Some time after another moment.
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
