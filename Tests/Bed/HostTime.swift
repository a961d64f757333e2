// SPDX-License-Identifier: MIT
import Glibc

/// What the host's processors have done for a machine.
enum HostTime {
  /// For all children of this process that have ended, and theirs. What a machine took is the difference where nothing else runs at the
  /// same time. See getrusage(2).
  static var ofChildren: Duration {
    var usage = rusage()
    getrusage(RUSAGE_CHILDREN.rawValue, &usage)
    return Duration(usage.ru_utime) + Duration(usage.ru_stime)
  }
}

extension Duration {
  fileprivate init(_ time: timeval) { self = .seconds(time.tv_sec) + .microseconds(time.tv_usec) }
}

extension Boot {
  /// The processor time of the machine's process, from power-on to power-off. It means something where one machine ran at a time.
  public var hostTime: Duration? { file("host-time").flatMap { Double($0.dropLast()) }.map { .microseconds($0) } }
}
