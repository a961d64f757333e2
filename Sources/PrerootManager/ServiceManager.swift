// SPDX-License-Identifier: MIT
import CSystemd
import PrerootCore

/// PID 1, on its private socket. See org.freedesktop.systemd1(5).
@safe public struct ServiceManager: ~Copyable {
  /// PID 1 rejected a request, or could not be reached.
  public struct Refusal: Error, Equatable {
    /// The name and the message of the D-Bus error, or which library is missing; empty if the connection itself failed.
    public var answer: Text
    public var errno: Errno

    public init(_ answer: Text, _ errno: Errno) {
      self.answer = answer
      self.errno = errno
    }

    public var isNoIsolation: Bool { answer.hasPrefix("org.freedesktop.systemd1.NoIsolation") }
  }

  /// How to treat a conflicting job. See systemctl(1), --job-mode=.
  public enum JobMode {
    case isolate
    case replace

    var text: Text {
      switch self {
      case .isolate: "isolate"
      case .replace: "replace"
      }
    }
  }

  /// sd-bus' default, 25 seconds, for methods that PID 1 answers at once.
  private static var callLimit: Int64 { 0 }

  private var bus: OpaquePointer

  public init() throws(Refusal) {
    unsafe bus = try Self.connect()
  }

  private static func connect() throws(Refusal) -> OpaquePointer {
    var bus: OpaquePointer? = nil
    let result = unsafe systemd_connect(&bus)
    guard result >= 0, let bus = unsafe bus else {
      let errno = Errno(rawValue: -result)
      throw Refusal(errno == .noLibrary ? "libsystemd.so.0 cannot be loaded" : "", errno)
    }
    return unsafe bus
  }

  deinit { unsafe systemd_disconnect(bus) }

  /// Runs the generators and reloads all units; returns when PID 1 is done.
  public func reload() throws(Refusal) {
    try call("Reload", limitMicroseconds: TimeLimit.reload.microseconds)
  }

  /// Makes PID 1 re-execute itself and keep its state; PID 1 then runs the generators and reloads all units. This returns earlier: PID 1 is
  /// done when it answers on a new connection.
  ///
  /// - Throws: the refusal. A broken connection is no error; it is PID 1's answer.
  public func reexecute() throws(Refusal) {
    do throws(Refusal) { try call("Reexecute", limitMicroseconds: TimeLimit.reload.microseconds) } catch {
      // systemctl accepts these two errors as success, too.
      guard error.errno == .connectionReset || error.errno == .timedOut else { throw error }
    }
  }

  /// Tries once to connect to PID 1 again.
  ///
  /// - Returns: whether PID 1 answers.
  public mutating func reconnect() -> Bool {
    do throws(Refusal) {
      let newBus = unsafe try Self.connect()
      unsafe systemd_disconnect(bus)
      unsafe bus = newBus
      _ = try id(ofUnit: "init.scope")
      return true
    } catch { return false }
  }

  /// Applies the presets to all units, as PID 1 does in a first boot. See systemd.preset(5).
  public func presetAll() throws(Refusal) {
    let result = unsafe systemd_preset_all(bus)
    if result < 0 { throw Refusal("", Errno(rawValue: -result)) }
  }

  /// Enqueues a job to start `unit`; returns when the job exists, not when it is done.
  public func start(_ unit: Text, _ mode: JobMode) throws(Refusal) {
    try call("StartUnit", unit, mode.text, limitMicroseconds: Self.callLimit)
  }

  /// Returns the unit's primary name; `name` may be an alias.
  public func id(ofUnit name: Text) throws(Refusal) -> Text { try property("Id", ofUnit: name, "LoadUnit") }

  /// Returns whether the unit is active or activating.
  public func isActive(_ unit: Text) throws(Refusal) -> Bool {
    do throws(Refusal) { return try property("ActiveState", ofUnit: unit, "GetUnit").isOne(of: "active activating") } catch {
      // The unit is not loaded.
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      return false
    }
  }

  @inline(never) private func property(_ property: Text, ofUnit name: Text, _ method: Text) throws(Refusal) -> Text {
    var text: UnsafePointer<CChar>? = nil
    let result = unsafe systemd_unit_property(bus, method.cString, name.cString, property.cString, &text)
    guard result >= 0, let text = unsafe text else { throw Refusal("", Errno(rawValue: -result)) }
    return unsafe Text(cString: text)
  }

  @inline(never) private func call(_ method: Text, _ first: Text = "", _ second: Text = "", limitMicroseconds: Int64) throws(Refusal) {
    var name: UnsafePointer<CChar>? = nil, text: UnsafePointer<CChar>? = nil
    let result = unsafe systemd_call(bus, method.cString, first.cString, second.cString, UInt64(truncatingIfNeeded: limitMicroseconds), &name, &text)
    if result >= 0 { return }
    var refusal = Refusal("", Errno(rawValue: -result))
    if let name = unsafe name { unsafe refusal.answer.append(Text(cString: name)) }
    if let text = unsafe text { unsafe refusal.answer.append(Text(": ") + Text(cString: text)) }
    throw refusal
  }
}
