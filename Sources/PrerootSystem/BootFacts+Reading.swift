import PrerootCore

extension BootFacts {
  /// Reads the facts of `machine`. A file that is absent is a fact like any other; so is an empty command line.
  public init(of machine: borrowing Machine) {
    self.init()
    environment.virtualization = Machine.variable("SYSTEMD_VIRTUALIZATION")
    container = machine.contents("/run/systemd/container")
    commandLine = KernelCommandLine(of: machine, inContainer: containerName != nil)
    mountInfo = machine.mounts()
    if let device = mountInfo.root?.majorMinor {
      isRootDeviceReadOnly = machine.contents("/sys/dev/block/" + device + "/ro")?.hasPrefix("1") == true
    }
    fileSystemTable = FileSystemTable(parsing: machine.text("/etc/fstab"))
    ready = machine.contents(Paths.ready)
    failed = machine.contents(Paths.failed)
    hasInitrdRelease = machine.exists("/etc/initrd-release")
    environment.scope = Machine.variable("SYSTEMD_SCOPE")
    environment.inInitrd = Machine.variable("SYSTEMD_IN_INITRD")
    readConfiguration(of: machine)
    assignments.add(commandLine)
    // A link to /dev/null, and an empty file is the same to systemd: both read as nothing.
    for unit in StageOne.units where machine.contents(Text("/etc/systemd/system/") + unit)?.isEmpty == true {
      unitMaskedInEtc = unit
      break
    }
    for file in StageOne.files where !machine.exists(file) {
      missingFile = file
      break
    }
  }

  /// The strongest directory's preroot.conf, then all drop-ins. See preroot.conf(5).
  private mutating func readConfiguration(of machine: borrowing Machine) {
    var dropIns: [Text] = []
    var isRead = false
    for directory in ConfigurationPaths.directories {
      let path = directory + "/preroot.conf"
      if !isRead, let contents = machine.contents(path) {
        assignments.add(file: path, contents)
        isRead = true
      }
      ConfigurationPaths.add(machine.names(in: path + ".d"), of: path + ".d/", to: &dropIns)
    }
    for path in dropIns {
      if let contents = machine.contents(path) { assignments.add(file: path, contents) }
    }
  }
}

extension KernelCommandLine {
  /// The line that PID 1 itself goes by: what $SYSTEMD_PROC_CMDLINE overrides, in a container PID 1's arguments
  /// (systemd: proc_cmdline()).
  fileprivate init(of machine: borrowing Machine, inContainer: Bool) {
    if let override = Machine.variable("SYSTEMD_PROC_CMDLINE") {
      self.init(parsing: override)
    } else if inContainer {
      self.init(arguments: machine.text("/proc/1/cmdline"))
    } else {
      self.init(parsing: machine.text("/proc/cmdline"))
    }
  }
}
