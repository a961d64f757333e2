// SPDX-License-Identifier: MIT
/// A step with its time, its duration and its result: shared and immutable.
public final class StepRecord: Sendable {
  public let step: Step
  public let startedAtMicroseconds: Int64
  public let microseconds: Int64
  /// Set if the step failed.
  public let errno: Errno?
  /// What a program said, if that made the step fail.
  public let complaint: Text?

  public init(step: Step, startedAtMicroseconds: Int64, microseconds: Int64, errno: Errno? = nil, complaint: Text? = nil) {
    self.step = step
    self.startedAtMicroseconds = startedAtMicroseconds
    self.microseconds = microseconds
    self.errno = errno
    self.complaint = complaint
  }
}

extension StepRecord {
  /// How to fix the failure, if that is known; nil if errno's message has to do.
  public var advice: Text? {
    guard let errno else { return nil }
    switch (step.verb, errno) {
    case (.mountOverlay, .noSuchDevice):
      return "the kernel has no overlayfs: build it with CONFIG_OVERLAY_FS=y, or put its module 'overlay' into the image"
    case (.mountTmpfs, .invalidArgument):
      return "the kernel rejects these tmpfs options"
    case (.mountDevice, .noSuchDevice):
      return "the kernel does not support this file system"
    case (.mountDevice, .invalidArgument):
      return "the file system is damaged, or its options are wrong"
    case (.attachLoop, .busy), (.recordPlace, .busy):
      return "the kernel allows no writes to a mounted device; bdev_allow_write_mounted=1 on the kernel command line changes that"
    case (.format, .noSuchFileOrDirectory):
      return "the image lacks the program that creates this file system"
    case (.format, .invalidArgument):
      return "preroot creates ext4 and f2fs only"
    case (.claim, .noSpace), (.encrypt, .noSpace), (.format, .noSpace):
      return "the device is too small"
    case (.requireSpace, .noSpace):
      return "the upper is too small: it needs at least 1 MiB and 128 inodes"
    case (.requireDirectory, .noSuchFileOrDirectory), (.requireDirectory, .notDirectory), (.bindRecursively, .noSuchFileOrDirectory):
      return Text("the image has no directory ") + step.path.withoutStaging
    case (.requireDirectory, .tooManyLinks):
      return "the path goes through a symbolic link; name the directory it leads to"
    case (.makeMountPoint, .noSuchFileOrDirectory):
      return step.path.withoutStaging + " is a dangling symbolic link in the image"
    case (_, .tooManyLinks), (_, .crossDevice):
      return "preroot follows no symbolic link and no mount on the upper's file system"
    default:
      return nil
    }
  }
}

extension Text {
  /// The path within the image.
  fileprivate var withoutStaging: Text {
    for place in [Paths.lower, Paths.staging] where isWithin(place) { return dropFirst(place.count) }
    return self
  }
}
