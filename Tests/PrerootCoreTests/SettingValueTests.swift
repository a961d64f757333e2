// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("Values of settings")
struct SettingValueTests {
  private func settings(_ line: String, configuration: String = "") -> Settings { Settings(assignments(line, configuration: configuration)) }

  /// The settings and remarks (without their origin) that result from a key on the command line, and from a directive in a file.
  private func both(_ directive: String, _ value: String, over earlier: String? = nil) -> [(Settings, [String])] {
    let before = earlier.map { "\(directive)=\($0)\n" } ?? ""
    let onLine = settings("\"preroot.\(directive.lowercased())=\(value)\"", configuration: "[Preroot]\n\(before)")
    let inFile = settings("", configuration: "[Preroot]\n\(before)\(directive)=\(value)\n")
    return [
      (onLine, onLine.remarks.strings.map { $0.replacing("Kernel command line: preroot.\(directive.lowercased())=", with: "") }),
      (inFile, inFile.remarks.strings.map { $0.replacing(try! Regex("/etc/preroot.conf:[23]: \(directive)="), with: "") }),
    ]
  }

  @Test("Each setting has the documented default")
  func isBuiltIn() {
    let settings = settings("preroot")
    #expect(settings == Settings())
    #expect(settings.fileSystemType.isEmpty && settings.options.isEmpty && settings.directory.isEmpty && settings.binds.isEmpty)
    #expect(settings.timeoutSeconds == 30)
    #expect(settings.fallback == .tmpfs)
    #expect(!settings.formatsBlank)
    #expect(settings.checks)
    #expect(!settings.resets)
    #expect(settings.onLowerChange == .warn)
    #expect(settings.attempts == 3)
    #expect(settings.memory == nil)
    #expect(settings.switchMode == .auto)
  }

  /// The name becomes part of program names such as fsck.ext4.
  @Test("FSType= takes a file system name or nothing, and keeps its value otherwise", arguments: [
    ("ext4", true), ("", true), ("fuse-x_1", true), ("a b", false), ("../sh", false), ("ext4;", false), ("a.b", false),
  ])
  func isType(value: String, isName: Bool) {
    for (settings, remarks) in both("FSType", value, over: "before") {
      #expect(settings.fileSystemType.string == (isName ? value : "before"))
      #expect(remarks.count == (isName ? 0 : 1))
    }
  }

  @Test("Options= takes any text", arguments: ["noatime", "", "noatime,data=journal", "a b"])
  func isText(value: String) {
    for (settings, remarks) in both("Options", value, over: "before") {
      #expect(settings.options.string == value)
      #expect(remarks.isEmpty)
    }
  }

  @Test("Options= drops white space and empty options", arguments: [("noatime, nodev", "noatime,nodev"), (" noatime ,,nodev", "noatime,nodev")])
  func isOptions(value: String, expected: String) {
    for (settings, _) in both("Options", value) { #expect(settings.options.string == expected) }
  }

  @Test("noexec in Options= is ignored with an error if the scope is the whole root")
  func isNoexec() {
    for (settings, remarks) in both("Options", "nosuid,noexec,nodev") {
      #expect(settings.options == "nosuid,nodev")
      #expect(remarks == ["error: 'noexec' would keep every program from running, ignoring; use it with directories in Scope="])
    }
    let directories = settings("preroot.scope=/srv preroot.options=noexec")
    #expect(directories.options == "noexec" && directories.remarks.isEmpty)
  }

  @Test("Upper= with a malformed device name is an unavailable device, not a tmpfs", arguments: [
    ("sda3", "names no device; write /dev/sda3"), ("mmcblk0p2", "names no device; write /dev/mmcblk0p2"), ("nvme0n1p1", "names no device; write /dev/nvme0n1p1"),
    ("mtd4", "names no device; write /dev/mtd4"), ("vdb", "names no device; write /dev/vdb"), ("xvda1", "names no device; write /dev/xvda1"),
    ("LABEL=", "names no device: its value is empty"), ("/dev/", "names no device: its value is empty"), ("ubi0:", "names no device: its value is empty"),
    ("LABLE=x", "names no device (/dev/..., LABEL=..., UUID=..., PARTLABEL=..., PARTUUID=..., mtd:..., ubi0:...)"),
    ("dev/sda3", "names no device (/dev/..., LABEL=..., UUID=..., PARTLABEL=..., PARTUUID=..., mtd:..., ubi0:...)"),
    ("mdt:data", "names no device (/dev/..., LABEL=..., UUID=..., PARTLABEL=..., PARTUUID=..., mtd:..., ubi0:...)"),
  ])
  func isUnreadable(value: String, why: String) {
    for (settings, remarks) in both("Upper", value, over: "tmpfs") {
      #expect(settings.upper == .unreadable(Text(utf8: value)))
      #expect(settings.upper.isPersistent)
      #expect(settings.upper.text.string == value)
      #expect(settings.upper.unavailability?.string == why)
      #expect(remarks.isEmpty)
    }
  }

  @Test("Upper= ignores the case of LABEL= and the other tags")
  func hasTag() {
    for (settings, _) in both("Upper", "label=Data") { #expect(settings.upper == .device(DeviceName(.label, "Data"))) }
    for (settings, _) in both("Upper", "PartUuid=1-2") { #expect(settings.upper == .device(DeviceName(.partUUID, "1-2"))) }
  }

  @Test("Scope= and Bind= ignore white space around directories", arguments: ["/etc: /var", " /etc :\t/var ", "/etc::/var"])
  func keepsDirectories(value: String) {
    for (settings, remarks) in both("Scope", value) {
      #expect(settings.scope == .directories(["/etc", "/var"]))
      #expect(remarks.isEmpty)
    }
    for (settings, _) in both("Bind", value) { #expect(settings.binds == ["/etc", "/var"]) }
  }

  @Test("Scope= and Bind= reject a directory too long for the name of a mount unit")
  func fitsInName() {
    let longest = "/" + String(repeating: "a", count: 255 - ".mount".count)
    for (settings, remarks) in both("Scope", "\(longest):/\(String(repeating: "é", count: 32))") {
      #expect(settings.scope == .directories([Text(utf8: longest)]))
      #expect(remarks == ["error: '/\(String(repeating: "é", count: 32))' is too long for the name of a mount unit, ignoring"])
    }
    for (settings, remarks) in both("Bind", longest + "a") {
      #expect(settings.binds.isEmpty)
      #expect(remarks.count == 1)
    }
  }

  @Test("Dir= takes an absolute path, and / is the default", arguments: [
    ("/", ""), ("", ""), ("//", ""), ("/a", "/a"), ("/a//b/", "/a/b"), ("/a b", "/a b"), ("/...", "/..."),
  ])
  func isDirectory(value: String, expected: String) {
    for (settings, remarks) in both("Dir", value, over: "/before") {
      #expect(settings.directory.string == expected)
      #expect(remarks.isEmpty)
    }
  }

  @Test("Dir= rejects relative paths and paths with '..'", arguments: ["a", "../a", "/a/..", "/./a", "."])
  func isNoDirectory(value: String) {
    for (settings, remarks) in both("Dir", value, over: "/before") {
      #expect(settings.directory == "/before")
      #expect(remarks == ["error: '\(value)' is not an absolute path without '..', ignoring"])
    }
  }

  @Test("Timeout= and Attempts= take a number", arguments: [("0", 0), ("1", 1), ("7", 7), ("007", 7), ("100", 100)])
  func isNumber(value: String, expected: Int) {
    for (settings, remarks) in both("Timeout", value) {
      #expect(settings.timeoutSeconds == expected)
      #expect(remarks.isEmpty)
    }
    for (settings, remarks) in both("Attempts", value) {
      #expect(settings.attempts == expected)
      #expect(remarks.isEmpty)
    }
  }

  @Test("Timeout= and Attempts= reject other words and numbers beyond their limits", arguments: [
    ("Timeout", 300, ["301", "-1", "", "30s", "1.5", "0x1", "99999999999999999999", " "]),
    ("Attempts", 100, ["101", "-1", "", "many", "3.0", "99999999999999999999"]),
  ])
  func isNoNumber(directive: String, limit: Int, values: [String]) {
    func number(_ settings: Settings) -> Int { directive == "Timeout" ? settings.timeoutSeconds : settings.attempts }
    for (settings, remarks) in both(directive, "\(limit)") {
      #expect(number(settings) == limit)
      #expect(remarks.isEmpty)
    }
    for value in values where value != " " {
      for (settings, remarks) in both(directive, value, over: "5") {
        #expect(number(settings) == 5)
        #expect(remarks == ["error: '\(value)' is not a number from 0 to \(limit), ignoring"])
      }
    }
  }

  @Test("Check= and Reset= take the booleans of systemd", arguments: [
    ("yes", true), ("no", false), ("1", true), ("0", false), ("on", true), ("off", false), ("True", true), ("FALSE", false), ("y", true), ("n", false),
  ])
  func isBoolean(value: String, expected: Bool) {
    for (settings, remarks) in both("Check", value, over: expected ? "no" : "yes") {
      #expect(settings.checks == expected)
      #expect(remarks.isEmpty)
    }
    for (settings, remarks) in both("Reset", value, over: expected ? "no" : "yes") {
      #expect(settings.resets == expected)
      #expect(remarks.isEmpty)
    }
  }

  @Test("Check= and Reset= reject other words and keep their values", arguments: ["", "auto", "maybe", "2", "noo", "yes no"])
  func isNoBoolean(value: String) {
    for before in ["yes", "no"] {
      for (settings, remarks) in both("Check", value, over: before) {
        #expect(settings.checks == (before == "yes"))
        #expect(remarks == ["error: '\(value)' is neither yes nor no, ignoring"])
      }
      for (settings, remarks) in both("Reset", value, over: before) {
        #expect(settings.resets == (before == "yes"))
        #expect(remarks == ["error: '\(value)' is neither yes nor no, ignoring"])
      }
    }
  }

  @Test("preroot.reset without a value means yes, and an empty value is an error")
  func isReset() {
    #expect(settings("preroot.reset").resets)
    #expect(settings("preroot.reset preroot.reset=no").resets == false)
    #expect(settings("preroot.reset=").resets == false)
    #expect(settings("preroot.reset=").remarks.count == 1)
    #expect(settings("preroot.reset", configuration: "[Preroot]\nReset=no\n").resets)
  }

  @Test("Fallback=, Format=, OnLowerChange= and Switch= take only their own words", arguments: [
    ("Fallback", ["tmpfs", "read-only", "emergency", "reboot"]), ("Format", ["no", "blank"]), ("OnLowerChange", ["keep", "warn", "reset", "new"]),
    ("Switch", ["auto", "reload", "reexec"]),
  ])
  func isWord(directive: String, words: [String]) {
    func word(_ settings: Settings) -> String {
      switch directive {
      case "Fallback": settings.fallback.text.string
      case "Format": settings.formatsBlank ? "blank" : "no"
      case "OnLowerChange": settings.onLowerChange.text.string
      default: settings.switchMode.text.string
      }
    }
    for right in words {
      for earlier in words {
        for (settings, remarks) in both(directive, right, over: earlier) {
          #expect(word(settings) == right)
          #expect(remarks.isEmpty)
        }
      }
      for wrong in ["", "yes", right + "s", right.uppercased(), String(right.dropLast()), words.joined(separator: " ")] {
        for (settings, remarks) in both(directive, wrong, over: right) {
          #expect(word(settings) == right)
          #expect(remarks == ["error: '\(wrong)' is not understood, ignoring; use one of: \(words.joined(separator: " "))"])
        }
      }
    }
  }

  @Test("Commit= takes always, or on-demand with the options of a tmpfs", arguments: [
    ("always", nil), ("", nil), ("on-demand", "size=25%,nr_inodes=1m"), ("on-demand:", "size=25%,nr_inodes=1m"), ("on-demand:size=8m", "size=8m,nr_inodes=1m"),
    ("on-demand:size=8m,nr_inodes=2k", "size=8m,nr_inodes=2k"),
  ] as [(String, String?)])
  func isCommit(value: String, memory: String?) {
    for earlier in ["always", "on-demand:size=1m"] {
      let settings = settings("preroot=LABEL=data preroot.commit=\(earlier) preroot.commit=\(value)")
      #expect(settings.memory?.text.string == memory)
      #expect(settings.remarks.isEmpty)
    }
  }

  @Test("Commit= rejects other words and keeps its value", arguments: ["on_demand", "ondemand", "yes", "on-demand size=1m", "tmpfs"])
  func isNoCommit(value: String) {
    let settings = settings("preroot=LABEL=data preroot.commit=on-demand:size=1m \"preroot.commit=\(value)\"")
    #expect(settings.memory?.size == "1m")
    #expect(settings.remarks.strings == ["error: Kernel command line: preroot.commit='\(value)' is neither always nor on-demand, ignoring"])
  }

  @Test("Commit=on-demand without a device is ignored with an error, whichever word comes first", arguments: [
    "preroot.commit=on-demand", "preroot=tmpfs preroot.commit=on-demand", "preroot.commit=on-demand preroot=tmpfs:size=8m", "preroot=LABEL=data preroot.commit=on-demand preroot=tmpfs",
  ])
  func isCommitWithoutDevice(line: String) {
    let settings = settings(line)
    #expect(settings.memory == nil)
    #expect(settings.remarks.strings == ["error: Kernel command line: preroot.commit='on-demand' needs an upper on a device, ignoring; the upper is a tmpfs"])
  }

  @Test("Commit=on-demand names the settings that it cannot be together with, and which counts", arguments: [
    ("preroot.crypt=random", "error: Kernel command line: preroot.commit='on-demand' cannot be together with Crypt=random, which counts: each boot has a new upper", false),
    ("preroot.reset", "warning: Kernel command line: preroot.commit='on-demand' is of no use with Reset=, which counts: each boot discards what was committed", true),
    ("preroot.bind=/srv", "notice: Kernel command line: preroot.commit='on-demand' does not concern Bind=: its directories are on the device at once, which stays writable for them", true),
  ])
  func isCommitWith(word: String, remark: String, expected: Bool) {
    for line in ["preroot.commit=on-demand \(word)", "\(word) preroot.commit=on-demand"] {
      let settings = settings("preroot=LABEL=data \(line)")
      #expect((settings.memory != nil) == expected)
      #expect(settings.remarks.strings == [remark])
    }
  }

  @Test("Commit=on-demand keeps the device read-only unless Bind= has data there", arguments: [("", false), ("on-demand", true)])
  func isReadOnly(commit: String, expected: Bool) {
    #expect(settings("preroot=LABEL=data preroot.commit=\(commit)").keepsDeviceReadOnly == expected)
    #expect(!settings("preroot=LABEL=data preroot.commit=\(commit) preroot.bind=/srv").keepsDeviceReadOnly)
  }

  @Test("Bind= drops duplicates and directories within another, and may be empty", arguments: [
    ("/home", ["/home"]), ("/home:/var/lib/docker", ["/home", "/var/lib/docker"]), ("/home/:/home", ["/home"]), ("/a/b:/a", ["/a"]), ("", []),
  ] as [(String, [String])])
  func isBinds(value: String, expected: [String]) {
    for (settings, remarks) in both("Bind", value, over: "/before") {
      #expect(settings.binds.strings == expected)
      #expect(remarks.isEmpty)
    }
  }

  @Test("Bind= rejects the root and invalid paths, and keeps the valid ones beside them", arguments: [
    ("/", ["/before"], ["'/' includes the root itself, which cannot bypass the overlay, ignoring"]),
    ("/home:/", ["/before"], ["'/home:/' includes the root itself, which cannot bypass the overlay, ignoring"]),
    ("home", ["/before"], ["'home' is not an absolute path without '..', ignoring"]),
    ("/a:b:/c/..", ["/a"], ["'b' is not an absolute path without '..', ignoring", "'/c/..' is not an absolute path without '..', ignoring"]),
    ("/run/x:/home", ["/home"], ["'/run/x' is in one of the kernel's own file systems, which cannot be overlaid, ignoring"]),
    (":", ["/before"], []),
  ] as [(String, [String], [String])])
  func isNoBinds(value: String, expected: [String], said: [String]) {
    for (settings, remarks) in both("Bind", value, over: "/before") {
      #expect(settings.binds.strings == expected)
      #expect(remarks == said.map { "error: \($0)" })
    }
  }
}

@Suite("Factory reset")
struct FactoryResetTests {
  @Test("The last systemd.factory_reset= on the command line decides about a factory reset", arguments: [
    ("", false), ("systemd.factory_reset", true), ("systemd.factory-reset", true), ("systemd.factory_reset=yes", true), ("systemd.factory_reset=1", true),
    ("systemd.factory_reset=no", false), ("systemd.factory_reset=", false), ("systemd.factory_reset=auto", false), ("systemd.factory_reset=junk", false),
    ("systemd.factory_reset=yes systemd.factory_reset=no", false), ("systemd.factory_reset=no systemd.factory_reset", true),
    ("systemd.factory_resets", false), ("rd.systemd.factory_reset=yes", false), ("factory_reset=yes", false),
  ])
  func isAsked(line: String, expected: Bool) {
    var facts = BootFacts()
    facts.commandLine = KernelCommandLine(parsing: Text(utf8: line))
    #expect(facts.isFactoryReset == expected)
  }
}

@Suite("The scope")
struct ScopeTests {
  @Test("The scope covers a path at or below one of its directories", arguments: [
    (.root, "/", true), (.root, "/var/lib", true), (.directories(["/etc", "/var"]), "/var", true), (.directories(["/etc", "/var"]), "/var/lib", true),
    (.directories(["/etc"]), "/var/lib", false), (.directories(["/va"]), "/var", false), (.directories([]), "/var", false),
  ] as [(Scope, Text, Bool)])
  func covers(scope: Scope, path: Text, isCovered: Bool) { #expect(scope.covers(path) == isCovered) }
}
