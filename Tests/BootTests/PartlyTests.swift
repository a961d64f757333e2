// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// A directory that cannot be mounted is the only loss.
@Suite("Partial losses")
struct PartlyTests {
  private func expectLoss(of part: String, _ how: String = "is lost: ", in boot: Boot, at location: SourceLocation = #_sourceLocation) {
    #expect(boot.state == "degraded", sourceLocation: location)
    #expect(boot.failedUnits == ["overlay-prep.service"], sourceLocation: location)
    #expect(boot.units["overlay-prep.service"]?.properties["ExecMainStatus"] == "5", sourceLocation: location)
    #expect(boot.units["graphical.target"]?.activeState == "active", sourceLocation: location)
    #expect(boot.startupCount == 1, sourceLocation: location)
    let errors = boot.journal.entries(of: "overlay-prep.service").filter { $0.identifier == "preroot" && $0.priority <= 3 }
    #expect(errors.contains { $0.message.hasPrefix("\(part) \(how)") }, "\(errors.map(\.message))", sourceLocation: location)
    #expect(boot.file("preroot/state.json")?.contains("\"lost\": [\"\(part) \(how)") == true, sourceLocation: location)
    #expect(boot.told("login")?.contains("is partly writable") == true, sourceLocation: location)
  }

  @Test("A missing directory of Scope= loses only itself", arguments: Entrance.chosen)
  func hasDirectories(entrance: Entrance) async throws {
    let boot = try await Machine(.kernel(.squashfs), .noting, "preroot=tmpfs", "preroot.scope=/etc:/no/such:/var").by(entrance).boot()
    expectLoss(of: "Scope=/no/such", in: boot)
    for directory in ["/etc", "/var"] { #expect(boot.mounts[directory]?.source == "preroot") }
    #expect(!boot.isRootWritable)
  }

  /// Otherwise systemd would find /opt mounted and never mount the administrator's file system.
  @Test("A directory of Scope= that /etc/fstab mounts loses only itself", arguments: Entrance.chosen)
  func hasTable(entrance: Entrance) async throws {
    let tree = Tree.noting.withDirectory("/opt").with("/etc/fstab", "none /opt tmpfs size=1m,mode=0700 0 0\n")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs", "preroot.scope=/etc:/opt:/var").by(entrance).boot()
    expectLoss(of: "Scope=/opt", "is left out: /etc/fstab mounts none there", in: boot)
    #expect(boot.mounts["/opt"]?.source == "none")
    for directory in ["/etc", "/var"] { #expect(boot.mounts[directory]?.source == "preroot") }
  }

  @Test("A dangling link in Bind= loses only itself, and the upper stays", arguments: Entrance.chosen)
  func hasUpper(entrance: Entrance) async throws {
    let tree = Tree.noting.without("/srv").linking("/srv", to: "/nowhere/srv").withDirectory("/opt")
    let boot = try await Machine(keepingOn: .ext4(), tree, "preroot.bind=/srv:/opt").by(entrance).boot()
    expectLoss(of: "Bind=/srv", in: boot)
    #expect(boot.isRootWritable)
    #expect(boot.store?.fileSystem == "ext4")
    #expect(boot.mounts["/opt"] != nil)
  }

  /// cp is a script that fails with another complaint for each of the directories.
  @Test("Of two losses in one boot, each shows its own program's complaint", arguments: Entrance.chosen)
  func complain(entrance: Entrance) async throws {
    let cp = "#!/bin/sh\ncase $3 in */srv | */opt) echo \"no room for ${3##*/}\"; exit 1 ;; esac\nexec /usr/lib/bed/cp \"$@\"\n"
    let tree = Tree.noting.with(copyOf: "/usr/bin/cp", at: "/usr/lib/bed/cp").with("/usr/bin/cp", cp, mode: 0o755)
    let boot = try await Machine(keepingOn: .ext4(), tree, "preroot.bind=/srv:/opt").by(entrance).boot()
    expectLoss(of: "Bind=/srv", in: boot)
    let state = try #require(boot.file("preroot/state.json"))
    let lost = try #require((try JSONSerialization.jsonObject(with: Data(state.utf8)) as? [String: Any])?["lost"] as? [String])
    #expect(lost.map { $0.hasSuffix("; cp exited with status 1: no room for srv") } == [true, false], "\(lost)")
    #expect(lost.map { $0.hasSuffix("; cp exited with status 1: no room for opt") } == [false, true], "\(lost)")
  }
}

@Suite("The clock without a battery")
struct ClockTests {
  /// systemd itself only does this when it starts or re-executes.
  @Test("The clock continues from the time in the upper after a reload", arguments: ["/var/lib/systemd/timesync", "/var/lib/private/systemd/timesync"])
  func goesOn(directory: String) async throws {
    let tree = Tree.lean.noting("mkdir -p \(directory); touch -d '2035-01-01 00:00 UTC' \(directory)/clock; date +time=%Y\n")
    let boots = try await Machine(keepingOn: .ext4(), tree, "preroot.switch=reload").boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots[0].told("time") != "2035")
    #expect(boots[1].told("time") == "2035")
    #expect(boots[1].journal.entries.contains { $0.message.hasPrefix("Set the clock forward by ") })
  }
}
