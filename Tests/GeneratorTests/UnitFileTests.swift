// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

@Suite("Unit files")
struct UnitFileTests {
  /// The complaints of systemd-analyze about these units, which it looks up in these directories and then in the machine's own.
  private func verify(_ units: [String], in directories: [String]) throws -> String {
    let run = try Run(
      "systemd-analyze", ["verify", "--man=no", "--recursive-errors=no"] + units,
      environment: ["SYSTEMD_UNIT_PATH": directories.map { $0 + ":" }.joined()], package: "systemd")
    return run.errors + (run.status == 0 ? "" : "exit status \(run.status)")
  }

  /// The shipped units with the path of the built helper, as systemd-analyze requires the program to exist.
  private func units() throws -> Temporary {
    let directory = try Temporary()
    for unit in try FileManager.default.contentsOfDirectory(atPath: Checkout.path.appending(path: "generator/units").path) {
      let text = try Checkout.text("generator/units/\(unit)").replacing("/usr/lib/preroot/overlay-prep", with: Checkout.ships("overlay-prep"))
      try text.write(toFile: directory.path(unit), atomically: false, encoding: .utf8)
    }
    return directory
  }

  @Test("systemd-analyze verify accepts the shipped units")
  func acceptsShippedUnits() throws {
    let units = try units()
    let names = try FileManager.default.contentsOfDirectory(atPath: units.path).sorted()
    #expect(names == [
      "overlay-prep.service", "overlay-prep.target", "preroot-fallback.service", "preroot-prepared.target", "preroot-settle.service",
      "preroot-stage1.target", "prerootcheck.slice",
    ])
    #expect(try verify(names, in: [units.path]) == "")
  }

  /// One of each type.
  private static let held = [
    "a.service": "[Service]\nExecStart=true\n", "a.socket": "[Socket]\nListenStream=/run/a\n", "a.target": "[Unit]\n",
    "a.timer": "[Timer]\nOnBootSec=1\n", "a.path": "[Path]\nPathExists=/a\n", "mnt-a.mount": "[Mount]\nWhat=tmpfs\nType=tmpfs\nWhere=/mnt/a\n",
    "dev-a.swap": "[Swap]\nWhat=/dev/a\n", "mnt-b.automount": "[Automount]\nWhere=/mnt/b\n",
    "mnt-b.mount": "[Mount]\nWhat=tmpfs\nType=tmpfs\nWhere=/mnt/b\n",
  ]

  @Test("systemd-analyze verify accepts the ordered units and the unit that they wait for")
  func acceptsOrderedUnits() throws {
    let units = try units()
    let machine = try MiniatureMachine()
    #expect(try machine.generate().status == 0)
    for (name, text) in Self.held { try text.write(toFile: units.path(name), atomically: false, encoding: .utf8) }
    // The links lead to the installed units.
    try FileManager.default.removeItem(atPath: "\(machine.normal)/sysinit.target.wants")
    let names = ["overlay-prep.service", "preroot-prepared.target", "preroot-settle.service"] + Self.held.keys.sorted()
    #expect(try verify(names, in: [machine.early, machine.normal, units.path]) == "")
  }

  @Test("systemd-analyze verify accepts the units of stage 1 and the units that it masks")
  func acceptsGeneratedUnits() throws {
    let units = try units()
    let machine = try MiniatureMachine()
    #expect(try machine.generate(environment: ["SYSTEMD_PROC_CMDLINE": "rescue preroot.switch=reload"]).status == 0)
    // The links lead to the installed units; these ones are elsewhere.
    for name in ["default.target", "rescue.target"] {
      try FileManager.default.removeItem(atPath: "\(machine.early)/\(name)")
      try FileManager.default.createSymbolicLink(atPath: "\(machine.early)/\(name)", withDestinationPath: units.path("overlay-prep.target"))
    }
    for (name, text) in Self.held { try text.write(toFile: units.path(name), atomically: false, encoding: .utf8) }
    let names = ["default.target", "rescue.target", "overlay-prep.service", "preroot-fallback.service"] + Self.held.keys.sorted()
    #expect(try verify(names, in: [machine.early, machine.normal, units.path]) == "")
  }

  @Test("systemd-analyze verify accepts the units of stage 2")
  func acceptsUnitsOfSecondStage() throws {
    let units = try units()
    let machine = try MiniatureMachine()
    try machine.write("etc/fstab", "/dev/root / ext4 ro\n")
    let table = try String(contentsOfFile: "\(machine.root)/proc/1/mountinfo", encoding: .utf8).split(separator: "\n").dropLast()
    try machine.write("proc/1/mountinfo", (table + [
      "40 1 0:40 / / rw shared:1 - overlay preroot rw", "41 40 0:41 / /etc rw shared:2 - overlay preroot rw",
      #"42 40 0:42 / /var/lib-x\040% rw shared:3 - overlay preroot rw"#,
    ]).joined(separator: "\n"))
    #expect(try machine.generate().status == 0)
    let names = ["etc.mount", #"var-lib\x2dx\x20\x25.mount"#]
    #expect(try Set(machine.output.below("generator.late").nodes.keys) == Set(names))
    #expect(try machine.output.nodes["generator/systemd-remount-fs.service.d/zz-preroot.conf"] != nil)
    // The helper is elsewhere, too.
    let dropIn = "\(machine.normal)/systemd-remount-fs.service.d/zz-preroot.conf"
    try String(contentsOfFile: dropIn, encoding: .utf8).replacing("/usr/lib/preroot/overlay-prep", with: Checkout.ships("overlay-prep"))
      .write(toFile: dropIn, atomically: false, encoding: .utf8)
    // The link to preroot-settle.service leads to the installed unit.
    try FileManager.default.removeItem(atPath: "\(machine.normal)/sysinit.target.wants")
    #expect(try verify(names + ["systemd-remount-fs.service"], in: [machine.normal, units.path, machine.late]) == "")
  }

  @Test("systemd-analyze verify would find a mistake in the units")
  func findsMistake() throws {
    let units = try units()
    try "[Unit]\nConditionPathExist=/x\n".write(toFile: units.path("overlay-prep.target"), atomically: false, encoding: .utf8)
    #expect(try verify(["overlay-prep.target"], in: [units.path]).contains("Unknown key"))
  }

  /// The generator checks that these units exist before it stages a boot, and exempts them from the masks.
  @Test("The units that the core names are installed")
  func getsKnownUnits() throws {
    let installed = try FileManager.default.contentsOfDirectory(atPath: Checkout.path.appending(path: "generator/units").path)
    #expect(Set(["overlay-prep.target", "overlay-prep.service", "preroot-fallback.service"]).isSubset(of: installed))
  }
}
