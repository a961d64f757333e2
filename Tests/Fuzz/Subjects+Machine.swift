// SPDX-License-Identifier: MIT
import PrerootCore

extension Subjects {
  /// The separator between the files of a machine in an input.
  static let separator: UInt8 = 0x1e

  /// A whole machine: the command line, two configuration files, the mounts, /etc/fstab and /run. This tests the decision and all plans.
  static func machine(_ text: Text) throws(Finding) {
    var files = Array(text).split(separator: separator, omittingEmptySubsequences: false).map { Text($0) }
    while files.count < 9 { files.append(Text()) }

    var facts = BootFacts()
    facts.commandLine = KernelCommandLine(parsing: files[0])
    facts.assignments.add(file: "/etc/preroot.conf", files[1])
    facts.assignments.add(file: "/etc/preroot.conf.d/10.conf", files[2])
    facts.assignments.add(facts.commandLine)
    facts.mountInfo = MountInfo(parsing: files[3])
    facts.fileSystemTable = FileSystemTable(parsing: files[4])
    facts.ready = files[5].isEmpty ? nil : files[5]
    facts.failed = files[6].isEmpty ? nil : files[6]
    facts.container = files[7].isEmpty ? nil : files[7]
    facts.isRootDeviceReadOnly = files[8].hasPrefix("1")

    let mode = BootMode(for: facts)
    _ = (mode.remarks(on: facts), Standing(for: facts, State(parsing: files[5])).why, facts.isFactoryReset)
    if case .staged(let target, _) = mode {
      try expect(UnitName(target) != nil && target.hasSuffix(".target"), "it would boot to \(target)")
    }
    try check(UnitTree(for: mode, on: facts))

    let settings = Settings(facts.assignments)
    try check(settings)
    let store = StorePlan(settings, over: facts.mountInfo)
    try check(store.steps, settings)
    var layers = StoreFacts(in: settings.layersDirectory(over: LowerIdentity(type: "squashfs", superblock: text, rootHash: "", imageVersion: files[6])))
    layers.hasUpper = true
    layers.trash = files[6].isEmpty ? [] : ["trash"]
    layers.attempts = files[7].trimmed.decimalValue ?? 0
    layers.commits = files[8].isEmpty ? [] : [1, 2]
    layers.mark = files[5].isEmpty ? nil : files[5]
    layers.lower = LowerIdentity(type: "squashfs", superblock: text, rootHash: "", imageVersion: files[6])
    let use = UpperUse(layers, settings, isReset: settings.resets, isCounted: true)
    try check(LayerPlan(layers, use, settings, isCounted: settings.counts(bootTo: "default.target")).steps, settings)
    for isFromCommandLine in [false, true] {
      let plan = OverlayPlan(settings, over: facts.mountInfo, machineID: RunningID("0123456789abcdef0123456789abcdef", isFromCommandLine: isFromCommandLine))
      try check(plan.steps, settings)
      for step in plan.afterwards { try expect(step.verb.inverse == nil || step.verb == .makePrivate, "\(step.text) is done afterwards and would have to be taken back") }
    }
  }

  private static func check(_ tree: UnitTree) throws(Finding) {
    for node in tree.nodes {
      try expect(node.path.split(at: 0x2f).count <= 2 && !node.path.hasPrefix("/") && isPlain(node.path), "the generator would write \(node.path)")
      if case .file(let contents) = node.content {
        for line in contents.lines {
          try expect(line.hasPrefix("#") || line.hasPrefix("[") || line.contains(0x3d), "\(node.path) has a line \(line)")
        }
      }
    }
    let targets = tree.nodes.filter { $0.path == "default.target" }
    try expect(targets.isEmpty || tree.nodes.last?.path == "default.target", "the boot is redirected before all is in place")
  }

  private static func check(_ settings: Settings) throws(Finding) {
    try expect((0...300).contains(settings.timeoutSeconds) && (0...100).contains(settings.attempts), "\(settings.timeoutSeconds) s, \(settings.attempts) attempts")
    try expect(settings.directory.isEmpty || settings.directory.normalPath == settings.directory, "the directory \(settings.directory)")
    try checkDirectories(settings.binds)
    if case .directories(let directories) = settings.scope { try checkDirectories(directories) }
    // The text of a setting reads back as the same setting.
    var assignments = Assignments()
    let text = settings.upper.text
    guard !text.contains(where: { $0 <= 0x20 || $0 == 0x22 || $0 == 0x27 }) else { return }
    assignments.add(KernelCommandLine(parsing: Text("preroot.upper=") + text))
    try expect(Settings(assignments).upper == settings.upper, "\(text) is another upper when it is read again")
  }

  private static func checkDirectories(_ directories: [Text]) throws(Finding) {
    for (place, path) in directories.enumerated() {
      try expect(path.normalPath == path && path.count > 1, "the directory \(path)")
      for (other, above) in directories.enumerated() where other != place { try expect(!path.isWithin(above), "\(path) is within \(above)") }
      for api in Text("/proc /sys /dev /run").words { try expect(!path.isWithin(api), "\(path) is the kernel's") }
    }
  }

  /// Whether a path only leads downwards.
  private static func isPlain(_ path: Text) -> Bool { !path.split(at: 0x2f).contains { $0 == ".." || $0 == "." } }

  /// A plan writes only below its own directories, and undoes everything wherever it fails.
  private static func check(_ steps: [Step], _ settings: Settings) throws(Finding) {
    // With Commit=on-demand, the device is written only where a step allows it.
    var isWritable = !settings.keepsDeviceReadOnly
    for step in steps {
      try expect(isPlain(step.path), "\(step.text) leads up")
      switch step.verb {
      case .allowWriting: isWritable = true
      case .forbidWriting: isWritable = false
      case .makeStoreDirectory, .mountTmpfs:
        let isInMemory = settings.memory != nil && step.path.isWithin(Paths.memory)
        try expect(isInMemory || step.path.isWithin(Paths.store), "\(step.text) is not on the upper")
        try expect(isInMemory || isWritable, "\(step.text) writes to the device")
      case .mountDevice: try expect(step.path.isWithin(Paths.store), "\(step.text) is not on the upper")
      case .writeDurably, .removeDurably, .setAside, .deleteTree, .seed, .requireFitness:
        try expect(isWritable, "\(step.text) writes to the device")
        try expect(step.path.isWithin(Paths.store), "\(step.text) is not on the upper")
      case .takeBack:
        try expect(isWritable, "\(step.text) writes to the device")
        try expect(step.path.isWithin(Paths.store) && step.other.isWithin(Paths.store) && isPlain(step.other), "\(step.text) is not on the upper")
      case .makeDirectory, .makeHiddenDirectory, .removeDirectory:
        try expect(step.path.isWithin("/run"), "\(step.text) is not on /run")
      default: break
      }
    }
    var witness = Silence()
    for end in 0...steps.count {
      var kernel = Ledger(failingAt: end == steps.count ? nil : end)
      let execution = steps.execute(on: &kernel, before: &witness)
      guard execution.failure != nil else {
        // A lost part has been undone.
        steps.filter { step in !execution.losses.contains { $0.step.part == step.part } }.takeBack(on: &kernel, before: &witness)
        try expect(kernel.isAsBefore, "something is left when all is taken back: \(kernel.open)")
        continue
      }
      try expect(kernel.isAsBefore, "something is left after step \(end) failed: \(kernel.open)")
    }
  }
}

/// A kernel that tracks all mounts and files, and fails once.
private struct Ledger: Kernel, ~Copyable {
  var open: [String: Int] = [:]
  var now = 0
  private let failing: Int?

  init(failingAt place: Int?) { failing = place }

  var microseconds: Int64 { Int64(now) }
  var isAsBefore: Bool { open.values.allSatisfy { $0 == 0 } }

  mutating func perform(_ step: Step) throws(Errno) {
    defer { now += 1 }
    if now == failing { throw .noSuchFileOrDirectory }
    let path = step.path.description
    switch step.verb {
    case .mountTmpfs, .mountDevice, .mountOverlay, .bind: open["mount \(path)", default: 0] += 1
    case .unmount, .detach: open["mount \(path)", default: 0] -= 1
    case .makePrivate: open["private \(path)", default: 0] += 1
    case .makeShared: open["private \(path)", default: 0] -= 1
    case .makeLink: open["link \(path)", default: 0] += 1
    case .open: open["mapping \(path)", default: 0] += 1
    case .close: open["mapping \(path)", default: 0] -= 1
    case .removeFile: open["link \(path)", default: 0] -= 1
    case .provideMachineID: open["ID \(path)", default: 0] += 1
    case .unmountMachineID: open["ID \(path)", default: 0] -= 1
    case .makeDirectory, .makeHiddenDirectory: open["directory \(path)", default: 0] += 1
    case .removeDirectory: open["directory \(path)", default: 0] -= 1
    case .attachLoop: open["loop \(path)", default: 0] += 1
    case .detachLoop: open["loop \(path)", default: 0] -= 1
    default: break
    }
  }
}

private struct Silence: Witness, ~Copyable {
  mutating func hear(_ record: StepRecord) {}
}
