/// A setting has one name in two dresses: `OnLowerChange=` in preroot.conf, section [Preroot], is `preroot.on-lower-change=` on the
/// kernel command line. This is the table of them; a test holds preroot.conf(5) to it.
public enum Setting: Int, CaseIterable, Sendable {
  case enable, upper, scope, fsType, options, dir, timeout, fallback, format, check, reset, onLowerChange, bind, attempts, `switch`

  /// As preroot.conf has them, in the order of the cases.
  static var directives: StaticString { "Enable Upper Scope FSType Options Dir Timeout Fallback Format Check Reset OnLowerChange Bind Attempts Switch" }

  public init?(directive: Text) {
    guard let place = directive.place(among: Self.directives, isExact: true) else { return nil }
    self.init(rawValue: place)
  }

  public init?(key word: KernelCommandLine.Word) {
    guard word.hasKeyPrefix("preroot."), let place = Text(word.key.bytes[8...]).place(among: Self.directives, isExact: false) else { return nil }
    self.init(rawValue: place)
  }
}
