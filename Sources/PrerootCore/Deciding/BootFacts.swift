/// All that the decision rests on, as values. Generator and helper read the same facts and so come to the same decision;
/// nothing is handed from one to the other.
public struct BootFacts: Equatable, Sendable {
  public var commandLine: KernelCommandLine
  /// PID 1's, not the reader's own: a generator's sandbox shows every mount read-only.
  public var mountInfo: MountInfo
  public var configuration: [ConfigurationFile]
  public var fileSystemTable: FileSystemTable
  public var environment: GeneratorEnvironment
  /// Whether /etc/initrd-release is there.
  public var hasInitrdRelease: Bool
  /// What /run/systemd/container says; nil on a machine.
  public var container: Text?
  /// Whether the kernel calls the root's block device read-only (/sys/dev/block/MAJOR:MINOR/ro).
  public var isRootDeviceReadOnly: Bool
  /// What /run/preroot/ready says; nil where it is absent.
  public var ready: Text?
  /// The units of stage 1 that the administrator masked in /etc/systemd/system.
  public var maskedUnits: [Text]
  /// The files of stage 1 that are not where they belong.
  public var missingFiles: [Text]

  public init(
    commandLine: KernelCommandLine, mountInfo: MountInfo, configuration: [ConfigurationFile] = [],
    fileSystemTable: FileSystemTable = FileSystemTable(parsing: ""), environment: GeneratorEnvironment = GeneratorEnvironment(),
    hasInitrdRelease: Bool = false, container: Text? = nil, isRootDeviceReadOnly: Bool = false, ready: Text? = nil,
    maskedUnits: [Text] = [], missingFiles: [Text] = []
  ) {
    self.commandLine = commandLine
    self.mountInfo = mountInfo
    self.configuration = configuration
    self.fileSystemTable = fileSystemTable
    self.environment = environment
    self.hasInitrdRelease = hasInitrdRelease
    self.container = container
    self.isRootDeviceReadOnly = isRootDeviceReadOnly
    self.ready = ready
    self.maskedUnits = maskedUnits
    self.missingFiles = missingFiles
  }
}
