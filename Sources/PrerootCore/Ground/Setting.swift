// SPDX-License-Identifier: MIT
/// The table of settings. Each has one name in two spellings: `OnLowerChange=` in preroot.conf, section [Preroot], is
/// `preroot.on-lower-change=` on the kernel command line. A test compares the table with preroot.conf(5).
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
  case crypt
  case reset
  case onLowerChange
  case bind
  case commit
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
    case .crypt: "Crypt"
    case .reset: "Reset"
    case .onLowerChange: "OnLowerChange"
    case .bind: "Bind"
    case .commit: "Commit"
    case .attempts: "Attempts"
    case .switch: "Switch"
    }
  }

  public init?(directive: Text) { self.init(directive, isExact: true) }

  /// - Parameter name: the text after `preroot.`, in any case, with dashes or underscores anywhere.
  public init?(key name: Text) {
    self.init(name, isExact: false)
  }
}
