/// A setting has one name in two dresses: `Upper=` in preroot.conf, section [Preroot], is `preroot.upper=` on the kernel
/// command line. This is the table of them; a test holds preroot.conf(5) to it.
public enum Setting: CaseIterable, Sendable {
  case enable
  case upper
  case scope

  public init?(directive: Text) {
    switch directive {
    case "Enable": self = .enable
    case "Upper": self = .upper
    case "Scope": self = .scope
    default: return nil
    }
  }

  public init?(key word: KernelCommandLine.Word) {
    if word.isKey("preroot.enable") { self = .enable }
    else if word.isKey("preroot.upper") { self = .upper }
    else if word.isKey("preroot.scope") { self = .scope }
    else { return nil }
  }
}
