// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

// preroot VERB: for people and their scripts. It reports how the root became writable and what the next boot will do, and leaves marks for
// that. No boot needs it. See preroot(1).

@_cdecl("preroot_main")
func main(argumentCount: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Int32 {
  var words: [Text] = []
  for place in 1..<max(Int(argumentCount), 1) { words.append(unsafe Text(cString: arguments[place])) }
  do throws(Complaint) {
    return try run(Arguments(words))
  } catch {
    StandardError.say(Text("preroot: ") + error.text)
    return error.status
  }
}

/// A test compares preroot(1) with these.
enum ExitStatus {
  static let success: Int32 = 0
  /// The root is not as requested, or the next boot has a problem.
  static let otherwise: Int32 = 1
  /// preroot had nothing to do in this boot.
  static let off: Int32 = 2
  /// The answer is unavailable, or the action failed.
  static let failure: Int32 = 3
  static let usage: Int32 = 4
  /// For `chroot` only, whose other statuses are the command's. 125: the command did not run, or it ran and the image is still writable.
  /// 126: the command cannot be executed. 127: it does not exist.
  static let chroot: Int32 = 125
  static let notExecutable: Int32 = 126
  static let notFound: Int32 = 127
}

/// Why nothing was done, and the exit status for it.
struct Complaint: Error {
  var text: Text
  var status = ExitStatus.failure

  @inline(never) init(_ text: Text, status: Int32 = ExitStatus.failure) {
    self.text = text
    self.status = status
  }

  /// The answer could not be written.
  @inline(never) init(unwritten errno: Errno) { self.init(Text("Cannot write to standard output: ") + errno.text) }

  @inline(never) init(usage text: Text) { self.init(text + "; see preroot --help", status: ExitStatus.usage) }
}

/// Writes the answer. If it is lost, the exit status must not look like an answer.
@inline(never) func reply(_ text: Text) throws(Complaint) {
  do throws(Errno) { try StandardOutput.write(text) } catch { throw Complaint(unwritten: error) }
}

/// Acts, and turns an error into `WHAT: WHY`.
@inline(never) func attempt<Result: ~Copyable>(_ what: Text, _ act: () throws(Errno) -> Result) throws(Complaint) -> Result {
  do throws(Errno) { return try act() } catch { throw Complaint(what + ": " + error.text) }
}

func run(_ arguments: Arguments) throws(Complaint) -> Int32 {
  if arguments.has(.help) { return try help() }
  if arguments.has(.version) { return try version() }
  switch try arguments.verb {
  case .status: return try status(on: try Machine(of: arguments), asJSON: arguments.has(.json))
  case .check: return try check(try Machine(of: arguments))
  case .plan: return try plan(try Machine(of: arguments))
  case .diff: return try diff(try arguments.paths, on: try Machine(of: arguments))
  case .commit:
    return try commit(try arguments.paths, onlyTold: arguments.has(.dryRun), isCancelled: arguments.has(.cancel), on: try Machine(of: arguments))
  case .reset: return try reset(keeping: arguments.kept, isCancelled: arguments.has(.cancel), on: try Machine(of: arguments))
  case .chroot: return try chroot(arguments.operands, on: try Machine(of: arguments))
  }
}

extension Machine {
  @inline(never) init(of arguments: Arguments) throws(Complaint) {
    let root = arguments.root
    self = try attempt(root ?? "/") { () throws(Errno) in
      if let root { return try Machine(at: root) }
      return try Machine()
    }
  }

  /// Requires root. The kernel would refuse, too, but less clearly.
  @inline(never) static func requireSuperuser(to act: Text) throws(Complaint) {
    if !Lower.isSuperuser { throw Complaint(Text("Only root can ") + act) }
  }
}
