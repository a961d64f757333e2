// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

// preroot-generator NORMAL EARLY LATE: run by PID 1 before it loads its units, and again at every reload.
// Where the root cannot be written, it sends the boot to overlay-prep.target and masks everything else until the overlay is
// there. It writes into the three directories and nowhere else, starts nothing and waits for nothing.
// See systemd.generator(7), preroot-generator(8).

@_cdecl("preroot_generator_main")
func main(argumentCount: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Int32 {
  guard argumentCount == 4 else {
    StandardError.write("Usage: preroot-generator NORMAL-DIR EARLY-DIR LATE-DIR; see preroot-generator(8)\n")
    return ExitStatus.usage
  }
  do throws(Errno) {
    let normal = unsafe Text(cString: arguments[1])
    // What the kernel command line or DefaultEnvironment= sets reaches PID 1's generators, too: a boot has one machine.
    let machine = normal.hasPrefix("/run/systemd/") ? try Machine(at: "/") : try Machine()
    let log = KernelLog(of: machine, ident: "preroot-generator")
    return unsafe generate(into: normal, Text(cString: arguments[2]), Text(cString: arguments[3]), for: machine, log: log)
  } catch {
    StandardError.say("preroot-generator", error)
    return ExitStatus.failure
  }
}

enum ExitStatus {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  static let usage: Int32 = 2
}

func generate(into normal: Text, _ early: Text, _ late: Text, for machine: borrowing Machine, log: KernelLog) -> Int32 {
  var facts = BootFacts(ofBootOn: machine)
  if !facts.isSettled { facts.readRest(of: machine) }
  // PID 1 listens there from its first start of units on (systemd: manager_startup()). Masks in a running machine would keep what is
  // started from then on from starting: where preroot has just been installed, or this boot was left alone.
  // Where overlay-prep.service has begun and units wait for it, somebody reloads in stage 1: they have to go on waiting.
  facts.isRunning = machine.exists("/run/systemd/private") && !facts.hasBegun
  let mode = BootMode(for: facts)
  for remark in mode.remarks(on: facts) { log.say(remark) }
  do throws(Errno) {
    try UnitTree(for: mode, on: facts).write(into: GeneratorDirectories(normal: normal, early: early, late: late))
    return ExitStatus.success
  } catch {
    log.say(.error, "Booting without preroot, as its units cannot be written", error)
    return ExitStatus.failure
  }
}
