// SPDX-License-Identifier: MIT
/// All that the decision rests on, as values. Generator and helper read the same facts and so come to the same decision;
/// nothing is handed from one to the other.
public struct BootFacts: ~Copyable {
  public var commandLine = KernelCommandLine()
  /// PID 1's, not the reader's own: a generator's sandbox shows every mount read-only.
  public var mountInfo = MountInfo()
  /// From the configuration files and the command line.
  public var assignments = Assignments()
  public var fileSystemTable = FileSystemTable()
  public var environment = GeneratorEnvironment()
  /// Whether /etc/initrd-release is there.
  public var hasInitrdRelease = false
  /// What /run/systemd/container says; nil on a machine.
  public var container: Text?
  /// Whether the kernel calls the root's block device read-only (/sys/dev/block/MAJOR:MINOR/ro).
  public var isRootDeviceReadOnly = false
  /// What /run/preroot/ready says; nil where it is absent.
  public var ready: Text?
  /// What /run/preroot/failed says; nil where it is absent.
  public var failed: Text?
  /// Whether overlay-prep.service has begun and not ended; or was killed.
  public var hasBegun = false
  /// Whether PID 1 has started units before, so that this is a reload. The generator alone has to know: the helper is one of them.
  public var isRunning = false
  /// The first unit of stage 1 that the administrator masked in /etc/systemd/system.
  public var unitMaskedInEtc: Text?
  /// Whether PID 1 takes this for a first boot. See machine-id(5), "First Boot Semantics".
  public var isFirstBoot = false
  /// The first drop-in directory that applies to overlay-prep.service, or unit file that replaces it.
  public var helperOverride: Text?
  /// The first file of stage 1 that is not where it belongs.
  public var missingFile: Text?

  /// A machine of which nothing is known.
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
