// SPDX-License-Identifier: MIT
/// What systemd tells its generators about the machine. See systemd.generator(7), "Environment".
///
/// Only systemd >= 251 sets these; before it each is nil, and the facts come from the files that systemd itself would
/// look at.
public struct GeneratorEnvironment: Equatable, Sendable {
  /// `$SYSTEMD_SCOPE`: "system" or "user".
  public var scope: Text?
  /// `$SYSTEMD_IN_INITRD`: "1" or "0".
  public var inInitrd: Text?
  /// `$SYSTEMD_VIRTUALIZATION`: "vm:kvm", "container:systemd-nspawn", …
  public var virtualization: Text?

  public init(scope: Text? = nil, inInitrd: Text? = nil, virtualization: Text? = nil) {
    self.scope = scope
    self.inInitrd = inInitrd
    self.virtualization = virtualization
  }
}
