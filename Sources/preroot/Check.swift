// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Reports whether the next boot will work. Each problem says how to fix it.
func check(_ machine: borrowing Machine) throws(Complaint) -> ExitStatus {
  let boot = try attempt("Cannot open the image") { () throws(Errno) in try NextBoot(of: machine) }
  let settings = Settings(boot.facts.assignments)
  let mode = BootMode(for: boot.facts)
  var findings = Findings()
  findings.lookAt(mode, settings, boot)
  findings.lookAtFirstProcess(of: boot)
  findings.lookAtParts(of: boot.image)
  findings.lookAtKernel(of: machine, boot.image)
  findings.lookAtImage(boot.image, settings, boot.facts)
  switch settings.upper {
  case .tmpfs(let options): findings.lookAt(options, machine)
  case .device(let name):
    findings.lookAt(name, settings, machine, boot)
    if let memory = settings.memory { findings.lookAt(memory, machine) }
  case .unreadable(let word): findings.problem(word + " " + (settings.upper.unavailability ?? Text()))
  }
  findings.conclude(mode, settings)
  try reply(findings.answer.text)
  return findings.problems == 0 ? .success : .otherwise
}

/// The findings, one line each.
struct Findings {
  private(set) var answer = Answer()
  private(set) var problems = 0

  @inline(never) mutating func good(_ text: Text) { answer.add("good", text, .good) }
  @inline(never) mutating func note(_ text: Text) { answer.add("note", text, .notable) }
  /// - Parameter text: the problem, and how to fix it.
  @inline(never) mutating func problem(_ text: Text) {
    problems += 1
    answer.add("problem", text, .bad)
  }

  mutating func conclude(_ mode: BootMode, _ settings: Settings) {
    if problems > 0 {
      answer.add(line: Text(decimal: problems) + (problems == 1 ? " problem" : " problems") as Text)
    } else if case .staged = mode {
      answer.add(line: Text("The next boot makes ") + settings.scope.text + " writable, upper: " + settings.upperText + (settings.memory == nil ? Text() : Settings.untilCommit))
    } else {
      answer.add(line: "The next boot leaves the root as it is")
    }
  }
}

// MARK: The decision and the settings

extension Findings {
  fileprivate mutating func lookAt(_ mode: BootMode, _ settings: Settings, _ boot: borrowing NextBoot) {
    if !boot.isRootKnown { note("This image is not booted; assuming a squashfs root and an empty command line") }
    for remark in boot.remarks(on: mode) + settings.remarks {
      // The missing file has a line of its own.
      if case .untouched(.missing) = mode, remark.text == Reason.missing(boot.facts.missingFile ?? Text()).text { continue }
      switch remark.priority {
      case .error, .warning: problem(remark.text)
      case .notice, .debug: note(remark.text)
      case .info: good(remark.text)
      }
    }
  }
}

// MARK: preroot itself

extension Findings {
  /// Checks the program of `init=`: if the kernel cannot execute it, it panics.
  fileprivate mutating func lookAtFirstProcess(of boot: borrowing NextBoot) {
    if boot.isFirstProcess {
      good("The kernel starts overlay-prep as PID 1")
      for program in Succession.programs(besides: Text()).prefix(2) where boot.image.exists(program) { return }
      problem("systemd is missing, which overlay-prep as PID 1 executes: install it")
    } else if let program = boot.facts.commandLine.initProgram, boot.facts.containerName == nil {
      if !boot.image.exists(program) {
        problem(Text("init=") + program + " is missing, and the kernel panics without it: correct the path, or install it")
      } else if !program.hasSuffix("/systemd"), program != "/sbin/init" {
        note(Text("init=") + program + " is started in place of systemd; " + StageOne.helper + " there makes the root writable by itself")
      }
    }
  }

  fileprivate mutating func lookAtParts(of image: borrowing Machine) {
    let name: Text = "/systemd/system-generators/preroot-generator", generator = Text("/usr/lib") + name
    var isWhole = true
    var files = StageOne.files
    files.append(generator)
    for unit in Text("prerootcheck.slice preroot-settle.service").words { files.append(Text("/usr/lib/systemd/system/") + unit) }
    for file in files where !image.exists(file) {
      problem(file + " is missing: install all of preroot")
      isWhole = false
    }
    for directory in Text("/etc /usr/local/lib").words {
      let mask = directory + name
      guard image.target(ofLink: mask) != nil || image.exists(mask) else { continue }
      problem(mask + " masks the generator: remove it")
      isWhole = false
    }
    // An image may get programs for another architecture; then preroot-fallback.service would have to boot it, or nothing would.
    for manager in Succession.programs(besides: Text()).prefix(3) {
      guard let wanted = image.processor(of: manager) else { continue }
      for program in [generator, StageOne.helper] {
        guard let processor = image.processor(of: program), processor != wanted else { continue }
        problem(program + " is not for the processor of " + manager + ": install preroot for the image's architecture")
        isWhole = false
      }
      break
    }
    if !image.hasLibrary("libsystemd.so.0") {
      problem("libsystemd.so.0 is missing: install libsystemd, which overlay-prep needs")
      isWhole = false
    }
    if isWhole { good("The image has all of preroot") }
  }
}

// MARK: The kernel

extension Findings {
  fileprivate mutating func lookAtKernel(of machine: borrowing Machine, _ image: borrowing Machine) {
    if let release = machine.contents("/proc/sys/kernel/osrelease")?.trimmed, release.isKernelTooOld {
      problem(Text("Linux ") + release + " is too old: 4.19 or later is needed")
    }
    lookForFileSystem("overlay", option: "CONFIG_OVERLAY_FS", machine, image)
  }

  /// Looks for a file system that is built into the kernel, or is a module in the image.
  @inline(never) mutating func lookForFileSystem(_ type: Text, option: Text, _ machine: borrowing Machine, _ image: borrowing Machine) {
    let known = machine.text("/proc/filesystems")
    for line in known.lines where line.words.last == type { return good(Text("The kernel has ") + type) }
    lookForModule(type, option: option, canBeUnlisted: known.isEmpty, machine, image)
  }

  /// Looks for something of the kernel that is a module in the image, or is listed with the modules.
  ///
  /// - Parameter canBeUnlisted: whether a kernel without modules may have it.
  @inline(never) mutating func lookForModule(_ name: Text, option: Text, canBeUnlisted: Bool, _ machine: borrowing Machine, _ image: borrowing Machine) {
    var releases = image.names(in: "/usr/lib/modules") + image.names(in: "/lib/modules")
    if let running = machine.contents("/proc/sys/kernel/osrelease") { releases = releases.filter { $0 == running.trimmed } }
    releases = releases.filter { !$0.hasPrefix(".") }
    for release in releases {
      for directory in Text("/usr/lib/modules/ /lib/modules/").words {
        let kernel = Text("The kernel ") + release
        if image.lists(name, in: directory + release + "/modules.builtin") { return good(kernel + " has " + name) }
        guard image.lists(name, in: directory + release + "/modules.dep") else { continue }
        if image.hasProgram("modprobe") { return good(kernel + " has the module " + name) }
        return problem(Text("The module ") + name + " needs modprobe, which is missing: install kmod")
      }
    }
    if canBeUnlisted, releases.isEmpty {
      note(Text("The image has no modules; its kernel needs ") + name + " built in (" + option + "=y)")
    } else {
      problem(Text("The kernel has no ") + name + ": build it with " + option + "=y, or put its module '" + name + "' into the image")
    }
  }
}

// MARK: The image

extension Findings {
  fileprivate mutating func lookAtImage(_ image: borrowing Machine, _ settings: Settings, _ facts: borrowing BootFacts) {
    if !image.exists("/etc/machine-id") {
      problem("The image has no /etc/machine-id, which systemd needs on a read-only root: create an empty one")
    }
    if image.exists("/etc/initrd-release") { problem("The image has /etc/initrd-release, which makes it an initrd: remove it") }
    for directory in Text("/dev /proc /run /sys").words where !image.exists(directory) {
      problem(Text("The image has no directory ") + directory + ": make one")
    }
    if case .directories(let directories) = settings.scope { for path in directories { lookAt(path, of: "Scope=", isBind: false, image) } }
    for path in settings.binds { lookAt(path, of: "Bind=", isBind: true, image) }
    for conflict in MountConflict.all(settings, on: image) { problem(conflict.text) }
    // A link leads below the scope, or into /run, which is a tmpfs.
    let temporary = (try? image.root.resolvingLinks(of: "/tmp")).map { Text("/") + $0 } ?? "/tmp"
    let isWritable = settings.scope.covers(temporary) || temporary.isWithin("/run") || settings.binds.contains { temporary.isWithin($0) }
    if !isWritable, !image.mountsTemporaryDirectory(facts.fileSystemTable) {
      note("/tmp stays read-only, and services with PrivateTmp= fail: enable tmp.mount, or add /tmp to Scope=")
    }
    for file in facts.fileSystemTable.swapFiles(onOverlaysAt: settings.scope.paths, besides: settings.binds) {
      note(file + " in /etc/fstab is a swap file on the overlay, which the kernel does not support: it is left out; use zram or a partition")
    }
    // The programs that preroot's units run; a test compares them.
    let tools: [Text] = Text("sh systemctl mkdir touch mount").words
    for tool in tools where !image.hasProgram(tool) {
      problem(tool + " is missing, which preroot-fallback.service needs: install it")
    }
    if !settings.binds.isEmpty, !image.hasProgram("cp") { problem("cp is missing, which Bind= needs to copy the image's files: install it") }
    if settings.memory != nil, !image.hasProgram("rm") { problem("rm is missing, which 'preroot commit' needs: install it") }
    else if settings.isPersistent, !image.hasProgram("rm") { note("rm is missing; a reset sets the old upper aside and cannot delete it") }
  }

  private mutating func lookAt(_ path: Text, of setting: Text, isBind: Bool, _ image: borrowing Machine) {
    let real = (try? image.root.resolvingLinks(of: path)).map { Text("/") + $0 } ?? path
    let isThere = image.hasDirectory(real)
    let name = path + " of " + setting
    let mend: Text = Text(": create it, or remove it from ") + setting
    if real == path {
      // A bind creates its mount point on the overlay.
      if !isThere, !isBind || image.exists(path) { problem(name + " is not a directory in the image" + mend) }
    } else if !isBind {
      problem(name + " goes through a symbolic link: name " + real)
    } else if !isThere || real.isInApiDirectory || real == "/" {
      problem(name + " goes through a symbolic link to " + real + ", which is not a directory in the image" + mend)
    } else {
      note(name + " goes through a symbolic link: it is " + real + " that is taken past the overlay")
    }
  }

  fileprivate mutating func lookAt(_ options: TmpfsOptions, _ machine: borrowing Machine) {
    guard let memory = machine.text("/proc/meminfo").memoryInKilobytes else { return }
    let size = options.kilobytes(ofMemory: memory)
    let sentence = Text("The upper's tmpfs may take ") + Text(kilobytes: size) + " of " + Text(kilobytes: memory) + " of memory"
    if size < StorePlan.minimumBytes >> 10 {
      problem(sentence + ", which is too little to boot: give it at least 1 MiB (preroot.conf(5), Upper=)")
    } else if size > memory / 10 * 9 {
      problem(sentence + ", and fill it: give it less (preroot.conf(5), Upper=)")
    } else {
      good(sentence)
    }
  }
}

extension Machine {
  borrowing func hasDirectory(_ path: Text) -> Bool {
    do throws(Errno) {
      _ = try root.directory(path.asRelative.isEmpty ? "." : path.asRelative, lookup: root.lookup)
      return true
    } catch { return false }
  }

  /// Returns whether a list of modules, which may be larger than other files, contains one.
  @inline(never) borrowing func lists(_ module: Text, in path: Text) -> Bool {
    do throws(Errno) { return try root.read(path.asRelative, limit: 16 << 20).names(module: module) } catch { return false }
  }

  /// Searches the directories where the helper, systemd and the kernel look for programs.
  borrowing func hasProgram(_ name: Text) -> Bool {
    for directory in Text("/usr/sbin/ /usr/bin/ /sbin/ /bin/").words where exists(directory + name) { return true }
    return false
  }

  /// Searches the library directories, including those of Debian's architectures.
  @inline(never) borrowing func hasLibrary(_ name: Text) -> Bool {
    for directory in Text("/usr/lib /lib /usr/lib64 /lib64").words {
      if exists(directory + "/" + name) { return true }
      for child in names(in: directory) where child.contains(UInt8(ascii: "-")) && exists(directory + "/" + child + "/" + name) { return true }
    }
    return false
  }
}

extension Text {
  /// Returns whether a list of modules has a line for `NAME.ko`, compressed or not.
  fileprivate func names(module name: Text) -> Bool {
    for line in lines {
      guard let path = line.words.first, let (file, _) = path.fileName.cut(at: UInt8(ascii: ".")) else { continue }
      if file == name || (path.dropLast(1).fileName == name) { return true }
    }
    return false
  }

  /// Reads `MemTotal:  246000 kB`. See proc_meminfo(5).
  fileprivate var memoryInKilobytes: Int? {
    for line in lines {
      let words = line.words
      if words.count >= 2, words[0] == "MemTotal:", let kilobytes = words[1].decimalValue { return kilobytes }
    }
    return nil
  }

  /// Linux 4.19 is the first with all options that preroot uses for an overlay on a tmpfs.
  fileprivate var isKernelTooOld: Bool {
    let numbers = split(at: UInt8(ascii: "."))
    guard numbers.count >= 2, let major = numbers[0].decimalValue else { return false }
    let minor = numbers[1].leadingDigits.decimalValue ?? 0
    return major < 4 || (major == 4 && minor < 19)
  }
}

extension Machine {
  /// Returns whether the image mounts a file system of its own on /tmp at boot.
  fileprivate borrowing func mountsTemporaryDirectory(_ table: FileSystemTable) -> Bool {
    for line in table.lines where line.mountPoint == "/tmp" && line.isMounted { return true }
    if target(ofLink: "/etc/systemd/system/tmp.mount") == "/dev/null" { return false }
    for directory in Text("/etc /usr/lib").words {
      if target(ofLink: directory + "/systemd/system/local-fs.target.wants/tmp.mount") != nil { return true }
    }
    return false
  }
}
