// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// A way to boot the ``VoCore``. docs/vocore.md describes each.
enum VoCoreWay: String, CaseIterable, Sendable {
  case plain = "plain, read-only"
  case initramfs = "an initramfs (busybox)"
  case wrapper = "an init= wrapper (sh)"
  case switchRoot = "the hack of 2015"
  case firstProcess = "init=/usr/lib/preroot/overlay-prep"
  case tmpfs = "preroot=tmpfs"
  case reload = "preroot=tmpfs, Switch=reload"
  case flash = "preroot=mtd:rootfs_data"
  case firstProcessOnFlash = "init=, preroot=mtd:rootfs_data"

  /// The words on the kernel command line.
  var words: [String] {
    switch self {
    case .plain, .initramfs, .switchRoot: []
    case .wrapper: ["init=/usr/sbin/overlay-init"]
    case .firstProcess: ["init=/usr/lib/preroot/overlay-prep", "preroot=tmpfs"]
    case .tmpfs: ["preroot=tmpfs"]
    case .reload: ["preroot=tmpfs", "preroot.switch=reload"]
    case .flash: ["preroot=mtd:rootfs_data"]
    case .firstProcessOnFlash: ["init=/usr/lib/preroot/overlay-prep", "preroot=mtd:rootfs_data"]
    }
  }
}

/// Measures boots of the ``VoCore`` in several ways, in turn.
public struct VoCoreBench: Sendable {
  private let machine: VoCore
  /// The flash of each way. Those that keep something have their own.
  private let flashes: [VoCoreWay: VoCore.Flash]
  private let initramfs: FilePath
  public private(set) var results: BenchResults

  /// What is booted, for the conditions of the report.
  ///
  /// - Throws: ``Problem`` if QEMU is missing.
  public static var machines: String {
    get async throws {
      let version = try await sh(VoCore.board.program, "--version").firstMatch(of: #/version (\S+)/#).map { String($0.output.1) } ?? "?"
      return "QEMU \(version), the VoCore of this document"
    }
  }

  /// Boots each way once without counting it, so that a JFFS2 has had its first boot.
  ///
  /// - Throws: ``Problem`` if a machine does not boot.
  public init() async throws {
    machine = try await VoCore("vocore-bench")
    let debian = try await VoCore.debian().string, preroot = "\(machine.place)/preroot"
    let peer = machine.place.appending("root-peer"), hack = machine.place.appending("root-2015")
    for (tree, option) in [(peer, []), (hack, ["2015"])] {
      try await Command("bash", [Checkout.bedFile("vocore/make-peer").string, debian, machine.tree.string, preroot, tree.string] + option).output()
    }
    initramfs = try await Initramfs.path(for: VoCore.board.architecture, root: "/dev/mtdblock5")
    let ofPeers = try await machine.flash("peer", with: peer)
    let inMemory = try await machine.flash("memory", with: machine.tree)
    flashes = [
      .plain: ofPeers, .initramfs: ofPeers, .wrapper: ofPeers, .switchRoot: try await machine.flash("2015", with: hack),
      .firstProcess: inMemory, .tmpfs: inMemory, .reload: inMemory, .flash: try await machine.flash("kept", with: machine.tree),
      .firstProcessOnFlash: try await machine.flash("kept-init", with: machine.tree),
    ]
    results = BenchResults(title: "A VoCore in QEMU, \(VoCore.board.suite.title)", rows: VoCoreWay.allCases.map { .init(name: $0.rawValue) }, absent: [])
    say("bench: the round that is not counted")
    for way in VoCoreWay.allCases { _ = try await sample(of: way) }
  }

  /// Boots each way once. Each round begins with a different one.
  public mutating func round(_ number: Int, of rounds: Int) async throws {
    say("bench: round \(number) of \(rounds)")
    let places = results.rows.indices
    for place in places.map({ ($0 + number) % places.count }) {
      results.rows[place].samples.append(try await sample(of: VoCoreWay.allCases[place]))
    }
  }

  private func sample(of way: VoCoreWay) async throws -> BenchResults.Sample {
    let start = HostTime.ofChildren
    let lines = try await machine.boot(way.rawValue, from: flashes[way]!, initramfs: way == .initramfs ? initramfs : nil, way.words)
    let hostTime = HostTime.ofChildren - start
    func number(_ pattern: Regex<(Substring, Substring)>) throws -> Double {
      guard let number = lines.lazy.compactMap({ $0.firstMatch(of: pattern) }).first.flatMap({ Double($0.output.1) }) else {
        throw Problem("The boot '\(way.rawValue)' reported too little: \(lines.joined(separator: "; "))")
      }
      return number
    }
    guard lines.contains(where: { $0.hasPrefix("running ") }) else { throw Problem("The boot '\(way.rawValue)' is not 'running': \(lines.joined(separator: "; "))") }
    return BenchResults.Sample(
      time: .microseconds(try number(#/FinishTimestampMonotonic=([0-9]+)/#)) - .seconds(try number(#/first program began at ([0-9.]+)/#)), hostTime: hostTime,
      availableKilobytes: Int(try number(#/MemAvailable: *([0-9]+)/#)), writtenBytes: Int(try number(#/written: ([0-9]+)/#)))
  }
}
