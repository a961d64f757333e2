// SPDX-License-Identifier: MIT
import CSystemd
import PrerootCore

/// PID 1, on its private socket. See org.freedesktop.systemd1(5).
@safe public struct ServiceManager: ~Copyable {
  /// What PID 1 answered instead of doing it.
  public struct Refusal: Error, Equatable {
    /// The D-Bus error's name and message; empty where the connection itself failed.
    public var answer: Text
    public var errno: Errno

    public init(_ answer: Text, _ errno: Errno) {
      self.answer = answer
      self.errno = errno
    }

    public var isNoIsolation: Bool { answer.hasPrefix("org.freedesktop.systemd1.NoIsolation") }
  }

  /// How a job that is there already is met. See systemctl(1), --job-mode=.
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

  /// What systemctl allows a reload: twice the 90 seconds that PID 1 allows its generators.
  private static var reloadTimeout: UInt64 { 180_000_000 }
  /// sd-bus' own default, 25 seconds, for what PID 1 answers at once.
  private static var callTimeout: UInt64 { 0 }

  private var bus: OpaquePointer

  public init() throws(Refusal) {
    unsafe bus = try Self.connect()
  }

  private static func connect() throws(Refusal) -> OpaquePointer {
    var bus: OpaquePointer? = nil
    let result = unsafe systemd_connect(&bus)
    guard result >= 0, let bus = unsafe bus else { throw Refusal("", Errno(rawValue: -result)) }
    return unsafe bus
  }

  deinit { unsafe systemd_disconnect(bus) }

  /// Runs the generators and loads all units anew; returns when that is done.
  public func reload() throws(Refusal) {
    try call("Reload", timeout: Self.reloadTimeout)
  }

  /// Has PID 1 execute itself anew and keep what it is doing; it then runs the generators and loads all units. That is not done when
  /// this returns, but when it answers on a new connection.
  ///
  /// - Throws: the refusal; that the connection breaks is the answer.
  public func reexecute() throws(Refusal) {
    do throws(Refusal) { try call("Reexecute", timeout: Self.reloadTimeout) } catch {
      // systemctl takes these two for success as well.
      guard error.errno == .connectionReset || error.errno == .timedOut else { throw error }
    }
  }

  /// Tries to reach PID 1 again, once.
  ///
  /// - Returns: whether it answers.
  public mutating func reconnect() -> Bool {
    do throws(Refusal) {
      let anew = unsafe try Self.connect()
      unsafe systemd_disconnect(bus)
      unsafe bus = anew
      _ = try id(ofUnit: "init.scope")
      return true
    } catch { return false }
  }

  /// Enables and disables what the presets say, as PID 1 does it in a first boot. See systemd.preset(5).
  public func presetAll() throws(Refusal) {
    let result = unsafe systemd_preset_all(bus)
    if result < 0 { throw Refusal("", Errno(rawValue: -result)) }
  }

  /// Enqueues the start of `unit`; returns when the job exists, not when it is done.
  public func start(_ unit: Text, _ mode: JobMode) throws(Refusal) {
    try call("StartUnit", unit, mode.text, timeout: Self.callTimeout)
  }

  /// The name that the unit itself has, where `name` may be an alias.
  public func id(ofUnit name: Text) throws(Refusal) -> Text { try property("Id", ofUnit: name, "LoadUnit") }

  /// Whether the unit is active, or on its way to that.
  public func isActive(_ unit: Text) throws(Refusal) -> Bool {
    do throws(Refusal) { return try property("ActiveState", ofUnit: unit, "GetUnit").isOne(of: "active activating") } catch {
      // Not even loaded.
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

  @inline(never) private func call(_ method: Text, _ first: Text = "", _ second: Text = "", timeout: UInt64) throws(Refusal) {
    var name: UnsafePointer<CChar>? = nil, text: UnsafePointer<CChar>? = nil
    let result = unsafe systemd_call(bus, method.cString, first.cString, second.cString, timeout, &name, &text)
    if result >= 0 { return }
    var refusal = Refusal("", Errno(rawValue: -result))
    if let name = unsafe name { unsafe refusal.answer.append(Text(cString: name)) }
    if let text = unsafe text { unsafe refusal.answer.append(Text(": ") + Text(cString: text)) }
    throw refusal
  }
}
