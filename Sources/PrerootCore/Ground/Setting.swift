/// A setting has one name in two dresses: `OnLowerChange=` in preroot.conf, section [Preroot], is `preroot.on-lower-change=` on the
/// kernel command line. This is the table of them; a test holds preroot.conf(5) to it.
public enum Setting: Int, CaseIterable, Sendable {
  case enable, upper, scope, fsType, options, dir, timeout, fallback, format, check, reset, onLowerChange, bind, attempts, `switch`

  /// As preroot.conf has them, in the order of the cases.
  static var directives: StaticString { "Enable Upper Scope FSType Options Dir Timeout Fallback Format Check Reset OnLowerChange Bind Attempts Switch" }

  public init?(directive: Text) { self.init(directive, isExact: true) }

  /// - Parameter name: what follows `preroot.`
  public init?(key name: Text) { self.init(name, isExact: false) }

  private init?(_ name: Text, isExact: Bool) {
    guard let place = name.place(among: Self.directives, isExact: isExact) else { return nil }
    self.init(rawValue: place)
  }
}
