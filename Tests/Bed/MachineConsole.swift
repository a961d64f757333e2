// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The management console of User Mode Linux, which acts on a running machine from outside.
///
/// A request and its reply are one datagram each, in the machine's byte order. See arch/um/drivers/mconsole.h of the kernel.
struct MachineConsole: Sendable {
  /// The path of its socket in the machine's own directory.
  let socket: FilePath

  /// Plugs in a disk with this number: 1 is /dev/ubdb.
  func plug(in disk: Disk, as number: Int) throws {
    try order("config ubd\(number)\(disk.isReadOnly ? "r" : "")=\(disk.path)")
  }

  /// Presses Ctrl-Alt-Del.
  func pressControlAltDelete() throws {
    try order("cad")
  }

  /// Sends one command and waits for the reply, for at most a minute, as the host may be busy.
  ///
  /// - Throws: ``Problem`` if the machine does not answer or refuses.
  private func order(_ words: String) throws {
    let end = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    guard end >= 0 else { throw Problem("No socket for '\(words)': \(Errno(rawValue: errno))") }
    defer { close(end) }
    // The kernel chooses a name for the socket, without which it could not receive the reply.
    var family = sa_family_t(AF_UNIX)
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    let isReady = withUnsafeBytes(of: &family) { bind(end, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) } == 0
      && setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size)) == 0
    guard isReady else { throw Problem("No name for a socket: \(Errno(rawValue: errno))") }

    let magic: UInt32 = 0xcafe_babe, version: UInt32 = 2
    var request = Data()
    for number in [magic, version, UInt32(words.utf8.count)] { withUnsafeBytes(of: number) { request.append(contentsOf: $0) } }
    request.append(Data(words.utf8) + Data(count: Self.textSize - words.utf8.count))
    let sent = try withAddress { address, length in request.withUnsafeBytes { sendto(end, $0.baseAddress, $0.count, 0, address, length) } }
    guard sent == request.count else { throw Problem("The machine takes no '\(words)': \(Errno(rawValue: errno))") }

    var reply = [UInt8](repeating: 0, count: 12 + Self.textSize)
    guard recv(end, &reply, reply.count, 0) >= 12 else { throw Problem("The machine did not answer '\(words)'") }
    guard reply[..<4].allSatisfy({ $0 == 0 }) else {
      throw Problem("The machine refused '\(words)': \(String(decoding: reply[12...].prefix { $0 != 0 }, as: UTF8.self))")
    }
  }

  private static let textSize = 512

  private func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) throws -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(socket.string.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Problem("The path of a socket is too long: \(socket)") }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
