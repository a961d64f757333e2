/// A setting has one name in two dresses: `Upper=` in preroot.conf is `preroot.upper=` on the kernel command line.
/// This is the table of them; a test holds preroot.conf(5) to it.
public enum Setting: CaseIterable, Sendable {
  case enable
  case upper
  case scope

  /// In preroot.conf, section [Preroot].
  public var directive: StaticString {
    switch self {
    case .enable: "Enable"
    case .upper: "Upper"
    case .scope: "Scope"
    }
  }

  /// On the kernel command line.
  public var key: StaticString {
    switch self {
    case .enable: "preroot.enable"
    case .upper: "preroot.upper"
    case .scope: "preroot.scope"
    }
  }
}
