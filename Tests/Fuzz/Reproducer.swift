// SPDX-License-Identifier: MIT
import Glibc

/// Saves the input that causes a trap. A signal handler may call few functions, so everything is prepared before.
enum Reproducer {
  /// An input that takes longer than this is a finding, too.
  private static let patienceInSeconds: UInt32 = 20

  /// Installs handlers that save and print the input with which this process ends.
  static func arm() {
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM] { signal(number, saveAndDie) }
  }

  private static let saveAndDie: @convention(c) (CInt) -> Void = { number in
    let file = open(place, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = write(file, buffer, count)
    close(file)
    print("\nfuzz: the input is \"")
    for index in 0..<count { printEscaped(buffer[index]) }
    print("\"\nfuzz: to try it again: fuzz fuzz-reproducer\n")
    signal(number, SIG_DFL)
    raise(number)
  }

  static func remember(_ input: [UInt8]) {
    count = min(input.count, capacity)
    input.withUnsafeBytes { bytes in if count > 0 { memcpy(buffer, bytes.baseAddress!, count) } }
    alarm(patienceInSeconds)
  }

  private static func printEscaped(_ byte: UInt8) {
    var text: (UInt8, UInt8, UInt8, UInt8) = (0x5c, 0x78, hexadecimal(byte >> 4), hexadecimal(byte & 15))
    if byte >= 0x20, byte < 0x7f, byte != 0x5c, byte != 0x22 {
      text.0 = byte
      _ = write(STDERR_FILENO, &text, 1)
    } else {
      _ = write(STDERR_FILENO, &text, 4)
    }
  }

  private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 + digit : 0x57 + digit }

  private static let capacity = 1 << 16
  nonisolated(unsafe) private static let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
  nonisolated(unsafe) private static var count = 0
  nonisolated(unsafe) private static let place = strdup("fuzz-reproducer")!

  /// print(_:) would allocate memory.
  private static func print(_ text: StaticString) { _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }
}
