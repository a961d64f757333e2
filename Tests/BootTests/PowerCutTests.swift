// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// The power fails while an upper is created, reset or written to. After a cut at any time, the next boot succeeds and has all synced files.
///
/// `PREROOT_CUTS=60 swift test --filter PowerCutTests` cuts the power more often.
@Suite("Power cuts")
struct PowerCutTests {
  /// The task of the machine during which the power fails.
  enum Work: String, CaseIterable, Sendable {
    case firstUse = "first use", format, reset, writing, luks = "LUKS", random

    /// The kernel command line of the interrupted boot.
    var words: [String] {
      switch self {
      case .firstUse, .writing: []
      case .format: ["preroot.format=blank"]
      case .luks: ["preroot.format=blank", "preroot.crypt=/etc/preroot.key"]
      case .random: ["preroot.format=blank", "preroot.crypt=random"]
      case .reset: ["preroot.reset"]
      }
    }

    /// The allowed numbers of files from the used upper in the next boot.
    var oldFiles: [String] {
      switch self {
      case .firstUse, .format, .luks, .random: ["0"]
      case .reset: ["0", "300"]
      case .writing: ["300"]
      }
    }

    /// The moment of the `number`th of `count` cuts.
    func moment(_ number: Int, of count: Int) -> Moment {
      let part = (Double(number) + 0.5) / Double(count)
      return switch self {
      // The helper creates or resets the upper at the beginning, so the cuts are closer together there.
      case .firstUse, .format, .reset: .firstWrite + .seconds(3 * part * part)
      case .luks, .random: .firstWrite + .seconds(5 * part * part)
      case .writing: "synced " + .seconds(2 * part)
      }
    }

    func disk() async throws -> Disk {
      switch self {
      case .firstUse: try await .ext4()
      case .format, .luks, .random: try .blank(megabytes: 96)
      case .reset, .writing: try await PowerCutTests.usedDisk.value.copy()
      }
    }
  }

  /// Writes files, every second one a file of the image, syncs them, and names each synced file on the console.
  private static let tree = {
    let writer = """
      #!/bin/bash
      cd /var/lib/written
      for i in {1..400}; do
        lines=()
        [ ! -e $i ] || mapfile -t lines < $i
        [ "${lines[-1]}" != written ] || continue
        echo written >> $i
        sync $i .
        echo "synced $i" > /dev/console
      done

      """
    let image = (1...200).reduce(Tree.lean) { $0.with("/var/lib/written/\($1 * 2)", "of the image\n") }
    return image.with("/usr/lib/bed/writer", writer, mode: 0o755)
      .with("/usr/lib/systemd/system/writer.service", "[Unit]\nConditionKernelCommandLine=bed.write\n[Service]\nExecStart=/usr/lib/bed/writer\n")
      .linking("/usr/lib/systemd/system/multi-user.target.wants/writer.service", to: "../writer.service")
      .noting("""
        shopt -s nullglob
        case " $(< /proc/cmdline) " in *" bed.fill "*) mkdir /var/lib/old && for i in {1..300}; do echo old > /var/lib/old/$i; done ;; esac
        old=(/var/lib/old/*)
        echo "old=${#old[@]}"
        cd /var/lib/written
        for i in {1..400}; do
          lines=()
          [ ! -e $i ] || mapfile -t lines < $i
          case "$((i % 2)) ${lines[*]}" in
            '0 of the image written' | '1 written') written+=($i) ;;
            '0 of the image' | '1 ') ;;
            *) torn+=($i) ;;
          esac
        done
        echo "written=${written[*]}"
        echo "torn=${torn[*]}"
        """)
  }()

  /// A disk with a used upper.
  private static let usedDisk = Task {
    let disk = try await Disk.ext4()
    expectUpper(in: try await Machine(keepingOn: disk, tree, "bed.write", "bed.fill").boot())
    return disk
  }

  /// The result of one cut.
  private struct Outcome: Sendable {
    let work: Work
    let isInStageOne: Bool
    let isUp: Bool
    let synced: Set<Int>
    let lost: Set<Int>
  }

  private func pullPlug(at moment: Moment, during work: Work, by entrance: Entrance) async throws -> Outcome {
    let disk = try await work.disk(), isEncrypted = work == .luks || work == .random
    let tree = isEncrypted ? try await CryptTests.withCryptsetup(Self.tree) : Self.tree
    var machine = Machine(keepingOn: disk, tree).by(entrance)
    machine.words += work.words + ["bed.write"]
    machine.powerCut = moment
    let console = try await machine.bootUntilPowerCut()
    let synced = Set(console.lines.flatMap { $0.matches(of: /synced (\d+)/).compactMap { Int($0.1) } })

    // The next boot does not request the reset again, but it requests the formatting.
    var next = Machine(keepingOn: disk, tree)
    if work == .format || isEncrypted { next.words += work.words }
    // The next boot uses the other entrance, which has to continue the work of the first one.
    let boot = try await next.by(entrance == .stageOne ? .firstProcess : .stageOne).boot()
    expectUpper(in: boot)
    #expect(boot.told("torn") == "", "\(work.rawValue), \(moment): files are half written, or half the image's")
    #expect(work.oldFiles.contains(boot.told("old") ?? ""), "\(work.rawValue), \(moment): half an upper, \(boot.told("old") ?? "?") of 300 files")
    let written = Set((boot.told("written") ?? "").split(separator: " ").compactMap { Int($0) })
    if !isEncrypted { try await disk.check() }
    try FileManager.default.removeItem(atPath: disk.path.string)
    return Outcome(
      work: work, isInStageOne: !console.lines.contains { $0.contains("Continuing to default.target") },
      isUp: boot.units["graphical.target"]?.activeState == "active", synced: synced, lost: work == .random ? written : synced.subtracting(written))
  }

  private static let count = ProcessInfo.processInfo.environment["PREROOT_CUTS"].flatMap { Int($0) } ?? 8

  @Test("A power cut loses no synced file, and the next boot succeeds")
  func losesNothing() async throws {
    let works = Work.allCases
    let outcomes = try await withThrowingTaskGroup { group in
      for (index, work) in works.enumerated() {
        let count = Self.count * (index + 1) / works.count - Self.count * index / works.count
        for number in 0..<count { group.addTask { try await pullPlug(at: work.moment(number, of: count), during: work, by: (index + number).isMultiple(of: 2) ? .firstProcess : .stageOne) } }
      }
      return try await group.reduce(into: [Outcome]()) { $0.append($1) }
    }
    let columns: [(title: String, number: @Sendable (Outcome) -> Int)] = [
      ("cuts", { _ in 1 }), ("in stage 1", { $0.isInStageOne ? 1 : 0 }), ("good boots", { $0.isUp ? 1 : 0 }),
      ("files synced", \.synced.count), ("files lost", \.lost.count),
    ]
    print("work      ", columns.map(\.title).joined(separator: "  "))
    for work in works {
      let outcomes = outcomes.filter { $0.work == work }
      let row = columns.map { column in
        let sum = "\(outcomes.map(column.number).reduce(0, +))"
        return String(repeating: " ", count: column.title.count - sum.count) + sum
      }
      print(work.rawValue.padding(toLength: 10, withPad: " ", startingAt: 0), row.joined(separator: "  "))
    }
    #expect(outcomes.allSatisfy { $0.isUp && $0.lost.isEmpty })
    #expect(outcomes.contains { !$0.synced.isEmpty }, "Nothing was synced before a cut")
  }
}
