// SPDX-License-Identifier: MIT
/// A setting has one name in two dresses: `OnLowerChange=` in preroot.conf, section [Preroot], is `preroot.on-lower-change=` on the
/// kernel command line. This is the table of them; a test holds preroot.conf(5) to it.
public enum Setting: Keyword {
  case enable
  case upper
  case scope
  case fsType
  case options
  case dir
  case timeout
  case fallback
  case format
  case check
  case reset
  case onLowerChange
  case bind
  case attempts
  case `switch`

  public var word: Text {
    switch self {
    case .enable: "Enable"
    case .upper: "Upper"
    case .scope: "Scope"
    case .fsType: "FSType"
    case .options: "Options"
    case .dir: "Dir"
    case .timeout: "Timeout"
    case .fallback: "Fallback"
    case .format: "Format"
    case .check: "Check"
    case .reset: "Reset"
    case .onLowerChange: "OnLowerChange"
    case .bind: "Bind"
    case .attempts: "Attempts"
    case .switch: "Switch"
    }
  }

  public init?(directive: Text) { self.init(directive, isExact: true) }

  /// - Parameter name: what follows `preroot.`, in small letters or large, with dashes or underscores anywhere.
  public init?(key name: Text) {
    self.init(name, isExact: false)
  }
}
