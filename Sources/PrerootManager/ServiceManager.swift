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

  private let bus: OpaquePointer

  public init() throws(Refusal) {
    var bus: OpaquePointer? = nil
    let result = unsafe systemd_connect(&bus)
    guard result >= 0, let bus = unsafe bus else {
      throw Refusal("", Errno(rawValue: -result))
    }
    unsafe self.bus = bus
  }

  deinit { unsafe systemd_disconnect(bus) }

  /// Runs the generators and loads all units anew; returns when that is done.
  public func reload() throws(Refusal) {
    try call("Reload", timeout: Self.reloadTimeout)
  }

  /// Enqueues the start of `unit`; returns when the job exists, not when it is done.
  public func start(_ unit: Text, _ mode: JobMode) throws(Refusal) {
    try call("StartUnit", unit, mode.text, timeout: Self.callTimeout)
  }

  /// The name that the unit itself has, where `name` may be an alias.
  public func id(ofUnit name: Text) throws(Refusal) -> Text {
    var id: UnsafePointer<CChar>? = nil
    let result = unsafe name.terminated.withCString { unsafe systemd_unit_id(bus, $0, &id) }
    guard result >= 0, let id = unsafe id else { throw Refusal("", Errno(rawValue: -result)) }
    return unsafe Text(cString: id)
  }

  @inline(never) private func call(_ method: Text, _ first: Text = "", _ second: Text = "", timeout: UInt64) throws(Refusal) {
    let first = first.terminated, second = second.terminated
    var name: UnsafePointer<CChar>? = nil, text: UnsafePointer<CChar>? = nil
    let result = unsafe method.terminated.withCString { method in
      unsafe first.withCString { first in
        unsafe second.withCString { unsafe systemd_call(bus, method, first, $0, timeout, &name, &text) }
      }
    }
    if result >= 0 { return }
    var refusal = Refusal("", Errno(rawValue: -result))
    if let name = unsafe name { unsafe refusal.answer.append(Text(cString: name)) }
    if let text = unsafe text { unsafe refusal.answer.append(Text(": ") + Text(cString: text)) }
    throw refusal
  }
}
