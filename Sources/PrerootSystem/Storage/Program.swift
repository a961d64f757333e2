// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Another program, run to its end or to a limit. Whatever it does, the wait for it ends.
public enum Program {
  /// How it ended, and what it said, for the log.
  public struct Outcome: Equatable, Sendable {
    public enum End: Equatable, Sendable {
      case exited(Int)
      case killed(signal: Int)
      /// It was killed at the limit.
      case timedOut
      /// It was killed at the limit and did not die: it sleeps in the kernel, on a broken disk as a rule.
      case leftBehind
    }
    public var end: End
    /// Of what it said, of either output; empty lines do not count.
    public var firstLine: Text
    public var lastLine: Text

    public var isSuccess: Bool { end == .exited(0) }
  }

  /// Where programs are looked up. Not in /usr/local: what is run here is the image's own.
  private static var directories: [Text] { Text("/usr/sbin /usr/bin /sbin /bin").words }
  private static var environment: [Text] { Text("PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C").words }
  /// Of all processes, the kernel kills this one first where memory runs out.
  private static var oomScoreAdjustment: Text { "500" }
  /// How long a process that was killed may take to die.
  private static var dyingLimit: Int64 { 1_000_000 }

  /// Runs the program named by the first argument; it and its children are killed at the limit.
  ///
  /// - Throws: ENOENT where there is no such program. One that is there and cannot be executed exits with 126 or 127.
  public static func run(_ arguments: [Text], limitMicroseconds: Int64) throws(Errno) -> Outcome {
    guard let name = arguments.first else { throw .invalidArgument }
    let path = try path(of: name)
    var readingEnd: Int32 = -1, writingEnd: Int32 = -1
    try check(unsafe linux_pipe(&readingEnd, &writingEnd))
    var output = Output(FileDescriptor(readingEnd))
    // A service ignores SIGPIPE (systemd.exec(5), IgnoreSIGPIPE=), which a program with a pipe in it may need.
    let child = try Child(path, arguments, environment: environment, output: FileDescriptor(writingEnd), oomScoreAdjustment: oomScoreAdjustment, signals: .max)

    let kernel = LinuxKernel()
    var limit = kernel.microseconds + limitMicroseconds, isKilled = false
    while true {
      // The end of the output need not be the end of the program, nor the other way round: both are looked at.
      if let end = try child.end(waiting: false) {
        output.readWhatIsThere()
        return output.outcome(isKilled ? .timedOut : Outcome.End(end))
      }
      if kernel.microseconds > limit {
        if isKilled { return output.outcome(.leftBehind) }
        child.kill()
        isKilled = true
        limit = kernel.microseconds + dyingLimit
      }
      output.read(waitingMicroseconds: 20_000)
    }
  }

  private static func path(of name: Text) throws(Errno) -> Text {
    let root = try Directory("/")
    for directory in directories {
      let path = directory + "/" + name
      if root.exists(path) { return path }
    }
    throw .noSuchFileOrDirectory
  }
}

extension Program.Outcome.End {
  fileprivate init(_ end: Child.End) {
    switch end {
    case .exited(let status): self = .exited(status)
    case .killed(let signal): self = .killed(signal: signal)
    }
  }
}

/// What a program says: the beginning and the end of it.
private struct Output: ~Copyable {
  private let file: FileDescriptor
  private var isAtEnd = false
  // Arrays, whose memory is freed: a program may say very much.
  private var head: [UInt8] = []
  private var tail: [UInt8] = []

  private static var chunk: Int { 4096 }
  private static var headBytes: Int { 512 }
  private static var tailBytes: Int { 1024 }

  init(_ file: consuming FileDescriptor) { self.file = file }

  /// One piece, where there is one within that time.
  @inline(never) @discardableResult mutating func read(waitingMicroseconds microseconds: Int64) -> Bool {
    // A program that has closed its output and lives on.
    if isAtEnd {
      if microseconds > 0 { LinuxKernel.sleep(microseconds: 2_000) }
      return false
    }
    guard linux_wait_for_input(file.rawValue, microseconds) == 1 else { return false }
    var piece = [UInt8](repeating: 0, count: Self.chunk)
    let count = unsafe piece.withUnsafeMutableBytes { unsafe linux_read(file.rawValue, $0.baseAddress!, $0.count) }
    if count <= 0 {
      isAtEnd = true
      return false
    }
    if head.count < Self.headBytes { head.append(contentsOf: piece[..<count]) }
    tail.append(contentsOf: piece[..<count])
    if tail.count > Self.tailBytes { tail.removeFirst(tail.count - Self.tailBytes) }
    return true
  }

  /// After the program's end: as much as a pipe holds. A child of its own may have the other end, and go on writing.
  mutating func readWhatIsThere() {
    for _ in 0..<16 where !read(waitingMicroseconds: 0) { return }
  }

  func outcome(_ end: Program.Outcome.End) -> Program.Outcome {
    Program.Outcome(end: end, firstLine: Text(head).saidLines.first ?? Text(), lastLine: Text(tail).saidLines.last ?? Text())
  }
}

extension Text {
  /// The lines that have something in them, without the blanks at their ends.
  fileprivate var saidLines: [Text] {
    var lines: [Text] = []
    for line in self.lines {
      let line = line.trimmed
      if !line.isEmpty { lines.add(line) }
    }
    return lines
  }
}
