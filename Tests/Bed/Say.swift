// SPDX-License-Identifier: MIT
import Foundation

/// Announces slow work to the user, without buffering even if the output is a pipe.
func say(_ text: String) {
  print(text)
  fflush(nil)
}
