// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Testing

@testable import PrerootSystem

@Suite("A program")
struct ProgramTests {
  private func run(_ script: String, seconds: Double = 20) throws(Errno) -> Program.Outcome {
    try Program.run(["sh", "-c", Text(utf8: script)], limitMicroseconds: Int64(seconds * 1_000_000))
  }

  @Test("ends with its status and its last line, of either output", arguments: [
    ("echo one; echo two", 0, "two"), ("echo one; echo two >&2; exit 3", 3, "two"), ("printf 'one\\n\\n two \\n\\n'", 0, "two"), ("exit 255", 255, ""),
    ("seq 1 100000; printf end", 0, "end"), ("head -c 100000 /dev/zero | tr '\\0' x; echo; echo end", 0, "end"), ("exec >&- 2>&-; sleep 0.2; exit 4", 4, ""),
    ("cat; echo end", 0, "end"),
  ])
  func ends(script: String, status: Int, line: String) throws {
    let outcome = try run(script)
    #expect(outcome.end == .exited(status))
    #expect(outcome.lastLine.string == line)
    #expect(outcome.isSuccess == (status == 0))
  }

  @Test("may be killed by somebody")
  func isKilled() throws {
    #expect(try run("kill -TERM $$").end == .killed(signal: 15))
  }

  @Test("is stopped at its limit, and what it started with it", arguments: [
    "sleep 60", "exec >&- 2>&-; sleep 60", "trap '' TERM INT HUP; sleep 60", "sleep 60 & wait", "while :; do echo x; done",
  ])
  func isStopped(script: String) throws {
    let start = ContinuousClock.now
    #expect(try run(script, seconds: 0.3).end == .timedOut)
    // On a busy machine this takes its time, too; but not the minute.
    #expect(ContinuousClock.now - start < .seconds(40))
  }

  @Test("is not waited for longer than it lives, whoever else has its output")
  func leavesChildren() throws {
    let start = ContinuousClock.now
    #expect(try run("setsid sleep 60 & echo end").lastLine == "end")
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  /// It has left the program's session, and holds the other end of the pipe.
  @Test("is not waited for longer than it lives, though a child of its own goes on writing")
  func leavesWriters() throws {
    let start = ContinuousClock.now
    let outcome = try run("echo begin; setsid sh -c 'while :; do echo x; done' & sleep 0.2")
    #expect(outcome.end == .exited(0))
    #expect(outcome.firstLine == "begin")
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test("is known by its first line, too", arguments: [
    ("echo; echo '  one '; echo two; exit 3", "one"), ("echo usage; seq 1 100000", "usage"), ("printf only", "only"), ("exit 1", ""),
  ])
  func begins(script: String, line: String) throws { #expect(try run(script).firstLine.string == line) }

  /// The helper itself is spared; somebody has to be left to be killed.
  @Test("is killed before anybody else where memory runs out")
  func isKilledFirst() throws { #expect(try run("cat /proc/self/oom_score_adj").lastLine == "500") }

  @Test("that is missing did not start")
  func isMissing() {
    #expect(errno { () throws(Errno) in _ = try Program.run(["mkfs.nothing"], limitMicroseconds: 1) } == .noSuchFileOrDirectory)
    #expect(errno { () throws(Errno) in _ = try Program.run([], limitMicroseconds: 1) } == .invalidArgument)
  }

  @Test("has a small environment, a session of its own and nothing to read")
  func hasEnvironment() throws {
    #expect(try run("echo $PATH $LC_ALL").lastLine == "/usr/sbin:/usr/bin:/sbin:/bin C")
    #expect(try run("env | grep -cv -e ^PATH= -e ^LC_ALL= -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=").lastLine == "0")
    #expect(try run("read line </dev/stdin; echo $?").lastLine == "1")
  }

  @Test("has its arguments as they are")
  func hasArguments() throws {
    #expect(try Program.run(["printf", "%s|", "a b", "", "c\"d"], limitMicroseconds: 20_000_000).lastLine == "a b||c\"d|")
  }
}

@Suite("The kernel's events")
struct UeventsTests {
  @Test("are waited for no longer than was said", arguments: [0, 1000, 200_000])
  func haveEnd(microseconds: Int64) throws {
    let events = try Uevents()
    let clock = ContinuousClock(), start = clock.now
    try events.wait(microseconds: microseconds)
    #expect(clock.now - start < .microseconds(microseconds) + .seconds(10))
  }

  @Test("end the wait", .enabled(if: access("/sys/class/block/loop0/uevent", W_OK) == 0, "There is no device here to make an event of"))
  func endWait() throws {
    let events = try Uevents()
    for _ in 0..<3 {
      let file = try #require(FileHandle(forWritingAtPath: "/sys/class/block/loop0/uevent"))
      try file.write(contentsOf: Data("change".utf8))
    }
    let clock = ContinuousClock(), start = clock.now
    try events.wait(microseconds: 20_000_000)
    #expect(clock.now - start < .seconds(15))
  }
}
