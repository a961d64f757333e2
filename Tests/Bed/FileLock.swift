// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage

/// A lock between processes, which ends with its owner or its process.
struct FileLock: Sendable {
  private let file: FileDescriptor

  init(_ path: FilePath) throws {
    file = try FileDescriptor.open(path, .writeOnly, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
  }

  /// Waits until the lock is free.
  func acquire() async throws {
    while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  func release() {
    try? file.close()
  }
}
