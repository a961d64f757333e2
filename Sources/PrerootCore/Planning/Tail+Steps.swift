// SPDX-License-Identifier: MIT
extension Tail {
  /// The steps that make a device of the room.
  ///
  /// - Parameter loop: a loop device that is free.
  public func opening(as loop: Text) -> [Step] {
    let attach = Step(.attachLoop, loop, device, type: part)
    return isInsideOlder ? [attach, Step(.eraseBeginning, loop)] : [attach]
  }

  /// The steps after the mount of the upper.
  public var closing: [Step] { isRecorded ? [] : [Step(.recordPlace, device, record)] }
}
