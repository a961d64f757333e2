// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Testing

@testable import PrerootSystem

@Suite("Programs")
struct ProgramTests {
  private func run(_ script: String, seconds: Double = 20) throws(Errno) -> Program.Outcome {
    try Program.run(["sh", "-c", Text(utf8: script)], limitMicroseconds: Int64(seconds * 1_000_000))
  }

  @Test("A program's exit status and last line are reported", arguments: [
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

  @Test("The signal that killed a program is reported")
  func isKilled() throws {
    #expect(try run("kill -TERM $$").end == .killed(signal: 15))
  }

  @Test("A program is killed with its children when it exceeds its time limit", arguments: [
    "sleep 60", "exec >&- 2>&-; sleep 60", "trap '' TERM INT HUP; sleep 60", "sleep 60 & wait", "while :; do echo x; done",
  ])
  func isStopped(script: String) throws {
    let start = ContinuousClock.now
    #expect(try run(script, seconds: 0.3).end == .timedOut)
    // A busy machine may take long, but not the whole minute.
    #expect(ContinuousClock.now - start < .seconds(40))
  }

  @Test("The wait for a program ends with it, even if a child keeps its output open")
  func leavesChildren() throws {
    let start = ContinuousClock.now
    #expect(try run("setsid sleep 60 & echo end").lastLine == "end")
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  /// The child has left the program's session and holds the other end of the pipe.
  @Test("The wait for a program ends with it, even if a child keeps writing")
  func leavesWriters() throws {
    let start = ContinuousClock.now
    let outcome = try run("echo begin; setsid sh -c 'while :; do echo x; done' & sleep 0.2")
    #expect(outcome.end == .exited(0))
    #expect(outcome.firstLine == "begin")
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test("A program's first line that is not blank is reported", arguments: [
    ("echo; echo '  one '; echo two; exit 3", "one"), ("echo usage; seq 1 100000", "usage"), ("printf only", "only"), ("exit 1", ""),
  ])
  func begins(script: String, line: String) throws { #expect(try run(script).firstLine.string == line) }

  /// The kernel spares the helper, so there has to be another process that it can kill.
  @Test("The kernel kills a program before the helper if memory runs out")
  func isKilledFirst() throws { #expect(try run("cat /proc/self/oom_score_adj").lastLine == "500") }

  @Test("A program that is missing is reported as ENOENT")
  func isMissing() {
    #expect(errno { () throws(Errno) in _ = try Program.run(["mkfs.nothing"], limitMicroseconds: 1) } == .noSuchFileOrDirectory)
    #expect(errno { () throws(Errno) in _ = try Program.run([], limitMicroseconds: 1) } == .invalidArgument)
  }

  @Test("A program gets a minimal environment, its own session and an empty standard input")
  func hasEnvironment() throws {
    #expect(try run("echo $PATH $LC_ALL").lastLine == "/usr/sbin:/usr/bin:/sbin:/bin C")
    #expect(try run("env | grep -cv -e ^PATH= -e ^LC_ALL= -e ^DM_DISABLE_UDEV=1$ -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=").lastLine == "0")
    #expect(try run("read line </dev/stdin; echo $?").lastLine == "1")
  }

  @Test("A program gets its arguments unchanged")
  func hasArguments() throws {
    #expect(try Program.run(["printf", "%s|", "a b", "", "c\"d"], limitMicroseconds: 20_000_000).lastLine == "a b||c\"d|")
  }
}

@Suite("Uevents")
struct UeventsTests {
  @Test("The wait for uevents ends when its time is up", arguments: [0, 1000, 200_000])
  func haveEnd(microseconds: Int64) throws {
    let events = try Uevents()
    let clock = ContinuousClock(), start = clock.now
    try events.wait(microseconds: microseconds)
    #expect(clock.now - start < .microseconds(microseconds) + .seconds(10))
  }

  @Test("A uevent ends the wait for it", .enabled(if: access("/sys/class/block/loop0/uevent", W_OK) == 0, "There is no device here to make an event of"))
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
