// SPDX-License-Identifier: MIT
/// An error of a system call. See errno(3).
public struct Errno: Error, Equatable, Sendable {
  public var rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static var notPermitted: Errno { Errno(rawValue: 1) }
  public static var noSuchFileOrDirectory: Errno { Errno(rawValue: 2) }
  public static var inputOutput: Errno { Errno(rawValue: 5) }
  public static var badFileDescriptor: Errno { Errno(rawValue: 9) }
  public static var tryAgain: Errno { Errno(rawValue: 11) }
  public static var busy: Errno { Errno(rawValue: 16) }
  public static var fileExists: Errno { Errno(rawValue: 17) }
  public static var crossDevice: Errno { Errno(rawValue: 18) }
  public static var noSuchDevice: Errno { Errno(rawValue: 19) }
  public static var notDirectory: Errno { Errno(rawValue: 20) }
  public static var isDirectory: Errno { Errno(rawValue: 21) }
  public static var invalidArgument: Errno { Errno(rawValue: 22) }
  public static var fileTooLarge: Errno { Errno(rawValue: 27) }
  public static var noSpace: Errno { Errno(rawValue: 28) }
  public static var tooManyHardLinks: Errno { Errno(rawValue: 31) }
  public static var outOfRange: Errno { Errno(rawValue: 34) }
  public static var functionNotImplemented: Errno { Errno(rawValue: 38) }
  public static var tooManyLinks: Errno { Errno(rawValue: 40) }
  public static var directoryNotEmpty: Errno { Errno(rawValue: 39) }
  public static var notUnique: Errno { Errno(rawValue: 76) }
  public static var badMessage: Errno { Errno(rawValue: 74) }
  /// "Can not access a needed shared library."
  public static var noLibrary: Errno { Errno(rawValue: 79) }
  public static var notSupported: Errno { Errno(rawValue: 95) }
  public static var connectionReset: Errno { Errno(rawValue: 104) }
  public static var timedOut: Errno { Errno(rawValue: 110) }
  public static var staleFileHandle: Errno { Errno(rawValue: 116) }
}
