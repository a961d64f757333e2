// SPDX-License-Identifier: MIT
import PrerootCore

extension BootFacts {
  /// Reads the facts of `machine`. An absent file is a fact like any other; so is an empty command line.
  ///
  /// - Parameter isFirstProcess: whether systemd has yet to start, so that it has written nothing to /run.
  public init(of machine: borrowing Machine, isFirstProcess: Bool = false) {
    self.init(ofBootOn: machine)
    if isFirstProcess { container = machine.containerOfFirstProcess }
    readRequest(of: machine)
    readStageOne(of: machine)
  }

  /// Reads the facts that tell whether the boot is settled, and those that a settled boot needs. A reload reads nothing else, so nothing in
  /// the configuration can hold one up.
  public init(ofBootOn machine: borrowing Machine) {
    self.init()
    mountInfo = machine.mounts()
    ready = machine.contents(Paths.ready)
    failed = machine.contents(Paths.failed)
    hasBegun = machine.exists(Paths.begun)
    hasFailedAsFirstProcess = machine.exists(Paths.status)
    do throws(Errno) { fileSystemTable = FileSystemTable(parsing: try machine.read("/etc/fstab") ?? Text()) } catch { tell("/etc/fstab", error) }
  }

  /// Reads the facts that tell what is requested of this boot.
  public mutating func readRequest(of machine: borrowing Machine) {
    environment.virtualization = Machine.variable(.virtualization)
    if container == nil { container = machine.contents("/run/systemd/container") }
    commandLine = KernelCommandLine(of: machine, inContainer: containerName != nil)
    isRootDeviceReadOnly = machine.isReadOnly(deviceOf: mountInfo.root)
    hasInitrdRelease = machine.exists("/etc/initrd-release")
    environment.scope = Machine.variable(.scope)
    environment.inInitrd = Machine.variable(.inInitrd)
    readConfiguration(of: machine)
    assignments.add(commandLine)
  }

  /// Reads the facts about the parts of stage 1. A boot that is left alone needs none of them.
  public mutating func readStageOne(of machine: borrowing Machine) {
    // A link to /dev/null, or an empty file, which systemd treats alike.
    for unit in StageOne.units where machine.isEmpty(Text("/etc/systemd/system/") + unit) {
      unitMaskedInEtc = unit
      break
    }
    isFirstBoot = machine.exists(Paths.firstBoot)
    helperOverride = machine.overrideOfHelper()
    for file in StageOne.files where !machine.exists(file) {
      missingFile = file
      break
    }
  }

  /// Reads the preroot.conf of the strongest directory, then all drop-ins. See preroot.conf(5).
  private mutating func readConfiguration(of machine: borrowing Machine) {
    var dropIns: [Text] = []
    var isRead = false
    for directory in ConfigurationPaths.directories {
      let path = directory + "/preroot.conf"
      if !isRead { isRead = read(path, of: machine) }
      ConfigurationPaths.add(machine.names(in: path + ".d"), of: path + ".d/", to: &dropIns)
    }
    for path in dropIns { _ = read(path, of: machine) }
  }

  /// - Returns: whether the file exists. A file that cannot be read counts as absent and adds a remark.
  @inline(never) private mutating func read(_ path: Text, of machine: borrowing Machine) -> Bool {
    do throws(Errno) {
      guard let contents = try machine.read(path) else { return false }
      assignments.add(file: path, contents)
      return true
    } catch {
      tell(path, error)
      return false
    }
  }

  @inline(never) private mutating func tell(_ path: Text, _ errno: Errno) {
    assignments.remarks.append(Remark(.warning, path + " cannot be read, ignoring: " + errno.text))
  }
}

extension Machine {
  /// Returns the first drop-in directory that applies to overlay-prep.service, or unit file that replaces it.
  fileprivate borrowing func overrideOfHelper() -> Text? {
    for directory in StageOne.unitDirectories where exists(directory) {
      for path in StageOne.overrides(in: directory) where exists(path) { return path }
    }
    return nil
  }

  /// The container that PID 1 runs in, as its manager tells PID 1 or as a file shows (systemd: detect_container()).
  fileprivate var containerOfFirstProcess: Text? {
    borrowing get {
      if let name = Machine.variable(.container) { return name.isEmpty ? nil : name }
      for file in Text("/run/host/container-manager /run/.containerenv /.dockerenv").words where exists(file) { return file }
      return nil
    }
  }

  /// Returns whether the kernel reports the device of a file system as read-only.
  borrowing func isReadOnly(deviceOf mount: MountInfo.Entry?) -> Bool {
    guard let mount else { return false }
    var devices = [Text("/sys/dev/block/") + mount.majorMinor]
    // btrfs has a device number of its own and may have several devices; a single read-only device makes all of it read-only. The other
    // file systems that are mounted when PID 1 runs its generators are not btrfs.
    if mount.fileSystemType == "btrfs" {
      for fileSystem in names(in: "/sys/fs/btrfs") {
        let directory = Text("/sys/fs/btrfs/") + fileSystem + "/devices/"
        for device in names(in: directory) { devices.add(directory + device) }
      }
    }
    for device in devices where isReadOnly(device: device) { return true }
    return false
  }
}

extension KernelCommandLine {
  /// Reads the command line that PID 1 itself uses: $SYSTEMD_PROC_CMDLINE overrides it, and in a container it is PID 1's arguments
  /// (systemd: proc_cmdline()).
  fileprivate init(of machine: borrowing Machine, inContainer: Bool) {
    if let override = Machine.variable(.commandLine) {
      self.init(parsing: override)
    } else if inContainer {
      self.init(arguments: machine.text("/proc/1/cmdline"))
    } else {
      self.init(parsing: machine.text("/proc/cmdline"))
    }
  }
}
