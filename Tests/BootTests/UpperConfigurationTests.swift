// SPDX-License-Identifier: MIT
import Bed
import Testing

/// PID 1 has read all of this from the image before the upper is mounted.
@Suite("systemd's configuration on an upper")
struct UpperConfigurationTests {
  static let ways: [(way: String, entrance: Entrance)] = [("reload", .stageOne), ("reexec", .stageOne), ("auto", .firstProcess)]

  @Test("PID 1 uses the upper's configuration after a reload or a re-execution, or from the start", arguments: ways)
  func isRead(way: String, entrance: Entrance) async throws {
    let tree = Tree.lean.noting("""
      mkdir -p /etc/systemd/system.conf.d /etc/systemd/system-generators /etc/systemd/system/multi-user.target.wants
      printf '[Manager]\\nDefaultTimeoutStartSec=77s\\n' > /etc/systemd/system.conf.d/bed.conf
      echo LC_TIME=POSIX > /etc/locale.conf
      printf '#!/bin/sh\\nprintf "[Service]\\\\nExecStart=true\\\\nRemainAfterExit=yes\\\\n" > "$1/generated.service"\\n' > /etc/systemd/system-generators/bed
      chmod +x /etc/systemd/system-generators/bed
      ln -sf /run/systemd/generator/generated.service /etc/systemd/system/multi-user.target.wants/generated.service
      echo "language=$(systemctl show-environment | grep ^LC_TIME=)"
      """)
    let boots = try await Machine(keepingOn: .ext4(), tree, "preroot.switch=\(way)").by(entrance).boots(2)
    #expect(boots.map(\.state) == ["running", "running"])
    #expect(boots.map { $0.manager["DefaultTimeoutStartUSec"] == "1min 17s" } == [false, true])
    #expect(boots.map { $0.told("language") == "LC_TIME=POSIX" } == [false, true])
    #expect(boots[0].units["generated.service"] == nil)
    #expect(boots[1].units["generated.service"]?.activeState == "active")
  }
}
