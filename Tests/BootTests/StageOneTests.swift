// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("Stage 1")
struct StageOneTests {
  @Test("systemd.debug_shell starts a shell in stage 1 that survives into stage 2")
  func hasDebugShell() async throws {
    // The machine lacks /dev/tty9, which the shell needs by default.
    let tree = Tree.lean
      .with("/etc/systemd/system/debug-shell.service.d/bed.conf",
            "[Unit]\nConditionPathExists=\n[Service]\nExecStart=\nExecStart=/bin/sleep infinity\nStandardInput=null\nStandardOutput=null\nTTYPath=\nTTYReset=no\nTTYVHangup=no\n")
      .running("""
        shell=$(systemctl show --property=MainPID --value debug-shell.service)
        # It came along to the overlay.
        [ "$(stat -Lc %d:%i /proc/$shell/root)" = "$(stat -c %d:%i /)" ]
        """)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs", "preroot.switch=reload", "systemd.debug_shell").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.unitsBegunInStageOne == ["debug-shell.service"])
    #expect(boot.unitsStarted["debug-shell.service"] == 1)
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "The script did not run")")
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.startupCount == 1)
    #expect(boot.consoleFailures == [])
  }

  /// The helper's first call of PID 1, and one of its last calls.
  static let moments = ["StartUnit", "LoadUnit"]

  @Test("A power-off in stage 1 shuts the machine down without failures", arguments: moments)
  func powersOff(moment: String) async throws {
    // `systemctl poweroff` makes this request, and Ctrl-Alt-Del one like it for a reboot.
    let tree = try await Tree.lean.having(calls: moment, .after("systemctl --no-block --job-mode=replace-irreversibly start poweroff.target"))
    let console = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").bootUntilPowerOff()
    #expect(console.lines.contains { $0.contains("Power down") })
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "The boot continued")
    #expect(console.lines.filter { $0.contains("Cannot continue") || $0.contains("PID 1 refuses to reload") } == [])
    #expect(console.failures == [])
  }

  @Test("A power-off in stage 1 succeeds while the helper hangs")
  func powersOffWhileHanging() async throws {
    let tree = Tree.lean.with("/usr/lib/preroot/overlay-prep",
      "#!/bin/sh\nsystemctl --no-block --job-mode=replace-irreversibly start poweroff.target\nexec sleep 60\n", mode: 0o755)
    let console = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").bootUntilPowerOff()
    #expect(console.lines.contains { $0.contains("Power down") })
    #expect(console.failures == [])
  }

  @Test("A machine with 64 MB of memory gets a larger /run during the reload")
  func growsRun() async throws {
    func small(_ tree: Tree) async throws -> Boot {
      var machine = Machine(.kernel(.squashfs), tree, "preroot=tmpfs", "preroot.switch=reload")
      machine.memoryInMegabytes = 64
      return try await machine.boot()
    }
    func size(of mount: MountTable.Mount?) -> String? { mount?.superOptions.first { $0.hasPrefix("size=") } }
    let boot = try await small(.lean)
    let plain = try await small(Tree.lean.withoutPreroot)
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(!boot.journal.entries(saying: "Enlarged /run while systemd reloads").isEmpty)
    #expect(boot.journal.entries(saying: "PID 1 refuses to reload").isEmpty)
    #expect(size(of: boot.mounts["/run"]) != nil)
    #expect(size(of: boot.mounts["/run"]) == size(of: plain.mounts["/run"]))
  }
}
