// SPDX-License-Identifier: MIT

/// The reason why a test or the bed could not run, in one line that a developer can act on.
public struct Problem: Error, CustomStringConvertible, Sendable {
  /// The line, and a program's output if that helps.
  public let description: String

  /// Creates a problem from its line.
  public init(_ description: String) {
    self.description = description
  }
}
