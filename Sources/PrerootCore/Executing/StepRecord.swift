// SPDX-License-Identifier: MIT
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
    case (.requireDirectory, .noSuchFileOrDirectory), (.requireDirectory, .notDirectory), (.bindRecursively, .noSuchFileOrDirectory):
      return Text("the image has no directory ") + step.path.withoutStaging
    case (.requireDirectory, .tooManyLinks):
      return "a symbolic link is on the way; name the directory that it leads to"
    case (.makeMountPoint, .noSuchFileOrDirectory):
      return step.path.withoutStaging + " is a symbolic link that leads nowhere in the image"
    case (_, .tooManyLinks), (_, .crossDevice):
      return "on the upper's file system no symbolic link is followed, and nothing that is mounted there"
    default:
      return nil
    }
  }
}

extension Text {
  /// The path as it is in the image.
  fileprivate var withoutStaging: Text {
    for place in [Paths.lower, Paths.staging] where isWithin(place) { return dropFirst(place.count) }
    return self
  }
}
