// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

@Suite("Facts of a machine")
struct FactTests {
  let directory: Temporary
  init() throws { directory = try Temporary() }

  private func machine() throws -> Machine { try Machine(at: Text(utf8: directory.path)) }

  @Test("A btrfs root is read-only if one of its devices is", arguments: [
    (["vda": "0\n"], false), (["vda": "1\n"], true), (["vda": "0\n", "vdb": "1\n"], true), ([:], false),
  ] as [([String: String], Bool)])
  func haveReadOnlyBtrfs(devices: [String: String], expected: Bool) throws {
    try directory.write("proc/1/mountinfo", "26 1 0:25 / / ro shared:1 - btrfs /dev/root ro,subvol=/\n")
    try directory.write("sys/fs/btrfs/features/skinny_metadata", "1\n")
    for (name, value) in devices { try directory.write("sys/fs/btrfs/1-2/devices/\(name)/ro", value) }
    let facts = BootFacts(of: try machine())
    let isReadOnly = facts.isRootDeviceReadOnly
    #expect(isReadOnly == expected)
  }

  @Test("A root without a device has no read-only device")
  func haveNoDevice() throws {
    try directory.write("proc/1/mountinfo", "26 1 0:25 / / ro shared:1 - overlay overlay ro\n")
    try directory.write("sys/fs/btrfs/1-2/devices/vda/ro", "1\n")
    let facts = BootFacts(of: try machine())
    let isReadOnly = facts.isRootDeviceReadOnly
    #expect(!isReadOnly)
  }

  private func conflicts(_ settings: String) throws -> [String] {
    var assignments = Assignments()
    assignments.add(KernelCommandLine(parsing: Text(utf8: settings)))
    return MountConflict.all(Settings(assignments), on: try machine()).map { $0.directory.string }
  }

  @Test("A mount unit of the image conflicts with Scope= and Bind= unless it is masked", arguments: [
    "etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system",
  ])
  func haveMountUnits(place: String) throws {
    #expect(try conflicts("preroot.scope=/var/lib preroot.bind=/srv") == [])
    try directory.write("\(place)/var.mount", "[Mount]\nWhat=/dev/x\nWhere=/var\n")
    #expect(try conflicts("preroot.scope=/var/lib preroot.bind=/srv") == ["/var/lib"])
    if place != "etc/systemd/system" {
      try directory.write("etc/systemd/system/var.mount", "")
      #expect(try conflicts("preroot.scope=/var/lib preroot.bind=/srv") == [])
    }
  }

  @Test("A line of /etc/fstab conflicts with a Bind= below its mount point")
  func haveTable() throws {
    try directory.write("etc/fstab", "LABEL=srv /srv ext4 defaults 0 2\n")
    #expect(try conflicts("preroot.scope=/var preroot.bind=/srv/www") == ["/srv/www"])
  }
}
