// SPDX-License-Identifier: MIT
/// What systemd tells its generators about the machine. See systemd.generator(7), "Environment".
///
/// systemd sets these since version 251. Before that each is nil, and the facts come from the files that systemd itself reads.
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
