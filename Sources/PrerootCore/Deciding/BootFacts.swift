// SPDX-License-Identifier: MIT
/// All inputs of the decision, as values. Generator and helper read the same facts and so reach the same decision; neither passes
/// anything to the other.
public struct BootFacts: ~Copyable {
  public var commandLine = KernelCommandLine()
  /// PID 1's mounts, not the reader's own: a generator's sandbox shows every mount read-only.
  public var mountInfo = MountInfo()
  /// From the configuration files and the command line.
  public var assignments = Assignments()
  public var fileSystemTable = FileSystemTable()
  public var environment = GeneratorEnvironment()
  /// Whether /etc/initrd-release exists.
  public var hasInitrdRelease = false
  /// Contents of /run/systemd/container; nil outside a container.
  public var container: Text?
  /// Whether the kernel reports the root's block device as read-only (/sys/dev/block/MAJOR:MINOR/ro).
  public var isRootDeviceReadOnly = false
  /// Contents of /run/preroot/ready; nil if it is absent.
  public var ready: Text?
  /// Contents of /run/preroot/failed; nil if it is absent.
  public var failed: Text?
  /// Whether overlay-prep.service has begun and not finished, for example because it was killed.
  public var hasBegun = false
  /// Whether overlay-prep was PID 1 and failed (/run/preroot/status).
  public var hasFailedAsFirstProcess = false
  /// What tells a boot from a reload. Only the generator needs this: the helper is itself a unit.
  public var manager = ManagerSigns()
  /// The first unit of stage 1 that /etc/systemd/system masks.
  public var unitMaskedInEtc: Text?
  /// Whether PID 1 considers this a first boot. See machine-id(5), "First Boot Semantics".
  public var isFirstBoot = false
  /// The first drop-in directory that applies to overlay-prep.service, or unit file that replaces it.
  public var helperOverride: Text?
  /// The first file of stage 1 that is not installed.
  public var missingFile: Text?

  /// Facts about an unknown machine.
  public init() {}
}

extension BootFacts {
  /// Whether systemd.factory_reset= is on. See systemd.factory-reset.target, kernel-command-line(7).
  public var isFactoryReset: Bool {
    var isReset = false
    for word in commandLine.words {
      if word.isKey("systemd.factory_reset") { isReset = Enable(word.value ?? "yes") == .yes }
    }
    return isReset
  }
}
