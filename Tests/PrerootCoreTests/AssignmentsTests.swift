// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

/// The settings of a machine with this kernel command line and this /etc/preroot.conf.
func assignments(_ commandLine: String, configuration: String = "") -> Assignments {
  var assignments = Assignments()
  assignments.add(file: "/etc/preroot.conf", Text(utf8: configuration))
  assignments.add(KernelCommandLine(parsing: Text(utf8: commandLine)))
  return assignments
}

@Suite("Assignments")
struct AssignmentsTests {
  @Test("Each setting has one name, spelled Name= in files and preroot.name= on the command line", arguments: Setting.allCases)
  func hasTwoDresses(setting: Setting) {
    let directive = setting.text.string
    let key = "preroot.\(directive.lowercased())"
    let onLine = assignments("\(key)=x")
    #expect(onLine.all.map(\.setting) == [setting])
    #expect(onLine.all.first?.isFromCommandLine == true)
    #expect(onLine.all.first?.value.string == "x")
    #expect(onLine.all.first?.origin.string == "Kernel command line: \(key)=")
    let inFile = assignments("", configuration: "[Preroot]\n\(directive)=x\n")
    #expect(inFile.all.map(\.setting) == [setting])
    #expect(inFile.all.first?.isFromCommandLine == false)
    #expect(inFile.all.first?.origin.string == "/etc/preroot.conf:2: \(directive)=")
    #expect((onLine.remarks + inFile.remarks).isEmpty)
  }

  @Test("Assignments on the kernel command line override those in files")
  func isBeatenByCommandLine() {
    let all = assignments("preroot.upper=b preroot.upper=c", configuration: "[Preroot]\nUpper=a\n").all
    #expect(all.map(\.value.string) == ["a", "b", "c"])
  }

  @Test("preroot= sets Enable=, and Upper= too if its value names an upper", arguments: [
    ("preroot", ["enable=yes"]), ("preroot=yes", ["enable=yes"]), ("preroot=auto", ["enable=auto"]), ("preroot=off", ["enable=off"]),
    ("preroot=tmpfs", ["upper=tmpfs", "enable=yes"]), ("preroot=tmpfs:size=10%", ["upper=tmpfs:size=10%", "enable=yes"]),
    ("preroot=/dev/vdb", ["upper=/dev/vdb", "enable=yes"]), ("preroot=LABEL=data", ["upper=LABEL=data", "enable=yes"]),
    ("preroot=PARTUUID=1-2", ["upper=PARTUUID=1-2", "enable=yes"]), ("preroot=mtd:data", ["upper=mtd:data", "enable=yes"]),
    ("preroot=ubi0:data", ["upper=ubi0:data", "enable=yes"]), ("preroot=label=data", ["upper=label=data", "enable=yes"]),
    // These can only mean a device, although they name none: preroot is enabled.
    ("preroot=sda3", ["upper=sda3", "enable=yes"]), ("preroot=mmcblk0p2", ["upper=mmcblk0p2", "enable=yes"]), ("preroot=LABLE=x", ["upper=LABLE=x", "enable=yes"]),
    ("preroot=dev/sda3", ["upper=dev/sda3", "enable=yes"]), ("preroot=tmpfs=50%", ["upper=tmpfs=50%", "enable=yes"]),
  ] as [(String, [String])])
  func isShort(line: String, expected: [String]) {
    let assignments = assignments(line)
    #expect(assignments.all.map { "\($0.setting)=\($0.value.string)" } == expected)
    #expect(assignments.remarks.isEmpty)
  }

  @Test("overlayroot= is honored where preroot has an equivalent, and a log line always says so", arguments: [
    ("overlayroot=tmpfs", "enable=yes", "notice: Kernel command line: overlayroot= is understood as preroot, its own options are ignored"),
    ("overlayroot=tmpfs:swap=1,recurse=0", "enable=yes",
     "notice: Kernel command line: overlayroot= is understood as preroot, its own options are ignored"),
    ("overlayroot=disabled", "enable=no", "notice: Kernel command line: overlayroot= is understood as preroot=no"),
    ("overlayroot=", "enable=no", "notice: Kernel command line: overlayroot= is understood as preroot=no"),
    ("overlayroot", "", "warning: Kernel command line: overlayroot= has no value, ignoring"),
    ("overlayroot=device:dev=/dev/sdb", "upper=overlayroot=device:dev=/dev/sdb enable=yes",
     "error: Kernel command line: overlayroot='device:dev=/dev/sdb' is overlayroot's syntax for a device; use preroot="),
    ("overlayroot=/dev/sdb", "upper=overlayroot=/dev/sdb enable=yes",
     "error: Kernel command line: overlayroot='/dev/sdb' is overlayroot's syntax for a device; use preroot="),
    ("overlayroot=tmpf", "", "error: Kernel command line: overlayroot='tmpf' is not understood, ignoring; use preroot="),
  ])
  func isForOverlayroot(line: String, expected: String, remark: String) {
    let assignments = assignments(line)
    #expect(assignments.all.map { "\($0.setting)=\($0.value.string)" }.joined(separator: " ") == expected)
    #expect(assignments.remarks.strings == [remark])
  }

  @Test("preroot= with a tag but no name enables nothing, and a log line says so", arguments: [
    ("preroot=LABEL=", "LABEL="), ("preroot=UUID=", "UUID="), ("preroot=label=", "label="), ("preroot=mtd:", "mtd:"), ("preroot=ubi0:", "ubi0:"),
    ("preroot=/dev/", "/dev/"), ("overlayroot=device:dev=", "overlayroot=device:dev="), ("overlayroot=device:dev=LABEL=", "overlayroot=device:dev=LABEL="),
  ])
  func hasNoName(line: String, upper: String) {
    let assignments = assignments(line)
    #expect(assignments.all.map { "\($0.setting)=\($0.value.string)" } == ["upper=\(upper)"])
    #expect(assignments.remarks.strings.last?.hasSuffix("names no device, so it enables nothing") == true)
    #expect(Request(assignments).enable == .auto)
    #expect(Request(assignments).unread?.string.hasPrefix("Kernel command line: ") == true)
  }

  @Test("A valid preroot= makes up for an invalid one before it", arguments: ["preroot=LABEL= preroot", "preroot=tmpsf preroot=auto", "preroot= preroot=no"])
  func makesUp(line: String) {
    #expect(Request(assignments(line)).unread == nil)
  }

  @Test("An invalid word or line is ignored, and a log line quotes it and says what is valid", arguments: [
    ("preroot=tmpsf", "", "error: Kernel command line: preroot='tmpsf' is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring"),
    ("preroot=sdcard", "", "error: Kernel command line: preroot='sdcard' is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring"),
    ("preroot=\u{11}", "", "error: Kernel command line: preroot='\u{11}' is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring"),
    ("preroot=-1", "", "error: Kernel command line: preroot='-1' is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring"),
    ("preroot=y_e-s", "", "error: Kernel command line: preroot='y_e-s' is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring"),
    ("preroot=", "", "error: Kernel command line: preroot='' is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring"),
    ("preroot.uper=tmpfs", "",
     "warning: Kernel command line: preroot.uper= is not a setting of preroot, ignoring; see preroot.conf(5)"),
    ("preroot.scopes", "", "warning: Kernel command line: preroot.scopes= is not a setting of preroot, ignoring; see preroot.conf(5)"),
    ("preroot_upper=tmpfs", "", "warning: Kernel command line: preroot_upper= is not a setting of preroot, ignoring; see preroot.conf(5)"),
    ("preroot.upper", "", "warning: Kernel command line: preroot.upper= has no value, ignoring"),
    ("", "[Preroot]\nUper=tmpfs\n", "warning: /etc/preroot.conf:2: Uper= is not a setting of preroot, ignoring; see preroot.conf(5)"),
    ("", "[Preroot]\nupper=tmpfs\n", "warning: /etc/preroot.conf:2: upper= is not a setting of preroot, ignoring; see preroot.conf(5)"),
    ("", "Upper=tmpfs\n", "warning: /etc/preroot.conf:1: Upper= is not in the section [Preroot], ignoring"),
    ("", "[Overlay]\nUpper=tmpfs\n", "warning: /etc/preroot.conf:2: Upper= is not in the section [Preroot], ignoring"),
    ("", "[Preroot]\nUpper tmpfs\n", "warning: /etc/preroot.conf:2: 'Upper tmpfs' is not 'Setting=value', ignoring"),
  ])
  func isNone(line: String, configuration: String, remark: String) {
    let assignments = assignments(line, configuration: configuration)
    #expect(assignments.all.isEmpty)
    #expect(assignments.remarks.strings == [remark])
  }

  @Test("Words that merely resemble preroot= are ignored without a log line", arguments: ["rd.preroot=no", "preroo=no", "overlayroot_cfgdisk=disabled", "root=/dev/vda", "-preroot"])
  func isNotForOthers(line: String) {
    #expect(assignments(line) == assignments(""))
  }

  @Test("Keys on the kernel command line ignore case, '-' and '_'", arguments: [
    ("preroot.onlowerchange", Setting.onLowerChange), ("preroot.on-lower-change", .onLowerChange), ("preroot.on_lower_change", .onLowerChange),
    ("preroot.OnLowerChange", .onLowerChange), ("preroot.fs-type", .fsType), ("preroot.fstype", .fsType), ("preroot.up-per", .upper),
  ])
  func hasKeyWithDashes(key: String, expected: Setting) {
    #expect(assignments("\(key)=x").all.map(\.setting) == [expected])
    #expect(assignments("\(key)=x").remarks.isEmpty)
  }

  @Test("A file must spell a setting's name exactly", arguments: Setting.allCases)
  func hasExactName(setting: Setting) {
    let directive = setting.text
    #expect(Setting(directive: directive) == setting)
    #expect(Setting(key: directive) == setting)
    #expect(Setting(directive: directive.lowercased) == nil)
    #expect(Setting(directive: directive + "s") == nil)
    #expect(Setting(directive: directive.dropLast(1)) == nil)
    #expect(Setting(key: directive + "s") == nil)
  }

  @Test("preroot.reset needs no value")
  func resetsWithoutValue() {
    let assignments = assignments("preroot.reset")
    #expect(assignments.all.map { "\($0.setting)=\($0.value.string)" } == ["reset=yes"])
    #expect(assignments.remarks.isEmpty)
  }

  @Test("Every setting except Reset= and Crypt= needs a value on the kernel command line", arguments: Setting.allCases.filter { $0 != .reset && $0 != .crypt })
  func needsValue(setting: Setting) {
    let key = setting.text.lowercased.string
    #expect(assignments("preroot.\(key)").all.isEmpty)
    #expect(assignments("preroot.\(key)").remarks.strings == ["warning: Kernel command line: preroot.\(key)= has no value, ignoring"])
  }
}

@Suite("The request")
struct RequestTests {
  private func request(_ line: String, configuration: String = "") -> Request {
    Request(assignments(line, configuration: configuration))
  }

  @Test("Enable= is auto by default")
  func isAuto() {
    #expect(request("quiet") == Request(Assignments()))
    #expect(request("quiet").enable == .auto)
    #expect(!request("quiet").isFromCommandLine)
  }

  @Test("Enable= takes the booleans of systemd, overlayroot and dracut", arguments: [
    (Enable.no, ["no", "0", "off", "false", "n", "f", "disabled"]),
    (Enable.yes, ["yes", "1", "on", "true", "y", "t", "enabled"]),
    (Enable.auto, ["auto"]),
  ] as [(Enable, [String])])
  func isUnderstood(expected: Enable, words: [String]) {
    for word in words {
      #expect(request("preroot=\(word)").enable == expected, "preroot=\(word)")
      #expect(request("preroot.enable=\(word)").enable == expected, "preroot.enable=\(word)")
      #expect(request("", configuration: "[Preroot]\nEnable=\(word)\n").enable == expected, "Enable=\(word)")
      #expect(request("preroot=\(word)").remarks.isEmpty)
    }
  }

  @Test("preroot=no may be written in capitals, like any boolean of systemd", arguments: ["No", "OFF", "False", "N", "Disabled"])
  func isUnderstoodInCapitals(word: String) {
    #expect(request("preroot=\(word)").enable == .no)
  }

  @Test("The last valid value of Enable= wins", arguments: [
    ("preroot=no preroot=tmpfs", "", Enable.yes, true),
    ("preroot=tmpfs preroot=no", "", .no, false),
    ("preroot preroot=auto", "", .auto, true),
    ("preroot=off preroot=maybe", "", .no, false),
    ("preroot=auto", "[Preroot]\nEnable=no\n", .auto, true),
    ("preroot=no", "[Preroot]\nEnable=yes\n", .no, false),
    ("preroot.enable=yes", "[Preroot]\nEnable=no\n", .yes, true),
    ("", "[Preroot]\nEnable=no\nEnable=yes\n", .yes, false),
    ("overlayroot=tmpfs preroot=no", "", .no, false),
    ("preroot=no overlayroot=tmpfs", "", .yes, true),
    ("preroot.upper=tmpfs", "", .auto, false),
  ])
  func goesByLastWord(line: String, configuration: String, enable: Enable, isFromCommandLine: Bool) {
    let request = request(line, configuration: configuration)
    #expect(request.enable == enable)
    #expect(request.isFromCommandLine == isFromCommandLine)
  }

  @Test("An invalid value of Enable= is ignored, and a log line lists the valid ones")
  func isNone() {
    #expect(request("preroot.enable=maybe").remarks.strings
      == ["error: Kernel command line: preroot.enable='maybe' is neither no, auto nor yes, ignoring"])
    #expect(request("", configuration: "[Preroot]\nEnable=\n").remarks.strings
      == ["error: /etc/preroot.conf:2: Enable='' is neither no, auto nor yes, ignoring"])
    #expect(request("", configuration: "[Preroot]\nEnable=tmpfs\n").enable == .auto)
  }
}

@Suite("Settings")
struct SettingsTests {
  private func settings(_ line: String, configuration: String = "") -> Settings {
    Settings(assignments(line, configuration: configuration))
  }

  @Test("The default upper is a tmpfs of 25% of the memory, and the default scope is /")
  func areStandard() {
    let settings = settings("preroot")
    #expect(settings == Settings())
    #expect(settings.upper.text.string == "tmpfs:size=25%,nr_inodes=1m")
    #expect(settings.scope.text.string == "/")
  }

  @Test("Upper=tmpfs: takes size= and nr_inodes=, and has defaults for both", arguments: [
    ("tmpfs", "tmpfs:size=25%,nr_inodes=1m"),
    ("tmpfs:", "tmpfs:size=25%,nr_inodes=1m"),
    ("tmpfs:size=64m", "tmpfs:size=64m,nr_inodes=1m"),
    ("tmpfs:size=1048576", "tmpfs:size=1048576,nr_inodes=1m"),
    ("tmpfs:size=1G,nr_inodes=200k", "tmpfs:size=1G,nr_inodes=200k"),
    ("tmpfs:nr_inodes=5", "tmpfs:size=25%,nr_inodes=5"),
    ("tmpfs:size=10%,size=20%", "tmpfs:size=20%,nr_inodes=1m"),
  ])
  func takeTmpfs(word: String, expected: String) {
    for settings in [settings("preroot=\(word)"), settings("preroot.upper=\(word)"), settings("", configuration: "[Preroot]\nUpper=\(word)\n")] {
      #expect(settings.upper.text.string == expected)
      #expect(settings.remarks.isEmpty)
    }
  }

  @Test("An invalid tmpfs option is ignored, and a log line quotes it and gives examples", arguments: [
    "size=big", "size=", "size", "size=0", "size=0%", "size=-1m", "size=1.5g", "size=64mb", "size=m", "size=99999999999999999999",
    "nr_inodes=10%", "nr_inodes=0", "nr_inodes", "mode=0777", "sise=1m",
  ])
  func nameWrongOption(option: String) {
    let settings = settings("preroot=tmpfs:\(option)")
    #expect(settings.upper == .standard)
    #expect(settings.remarks.strings == [
      "error: Kernel command line: preroot='\(option)' is not an option of a tmpfs upper (size=64m, size=25%, nr_inodes=200k), ignoring"
    ])
  }

  @Test("An invalid tmpfs option does not discard the valid ones beside it")
  func keepRightHalf() {
    let settings = settings("preroot=tmpfs:size=64m,nr_inodes=many")
    #expect(settings.upper.text.string == "tmpfs:size=64m,nr_inodes=1m")
    #expect(settings.remarks.count == 1)
  }

  @Test("Upper= takes a device by path, tag, MTD name or UBI volume", arguments: [
    "/dev/vdb", "LABEL=data", "UUID=1", "PARTLABEL=data", "PARTUUID=1", "mtd:data", "ubi0:data",
  ])
  func takeDevice(word: String) throws {
    let name = try #require(DeviceName(Text(utf8: word)))
    for settings in [settings("preroot=\(word)"), settings("preroot.upper=\(word)"), settings("", configuration: "[Preroot]\nUpper=\(word)\n")] {
      #expect(settings.upper == .device(name))
      #expect(settings.upper.isPersistent)
      #expect(settings.upper.text.string == word)
      #expect(settings.remarks.isEmpty)
    }
    #expect(!Upper.standard.isPersistent)
  }

  @Test("An invalid Upper= leaves the earlier value in place, and a log line says so", arguments: ["tmpf", "ramfs", "yes", "sdcard", "ubi", "vdisk", "label"])
  func ignoreWrongUpper(word: String) {
    let settings = settings("preroot.upper=\(word)", configuration: "[Preroot]\nUpper=tmpfs:size=10%\n")
    #expect(settings.upper.text.string == "tmpfs:size=10%,nr_inodes=1m")
    #expect(settings.remarks.strings == [
      "error: Kernel command line: preroot.upper='\(word)' is not an upper (tmpfs:..., /dev/..., LABEL=..., mtd:..., ubi0:..., tail), ignoring"
    ])
  }

  @Test("An empty assignment restores the setting's default")
  func areResetByEmpty() {
    let settings = settings("preroot.upper= preroot.scope=", configuration: "[Preroot]\nUpper=tmpfs:size=1m\nScope=/etc\n")
    #expect(settings == Settings())
  }

  @Test("Scope= drops duplicate directories and directories within another", arguments: [
    ("/", "/"), ("/etc", "/etc"), ("/etc:/var", "/etc:/var"), ("/etc/:/var//", "/etc:/var"), ("/etc:/etc", "/etc"),
    ("/var/lib:/var", "/var"), ("/var:/var/lib", "/var"), ("/a/b:/c:/a", "/c:/a"), ("/etc:/", "/"), ("::/etc:", "/etc"),
    ("/var:/variable", "/var:/variable"), ("/ru", "/ru"), ("/device", "/device"),
  ])
  func takeDirectories(value: String, expected: String) {
    for settings in [settings("preroot.scope=\(value)"), settings("", configuration: "[Preroot]\nScope=\(value)\n")] {
      #expect(settings.scope.text.string == expected)
      #expect(settings.remarks.isEmpty)
    }
  }

  @Test("Scope= ignores invalid directories, and a log line gives the reason for each", arguments: [
    ("etc:/var", "/var", ["'etc' is not an absolute path without '..', ignoring"]),
    ("/etc/../var:/srv", "/srv", ["'/etc/../var' is not an absolute path without '..', ignoring"]),
    ("/run:/var", "/var", ["'/run' is in one of the kernel's own file systems, which cannot be overlaid, ignoring"]),
    ("/sys/fs:/proc:/dev/shm:/etc", "/etc", [
      "'/sys/fs' is in one of the kernel's own file systems, which cannot be overlaid, ignoring",
      "'/proc' is in one of the kernel's own file systems, which cannot be overlaid, ignoring",
      "'/dev/shm' is in one of the kernel's own file systems, which cannot be overlaid, ignoring",
    ]),
    ("etc", "/usr", ["'etc' is not an absolute path without '..', ignoring"]),
    (":", "/usr", []),
  ] as [(String, String, [String])])
  func nameWrongDirectory(value: String, expected: String, remarks: [String]) {
    let settings = settings("preroot.scope=\(value)", configuration: "[Preroot]\nScope=/usr\n")
    #expect(settings.scope.text.string == expected)
    #expect(settings.remarks.strings == remarks.map { "error: Kernel command line: preroot.scope=\($0)" })
  }

  @Test("The last assignment of each setting wins, and the command line comes after files")
  func goByLastWord() {
    let settings = settings(
      "preroot.scope=/srv preroot=tmpfs:size=2m preroot.scope=/etc", configuration: "[Preroot]\nUpper=tmpfs:size=1m\nScope=/var\n")
    #expect(settings.upper.text.string == "tmpfs:size=2m,nr_inodes=1m")
    #expect(settings.scope == .directories(["/etc"]))
  }
}
