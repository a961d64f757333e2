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
    return error.status.rawValue
  }
}

/// A test compares preroot(1) with these.
enum ExitStatus: Int32, CaseIterable {
  case success = 0
  /// The root is not as requested, or the next boot has a problem.
  case otherwise = 1
  /// preroot had nothing to do in this boot.
  case off = 2
  /// The answer is unavailable, or the action failed.
  case failure = 3
  case usage = 4
  /// For `chroot` only, whose other statuses are the command's. 125: the command did not run, or it ran and the image is still writable.
  /// 126: the command cannot be executed. 127: it does not exist.
  case chroot = 125
  case notExecutable = 126
  case notFound = 127
}

/// Why nothing was done, and the exit status for it.
struct Complaint: Error {
  var text: Text
  var status = ExitStatus.failure

  @inline(never) init(_ text: Text, status: ExitStatus = .failure) {
    self.text = text
    self.status = status
  }

  /// The answer could not be written.
  @inline(never) init(unwritten errno: Errno) { self.init(Text("Cannot write to standard output: ") + errno.text) }

  @inline(never) init(usage text: Text) { self.init(text + "; see preroot --help", status: .usage) }
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
  if arguments.has(.help) { return try help().rawValue }
  if arguments.has(.version) { return try version().rawValue }
  let outcome: ExitStatus
  switch try arguments.verb {
  case .status: outcome = try status(on: try Machine(of: arguments), asJSON: arguments.has(.json))
  case .check: outcome = try check(try Machine(of: arguments))
  case .plan: outcome = try plan(try Machine(of: arguments))
  case .diff: outcome = try diff(try arguments.paths, on: try Machine(of: arguments))
  case .commit:
    outcome = try commit(try arguments.paths, isDry: arguments.has(.dryRun), isCancelled: arguments.has(.cancel), on: try Machine(of: arguments))
  case .reset: outcome = try reset(keeping: arguments.kept, isCancelled: arguments.has(.cancel), on: try Machine(of: arguments))
  // The status is the command's.
  case .chroot: return try chroot(arguments.operands, on: try Machine(of: arguments))
  }
  return outcome.rawValue
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
