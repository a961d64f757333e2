// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

// preroot-generator NORMAL EARLY LATE: PID 1 runs it before it loads its units, and at every reload.
// If the root cannot be written, it holds all other units back until the overlay is mounted: it orders them after overlay-prep.service, or
// masks them and redirects the boot to overlay-prep.target. It writes only into its three directories, starts no process and never waits.
// See systemd.generator(7), preroot-generator(8).

@_cdecl("preroot_generator_main")
func main(argumentCount: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Int32 {
  guard argumentCount == 4 else {
    StandardError.write("Usage: preroot-generator NORMAL-DIR EARLY-DIR LATE-DIR; see preroot-generator(8)\n")
    return ExitStatus.usage.rawValue
  }
  do throws(Errno) {
    let normal = unsafe Text(cString: arguments[1])
    // In a boot, ignores $PREROOT_ROOT: the kernel command line or DefaultEnvironment= may set it, but PID 1 boots this machine.
    let machine = normal.hasPrefix("/run/systemd/") ? try Machine(at: "/") : try Machine()
    let log = KernelLog(of: machine, ident: "preroot-generator")
    return unsafe generate(into: normal, Text(cString: arguments[2]), Text(cString: arguments[3]), for: machine, log: log).rawValue
  } catch {
    StandardError.say("preroot-generator", error)
    return ExitStatus.failure.rawValue
  }
}

/// A test compares preroot-generator(8) with these.
enum ExitStatus: Int32, CaseIterable {
  case success = 0
  case failure = 1
  case usage = 2
}

func generate(into normal: Text, _ early: Text, _ late: Text, for machine: borrowing Machine, log: KernelLog) -> ExitStatus {
  var facts = BootFacts(ofBootOn: machine)
  if !facts.isSettled {
    facts.readRequest(of: machine)
    facts.manager = ManagerSigns(of: machine)
  }
  // What is missing or masked can only prevent a first stage. Most boots of a machine with a writable root have none, and read no more.
  if case .staged = BootMode(for: facts) { facts.readStageOne(of: machine) }
  let mode = BootMode(for: facts)
  for remark in mode.remarks(on: facts) { log.say(remark) }
  do throws(Errno) {
    try UnitTree(for: mode, on: facts).write(into: GeneratorDirectories(normal: normal, early: early, late: late))
    return .success
  } catch {
    log.say(.error, "Booting without preroot, as its units cannot be written", error)
    return .failure
  }
}
