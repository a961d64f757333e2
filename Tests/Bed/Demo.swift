// SPDX-License-Identifier: MIT
import Foundation
import Subprocess
import Support
import SystemPackage

/// A demonstration of preroot: a small Debian on a read-only ext4 image under Debian's own User Mode Linux kernel, if
/// that works on this processor.
public enum Demo {
  /// The machine's root, with the units of a device and one that shows the boot on the console.
  static var tree: Tree {
    get throws {
      var tree = Tree.lean
      tree.hasProbe = false
      tree.hasPackagedOverlay = true
      return tree.with("/usr/lib/bed/demo", try Checkout.bedText("bed-demo"), mode: 0o755)
        .with("/etc/hostname", "preroot-demo\n")
        .with("/usr/lib/systemd/system/bed-demo.service", try Checkout.bedText("bed-demo.service"))
        .linking("/usr/lib/systemd/system/multi-user.target.wants/bed-demo.service", to: "../bed-demo.service")
    }
  }

  /// Boots the machine once.
  ///
  /// - Parameter hasTerminal: whether to start a shell for a user; without a terminal the machine powers off by itself.
  /// - Throws: ``Problem`` if the machine cannot be built or does not power off in time.
  public static func show(hasTerminal: Bool) async throws {
    var kernel = Kernel.packaged
    if try await !kernel.runsPrograms() {
      say("Debian's User Mode Linux runs no program on this processor; another kernel takes its place.")
      kernel = .own
    }
    let program = try await kernel.program()
    say("Making the image …")
    let image = try await ImageKind.ext4.image(of: tree)
    let words = ["preroot=tmpfs"]
    say("Booting \(image.lastComponent?.string ?? ""), read-only, on /dev/ubda with '\(words.joined(separator: " "))', without an initramfs …")

    let place = try Cache.shared.holding("runs/demo")
    try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: true)
    let arguments = ["uml_dir=\(place)", "mem=256M", "ubd0r=\(image)", "root=/dev/ubda", "ro", "con=null", "con0=fd:0,fd:1", "panic=-1",
                     "quiet", "loglevel=1", "selinux=0", "systemd.show_status=no"] + kernel.words + words + (hasTerminal ? ["bed.login"] : [])
    var options = PlatformOptions()
    // The user's terminal belongs to the current session.
    options.createSession = !hasTerminal
    let status = try await run(
      .path(program), arguments: Arguments(arguments), platformOptions: options,
      input: .fileDescriptor(hasTerminal ? .standardInput : try .open("/dev/null", .readOnly), closeAfterSpawningProcess: false),
      output: .currentStandardOutput, error: .currentStandardError
    ) { execution in
      var patience = Patience(.seconds(80))
      while Run.isRunning(execution.processIdentifier.value) {
        if !hasTerminal, patience.isOver(at: .now) {
          try execution.send(signal: .kill, toProcessGroup: true)
          return false
        }
        try await Task.sleep(for: .milliseconds(50))
      }
      return true
    }
    // The kernel does not restore the terminal's settings.
    if hasTerminal { _ = try? await run(.name("stty"), arguments: ["sane"], input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false), output: .discarded) }
    guard status.closureResult else { throw Problem("The machine did not power off by itself in time") }
    guard status.terminationStatus.isSuccess else { throw Problem("The machine died: \(status.terminationStatus)") }
  }
}
