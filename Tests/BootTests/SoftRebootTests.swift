// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

/// A soft-reboot (systemd 254 and later) starts all units again on the same root, with the same /run.
@Suite("A soft-reboot")
struct SoftRebootTests {
  /// Reboots softly before the report, once.
  private static func tree(_ preparation: String = "") -> Tree {
    // systemd does not stop the probe, which has no default dependencies. It would count as running until its death is noticed in the next
    // boot, and not be started there.
    Tree(.trixie).with("/etc/systemd/system/bed-probe.service.d/softly.conf", "[Unit]\nConflicts=shutdown.target\nBefore=shutdown.target\n").running("""
      exec 2>&1
      mounts() { awk '{ print $5 }' /proc/1/mountinfo | grep -v ^/run/credentials | sort; }
      if [ ! -e /run/softly ]; then
        touch /run/softly
        cat /run/preroot/attempts > /run/attempts 2> /dev/null || :
        mounts > /run/mounts
        echo kept > /var/lib/kept
        \(preparation)
        systemctl --no-block soft-reboot
        sleep 100
      fi
      echo "reboots=$(systemctl show --property SoftRebootsCount --value)"
      echo "kept=$(cat /var/lib/kept)"
      echo "mounts=$(mounts | diff /run/mounts - | grep -c '^[<>]')"
      preroot status > /run/status
      echo "status=$?"
      echo "said=$(head -n 1 /run/status)"
      echo "attempts=$(cat /run/attempts)$(cat /run/preroot/attempts 2> /dev/null)"
      echo "steps=$(journalctl --boot --identifier preroot --output cat | grep -c '^/.* is writable, upper')"
      """)
  }

  private func expectSame(_ boot: Boot, at location: SourceLocation = #_sourceLocation) {
    let output = "\(boot.script?.output ?? "") \(boot)"
    #expect(boot.told("reboots") == "1", "\(output)", sourceLocation: location)
    #expect(boot.told("kept") == "kept", "\(output)", sourceLocation: location)
    #expect(boot.told("mounts") == "0", "\(output)", sourceLocation: location)
    #expect(boot.told("status") == "0", "\(output)", sourceLocation: location)
    #expect(boot.told("attempts") == "", "\(output)", sourceLocation: location)
    // The kernel's log and the journal's own entry, and not a third one.
    #expect(boot.told("steps").flatMap { Int($0) } ?? 9 <= 2, "\(output)", sourceLocation: location)
    #expect(boot.state == "running", "\(output)", sourceLocation: location)
    #expect(boot.failedUnits == [], "\(output)", sourceLocation: location)
  }

  @Test("A soft-reboot keeps the overlay, its upper and the mount table", arguments: [[], ["preroot.scope=/etc:/var"]])
  func keepsOverlay(words: [String]) async throws {
    var machine = Machine(.container, Self.tree(), "preroot=tmpfs")
    machine.words += words
    expectSame(try await machine.boot())
  }

  @Test("A soft-reboot keeps an upper on a device, and the next boot has it, too")
  func keepsDevice() async throws {
    let disk = try await Disk.ext4()
    for _ in 1...2 {
      expectSame(try await Machine(keepingOn: disk, Self.tree()).boot())
      #expect(try await !disk.needsRecovery)
    }
    #expect(try await !disk.names(in: "/").contains("attempts"))
  }

  @Test("A soft-reboot into /run/nextroot leaves the new root as it is, and preroot status says so")
  func leavesOverlay() async throws {
    let boot = try await Machine(.container, Self.tree("mkdir /run/nextroot; mount --bind /run/initramfs/preroot/lower /run/nextroot"), "preroot=tmpfs").boot()
    let output = "\(boot.script?.output ?? "") \(boot)"
    #expect(boot.told("reboots") == "1", "\(output)")
    #expect(boot.told("status") == "1", "\(output)")
    #expect(boot.told("said") == "/ was not made writable", "\(output)")
    #expect(!boot.isRootWritable, "\(output)")
    #expect(["running", "degraded"].contains(boot.state), "\(output)")
  }
}

/// systemd up to 257 takes words from this EFI variable. User Mode Linux has no EFI, and no container has: PID 1 takes them from its
/// environment instead, as systemd's own tests do it.
@Suite("The EFI variable SystemdOptions")
struct SystemdOptionsTests {
  @Test("A target in SystemdOptions does not keep the boot from a writable root")
  func bootsOn() async throws {
    let boot = try await Machine(.kernel(.squashfs), Tree.lean, "preroot=tmpfs", "SYSTEMD_EFI_OPTIONS=systemd.unit=rescue.target").boot()
    // So systemd calls the state of a machine in rescue.target.
    #expect(boot.state == "maintenance", "\(boot)")
    #expect(boot.failedUnits == [], "\(boot)")
    #expect(boot.mounts["/"]?.source == "preroot", "\(boot)")
    #expect(boot.isRootWritable, "\(boot)")
    #expect(boot.units["rescue.target"]?.activeState == "active", "\(boot)")
  }
}
