// SPDX-License-Identifier: MIT

/// What stopped a test or the bed before it could ask anything, in one line that a developer can act on.
public struct Problem: Error, CustomStringConvertible, Sendable {
  /// The line, and where it helps what a program said.
  public let description: String

  /// Creates a problem from its line.
  public init(_ description: String) {
    self.description = description
  }
}
