// SPDX-License-Identifier: MIT
import ArgumentParser
import Bed

struct KernelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "kernel", abstract: "Build the User Mode Linux kernel, where that has not been done yet.")

  func run() async throws {
    print(try await Kernel.own.program())
  }
}

struct ImagesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "images", abstract: "Make the base tree and the images most tests boot.")

  func run() async throws {
    for kind in ImageKind.allCases {
      print(try await kind.image(of: .lean))
    }
  }
}

struct TidyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tidy", abstract: "Remove images, disks and runs that no process refers to. The kernel and the base trees stay.")

  func run() async throws { try Cache.shared.tidy() }
}

struct SysrootCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sysroot", abstract: "Unpack the headers and libraries of an older distribution, and print the directory for `make SYSROOT=`.")

  @Argument(help: "The release.", transform: Suite.init(argument:))
  var suite: Suite

  func run() async throws {
    guard let path = try await Sysroot.path(of: suite) else { throw ValidationError("what is built here runs on \(suite) as it is") }
    print(path)
  }
}
