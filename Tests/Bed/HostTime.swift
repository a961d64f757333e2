// SPDX-License-Identifier: MIT
import Glibc

/// Processor time of the host.
enum HostTime {
  /// The time of all ended children of this process, and of theirs. The difference is the time of one machine if nothing else runs at the
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
  /// The processor time of the machine's process, from power-on to power-off. It is only valid if no other machine ran at the same time.
  public var hostTime: Duration? { file("host-time").flatMap { Double($0.dropLast()) }.map { .microseconds($0) } }
}
