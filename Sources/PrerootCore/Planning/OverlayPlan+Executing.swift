/// What a plan is executed on: the real one makes system calls, the tests' one fails where it is told to.
public protocol Kernel: ~Copyable {
  mutating func perform(_ step: Step) throws(Errno)
  /// Microseconds of CLOCK_MONOTONIC.
  var microseconds: Int64 { get }
}

/// What was done, when, and how long it took; shared and never changed.
public final class StepRecord: Sendable {
  public let step: Step
  public let startedAtMicroseconds: Int64
  public let microseconds: Int64
  /// Set where it failed.
  public let errno: Errno?

  public init(step: Step, startedAtMicroseconds: Int64, microseconds: Int64, errno: Errno? = nil) {
    self.step = step
    self.startedAtMicroseconds = startedAtMicroseconds
    self.microseconds = microseconds
    self.errno = errno
  }
}

/// Who hears of each step as it is done.
public protocol Witness: ~Copyable {
  mutating func hear(_ record: StepRecord)
}

extension [Step] {
  /// Does all of it, or nothing: a failed step takes those before it back, the latest first. Taking back goes on whatever fails; the
  /// witness hears of it.
  ///
  /// - Returns: the step that failed; nil where all are done.
  @inline(never) public func execute<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) -> StepRecord? {
    for place in indices {
      let record = kernel.record(self[place])
      witness.hear(record)
      if record.errno == nil { continue }
      Array(self[..<place]).takeBack(on: &kernel, before: &witness)
      return record
    }
    return nil
  }

  /// Takes back what was done, the latest first.
  @inline(never) public func takeBack<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) {
    for step in reversed() {
      if let inverse = step.inverse { witness.hear(kernel.record(inverse)) }
    }
  }
}

extension OverlayPlan {
  /// Does all of it, or nothing but what comes of a step afterwards that fails.
  ///
  /// - Returns: the step that failed; nil where all are done.
  public func execute<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) -> StepRecord? {
    if let failure = steps.execute(on: &kernel, before: &witness) { return failure }
    for step in afterwards { witness.hear(kernel.record(step)) }
    return nil
  }
}

extension Kernel where Self: ~Copyable {
  @inline(never) fileprivate mutating func record(_ step: Step) -> StepRecord {
    let start = microseconds
    var failure: Errno? = nil
    do throws(Errno) { try perform(step) } catch { failure = error }
    return StepRecord(step: step, startedAtMicroseconds: start, microseconds: microseconds - start, errno: failure)
  }
}

extension StepRecord {
  /// What mends the failure, where that is known; nil where the system's own words have to do.
  public var advice: Text? {
    guard let errno else { return nil }
    switch (step.verb, errno) {
    case (.mountOverlay, .noSuchDevice):
      return "the kernel has no overlayfs: build it with CONFIG_OVERLAY_FS=y, or put its module 'overlay' into the image"
    case (.mountTmpfs, .invalidArgument):
      return "the kernel does not take these options of a tmpfs"
    case (.mountDevice, .noSuchDevice):
      return "the kernel does not have this file system"
    case (.mountDevice, .invalidArgument):
      return "what is on it is damaged, or its options are wrong"
    case (.format, .noSuchFileOrDirectory):
      return "the program that makes this file system is not in the image"
    case (.format, .invalidArgument):
      return "ext4 and f2fs are what can be made"
    case (.requireSpace, .noSpace):
      return "the upper is too small: 1 MiB and 128 inodes are the least"
    case (.requireDirectory, .noSuchFileOrDirectory), (.requireDirectory, .notDirectory), (.requireMountPoint, .noSuchFileOrDirectory):
      return Text("the image has no directory ") + step.path.withoutStaging
    default:
      return nil
    }
  }
}

extension Text {
  /// The path as it is in the image.
  fileprivate var withoutStaging: Text {
    dropping(prefix: "/run/initramfs/preroot/lower") ?? dropping(prefix: "/run/initramfs/preroot/root") ?? self
  }
}
