// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// Steps on the upper's device.

extension LinuxKernel {
  mutating func format(_ device: Text, type: Text) throws(Errno) {
    if type == "ubifs" {
      try UbiVolume(device, toWrite: true).empty()
      remarks.append(Remark(.notice, device + " had an unfinished " + type + "; emptied, and the kernel creates a new one"))
      return
    }
    let outcome = try BlockDevice.format(device, type: type, label: "preroot", limitMicroseconds: TimeLimit.format.microseconds)
    guard outcome.isSuccess else { throw report(outcome, of: Text("mkfs.") + type) }
    remarks.append(device == Paths.mapping ? Remark(.info, Text("Created ") + type + " on the encrypted device") : Remark(.notice, device + " was blank; created " + type))
  }

  mutating func checkFileSystem(on device: Text, type: Text) throws(Errno) {
    let name = Text("fsck.") + type
    var outcome: Program.Outcome
    do throws(Errno) {
      outcome = try Program.run([name, type == "f2fs" ? "-a" : "-p", device], limitMicroseconds: TimeLimit.check.microseconds)
    } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
      remarks.append(Remark(.info, name + " is not in the image; the upper's file system is not checked"))
      return
    }
    guard case .exited(let status) = outcome.end else { throw report(outcome, of: name) }
    switch FileSystemCheck(exitStatus: status) {
    case .clean: break
    case .repaired: remarks.append(Remark(.notice, name + " repaired the upper's file system" + outcome.lastLine.after(": ")))
    case .failed(let meaning):
      // The last line may be the end of fsck's usage.
      remarks.append(Remark(.error, name + " exited with status " + Text(decimal: status) + " (" + meaning + ")" + outcome.firstLine.after(": ")))
      throw .inputOutput
    }
  }

  mutating func requireFitness(of directory: Text) throws(Errno) {
    var lacking: Unfitness?
    do throws(Errno) { lacking = try Unfitness.first(of: directory) } catch {
      // The file system has been fit before, or it would not be full.
      guard error == .noSpace else { throw error }
      remarks.append(Remark(.warning, "The upper is full: nothing can be written until something is deleted"))
      return
    }
    guard let lacking else { return }
    remarks.append(Remark(lacking.isLimit ? .warning : .error, (lacking.isLimit ? "The file system supports an upper with limits: " : "The file system cannot hold an upper: ") as Text + lacking.text))
    if !lacking.isLimit { throw .notSupported }
  }

  // MARK: Programs

  /// Adds a remark about a program that failed, and returns the error for its step.
  mutating func report(_ outcome: Program.Outcome, of name: Text) -> Errno {
    let end: Text = switch outcome.end {
    case .exited(let status): Text(" exited with status ") + Text(decimal: status)
    case .killed(let signal): Text(" was killed by signal ") + Text(decimal: signal)
    case .timedOut: " took too long"
    case .leftBehind: " took too long, hangs in the kernel and was left behind"
    }
    let isOneLine = outcome.firstLine == outcome.lastLine
    remarks.append(Remark(.error, name + end + outcome.firstLine.after(": ") + (isOneLine ? Text() : outcome.lastLine.after(" ... "))))
    return outcome.end == .timedOut || outcome.end == .leftBehind ? .timedOut : .inputOutput
  }
}

extension Text {
  /// The text after `separator`; empty if the text is.
  fileprivate func after(_ separator: Text) -> Text { isEmpty ? self : separator + self }
}
