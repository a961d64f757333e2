// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage

/// A lock between processes, given up when it is released or its process ends.
struct FileLock: Sendable {
  private let file: FileDescriptor

  init(_ path: FilePath) throws {
    file = try FileDescriptor.open(path, .writeOnly, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
  }

  /// Waits for whoever holds it.
  func acquire() async throws {
    while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  func release() {
    try? file.close()
  }
}
