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
