// SPDX-License-Identifier: MIT
/// The purpose of an invocation of overlay-prep. See overlay-prep.service(8).
public enum Invocation: Equatable, Sendable {
  /// The kernel, or a container manager, started it instead of systemd (`init=`): it makes the root writable and executes systemd.
  case firstProcess
  /// overlay-prep.service started it.
  case prepare
  case settle
  case fstab
  case help
  case unknown(Text)

  /// - Parameters:
  ///   - arguments: the arguments, without the program's name.
  ///   - isFirstProcess: whether the process is PID 1, whose arguments are systemd's.
  public init(_ arguments: [Text], isFirstProcess: Bool) {
    let first = arguments.first ?? Text()
    // PID 1 of a container that was started only for --help: systemd, too, would print its help and exit.
    if isFirstProcess, arguments.count != 1 || !(first == "--help") {
      self = .firstProcess
    } else if arguments.count > 1 {
      self = .unknown(arguments[1])
    } else {
      switch first {
      case "": self = arguments.isEmpty ? .prepare : .unknown(first)
      case "--settle": self = .settle
      case "--fstab": self = .fstab
      case "--help": self = .help
      default: self = .unknown(first)
      }
    }
  }
}
