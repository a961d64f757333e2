import PrerootCore

extension BootFacts {
  /// Reads the facts of `machine`. A file that is absent is a fact like any other; so is an empty command line.
  public init(of machine: borrowing Machine) {
    let container = machine.contents("/run/systemd/container")
    let mountInfo = MountInfo(parsing: machine.contents("/proc/1/mountinfo") ?? "")
    let deviceReadOnly = machine.contents("/sys/dev/block/\(mountInfo.root?.majorMinor ?? "")/ro")
    self.init(
      commandLine: KernelCommandLine(of: machine, inContainer: container != nil),
      mountInfo: mountInfo,
      configuration: Self.configuration(of: machine),
      fileSystemTable: FileSystemTable(parsing: machine.contents("/etc/fstab") ?? ""),
      environment: GeneratorEnvironment(
        scope: Machine.variable("SYSTEMD_SCOPE"), inInitrd: Machine.variable("SYSTEMD_IN_INITRD"),
        virtualization: Machine.variable("SYSTEMD_VIRTUALIZATION")),
      hasInitrdRelease: machine.exists("/etc/initrd-release"),
      container: container,
      isRootDeviceReadOnly: deviceReadOnly?.trimmed == "1",
      ready: machine.contents(StageOne.ready),
      maskedUnits: StageOne.units.filter { machine.target(ofLink: "/etc/systemd/system/\($0)") == "/dev/null" },
      missingFiles: StageOne.files.filter { !machine.exists($0) })
  }

  /// The strongest directory's preroot.conf, then all drop-ins. See preroot.conf(5).
  private static func configuration(of machine: borrowing Machine) -> [ConfigurationFile] {
    var files: [ConfigurationFile] = []
    for directory in ConfigurationPaths.directories {
      let path: Text = "\(directory)/preroot.conf"
      if let text = machine.contents(path) {
        files.append(ConfigurationFile(path: path, parsing: text))
        break
      }
    }
    var names: [[Text]] = []
    for directory in ConfigurationPaths.directories { names.append(machine.names(in: "\(directory)/preroot.conf.d")) }
    for path in ConfigurationPaths.dropIns(among: names) {
      if let text = machine.contents(path) { files.append(ConfigurationFile(path: path, parsing: text)) }
    }
    return files
  }
}

extension KernelCommandLine {
  /// The line that PID 1 itself goes by: what $SYSTEMD_PROC_CMDLINE overrides, in a container PID 1's arguments
  /// (systemd: proc_cmdline()).
  fileprivate init(of machine: borrowing Machine, inContainer: Bool) {
    if let override = Machine.variable("SYSTEMD_PROC_CMDLINE") {
      self.init(parsing: override)
    } else if inContainer {
      self.init(arguments: machine.contents("/proc/1/cmdline") ?? "")
    } else {
      self.init(parsing: machine.contents("/proc/cmdline") ?? "")
    }
  }
}
