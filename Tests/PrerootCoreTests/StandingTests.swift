// SPDX-License-Identifier: MIT
import CoreSupport
import PrerootCore
import Testing

@Suite("State read back")
struct ReadBackTests {
  @Test("state.json reads back as it was written, whatever its values contain")
  func state() {
    // Invalid UTF-8 would come back as U+FFFD.
    let odd = Text(Array(1...127) + "é€😀".utf8)
    var state = State()
    state.add("asked", odd)
    state.add("number", number: 7)
    state.add("list", list: ["a", "b\"c"])
    state.add("upper", "")
    let read = State(parsing: state.text)
    #expect(read.value(of: "asked") == odd)
    #expect(read.value(of: "upper") == "")
    #expect(read.value(of: "number") == nil)
    #expect(read.value(of: "nothing") == nil)
    #expect(read.list(of: "list") == ["a", "b\"c"])
    #expect(read.value(of: "list") == nil && read.list(of: "asked") == [] && read.list(of: "nothing") == [])
    #expect(state.text == Text("{\n  \"asked\": \"") + odd.escapedForJSON + "\",\n  \"number\": 7,\n  \"list\": [\"a\", \"b\\\"c\"],\n  \"upper\": \"\"\n}\n")
  }

  @Test("The mount table tells where the layers are, even if names have commas and spaces")
  func layers() throws {
    let mounts = MountInfo(parsing: #"""
      1 0 0:1 / / rw - overlay preroot rw,lowerdir=/l,upperdir=/run/u\0541\0402/upper,workdir=/w
      2 1 0:2 / /etc rw - overlay preroot rw,upperdir=/run/u/upper/etc
      3 1 0:3 / /var rw - overlay preroot rw,upperdir=/elsewhere
      4 1 0:4 / /srv rw - overlay other rw,upperdir=/run/u/upper/srv
      5 1 8:1 / /run/initramfs/preroot/lower ro - ext4 /dev/sda1 ro

      """#)
    #expect(mounts.overlays.map(\.mountPoint) == ["/", "/etc", "/var"])
    #expect(mounts.overlays[0].layersDirectory == "/run/u,1 2")
    #expect(mounts.overlays[1].layersDirectory == "/run/u")
    #expect(mounts.overlays[1].lowerDirectory == "/run/initramfs/preroot/lower/etc")
    #expect(mounts.overlays[2].layersDirectory == nil)
    #expect(mounts.image?.mountSource == "/dev/sda1")
    let booting = MountInfo(bootingFrom: try #require(mounts.image))
    #expect(booting.root?.majorMinor == "8:1")
    #expect(booting.children(of: try #require(booting.root)).map(\.mountPoint) == ["/proc", "/sys", "/dev", "/run"])
  }

  @Test("The root counts as an overlay even if the helper died before it left the old root")
  func oldRoot() {
    var facts = BootFacts()
    facts.assignments.add(KernelCommandLine(parsing: "preroot=tmpfs"))
    facts.mountInfo = MountInfo(parsing: """
      21 382 254:0 / / ro - squashfs /dev/root ro
      382 1 0:30 / / rw - overlay preroot rw,upperdir=/run/initramfs/preroot/upper/upper

      """)
    #expect(Standing(for: facts, nil) == .asAsked)
  }

  @Test("A tmpfs size is converted to KiB, and saturates if it is too large", arguments: [
    ("25%", 1_000_000, 250_000), ("64m", 1, 65536), ("2G", 1, 2 << 20), ("512K", 1, 512), ("1048576", 1, 1024), ("", 1, 0),
    // These sizes exceed an Int.
    ("20737095516165%", 100_000, 20_737_095_516_165_000), ("20737095516165%", 1_000_000, .max), ("20737095516165%", .max, .max), ("18446744073709551600%", .max, .max),
    ("18446744073709551600k", 1, .max), ("18446744073709551600m", 1, .max), ("18446744073709551600g", 1, .max), ("9007199254740993g", 1, .max),
    ("18446744073709551600", 1, 18_014_398_509_481_983),
  ] as [(Text, Int, Int)])
  func size(size: Text, memory: Int, kilobytes: Int) {
    var options = TmpfsOptions()
    options.size = size
    #expect(options.kilobytes(ofMemory: memory) == kilobytes)
  }
}
