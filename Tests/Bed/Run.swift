// SPDX-License-Identifier: MIT
import Foundation
import Subprocess
import SystemPackage

/// One run of a machine, with its directory and process.
struct Run: Sendable {
  private let machine: Machine
  /// The directory of this run, with the console, the report, and the disk that carries the report.
  private let place: FilePath
  private let program: String
  private let arguments: [String]
  private let environment: [String: String]
  /// The machine's root, if it is a directory of the host.
  private var shared: SharedRoot?

  var report: FilePath { place.appending("report") }
  private let archive: FilePath
  private var consoleFile: FilePath { place.appending("console") }

  /// Prepares the image or tree, and the kernel.
  init(_ machine: Machine) async throws {
    self.machine = machine
    place = try Cache.shared.holding("runs/\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: true)
    archive = place.appending("report.tar")
    let common = ["systemd.show_status=yes", "systemd.journald.forward_to_console=no"]
    switch machine.leg {
    case .container:
      let tree = try await machine.tree.laidOut()
      program = "systemd-nspawn"
      // These options disable mounts that a real machine does not have.
      let nspawn = [
        "--quiet", "--directory=\(tree)", "--read-only", "--register=no", "--keep-unit", "--console=read-only",
        "--machine=\(place.lastComponent?.string ?? "bed")", "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--settings=no",
        "--private-network",
      ]
      let entrance = machine.entrance.program.map { ["--", $0] } ?? ["--boot", "--"]
      arguments = nspawn + entrance + common + machine.words
      // Otherwise the guest would get the host's cgroup version, and a recent systemd rejects the old one.
      // Nobody writes to the tree, so it needs no lock.
      environment = ["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "SYSTEMD_NSPAWN_LOCK": "0"]
    case .kernel(let kind):
      let image = try await kind.image(of: machine.tree)
      try Disk.makeFile(archive, megabytes: 64)
      program = try await Kernel.own.program().string
      let verity = machine.isVerified ? try await Verity(of: image, at: place.appending("verity")) : nil
      let disks = (verity.map { [Disk($0.tree, isReadOnly: true)] } ?? []) + machine.disks
      let diskWords = disks.enumerated().flatMap { $0.element.words(as: $0.offset + 1) }
      // Writes to a writable root go into a file beside the image.
      let root = machine.isRootDeviceReadOnly ? "ubd0r=\(image)" : "ubd0=\(place)/root.cow,\(image)"
      let devices = [
        "uml_dir=\(place)", "umid=machine", "mem=\(machine.memoryInMegabytes)M", root, "ubd15=\(archive)", "ro",
        "con=null", "con0=fd:0,fd:1", "panic=-1",
      ]
      let rootWords = verity?.words(image: "/dev/ubda", tree: "/dev/ubdb") ?? ["root=/dev/ubda"]
      let initrd = machine.initramfs.map { ["initrd=\($0)"] } ?? []
      let entrance = machine.entrance.program.map { ["init=\($0)"] } ?? []
      let words: [[String]] = [rootWords, diskWords, initrd, Kernel.own.words, entrance, common, machine.words]
      arguments = devices + words.flatMap { $0 }
      environment = [:]
    case .emulated(let board):
      try Disk.makeFile(archive, megabytes: 64)
      program = board.program
      // The report's disk is the last one, so that the root and the disks are what they would be without it.
      var drives = machine.disks.map { ($0.path, $0.isReadOnly) } + [(archive, false)]
      let first: Int, rootWords: [String]
      if let share = machine.share {
        let root = try SharedRoot(share, of: try await machine.tree.laidOut(), at: place)
        shared = root
        (first, rootWords) = (0, root.words)
      } else {
        drives.insert((try await ImageKind.squashfs.image(of: machine.tree), true), at: 0)
        (first, rootWords) = (1, ["root=/dev/vda", "rootwait"])
      }
      let report = "bed.report=\(Disk.name(onVirtio: drives.count - 1))"
      let diskWords = machine.disks.enumerated().flatMap { $0.element.words(onVirtio: $0.offset + first) }
      let entrance = machine.entrance.program.map { ["init=\($0)"] } ?? []
      let words = rootWords + [report] + diskWords + entrance + common + machine.words
      let kernel = try await board.kernelProgram()
      let acceleration = board.isHosts ? await Acceleration.shared.words(for: board, kernel: kernel) : []
      arguments = try acceleration + board.command(
        kernel: kernel, initramfs: machine.initramfs, megabytes: machine.memoryInMegabytes, drives: drives, words: words)
        + (shared?.devices(on: board, megabytes: machine.memoryInMegabytes) ?? []) + (machine.tpm?.devices(at: place) ?? [])
      environment = [:]
    }
  }

  /// The machine's output so far.
  func console() -> Console {
    Console(FileManager.default.contents(atPath: consoleFile.string) ?? Data())
  }

  /// Runs the machine until it powers off, its power is cut, or its time is up.
  func toTheEnd() async throws -> (ending: Machine.Ending, hasReport: Bool) {
    if let shared { return try await shared.serving { try await powerOn() } }
    guard machine.leg == .container else { return try await powerOn() }
    // Otherwise two containers of one host would share the control group of nspawn, and each would remove the other's.
    let turn = try FileLock("/run/preroot-bed.lock")
    try await turn.acquire()
    defer { turn.release() }
    return try await powerOn()
  }

  private func powerOn() async throws -> (ending: Machine.Ending, hasReport: Bool) {
    let console = try FileDescriptor.open(consoleFile, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    defer { try? console.close() }
    try await machine.tpm?.powerOn(at: place)
    let start = HostTime.ofChildren
    var options = PlatformOptions()
    // The machine gets its own session, so that killing its process group is a power cut.
    options.createSession = true
    let result = try await run(
      program.contains("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
      environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0.key), Optional($0.value)) })),
      platformOptions: options, input: .none,
      output: .fileDescriptor(console, closeAfterSpawningProcess: false), error: .combinedWithOutput
    ) { execution in
      func pullPlug() { try? execution.send(signal: .kill, toProcessGroup: true) }
      do {
        let ending = try await watch(execution.processIdentifier.value, with: Patience(machine.patience * machine.leg.slowness))
        if ending != nil { pullPlug() }
        return ending
      } catch {
        pullPlug()
        throw error
      }
    }
    let hostTime = HostTime.ofChildren - start
    let ending = result.closureResult ?? (result.terminationStatus.isSuccess ? .poweredOff : .died("\(result.terminationStatus)"))
    let hasReport = try await unpack()
    if hasReport { try Data("\(hostTime / .microseconds(1))\n".utf8).write(to: URL(fileURLWithPath: report.appending("host-time").string)) }
    try await sh("rm", "-rf", place.appending("root.cow").string, place.appending("verity").string, archive.string)
    try Cache.shared.tidy("runs", keeping: 20)
    return (ending, hasReport)
  }

  /// Watches the running machine and performs scheduled actions on it. Returns the reason for cutting the power, or nil once the machine
  /// has ended by itself.
  private func watch(_ process: pid_t, with patience: Patience) async throws -> Machine.Ending? {
    var schedule = Schedule(of: machine)
    var patience = patience
    let lastWrite = machine.disks.first?.lastWrite
    var reader = ConsoleReader(consoleFile)
    var hasFetched = false
    while Self.isRunning(process) {
      let lines = reader.newLines()
      let acts = schedule.due(at: .now) { sign in
        switch sign {
        case .powerOn: true
        case .firstWrite: machine.disks.first?.lastWrite != lastWrite
        case .saying(let text): lines.contains { $0.contains(text) }
        }
      }
      for act in acts {
        switch act {
        case .powerCut: return .powerCut
        case .plugIn(let disk): try control.plug(in: disk, as: machine.disks.count + (machine.isVerified ? 2 : 1))
        case .controlAltDelete: try control.pressControlAltDelete()
        }
      }
      // This kernel reboots in the same process.
      if lines.contains(where: { $0.contains("reboot: Restarting system") }) { return .rebooted }
      // A microVM has no power-off.
      if lines.contains(where: { $0.contains("reboot: System halted") }) { return .poweredOff }
      if patience.isOver(at: .now) { return .timedOut }
      if machine.leg == .container, !hasFetched { hasFetched = fetch(from: process) }
      try? await Task.sleep(for: .milliseconds(schedule.isEmpty ? 20 : 2))
    }
    return nil
  }

  private var control: MachineConsole { MachineConsole(socket: place.appending("machine/mconsole")) }

  /// Whether a child still runs. An ended child is a zombie until waitpid(2).
  static func isRunning(_ process: pid_t) -> Bool {
    guard let stat = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return false }
    return !String(decoding: stat, as: UTF8.self).contains(") Z ")
  }

  /// Copies a complete report out of a container through the root of its PID 1.
  private func fetch(from nspawn: pid_t) -> Bool {
    for child in children(of: nspawn).flatMap({ [$0] + children(of: $0) }) {
      let bed = "/proc/\(child)/root/run/bed"
      guard FileManager.default.fileExists(atPath: "\(bed)/reported") else { continue }
      let isCopied = (try? FileManager.default.copyItem(atPath: "\(bed)/report.tar", toPath: archive.string)) != nil
      return FileManager.default.createFile(atPath: "\(bed)/taken", contents: nil) && isCopied
    }
    return false
  }

  private func children(of process: pid_t) -> [pid_t] {
    let list = FileManager.default.contents(atPath: "/proc/\(process)/task/\(process)/children") ?? Data()
    return String(decoding: list, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
  }

  /// Unpacks the report. Returns false if it is missing or incomplete.
  private func unpack() async throws -> Bool {
    try FileManager.default.createDirectory(atPath: report.string, withIntermediateDirectories: true)
    guard FileManager.default.fileExists(atPath: archive.string) else { return false }
    try await sh("tar", "-xf", archive.string, "-C", report.string)
    return FileManager.default.fileExists(atPath: report.appending("complete").string)
  }
}
