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
      try write(image, at: 0)
    }

    private func write(_ data: Data, at place: Int) throws {
      let file = try FileHandle(forUpdating: URL(filePath: device.path))
      try file.seek(toOffset: UInt64(place))
      try file.write(contentsOf: data)
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
    private func found(_ words: String = "preroot.format=blank") throws -> TailUse {
      var facts = BootFacts()
      facts.mountInfo = MountInfo(parsing: Text(utf8: "1 0 \(try numbers) / / ro shared:1 - squashfs /dev/root ro\n"))
      return TailUse(try RootDevice(facts, on: Machine(below: "/")), settings(words))
    }

    private func tail(_ words: String = "preroot.format=blank") throws -> Tail {
      guard case .open(let tail) = try found(words) else { throw Problem("\(try found(words))") }
      return tail
    }

    /// What the tool finds in the room, without attaching it.
    private func use(_ words: String = "preroot.format=blank") throws -> DeviceUse {
      let tail = try tail(words)
      return try DeviceUse(DeviceName(.tail, "tail"), at: tail.device, within: tail.extent, settings(words), on: Machine(below: "/"))
    }

    /// Does what the helper does, up to a number of steps and without the mount, and releases the loop device. Returns the steps, and what the
    /// loop device says of itself.
    @discardableResult
    private func perform(_ words: String = "preroot.format=blank", first count: Int = .max) throws -> (verbs: [Step.Verb], loop: String) {
      for _ in 1...5 {
        let loop = try LoopDevice.free(), tail = try tail(words)
        var kernel = LinuxKernel(), done: [Step.Verb] = []
        func perform(_ steps: [Step]) throws -> Bool {
          for step in steps where done.count < count {
            do { try patiently { () throws(Errno) in try kernel.perform(step) } } catch {
              // Another process of the host may have taken it meanwhile.
              if step.verb == .attachLoop, error == .busy { return false }
              throw Problem("\(step.text.string): \(error.text.string) \(kernel.remarks.map(\.text.string))")
            }
            done.append(step.verb)
          }
          return true
        }
        guard try perform(tail.opening(as: loop)) else { continue }
        let attributes = "/sys/class/block/\(loop.fileName.string)/loop/"
        let said = ["offset", "sizelimit", "autoclear"].map { (try? String(contentsOfFile: attributes + $0, encoding: .utf8).trimmingCharacters(in: .newlines)) ?? "?" }
        if done.count < count {
          switch try DeviceUse(DeviceName(.tail, "tail"), at: loop, settings(words), on: Machine(below: "/")) {
          case .refuse(let sentence): throw Problem(sentence.string)
          case .format(let type): _ = try perform([Step(.format, loop, type)])
          case .mount(let type): _ = try perform([Step(.check, loop, type)])
          }
        }
        _ = try perform(tail.closing)
        try kernel.perform(Step(.detachLoop, loop))
        return (done, said.joined(separator: " "))
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
      #expect(try use("") == .refuse("is blank; preroot.format=blank creates a file system on it"))
      let (verbs, loop) = try perform()
      #expect(verbs == [.attachLoop, .format, .recordPlace])
      #expect(loop == "\(Self.start) \(Self.end - Self.start) 1")
      #expect(try isGood)
      #expect(try image() == before)
      #expect(try record.hasPrefix("preroot's upper begins at byte \(Self.start)\n"))
      #expect(try use("") == .mount(type: "ext4"))
      #expect(try tail("").extent == Int64(Self.start)..<Int64(Self.end))
      #expect(try perform("").verbs == [.attachLoop, .check])
      #expect(try image() == before)
    }

    @Test("After an interruption by a power cut, the next attempt completes it", arguments: 0...2)
    func isInterrupted(count: Int) throws {
      try perform(first: count)
      #expect(try use("") == (count < 2 ? .refuse("is blank; preroot.format=blank creates a file system on it") : .mount(type: "ext4")))
      #expect(try perform().verbs.last == .recordPlace)
      #expect(try isGood)
      #expect(try use("") == .mount(type: "ext4"))
    }

    @Test("A shorter image leaves the upper where it is")
    func isBehindShorter() throws {
      try perform()
      try writeImage(bytes: 500_000)
      #expect(try use() == .mount(type: "ext4"))
      #expect(try tail().extent.lowerBound == Int64(Self.start))
      #expect(try perform().verbs == [.attachLoop, .check])
      #expect(try isGood)
    }

    @Test("After the upper is erased, a shorter image has the next one directly behind it")
    func isErased() throws {
      try perform()
      try write(Data(count: 22 * Disk.megabyte - Self.start), at: Self.start)
      try write(Data(count: Self.start), at: 0)
      try writeImage(bytes: 500_000)
      #expect(try perform().verbs == [.attachLoop, .format, .recordPlace])
      #expect(try tail("").extent.lowerBound == 8 * 65536)
    }

    @Test("A longer image that overwrites the upper's beginning is not overlaid with its rest", arguments: [true, false])
    func isBelowLonger(hasDecoy: Bool) throws {
      try perform()
      let bytes = 3 * Disk.megabyte
      try writeImage(bytes: bytes)
      // Where the longer image ends is something that looks like a file system; or the unused, blank middle of an upper that is almost empty.
      let decoy = try Disk(directory, "decoy", megabytes: 4)
      if hasDecoy { try decoy.run("mkfs.ext4", "-q", "-F") }
      try write(try decoy.contents, at: bytes)

      for words in ["", "preroot.format=blank", "preroot.format=blank preroot.on-lower-change=keep", "preroot.on-lower-change=reset"] {
        guard case .refuse(let sentence) = try found(words) else { throw Problem("It is used with '\(words)'") }
        #expect(sentence.string.contains("longer image"))
      }
      let before = try disk.contents
      let words = "preroot.format=blank preroot.on-lower-change=reset"
      // A cut after each step but the last leaves it to be done.
      for count in 1...3 {
        try perform(words, first: count)
        #expect(try tail(words).isInsideOlder, "after \(count) steps")
      }
      #expect(try perform(words).verbs == [.attachLoop, .eraseBeginning, .format, .recordPlace])
      #expect(try use("") == .mount(type: "ext4"))
      #expect(try tail("").extent.lowerBound == Int64(bytes))
      #expect(try disk.contents.prefix(bytes) == before.prefix(bytes))
    }

    @Test("Data behind the image is left alone")
    func isForeignData() throws {
      try write(Data("data".utf8), at: Self.start)
      let before = try disk.contents
      #expect(throws: Problem.self) { try perform() }
      #expect(try disk.contents == before)
    }

    @Test("A file system without a record is used and recorded")
    func isForeign() throws {
      let outcome = try Program.run(["mkfs.ext4", "-q", "-F", "-E", Text(utf8: "offset=\(Self.start)"), disk.text, Text(utf8: "\((Self.end - Self.start) >> 10)k")], limitMicroseconds: LoopDeviceTests.minute)
      #expect(outcome.isSuccess)
      #expect(try perform("").verbs == [.attachLoop, .check, .recordPlace])
      #expect(try perform("").verbs == [.attachLoop, .check])
      #expect(try isGood)
    }
  }
}
