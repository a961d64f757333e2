// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

extension LoopDeviceTests {
  /// A root's device with an image at its beginning, and the steps that put an upper behind it.
  @Suite("An upper behind an image")
  struct TailStepTests {
    let directory: Temporary
    private let disk: Disk
    private let device: HostLoop
    private static let imageBytes = 1_100_000
    private static let start = 17 * 65536
    private static let end = 24 * Disk.megabyte - 65536

    init() throws {
      directory = try Temporary()
      disk = try Disk(directory, megabytes: 24)
      device = try HostLoop(disk)
      try writeImage(bytes: Self.imageBytes)
    }

    /// Writes an image of this size, with a superblock that says so, over what is there.
    private func writeImage(bytes: Int) throws {
      var image = Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
      image.replaceSubrange(0..<4, with: Data("hsqs".utf8))
      for place in 0..<8 { image[40 + place] = UInt8(truncatingIfNeeded: bytes >> (8 * place)) }
      let file = try FileHandle(forUpdating: URL(filePath: device.path))
      try file.write(contentsOf: image)
      try file.synchronize()
      try file.close()
    }

    private func settings(_ words: String) -> Settings {
      var assignments = Assignments()
      assignments.add(KernelCommandLine(parsing: Text(utf8: "preroot=tail " + words)))
      return Settings(assignments)
    }

    private var numbers: String { get throws { try String(contentsOfFile: "/sys/class/block/\((device.path as NSString).lastPathComponent)/dev", encoding: .utf8).trimmingCharacters(in: .newlines) } }

    /// What the helper finds.
    private func found(_ words: String = "preroot.format=blank", loop: Text = "/dev/loopN") throws -> FoundDevice {
      var facts = BootFacts()
      facts.mountInfo = MountInfo(parsing: Text(utf8: "1 0 \(try numbers) / / ro shared:1 - squashfs /dev/root ro\n"))
      return try FoundDevice(behindImageOf: facts, settings(words), loop: loop, on: Machine(below: "/"))
    }

    private func steps(_ words: String = "preroot.format=blank", loop: Text) throws -> [Step] {
      let found = try found(words, loop: loop)
      let mountInfo = MountInfo(parsing: Text(utf8: "1 0 \(try numbers) / / ro shared:1 - squashfs /dev/root ro\n"))
      let steps = StorePlan(found.source, found.use, settings(words), in: found.tail, over: mountInfo).steps
      return steps.filter { [.attachLoop, .beginFileSystem, .recordPlace, .format, .check].contains($0.verb) }
    }

    /// Executes the first steps, and lets go of the loop device. Returns the failures and what the loop device had said of itself.
    @discardableResult
    private func perform(_ words: String = "preroot.format=blank", first count: Int = .max) throws -> (verbs: [Step.Verb], loop: String) {
      for _ in 1...5 {
        let loop = try LoopDevice.free()
        let steps = try steps(words, loop: loop).prefix(count)
        var kernel = LinuxKernel()
        var memory = Memory()
        let execution = Array(steps).execute(on: &kernel, before: &memory)
        // Another process of the host may have taken it meanwhile.
        if let failure = execution.failure, failure.step.verb == .attachLoop, failure.errno == .busy { continue }
        if execution.failure != nil { throw Problem("\(memory.failures) \(kernel.remarks.map(\.text.string))") }
        let attributes = "/sys/class/block/\(loop.fileName.string)/loop/"
        let said = ["offset", "sizelimit", "autoclear"].map { (try? String(contentsOfFile: attributes + $0, encoding: .utf8).trimmingCharacters(in: .newlines)) ?? "?" }
        try kernel.perform(Step(.detachLoop, loop))
        return (steps.map(\.verb), said.joined(separator: " "))
      }
      throw Problem("No loop device stays free")
    }

    private func image() throws -> Data { try disk.contents.prefix(Self.imageBytes) }
    private var isGood: Bool {
      get throws { try Program.run(["e2fsck", "-fn", Text(utf8: "\(disk.path)?offset=\(Self.start)")], limitMicroseconds: LoopDeviceTests.minute).isSuccess }
    }
    private var record: String { get throws { String(decoding: try disk.contents[Self.end...].prefix(80), as: UTF8.self) } }

    @Test("A file system is made behind the image, and found again")
    func isMade() throws {
      let before = try image()
      #expect(try found("").use == .refuse("is blank; preroot.format=blank creates a file system on it"))
      let (verbs, loop) = try perform()
      #expect(verbs == [.attachLoop, .beginFileSystem, .recordPlace, .format])
      #expect(loop == "\(Self.start) \(Self.end - Self.start) 1")
      #expect(try isGood)
      #expect(try image() == before)
      #expect(try record.hasPrefix("preroot's upper begins at byte \(Self.start) "))
      let found = try found("")
      #expect(found.use == .mount(type: "ext4"))
      #expect(found.tail?.tail.extent == Int64(Self.start)..<Int64(Self.end))
      #expect(found.tail?.isToBeRecorded == false)
      #expect(try perform("").verbs == [.attachLoop, .check])
    }

    @Test("After an interruption by a power cut, the next attempt completes it", arguments: 0...3)
    func isInterrupted(count: Int) throws {
      try perform(first: count)
      #expect(try found("").use == .refuse("is blank; preroot.format=blank creates a file system on it"))
      #expect(try perform().verbs.last == .format)
      #expect(try isGood)
      #expect(try found("").use == .mount(type: "ext4"))
    }

    @Test("A shorter image leaves the upper where it is")
    func isBehindShorter() throws {
      try perform()
      try writeImage(bytes: 500_000)
      let found = try found()
      #expect(found.use == .mount(type: "ext4"))
      #expect(found.tail?.tail.extent.lowerBound == Int64(Self.start))
      #expect(found.tail?.isToBeRecorded == false)
      #expect(try perform().verbs == [.attachLoop, .check])
      #expect(try isGood)
    }

    @Test("A longer image that overwrites the upper's beginning is not overlaid with its rest")
    func isBelowLonger() throws {
      try perform()
      // Something that looks like a file system is where the longer image ends.
      let decoy = try Disk(directory, "decoy", megabytes: 4)
      try decoy.run("mkfs.ext4", "-q", "-F")
      let bytes = 3 * Disk.megabyte
      try writeImage(bytes: bytes)
      let file = try FileHandle(forUpdating: URL(filePath: device.path))
      try file.seek(toOffset: UInt64(bytes))
      try file.write(contentsOf: try decoy.contents)
      try file.synchronize()
      try file.close()

      for words in ["", "preroot.format=blank", "preroot.format=blank preroot.on-lower-change=keep"] {
        guard case .refuse(let sentence) = try found(words).use else { throw Problem("It is used with '\(words)'") }
        #expect(sentence.string.contains("longer image"))
      }
      let before = try disk.contents
      let words = "preroot.format=blank preroot.on-lower-change=reset"
      // A cut after each step but the last leaves it to be done.
      for count in 1...3 {
        try perform(words, first: count)
        #expect(try found(words).use == .format(type: "ext4"), "after \(count) steps")
      }
      try perform(words)
      let now = try found("")
      #expect(now.use == .mount(type: "ext4"))
      #expect(now.tail?.tail.extent.lowerBound == Int64(bytes))
      #expect(try disk.contents.prefix(bytes) == before.prefix(bytes))
    }

    @Test("A file system without a record is used, and recorded only behind itself")
    func isForeign() throws {
      try Program.run(["mkfs.ext4", "-q", "-F", "-E", Text(utf8: "offset=\(Self.start)"), disk.text, Text(utf8: "\((Self.end - Self.start) >> 10)k")], limitMicroseconds: LoopDeviceTests.minute).requireSuccess()
      #expect(try perform("").verbs == [.attachLoop, .check, .recordPlace])
      #expect(try perform("").verbs == [.attachLoop, .check])
      #expect(try isGood)
    }
  }
}

extension Program.Outcome {
  fileprivate func requireSuccess() throws {
    if !isSuccess { throw Problem("\(end) \(lastLine.string)") }
  }
}
