// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

/// A real block device on a file; `deinit` detaches it.
final class HostLoop {
  let path: String

  init(_ disk: Disk) throws {
    let outcome = try Program.run(["losetup", "-f", "--show", disk.text], limitMicroseconds: 20_000_000)
    guard outcome.isSuccess else { throw Problem("losetup: \(outcome.lastLine.string)") }
    path = outcome.lastLine.string
  }

  deinit { _ = try? Program.run(["losetup", "-d", text], limitMicroseconds: 20_000_000) }

  var text: Text { Text(utf8: path) }

  static let isPossible: Bool = {
    guard let directory = try? Temporary(), let disk = try? Disk(directory, megabytes: 1) else { return false }
    return (try? HostLoop(disk)) != nil
  }()
}

/// The tests are serialized: while losetup looks for a free device it briefly opens each, also those of other tests.
@Suite(
  "Loop devices", .serialized,
  .enabled(if: HostLoop.isPossible, "There are no loop devices here for us: run the tests as root, outside a container"))
struct LoopDeviceTests {
  let directory: Temporary
  private let device: HostLoop
  static let minute: Int64 = 60_000_000
  /// The label is unique, as other test runs may share this machine.
  private static let label = Text(utf8: "preroot-\(getpid())")

  init() throws {
    directory = try Temporary()
    device = try HostLoop(Disk(directory))
  }

  // A fork of another test can keep the device busy for a moment.

  /// Repeats a mkfs that found the device busy, which it says in words only.
  private func patientOutcome(_ body: () throws(Errno) -> Program.Outcome) throws(Errno) -> Program.Outcome {
    try patiently { () throws(Errno) in
      let outcome = try body()
      for line in [outcome.firstLine, outcome.lastLine] where line.string.lowercased().contains("in use by the system") { throw Errno(rawValue: EBUSY) }
      return outcome
    }
  }

  private func make(_ formatting: Formatting) throws {
    let outcome = try patientOutcome { () throws(Errno) in try Program.run(formatting.arguments!, limitMicroseconds: Self.minute) }
    #expect(outcome.isSuccess, "\(outcome.lastLine.string)")
  }

  private func mark(_ device: HostLoop, _ formatting: Formatting) throws(Errno) {
    try patiently { () throws(Errno) in try BlockDevice(toWrite: device.text).writeMarker(formatting.marker) }
  }

  private func format(_ device: HostLoop, _ type: Text = "ext4", label: Text = Self.label) throws(Errno) -> Program.Outcome {
    try patientOutcome { () throws(Errno) in try BlockDevice.format(device.text, type: type, label: label, limitMicroseconds: Self.minute) }
  }

  private static func mount(_ device: Text) throws(Errno) {
    try patiently { () throws(Errno) in try LinuxKernel().mount(device, at: "/mnt", type: "ext4", MountOptions()) }
  }

  @Test("An ext4 on a loop device is created, found, mounted and fit for an upper")
  func ext4() async throws {
    #expect(try BlockDevice.probe(device.text) == .blank)
    #expect(try format(device).isSuccess)
    guard case .signature(let signature) = try BlockDevice.probe(device.text) else { throw Problem("There is no file system") }
    let root = Text(utf8: "/")
    for word in [Text("LABEL=") + Self.label, "UUID=" + signature.uuid] {
      #expect(try BlockDevice.find(DeviceName(word)!, on: Machine(below: root)) == device.text)
    }
    let text = device.text
    let (lack, busy, probe) = try await inPrivateNamespace {
      do throws(Errno) {
        try Self.mount(text)
        let lack = try Unfitness.first(of: "/mnt")
        let busy = errno { () throws(Errno) in _ = try BlockDevice.format(text, type: "ext4", label: "", limitMicroseconds: Self.minute) }
        return (lack, busy, try BlockDevice.probe(text))
      } catch { throw Problem("\(error.text.string)") }
    }
    #expect(lack == nil)
    // The error is EBUSY, and nothing was written.
    #expect(busy?.rawValue == 16)
    #expect(probe == .signature(signature))
    #expect(try Program.run(["e2fsck", "-fn", device.text], limitMicroseconds: Self.minute).isSuccess)
  }

  /// A disk may lose a write that it has acknowledged, such as the removal of the marker.
  @Test("A file system that has been mounted is not unfinished, even with a marker")
  func wasMounted() async throws {
    let formatting = Formatting(
      device.text, type: "ext4", label: "", uuid: "01234567-89ab-cdef-0123-456789abcdef", sizeInBytes: Int64(16 * Disk.megabyte))
    try make(formatting)
    try mark(device, formatting)
    #expect(try BlockDevice.probe(device.text) == .unfinished)
    let text = device.text
    try await inPrivateNamespace {
      do throws(Errno) { try Self.mount(text) } catch { throw Problem(error.text.string) }
      umount("/mnt")
    }
    #expect(try BlockDevice.probe(device.text) == .signature(Signature(type: "ext4", uuid: formatting.uuid)))
  }

  @Test("A reset succeeds on a file system without a free block")
  func resetsFull() async throws {
    #expect(try format(device).isSuccess)
    let text = device.text
    let (failures, names) = try await inPrivateNamespace {
      do throws(Errno) { try Self.mount(text) } catch { throw Problem(error.text.string) }
      let here = try Directory("/")
      mkdir("/mnt/upper", 0o755)
      try here.create("/mnt/reset", contents: "")
      var size = 1 << 20, place = 0
      while size > 0 {
        place += 1
        do { try here.create("/mnt/upper/" + Text(decimal: place), contents: Text([UInt8](repeating: 1, count: size))) } catch { size /= 2 }
      }
      var facts = StoreFacts(in: "/mnt")
      facts.hasUpper = true
      facts.mark = ""
      facts.lower = LowerIdentity(type: "squashfs", superblock: "", rootHash: "1", imageVersion: "")
      var kernel = LinuxKernel()
      var memory = Memory()
      _ = LayerPlan(facts, .anew("Marked"), Settings(), isCounted: true).steps.execute(on: &kernel, before: &memory)
      return (memory.failures + kernel.remarks.map(\.text.string), here.names(in: "/mnt").map(\.string).sorted())
    }
    #expect(failures == [])
    #expect(names == ["attempts", "lost+found", "lower.id"])
  }

  @Test("An f2fs is created under the same marker", .enabled(if: access("/usr/sbin/mkfs.f2fs", X_OK) == 0, "mkfs.f2fs is missing: install f2fs-tools"))
  func f2fs() throws {
    let device = try HostLoop(Disk(directory, "larger", megabytes: 64))
    let outcome = try format(device, "f2fs", label: "preroot-f2fs")
    #expect(outcome.isSuccess, "\(outcome.lastLine.string)")
    guard case .signature(let signature) = try BlockDevice.probe(device.text) else { throw Problem("There is no file system") }
    #expect(signature.type == "f2fs")
    #expect(signature.label == "preroot-f2fs")
    #expect(try Program.run(["fsck.f2fs", device.text], limitMicroseconds: Self.minute).isSuccess)
  }

  @Test("An unfinished ext4 can be completed as f2fs, and is then only f2fs", .enabled(if: access("/usr/sbin/mkfs.f2fs", X_OK) == 0, "mkfs.f2fs is missing: install f2fs-tools"))
  func changesType() throws {
    let device = try HostLoop(Disk(directory, "larger", megabytes: 64))
    let formatting = Formatting(
      device.text, type: "ext4", label: "data", uuid: "01234567-89ab-cdef-0123-456789abcdef", sizeInBytes: Int64(64 * Disk.megabyte))
    try mark(device, formatting)
    try make(formatting)
    for type in ["f2fs", "ext4"] {
      #expect(try BlockDevice.probe(device.text) == .unfinished)
      #expect(try format(device, Text(utf8: type), label: "data").isSuccess)
      guard case .signature(let signature) = try BlockDevice.probe(device.text) else { throw Problem("There is no file system") }
      #expect(signature.type.string == type)
      try mark(device, formatting)
    }
  }
}
