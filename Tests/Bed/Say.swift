// SPDX-License-Identifier: MIT
import Foundation

/// Tells a person what takes time, at once even where the output is a pipe.
func say(_ text: String) {
  print(text)
  fflush(nil)
}
