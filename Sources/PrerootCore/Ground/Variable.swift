// SPDX-License-Identifier: MIT
/// The environment variables that preroot reads. A test compares the manual with them. See environ(7).
public enum Variable: Keyword {
  /// The seam for tests.
  case root
  // What systemd tells its generators; see `GeneratorEnvironment`.
  case scope
  case inInitrd
  case virtualization
  /// Overrides the kernel command line.
  case commandLine
  /// What a container manager tells PID 1.
  case container
  // What a user's terminal and shell tell the tool.
  case noColour
  case terminal
  case shell

  public var word: Text {
    switch self {
    case .root: "PREROOT_ROOT"
    case .scope: "SYSTEMD_SCOPE"
    case .inInitrd: "SYSTEMD_IN_INITRD"
    case .virtualization: "SYSTEMD_VIRTUALIZATION"
    case .commandLine: "SYSTEMD_PROC_CMDLINE"
    case .container: "container"
    case .noColour: "NO_COLOR"
    case .terminal: "TERM"
    case .shell: "SHELL"
    }
  }
}
