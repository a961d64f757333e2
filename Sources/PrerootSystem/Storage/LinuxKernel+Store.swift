import CLinux
import PrerootCore

extension LinuxKernel {
  /// What is done on the upper's device and file system.
  mutating func performOnStore(_ step: Step) throws(Errno) {
    let path = step.path, other = step.other, here = FileDescriptor.currentDirectory
    switch step.verb {
    case .format:
      let outcome = try BlockDevice.format(path, type: other, label: "preroot", limitMicroseconds: Self.formatLimit)
      guard outcome.isSuccess else { throw report(outcome, of: Text("mkfs.") + other) }
      remarks.append(Remark(.notice, path + " was blank and has a new file system: " + other))
    case .check:
      try checkFileSystem(on: path, type: other)
    case .requireFitness:
      try requireFitness(of: path)
    case .mountDevice:
      guard let (type, rest) = other.cut(at: 0x20), let (source, options) = rest.cut(at: 0x20) else { throw .invalidArgument }
      try mount(source, at: path, type: type, options: options)
    case .writeDurably:
      do throws(Errno) { try here.replaceDurably(path, contents: other) } catch {
        // None of these is worth a boot: a full upper is to be booted, so that something can be deleted.
        guard error == .noSpace else { throw error }
        remarks.append(Remark(.warning, Text("Cannot write ") + path + ", the upper is full"))
      }
    case .removeDurably:
      if here.exists(path) { try here.removeDurably(path) }
    case .setAside:
      if here.exists(path), !here.exists(other) { try here.renameDurably(path, to: other) }
    case .takeBack:
      guard here.exists(other) || here.target(ofLink: other) != nil else { return }
      try makeParents(of: path, as: other)
      try here.renameDurably(other, to: path)
    case .deleteTree:
      let outcome = try Program.run(Text("rm -rf").words + [path], limitMicroseconds: Self.deletionLimit)
      if !outcome.isSuccess { _ = report(outcome, of: "rm") }
    case .seed:
      try seed(path, from: other)
    default:
      throw .invalidArgument
    }
  }

  private mutating func requireFitness(of directory: Text) throws(Errno) {
    var lacking: Unfitness?
    do throws(Errno) { lacking = try Unfitness.first(of: directory) } catch {
      // It has been fit before, or it would not be full.
      guard error == .noSpace else { throw error }
      remarks.append(Remark(.warning, "The upper is full: nothing can be written until something is deleted"))
      return
    }
    guard let lacking else { return }
    remarks.append(Remark(lacking.isLimit ? .warning : .error, (lacking.isLimit ? "The file system holds an upper with limits: " : "The file system cannot hold an upper: ") as Text + lacking.text))
    if !lacking.isLimit { throw .notSupported }
  }

  private static var formatLimit: Int64 { 120_000_000 }
  private static var checkLimit: Int64 { 180_000_000 }
  private static var copyLimit: Int64 { 120_000_000 }
  private static var deletionLimit: Int64 { 60_000_000 }

  private mutating func checkFileSystem(on device: Text, type: Text) throws(Errno) {
    let name = Text("fsck.") + type
    var outcome: Program.Outcome
    do throws(Errno) {
      outcome = try Program.run([name, type == "f2fs" ? "-a" : "-p", device], limitMicroseconds: Self.checkLimit)
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
      // What fsck says last may be the end of its usage.
      remarks.append(Remark(.error, name + " ended with status " + Text(decimal: status) + " (" + meaning + ")" + outcome.firstLine.after(": ")))
      throw .inputOutput
    }
  }

  /// Says how a program ended that should have ended well.
  private mutating func report(_ outcome: Program.Outcome, of name: Text) -> Errno {
    let end: Text = switch outcome.end {
    case .exited(let status): Text(" ended with status ") + Text(decimal: status)
    case .killed(let signal): Text(" was killed by signal ") + Text(decimal: signal)
    case .timedOut: " took too long"
    case .leftBehind: " took too long, hangs in the kernel and is left behind"
    }
    let isOneLine = outcome.firstLine == outcome.lastLine
    remarks.append(Remark(.error, name + end + outcome.firstLine.after(": ") + (isOneLine ? Text() : outcome.lastLine.after(" ... "))))
    return outcome.end == .timedOut || outcome.end == .leftBehind ? .timedOut : .inputOutput
  }

  /// What is there already has been in use, and its owner and mode are the machine's. Made under another name first, so that what a
  /// power cut leaves never has too wide a mode.
  func makeStoreDirectory(_ path: Text, like model: Text) throws(Errno) {
    let here = FileDescriptor.currentDirectory
    if here.exists(path) { return }
    let unfinished = path + ".unfinished"
    try here.makeDirectory(unfinished)
    unsafe try with(model, unfinished) { unsafe linux_copy_owner_and_mode($0, $1) }
    try here.rename(unfinished, to: path)
  }

  private func makeParents(of path: Text, as model: Text) throws(Errno) {
    let here = FileDescriptor.currentDirectory
    for parent in path.parents where !here.exists(parent) {
      try here.makeDirectory(parent)
      // Both paths end alike.
      unsafe try with(Text(model.bytes.dropLast(path.count - parent.count)), parent) { unsafe linux_copy_owner_and_mode($0, $1) }
    }
  }

  /// Copied under another name first, so that half of it never counts as all.
  private mutating func seed(_ path: Text, from model: Text) throws(Errno) {
    let here = FileDescriptor.currentDirectory
    if here.exists(path) { return }
    guard here.exists(model) else { return try here.makeDirectory(path) }
    let unfinished = path + ".unfinished"
    _ = try Program.run(Text("rm -rf").words + [unfinished], limitMicroseconds: Self.deletionLimit)
    let outcome = try Program.run(Text("cp -a").words + [model, unfinished], limitMicroseconds: Self.copyLimit)
    guard outcome.isSuccess else { throw report(outcome, of: "cp") }
    try syncFileSystem(unfinished)
    try here.renameDurably(unfinished, to: path)
  }
}

extension Text {
  /// The text after `separator`; empty where it is.
  fileprivate func after(_ separator: StaticString) -> Text { isEmpty ? self : Text(stringLiteral: separator) + self }
}
