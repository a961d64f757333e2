// SPDX-License-Identifier: MIT
import Foundation

/// What stopped the bed itself, in one line a developer can act on.
public struct Problem: Error, CustomStringConvertible, Sendable {
  /// The line, and where it helps what a program said.
  public let description: String

  /// Creates a problem from its line.
  public init(_ description: String) {
    self.description = description
  }
}

/// Tells a person what takes time, at once even where the output is a pipe.
func say(_ text: String) {
  print(text)
  fflush(nil)
}
