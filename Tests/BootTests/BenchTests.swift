// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

@testable import Bed

/// The bench takes half an hour, so these tests give its report the results of boots that never were.
@Suite("The bench's report")
struct BenchTests {
  private static func row(_ way: BenchWay, milliseconds: [Int], kilobytes: Int = 100_000, bytes: Int = 0) -> BenchResults.Row {
    .init(name: way.rawValue, samples: milliseconds.map {
      .init(time: .milliseconds($0), hostTime: .milliseconds(2 * $0), availableKilobytes: kilobytes, writtenBytes: bytes)
    })
  }

  private static let bench = BenchResults(
    title: "Debian 12, systemd 252.1",
    rows: [
      row(.plain, milliseconds: [1000, 1200, 1100], kilobytes: 102_400),
      row(.initramfs, milliseconds: [2000, 1000, 1600], kilobytes: 101_376),
      row(.device, milliseconds: [1000, 2000, 3200], kilobytes: 103_424, bytes: 20_480),
    ],
    absent: [BenchWay.wrapper.rawValue])
  private static let report = BenchReport(
    "docs/performance",
    BenchConditions(machines: "machines", day: "2026-01-02", version: "0.1", processor: "a processor", processorCount: 2, rounds: 3, load: 0.126), [bench],
    BenchWork(generatorInstructions: 300_001, helperInstructions: [.stageOne: 6_000_000, .firstProcess: 5_000_000], helperCalls: 450))

  @Test("The bench takes the median of an even number of boots from the two in the middle")
  func takesMedians() {
    #expect(BenchResults.Spread([3, 1, 2]).median == 2)
    #expect(BenchResults.Spread([4, 1, 2, 3]).median == 2.5)
    #expect(BenchResults.Spread([]).median.isNaN)
  }

  @Test("The bench reports its conditions, a row for each way to boot, and the programs' work")
  func reports() {
    #expect(Self.report.results == """
      2026-01-02, preroot 0.1, 3 rounds, on a processor with 2 processors,
      whose load was 0.13 at the beginning. The machines: machines.

      ### Debian 12, systemd 252.1

      | | min | median | max | ratio to the initramfs | processor time | memory against plain | written to the device |
      |---|---|---|---|---|---|---|---|
      | plain, read-only | 1.00 s | 1.10 s | 1.20 s | 0.69 (0.50 to 1.20) | 2.20 s |  |  |
      | an initramfs (busybox) | 1.00 s | 1.60 s | 2.00 s | 1.00 (1.00 to 1.00) | 3.20 s | -1.0 MiB |  |
      | preroot=/dev/ubdb | 1.00 s | 2.00 s | 3.20 s | 2.00 (0.50 to 2.00) | 4.00 s | +1.0 MiB | 20 KiB |

      Not booted: an init= wrapper (sh).

      ### Work

      | | |
      |---|---|
      | preroot-generator, a staged boot | 300,001 instructions |
      | overlay-prep, preroot=tmpfs | 6,000,000 instructions, about 450 system calls |
      | overlay-prep, preroot=tmpfs, as PID 1 | 5,000,000 instructions |

      """)
  }

  @Test("The bench replaces the results between the marks of docs/performance.md and nothing else")
  func replaces() throws {
    let document = try Checkout.text("docs/performance.md")
    let once = try Self.report.inserted(into: document)
    #expect(once.contains(Self.report.results))
    #expect(try Self.report.inserted(into: once) == once)
    let parts = document.split(separator: #/<!-- make bench writes from here -->[^$]*<!-- to here -->/#)
    #expect(parts.count == 2)
    for part in parts { #expect(once.contains(part)) }
    #expect(throws: Problem.self) { try Self.report.inserted(into: document.replacing("<!-- to here -->", with: "")) }
  }

  @Test("The bench's plot has a dot for each boot, a stroke for each median, and room for all of them")
  func plots() throws {
    let slow = BenchResults(title: "<1> & 2", rows: [Self.row(.plain, milliseconds: [8000])], absent: [])
    let svg = BenchPlot([Self.bench, slow]).svg
    // 8 seconds are 490 units wide and begin at 250.
    let dots = svg.matches(of: #/<circle cx="([0-9.]+)" cy="([0-9.]+)"/#).map { [Double($0.output.1), Double($0.output.2)] }
    #expect(dots == [[311.2, 46], [323.5, 46], [317.4, 46], [372.5, 70], [311.2, 70], [348, 70], [311.2, 94], [372.5, 94], [446, 94], [740, 182]])
    let strokes = svg.matches(of: #/<line x1="([0-9.]+)" x2="[0-9.]+" y1="[0-9.]+" y2="[0-9.]+" stroke="#[0-9a-f]+" stroke-width/#).compactMap { Double($0.output.1) }
    #expect(strokes == [317.4, 348, 372.5, 740])
    #expect(svg.contains("&lt;1> &amp; 2"))
    let height = try #require(svg.firstMatch(of: #/width="760" height="([0-9]+)"/#).flatMap { Double($0.output.1) })
    let places = svg.matches(of: #/[ "]c?y[12]?="([0-9.]+)"/#).compactMap { Double($0.output.1) }
    #expect(places.allSatisfy { $0 <= height } && height - (places.max() ?? 0) < 20, "\(height): \(places)")
  }

  @Test("docs/performance.md describes each way in which the bench boots", arguments: BenchWay.allCases)
  func describes(way: BenchWay) throws { #expect(try Checkout.text("docs/performance.md").contains("**\(way.rawValue)**")) }

  @Test("docs/vocore.md describes each way in which the bench boots a VoCore", arguments: VoCoreWay.allCases)
  func describes(way: VoCoreWay) throws { #expect(try Checkout.text("docs/vocore.md").contains("**\(way.rawValue)**")) }

  @Test("Each bench has the boots with which the others are compared")
  func compares() {
    for name in [BenchResults.reference, BenchResults.plain] {
      #expect(BenchWay(rawValue: name) != nil)
      #expect(VoCoreWay(rawValue: name) != nil)
    }
  }
}
