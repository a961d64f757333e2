// SPDX-License-Identifier: MIT
import ArgumentParser
import Bed
import SystemPackage

extension ImageKind: ExpressibleByArgument {}
extension Profile: ExpressibleByArgument {}
extension Share: ExpressibleByArgument {}

extension Suite {
  /// The suite with this name.
  init(argument name: String) throws {
    guard let suite = Suite.all.first(where: { $0.name == name }) else { throw ValidationError("there is no '\(name)' in the bed") }
    self = suite
  }
}

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "run", abstract: "Boot a machine once and print its report.")

  enum LegName: String, ExpressibleByArgument, CaseIterable {
    case uml, nspawn, microvm, q35, mipsel, arm64, armhf, riscv64

    func leg(_ image: ImageKind) -> Leg {
      switch self {
      case .uml: .kernel(image)
      case .nspawn: .container
      case .microvm: .emulated(.microvm)
      case .q35: .emulated(.q35)
      case .mipsel: .emulated(.malta)
      case .arm64: .emulated(.arm64)
      case .armhf: .emulated(.armhf)
      case .riscv64: .emulated(.riscv64)
      }
    }
  }

  @Option(help: "User Mode Linux, a container, a microVM or a PC in QEMU, or another processor there.")
  var leg: LegName = .uml
  @Option(help: "What the root is on in User Mode Linux.")
  var image: ImageKind = .squashfs
  @Option(help: "How the host shares the root with a microVM or a PC, in place of an image.")
  var share: Share?
  @Option(help: "The release of Debian or Ubuntu.", transform: Suite.init(argument:))
  var suite = Suite.bookworm
  @Option(help: "How much of Debian runs.")
  var profile: Profile = .lean
  @Option(help: "The memory in MiB in User Mode Linux.")
  var memory = 256
  @Option(help: "A directory whose files are laid over the machine's.")
  var over: String?
  @Option(help: "A file that is a disk of the machine, which keeps what is written: /dev/ubdb, and with the option again /dev/ubdc.")
  var disk: [String] = []
  @Option(help: "A file that is the machine's flash memory, which keeps what is written: mtd:flash.")
  var flash: String?
  @Option(name: .customLong("package"), help: "A package of Debian that the machine has, too.")
  var packages: [String] = []
  @Flag(help: "Leave preroot out of the image.")
  var plain = false
  @Flag(help: "Print the console, too.")
  var console = false
  @Argument(help: "Words for the kernel command line.")
  var words: [String] = []

  func run() async throws {
    var machine = Machine(leg.leg(image), Tree(suite, profile, hasPreroot: !plain))
    machine.words = words
    machine.share = share
    machine.tree = machine.tree.with(packages: packages)
    if let over { machine.tree = machine.tree.with(everythingIn: FilePath(over)) }
    machine.memoryInMegabytes = memory
    machine.disks = disk.map { Disk(FilePath($0)) } + (flash.map { [Disk(flash: FilePath($0))] } ?? [])
    let boot = try await machine.boot()
    if console { print(boot.console.lines.joined(separator: "\n")) }
    print(boot.summary)
  }
}
