/// What a plan is executed on: the real one makes system calls, the tests' one fails where it is told to.
public protocol Kernel: ~Copyable {
  mutating func perform(_ operation: MountOperation) throws(Errno)
  /// Microseconds of CLOCK_MONOTONIC.
  var microseconds: Int { get }
}

/// A step that failed; everything before it has been taken back.
public struct StepFailure: Error, Equatable, Sendable {
  public var operation: MountOperation
  public var errno: Errno
  /// The inverses that failed too, and so what was left behind.
  public var leftovers: [MountOperation]

  /// What is wrong and what mends it, where that is known; nil where the system's own words have to do.
  public var advice: Text? {
    switch (operation, errno) {
    case (.mount("overlay", _, _, _), .noSuchDevice):
      "the kernel has no overlayfs: build it with CONFIG_OVERLAY_FS=y, or put its module 'overlay' into the image"
    case (.mount("tmpfs", _, _, let data), .invalidArgument):
      "the kernel does not take these options of a tmpfs: \(data)"
    case (.requireSpace(_, let bytes, let inodes), .noSpace):
      "the upper is too small: \(bytes >> 10) KiB and \(inodes) inodes are the least"
    case (.requireDirectory(let path), .noSuchFileOrDirectory), (.requireDirectory(let path), .notDirectory):
      "the image has no directory '\(path.withoutStaging)'"
    default: nil
    }
  }
}

/// What was done and how long it took.
public struct StepRecord: Equatable, Sendable {
  public var operation: MountOperation
  public var microseconds: Int
  /// Set where an operation of `afterwards` failed.
  public var errno: Errno?
}

extension OverlayPlan {
  /// Does all of it, or nothing: a failed step takes those before it back, the latest first.
  ///
  /// - Throws: the failure, once everything is as it was.
  public func execute<K: Kernel & ~Copyable>(on kernel: inout K) throws(StepFailure) -> [StepRecord] {
    var records: [StepRecord] = []
    for place in steps.indices {
      let operation = steps[place]
      let start = kernel.microseconds
      do throws(Errno) {
        try kernel.perform(operation)
      } catch {
        throw StepFailure(operation: operation, errno: error, leftovers: takeBack(from: place, on: &kernel))
      }
      records.append(StepRecord(operation: operation, microseconds: kernel.microseconds - start))
    }
    for operation in afterwards {
      let start = kernel.microseconds
      var failure: Errno? = nil
      do throws(Errno) { try kernel.perform(operation) } catch { failure = error }
      records.append(StepRecord(operation: operation, microseconds: kernel.microseconds - start, errno: failure))
    }
    return records
  }

  private func takeBack<K: Kernel & ~Copyable>(from end: Int, on kernel: inout K) -> [MountOperation] {
    var leftovers: [MountOperation] = []
    for place in stride(from: end - 1, through: 0, by: -1) {
      guard let inverse = steps[place].inverse else { continue }
      do throws(Errno) { try kernel.perform(inverse) } catch { leftovers.append(inverse) }
    }
    return leftovers
  }
}

extension Text {
  /// The path as it is in the image.
  fileprivate var withoutStaging: Text {
    for staging in [OverlayPlan.lower, OverlayPlan.root] where hasPrefix(staging) { return Text(bytes[staging.count...]) }
    return self
  }
}
