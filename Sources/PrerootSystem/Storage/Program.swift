// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Runs another program until it ends or reaches a limit. The wait ends, whatever the program does.
public enum Program {
  /// How a program ended, and its output for the log.
  public struct Outcome: Equatable, Sendable {
    public enum End: Equatable, Sendable {
      case exited(Int)
      case killed(signal: Int)
      /// It reached the limit and was killed.
      case timedOut
      /// It was killed at the limit and did not die: it sleeps in the kernel, usually because of a broken disk.
      case leftBehind
    }
    public var end: End
    /// The first and the last line of its standard output and error, without empty lines.
    public var firstLine: Text
    public var lastLine: Text

    public var isSuccess: Bool { end == .exited(0) }
  }

  /// The directories to search. Not /usr/local: only the image's own programs are run. systemd-cryptsetup is in the last ones.
  private static var directories: [Text] { Text("/usr/sbin /usr/bin /sbin /bin /usr/lib/systemd /lib/systemd").words }
  /// Without DM_DISABLE_UDEV=, cryptsetup would wait for a udev that an initrd has left only the socket of (libdevmapper: libdm-common.c).
  private static var environment: [Text] { Text("PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DM_DISABLE_UDEV=1").words }
  /// The kernel kills this process first if memory runs out.
  private static var oomScoreAdjustment: Text { "500" }
  /// How long a killed process may take to die. On a host with ten processes for each processor a shell took more than a second.
  private static var dyingLimit: Int64 { 5_000_000 }

  /// Runs the program that the first argument names, and kills it and its children at the limit.
  ///
  /// - Throws: ENOENT if there is no such program. A program that cannot be executed exits with 126 or 127.
  public static func run(_ arguments: [Text], limitMicroseconds: Int64) throws(Errno) -> Outcome {
    guard let name = arguments.first else { throw .invalidArgument }
    let path = try path(of: name)
    var readingEnd: Int32 = -1, writingEnd: Int32 = -1
    try check(unsafe linux_pipe(&readingEnd, &writingEnd))
    var output = Output(FileDescriptor(readingEnd))
    // A service ignores SIGPIPE (systemd.exec(5), IgnoreSIGPIPE=), which a program that uses pipes may need.
    let child = try Child(path, arguments, environment: environment, output: FileDescriptor(writingEnd), oomScoreAdjustment: oomScoreAdjustment, signals: .max)

    let kernel = LinuxKernel()
    var limit = kernel.microseconds + limitMicroseconds, isKilled = false
    while true {
      // Check both: the output may end before the program, and the program before its output.
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

/// The beginning and the end of a program's output.
private struct Output: ~Copyable {
  private let file: FileDescriptor
  private var isAtEnd = false
  // Arrays free their memory; a program may write very much.
  private var head: [UInt8] = []
  private var tail: [UInt8] = []

  private static var chunk: Int { 4096 }
  private static var headBytes: Int { 512 }
  private static var tailBytes: Int { 1024 }

  init(_ file: consuming FileDescriptor) { self.file = file }

  /// Reads one piece, if one arrives within the given time.
  @inline(never) @discardableResult mutating func read(waitingMicroseconds microseconds: Int64) -> Bool {
    // The program has closed its output, but still runs.
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

  /// Reads as much as a pipe holds, after the program's end. A child of the program may still have the other end and go on writing.
  mutating func readWhatIsThere() {
    for _ in 0..<16 where !read(waitingMicroseconds: 0) { return }
  }

  func outcome(_ end: Program.Outcome.End) -> Program.Outcome {
    Program.Outcome(end: end, firstLine: Text(head).saidLines.first ?? Text(), lastLine: Text(tail).saidLines.last ?? Text())
  }
}

extension Text {
  /// The lines that are not empty, trimmed.
  fileprivate var saidLines: [Text] {
    var lines: [Text] = []
    for line in self.lines {
      let line = line.trimmed
      if !line.isEmpty { lines.add(line) }
    }
    return lines
  }
}
