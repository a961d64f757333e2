// SPDX-License-Identifier: MIT
import Foundation
import Subprocess
import Support
import SystemPackage

/// The way in which the host shares a directory with a machine in QEMU, which has it as its root. No machine may write to it.
public enum Share: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case plan9 = "9p", virtiofs, nfs

  public var description: String { rawValue }

  /// The type of the root's file system in mountinfo.
  public var fileSystem: String { self == .nfs ? "nfs4" : rawValue }
}

/// A directory of the host that a machine has as its root, and the program on the host that serves it.
struct SharedRoot: Sendable {
  private let share: Share
  private let directory: FilePath
  /// The directory of the machine's run, for the server's files.
  private let place: FilePath
  /// The port of an NFS server on the host's loopback interface, which the machine reaches as 10.0.2.2: see QEMU, "Using the user mode network stack".
  private let port: Int

  init(_ share: Share, of directory: FilePath, at place: FilePath) throws {
    self.share = share
    self.directory = directory
    self.place = place
    port = share == .nfs ? try Self.freePort() : 0
  }

  /// What Linux needs to be told to have it as its root.
  var words: [String] {
    switch share {
    case .plan9: ["root=shared", "rootfstype=9p", "rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144"]
    case .virtiofs: ["root=shared", "rootfstype=virtiofs"]
    case .nfs: ["root=/dev/nfs", "nfsroot=10.0.2.2:/shared,vers=4.2,proto=tcp,port=\(port)", "ip=dhcp"]
    }
  }

  /// The devices of the machine.
  func devices(on board: Board, megabytes: Int) -> [String] {
    switch share {
    case .plan9:
      // What the kernel of the host allows the machine is what it allows root.
      ["-fsdev", "local,id=shared,path=\(directory),security_model=passthrough,readonly=on,multidevs=remap", "-device", "\(board.device("9p")),fsdev=shared,mount_tag=shared"]
    case .virtiofs:
      // virtiofsd reads the machine's memory.
      ["-object", "memory-backend-memfd,id=memory,size=\(megabytes)M,share=on", "-M", "memory-backend=memory", "-chardev", "socket,id=shared,path=\(socket)",
       "-device", "vhost-user-fs-\(board.bus.rawValue),chardev=shared,tag=shared"]
    case .nfs: ["-netdev", "user,id=network", "-device", "\(board.device("net")),netdev=network"]
    }
  }

  /// Serves the directory while `body` runs.
  ///
  /// - Throws: ``Problem`` if the server is missing or does not start; what `body` throws.
  func serving<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    guard let server = try await server() else { return try await body() }
    guard FileManager.default.isExecutableFile(atPath: server.program) else { throw Problem("The program '\(server.program)' is missing: install the package 'qemu-system-common'") }
    let log = place.appending("server.log")
    let file = try FileDescriptor.open(log, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    defer { try? file.close() }
    var options = PlatformOptions()
    options.createSession = true
    return try await run(
      .path(FilePath(server.program)), arguments: Arguments(server.arguments), environment: .inherit.updating(["LD_LIBRARY_PATH": server.libraries]), platformOptions: options, input: .none,
      output: .fileDescriptor(file, closeAfterSpawningProcess: false), error: .combinedWithOutput
    ) { execution in
      defer { try? execution.send(signal: .kill, toProcessGroup: true) }
      let end = ContinuousClock.now + .seconds(120)
      while !server.isReady() {
        guard Run.isRunning(execution.processIdentifier.value), .now < end else {
          throw Problem("'\(server.program)' does not serve: \(String(decoding: FileManager.default.contents(atPath: log.string) ?? Data(), as: UTF8.self).suffix(2000))")
        }
        try await Task.sleep(for: .milliseconds(50))
      }
      return try await body()
    }.closureResult
  }

  private struct Server {
    let program: String, arguments: [String]
    var libraries: String?
    let isReady: @Sendable () -> Bool
  }

  /// The program that serves it; nil if QEMU itself does.
  private func server() async throws -> Server? {
    switch share {
    case .plan9: return nil
    case .virtiofs:
      let socket = socket.string
      return Server(
        program: "/usr/lib/qemu/virtiofsd", arguments: ["--socket-path=\(socket)", "-o", "source=\(directory)", "-o", "cache=auto", "-o", "xattr"],
        isReady: { FileManager.default.fileExists(atPath: socket) })
    case .nfs:
      let ganesha = "\(try await DebianFiles.ganesha())/usr", libraries = "\(ganesha)/lib/x86_64-linux-gnu"
      let configuration = place.appending("ganesha.conf"), log = place.appending("server.log").string
      try FileManager.default.createDirectory(atPath: place.appending("ganesha").string, withIntermediateDirectories: true)
      try Data("""
        NFS_CORE_PARAM { Protocols = 4; NFS_Port = \(port); Bind_addr = 127.0.0.1; Enable_NLM = false; Enable_RQUOTA = false; Plugins_Dir = \(libraries)/ganesha; }
        NFSV4 { UseGetpwnam = true; Only_Numeric_Owners = true; Graceless = true; RecoveryBackend = fs; RecoveryRoot = \(place)/ganesha; }
        EXPORT {
          Export_Id = 1; Path = \(directory); Pseudo = /shared; Protocols = 4; Transports = TCP;
          Access_Type = RO; Squash = No_Root_Squash; SecType = sys;
          FSAL { Name = VFS; }
        }

        """.utf8).write(to: URL(fileURLWithPath: configuration.string))
      return Server(
        program: "\(ganesha)/bin/ganesha.nfsd", arguments: ["-F", "-L", "STDERR", "-f", configuration.string, "-p", place.appending("ganesha.pid").string],
        libraries: "\(ganesha)/lib/ganesha:\(libraries)", isReady: { FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self).contains("NFS SERVER INITIALIZED") } == true })
    }
  }

  private var socket: FilePath { place.appending("virtiofs.sock") }

  /// A port of the loopback interface that nobody listens at.
  private static func freePort() throws -> Int {
    let end = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard end >= 0 else { throw Problem("No socket: \(Errno(rawValue: errno))") }
    defer { close(end) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(end, $0, length) == 0 && getsockname(end, $0, &length) == 0 }
    }
    guard isBound else { throw Problem("No port: \(Errno(rawValue: errno))") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
