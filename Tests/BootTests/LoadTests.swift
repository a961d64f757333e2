// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// What people run, on a machine with a kernel: each unit that starts on a writable ext4 root also starts here, and its service answers.
///
/// `PREROOT_SUITES=all swift test --filter LoadTests` runs this alone.
@Suite("Real load", .enabled(if: Suite.areAll, "make check-all boots a machine with some two hundred packages"))
struct LoadTests {
  private static let packages = """
    nginx mariadb-server php-fpm redis-server postgresql memcached mosquitto postfix openssh-server cron anacron at rsyslog
    logrotate systemd-resolved systemd-timesyncd libpam-systemd network-manager wpasupplicant modemmanager bluez avahi-daemon
    cups-daemon polkitd accountsservice udisks2 upower rtkit geoclue-2.0 packagekit
    """.split(whereSeparator: \.isWhitespace).map(String.init)

  /// Asks each service once; most have to write something for the answer.
  private static let questions = """
    ask() { name=$1; shift; timeout 60 "$@" > /run/answer 2>&1; status=$?; echo "$name=$status"; [ $status = 0 ] || sed 's/^/# /' /run/answer; }
    export -f ask
    ask nginx bash -c 'exec 3<> /dev/tcp/127.0.0.1/80; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; grep "200 OK" <&3'
    ask mariadb mariadb -e 'create database bed; create table bed.t (a int); insert into bed.t values (1)'
    ask postgresql setpriv --reuid=postgres --regid=postgres --init-groups psql -c 'create table t (a int)'
    ask redis bash -c 'redis-cli set a b && redis-cli save | grep OK'
    ask php test -S /run/php/php-fpm.sock
    ask memcached bash -c 'exec 3<> /dev/tcp/127.0.0.1/11211; printf "version\\r\\nquit\\r\\n" >&3; grep VERSION <&3'
    ask ssh bash -c 'exec 3<> /dev/tcp/127.0.0.1/22; read -r line <&3; [[ $line == SSH-* ]]'
    ask postfix bash -c 'echo hello | sendmail -i root; for i in {1..60}; do [ -s /var/mail/root ] && exit; sleep 0.5; done; exit 1'
    ask rsyslog bash -c 'logger from-the-bed; for i in {1..20}; do grep from-the-bed /var/log/syslog && exit; sleep 0.5; done; exit 1'
    ask cron bash -c 'echo "0 0 * * * true" | crontab - && crontab -l'
    ask at bash -c 'echo true | at now + 1 hour'
    ask NetworkManager nmcli general
    for name in Accounts UDisks2 UPower RealtimeKit1 ModemManager1 GeoClue2 PackageKit PolicyKit1 NetworkManager hostname1 timedate1 locale1 login1 resolve1; do
      ask "$name" busctl --timeout=50 call "org.freedesktop.$name" / org.freedesktop.DBus.Peer Ping
    done
    ask Avahi busctl --timeout=50 call org.freedesktop.Avahi / org.freedesktop.DBus.Peer Ping
    for unit in $(systemctl --failed --no-legend --plain | cut -d ' ' -f 1); do
      echo "private=$unit $(systemctl show -p PrivateTmp --value "$unit")"
    done
    preroot check
    """

  private static let tree = Tree.lean.with(packages: packages).running(questions)

  private static func machine(_ tree: Tree, _ disk: Disk?, _ words: [String]) -> Machine {
    var machine = Machine(.kernel(.squashfs), tree)
    machine.words = words
    machine.disks = disk.map { [$0] } ?? []
    machine.memoryInMegabytes = 1024
    machine.patience = .seconds(240)
    return machine
  }

  /// The machine on a writable ext4 root without preroot.
  private static let plain = Task {
    let bare = tree.withoutPreroot
    return try await machine(bare, .root(bare), ["root=/dev/ubdb", "rw"]).boot()
  }

  enum Way: String, CaseIterable, Sendable {
    case tmpfs = "a tmpfs", device = "a device", scope = "Scope=/etc:/var with tmp.mount", scopeOnly = "Scope=/etc:/var without tmp.mount"

    func boot(by entrance: Entrance) async throws -> Boot {
      let disk: Disk? = self == .device ? try await .ext4(megabytes: 1024) : nil
      var words = [self == .device ? "preroot=/dev/ubdb" : "preroot=tmpfs:size=60%"], tree = LoadTests.tree
      if self == .scope || self == .scopeOnly { words.append("preroot.scope=/etc:/var") }
      if self == .scope {
        // Debian's own, enabled as its comments say.
        tree = tree.linking("/etc/systemd/system/tmp.mount", to: "/usr/share/systemd/tmp.mount")
          .linking("/etc/systemd/system/local-fs.target.wants/tmp.mount", to: "../tmp.mount")
      }
      return try await LoadTests.machine(tree, disk, words).by(entrance).boot()
    }
  }

  /// These end by themselves when nobody has asked them anything for half a minute, or when their timer says so.
  private static let passing = ["systemd-hostnamed.service", "systemd-timedated.service", "systemd-localed.service", "packagekit.service", "geoclue.service"]

  /// The active units, except preroot's and those that end by themselves.
  private func active(_ boot: Boot) -> Set<String> {
    let own = ["etc.mount", "var.mount", "tmp.mount", "prerootcheck.slice"]
    return Set(boot.unitsActive.filter { !$0.hasPrefix("preroot-") && !$0.hasPrefix("overlay-prep.") && !own.contains($0) && !Self.passing.contains($0) })
  }

  private func answers(_ boot: Boot) -> [Substring] {
    (boot.script?.output ?? "").split(separator: "\n").filter { $0.wholeMatch(of: #/\w+=\d+/#) != nil }
  }

  @Test("On a writable root, each service of the real load starts and answers")
  func isGood() async throws {
    let plain = try await Self.plain.value
    #expect(plain.state == "running", "\(plain)")
    #expect(plain.failedUnits == [], "\(plain)")
    #expect(plain.isRootWritable)
    #expect(answers(plain).count == 27 && answers(plain).allSatisfy { $0.hasSuffix("=0") }, "\(plain.script?.output ?? "")")
    print("real load: \(plain.units.values.count { $0.type == "service" && $0.activeState == "active" }) services, \(active(plain).count) units active, up after \(plain.duration?.formatted ?? "?")")
  }

  @Test("The real load runs as on a writable root", arguments: [Way.tmpfs, .device, .scope], Entrance.allCases)
  func isTheSame(way: Way, entrance: Entrance) async throws {
    let boot = try await way.boot(by: entrance), plain = try await Self.plain.value
    #expect(boot.state == "running", "\(boot)")
    #expect(boot.failedUnits == [], "\(boot)")
    #expect(active(boot).symmetricDifference(active(plain)).sorted() == [], "\(boot), missing: \(active(plain).subtracting(active(boot)).sorted())")
    #expect(answers(boot) == answers(plain), "\(boot.script?.output ?? "")")
    #expect(boot.unitsStartedAgain.filter { !plain.unitsStartedAgain.contains($0) } == [])
    #expect(boot.startupCount == 1)
    #expect(boot.consoleFailures == plain.consoleFailures)
    #expect(boot.mounts[way == .scope ? "/var" : "/"]?.source == "preroot")
    #expect(boot.script?.output.contains("/tmp stays read-only") == false)
    let filled = boot.file("df")?.split(separator: "\n").first { $0.hasSuffix(" /run/initramfs/preroot/upper") }
    print("real load on \(way.rawValue), by \(entrance): up after \(boot.duration?.formatted ?? "?"), \(active(boot).count) units active; \(filled ?? "")")
  }

  @Test("With Scope=/etc:/var and a read-only /tmp, services fail that need /tmp, and preroot check says so")
  func needsTmp() async throws {
    let boot = try await Way.scopeOnly.boot(by: .stageOne)
    let output = boot.script?.output ?? ""
    print("real load, Scope=/etc:/var without tmp.mount: failed \(boot.failedUnits.joined(separator: " "))")
    #expect(boot.state == "degraded")
    // The first two write to /tmp themselves, the others have PrivateTmp=yes. D-Bus starts the last one for a question.
    for unit in ["mariadb", "php8.2-fpm", "redis-server", "systemd-timesyncd", "systemd-hostnamed"] {
      #expect(output.contains("\nprivate=\(unit).service "), "\(output)")
    }
    #expect(output.contains("\nprivate=redis-server.service yes\n"), "\(output)")
    for unit in ["nginx", "postgresql@15-main", "ssh", "cron", "NetworkManager"] { #expect(boot.units["\(unit).service"]?.activeState == "active", "\(unit)") }
    #expect(output.contains("note: /tmp stays read-only, and services with PrivateTmp= fail: enable tmp.mount, or add /tmp to Scope=\n"))
  }
}
