// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

// preroot VERB: for people, and for their scripts. It tells how the root became writable and what the next boot will do about it, and
// leaves marks for that; no boot needs it.
// See preroot(1).

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

/// A test holds preroot(1) to these.
enum ExitStatus {
  static let success: Int32 = 0
  /// The root is not as it was asked for; the next boot has a problem.
  static let otherwise: Int32 = 1
  /// preroot had nothing to do in this boot.
  static let off: Int32 = 2
  /// It cannot be told, or cannot be done.
  static let failure: Int32 = 3
  static let usage: Int32 = 4
  /// `chroot` alone, whose other statuses are those of the command: not run at all, or run and the image is still writable. Then those
  /// of a command that cannot be run, and of one that is not there.
  static let chroot: Int32 = 125
  static let notExecutable: Int32 = 126
  static let notFound: Int32 = 127
}

/// Why nothing was done, and with which exit status that is said.
struct Complaint: Error {
  var text: Text
  var status = ExitStatus.failure

  @inline(never) init(_ text: Text, status: Int32 = ExitStatus.failure) {
    self.text = text
    self.status = status
  }

  /// Of an answer.
  @inline(never) init(unwritten errno: Errno) { self.init(Text("Cannot write to standard output: ") + errno.text) }

  @inline(never) init(usage text: Text) { self.init(text + "; see preroot --help", status: ExitStatus.usage) }
}

/// Gives the answer. Where it is lost, whoever asked must not take the exit status for one.
@inline(never) func reply(_ text: Text) throws(Complaint) {
  do throws(Errno) { try StandardOutput.write(text) } catch { throw Complaint(unwritten: error) }
}

/// Does what may fail, and says what it was: `WHAT: WHY`.
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

  /// For what only root may do. The kernel would say so, too, but not as clearly.
  @inline(never) static func requireSuperuser(to act: StaticString) throws(Complaint) {
    if !Lower.isSuperuser { throw Complaint(Text("Only root can ") + Text(stringLiteral: act)) }
  }
}
