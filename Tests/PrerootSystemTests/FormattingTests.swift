// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

/// Between two syncs, a disk writes sectors in any order. A power cut can therefore leave any subset of the writes, not only the
/// first ones, and these tests try subsets.
@Suite("The creation of a file system")
struct MakingFileSystemTests {
  let directory: Temporary
  let disk: Disk
  static let minute: Int64 = 60_000_000

  init() throws {
    directory = try Temporary()
    disk = try Disk(directory)
  }

  private func format(limitMicroseconds: Int64 = minute) throws(Errno) -> Program.Outcome {
    try BlockDevice.format(disk.text, type: "ext4", label: "data", limitMicroseconds: limitMicroseconds)
  }

  /// Whether the disk has a clean file system with the right label.
  private func isGood() throws -> Bool {
    guard case .signature(let signature) = try disk.probe, signature.type == "ext4", signature.label == "data" else { return false }
    return try Program.run(["e2fsck", "-fn", disk.text], limitMicroseconds: Self.minute).isSuccess
  }

  @Test("Formatting leaves a clean labelled file system and zeros at the end")
  func makes() throws {
    #expect(try format().isSuccess)
    #expect(try isGood())
    #expect(try disk.contents.suffix(Int(Formatting.reservedBytes)) == Data(count: Int(Formatting.reservedBytes)))
  }

  @Test("mkfs does not write to the end of the device, where the marker is", arguments: [8, 16, 17, 64, 200])
  func leavesEnd(megabytes: Int) throws {
    let disk = try Disk(directory, "other", megabytes: megabytes)
    let end = Data((0..<Int(Formatting.reservedBytes)).map { UInt8($0 % 251) })
    try disk.write(end, at: megabytes * Disk.megabyte - end.count)
    let formatting = Formatting(disk.text, type: "ext4", label: "x", uuid: "01234567-89ab-cdef-0123-456789abcdef", sizeInBytes: Int64(megabytes * Disk.megabyte))
    #expect(try Program.run(formatting.arguments!, limitMicroseconds: Self.minute).isSuccess)
    #expect(try disk.contents.suffix(end.count) == end)
  }

  @Test("Formatting can be interrupted at any write, and the next attempt completes it")
  func isCut() throws {
    let before = try disk.contents
    #expect(try disk.probe == .blank)
    // The disk right before preroot removes the marker.
    let uuid: Text = "01234567-89ab-cdef-0123-456789abcdef"
    let formatting = Formatting(disk.text, type: "ext4", label: "data", uuid: uuid, sizeInBytes: Int64(before.count))
    try BlockDevice(toWrite: disk.text).writeMarker(formatting.marker)
    let marked = try disk.contents
    #expect(try disk.probe == .unfinished)
    #expect(try Program.run(formatting.arguments!, limitMicroseconds: Self.minute).isSuccess)
    let made = try disk.contents
    #expect(try disk.probe == .unfinished)

    let sectors = stride(from: 0, to: made.count, by: 512).filter { made[$0..<($0 + 512)] != marked[$0..<($0 + 512)] }
    #expect(sectors.count > 50)
    func write(_ sector: Int) throws { try disk.write(made[sector..<(sector + 512)], at: sector) }

    // Write the sectors one by one, from either end, and probe after each.
    for order in [sectors, sectors.reversed()] {
      try disk.fill(marked)
      for sector in order {
        try write(sector)
        let probe = try disk.probe
        #expect(probe == .unfinished, "after the sector at \(sector)")
      }
    }
    // Write a random subset; then the next attempt, if nothing interrupts it, completes.
    for _ in 0..<20 {
      try disk.fill(marked)
      let some = sectors.filter { _ in Bool.random() }
      for sector in some { try write(sector) }
      #expect(try disk.probe == .unfinished)
      #expect(try format().isSuccess)
      #expect(try isGood(), "after the sectors at \(some)")
    }
  }

  @Test("A second attempt at formatting can be interrupted, too")
  func isCutTwice() throws {
    let formatting = Formatting(
      disk.text, type: "ext4", label: "data", uuid: "01234567-89ab-cdef-0123-456789abcdef", sizeInBytes: Int64(16 * Disk.megabyte))
    try BlockDevice(toWrite: disk.text).writeMarker(formatting.marker)
    #expect(try Program.run(formatting.arguments!, limitMicroseconds: Self.minute).isSuccess)
    // With no time at all, preroot kills mkfs as soon as it has started.
    let outcome = try format(limitMicroseconds: 0)
    #expect(outcome.end == .timedOut || outcome.isSuccess)
    if !outcome.isSuccess { #expect(try disk.probe == .unfinished) }
    #expect(try format().isSuccess)
    #expect(try isGood())
  }

  @Test("A complete file system that covers a block like the marker does not look unfinished")
  func isNotMistaken() throws {
    try disk.run("mkfs.ext4", "-q", "-L", "grown")
    try BlockDevice(toWrite: disk.text).writeMarker(
      Formatting(disk.text, type: "ext4", label: "", uuid: "01234567-89ab-cdef-0123-456789abcdef", sizeInBytes: 0).marker)
    guard case .signature(let signature) = try disk.probe else { throw Problem("\(try disk.probe)") }
    #expect(signature.label == "grown")
  }

  @Test("Formatting fails for an unknown type and for a device that is too small")
  func isRefused() throws {
    #expect(errno { () throws(Errno) in _ = try BlockDevice.format(disk.text, type: "vfat", label: "", limitMicroseconds: 0) } == .invalidArgument)
    #expect(try disk.probe == .blank)
    try disk.fill(Data(count: 65536))
    #expect(errno { () throws(Errno) in _ = try format() } == .noSpace)
    #expect(try disk.probe == .blank)
  }

  @Test("A device stays marked as unfinished if mkfs fails")
  func fails() throws {
    // mkfs only warns if a device is too small for a journal; this one is too small for a file system.
    try disk.fill(Data(count: 140_000))
    #expect(try !format().isSuccess)
    #expect(try disk.probe == .unfinished)
  }
}
