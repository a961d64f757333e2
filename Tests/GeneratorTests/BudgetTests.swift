// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// The shipped programs have to be small and must not need libraries that a small image may lack. A commit that moves a budget
/// says by how much.
@Suite("Budgets")
struct BudgetTests {
  @Test("Each program stays within its size budget", arguments: [("preroot-generator", 52_500), ("overlay-prep", 200_900), ("preroot", 226_500)])
  func ofSize(program: String, bytes: Int) throws {
    let size = try FileManager.default.attributesOfItem(atPath: Checkout.ships(program))[.size] as? Int
    #expect(try #require(size) <= bytes)
  }

  /// The size depends on the compiler, so 2% is allowed for that.
  @Test("README.md gives the size of each program to within 2%", arguments: ["preroot-generator", "overlay-prep", "preroot"])
  func inReadme(program: String) throws {
    let size = try #require(try FileManager.default.attributesOfItem(atPath: Checkout.ships(program))[.size] as? Int)
    let line = try #require(try Checkout.text("README.md").firstMatch(of: Regex("\\| \(program) \\| ([0-9,]+) bytes;", as: (Substring, Substring).self)))
    let told = try #require(Int(line.output.1.replacing(",", with: "")))
    #expect(abs(told - size) * 50 <= size, "README has \(told), it is \(size)")
  }

  @Test("Each program needs no library but libc", arguments: ["preroot-generator", "overlay-prep", "preroot"])
  func ofLibraries(program: String) throws {
    let dynamic = try Run.tool("readelf", "-dW", Checkout.ships(program), package: "binutils")
    let needed = dynamic.matches(of: #/\(NEEDED\).*\[(.*)\]/#).map { String($0.output.1) }
    #expect(!needed.isEmpty)
    #expect(Set(needed).subtracting(["libc.so.6"]).filter { !$0.hasPrefix("ld-linux") } == [])
    #expect(!dynamic.contains("RPATH") && !dynamic.contains("RUNPATH"))
  }

  /// The generator runs at every boot and every reload, along with all other generators.
  @Test("The generator stays within its instruction budget, however many units the image has")
  func ofInstructions() throws {
    let few = try instructions(units: 50)
    let many = try instructions(units: 2000)
    #expect(few <= 370_000)
    #expect(many <= 370_000)
    #expect(abs(few - many) * 100 <= few)
  }

  /// All generators together have 90 seconds before PID 1 stops them.
  @Test("The generator's instructions grow linearly with the size of preroot.conf")
  func ofReading() throws {
    func reading(bytes: Int) throws -> Int {
      let line = "# a comment\nUpper=tmpfs:size=10%\n"
      return try instructions { machine in try machine.write("etc/preroot.conf", "[Preroot]\n" + String(repeating: line, count: bytes / line.count)) }
    }
    // Line numbers have one more digit.
    #expect(try reading(bytes: 1_000_000) <= 11 * reading(bytes: 100_000))
  }

  @Test("The generator's instructions grow almost linearly with the number of drop-ins")
  func ofDropIns() throws {
    func sorting(_ count: Int) throws -> Int {
      try instructions { machine in
        // The names are unsorted, as those of a real directory are: it lists them by hash.
        for number in 0..<count { try machine.write("etc/preroot.conf.d/\(number &* 7919 % 10_007).conf", "[Preroot]\nUpper=tmpfs\n") }
      }
    }
    #expect(try sorting(10_000) <= 12 * sorting(1_000))
  }

  @Test("A line of /etc/fstab costs the generator a few thousand instructions")
  func ofMounts() throws {
    func reading(_ mounts: Int) throws -> Int {
      try instructions { machine in try machine.write("etc/fstab", (0..<mounts).map { "tmpfs /mnt/\($0) tmpfs noauto 0 0\n" }.joined()) }
    }
    #expect(try reading(200) - reading(1) <= 199 * 6_000)
  }

  private func instructions(units: Int) throws -> Int {
    try instructions { machine in
      for unit in 0..<units {
        try machine.write("usr/lib/systemd/system/unit-\(unit).service", "[Service]\nType=oneshot\nExecStart=true\n")
      }
    }
  }

  private func instructions(_ lay: (MiniatureMachine) throws -> Void) throws -> Int {
    let machine = try MiniatureMachine()
    try lay(machine)
    let run = try Run(
      "valgrind", ["--tool=callgrind", "--callgrind-out-file=/dev/null", Checkout.ships("preroot-generator"), machine.normal, machine.early, machine.late],
      environment: ["PREROOT_ROOT": machine.root])
    #expect(run.status == 0)
    #expect(try machine.output.nodes["generator.early/service.d/zzzz-preroot-stage1.conf"] != nil, "The measured boot was not staged")
    let match = try #require(run.errors.firstMatch(of: #/Collected : ([0-9]+)/#), "\(run.errors)")
    return try #require(Int(match.output.1))
  }
}
