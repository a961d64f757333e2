// SPDX-License-Identifier: MIT
import PrerootCore

/// A broken rule: a failure that is not a trap.
struct Finding: Error {
  let text: String
}

func expect(_ isTrue: Bool, _ text: @autoclosure () -> String) throws(Finding) {
  if !isTrue { throw Finding(text: text()) }
}

/// The readers and plans, whose input may come from the author of an image, a device or a command line.
///
/// None may trap. Each also has rules that hold for all inputs, not only for examples in a table.
enum Subjects {
  /// An input is the number of a subject and the subject's bytes.
  static func examine(_ input: [UInt8]) throws(Finding) {
    guard let number = input.first else { return }
    let text = Text(input[1...])
    switch number % 13 {
    case 0: try machine(text)
    case 1: try commandLine(text)
    case 2: try mountInfo(text)
    case 3: try unitName(text)
    case 4: try path(text)
    case 5: try deviceName(text)
    case 6: try hostname(text)
    case 7: try machineID(text)
    case 8: try state(text)
    case 9: try marker(text)
    case 10: try numbers(text)
    case 11: try identity(text)
    default: try events(text)
    }
  }

  // MARK: Readers

  static func commandLine(_ text: Text) throws(Finding) {
    for word in KernelCommandLine(parsing: text).words.map(\.text) {
      try expect(!word.contains(0x0a), "a line end in the word \(word)")
      // A word without white space and quotes reads back as itself.
      if word.words == [word], !word.contains(where: { $0 == 0x22 || $0 == 0x27 }) {
        try expect(KernelCommandLine(parsing: word).words.map(\.text) == [word], "\(word) is another word when it is read again")
      }
    }
    for word in KernelCommandLine(arguments: text).words { try expect(!word.text.isEmpty, "an empty argument") }
    _ = BootUnit(on: KernelCommandLine(parsing: text))
    _ = LowerIdentity.rootHash(on: KernelCommandLine(parsing: text))
  }

  static func mountInfo(_ text: Text) throws(Finding) {
    let table = MountInfo(parsing: text)
    for entry in table.entries {
      _ = (table.entry(at: entry.mountPoint), table.parent(of: entry), entry.layersDirectory, entry.lowerDirectory, entry.upperDirectory)
      for child in table.children(of: entry) { try expect(child.parentID == entry.mountID, "a child of another") }
    }
    _ = (table.root, table.image, table.overlays.count, FileSystemTable(parsing: text))
    // The kernel escapes characters that would look like the end of a field, and the reader decodes them. See proc_pid_mountinfo(5).
    let name = Text(Array(text).prefix(200).filter { $0 != 0 })
    var escaped = Text.Builder()
    for byte in name {
      if byte <= 0x20 || byte == 0x5c || byte == 0x23 {
        escaped.append(0x5c)
        for shift: UInt8 in [6, 3, 0] { escaped.append(0x30 + byte >> shift & 7) }
      } else {
        escaped.append(byte)
      }
    }
    let written = Text(escaped), line = Text("1 0 0:1 / /") + written + " rw - tmpfs x" + written + " rw"
    guard let entry = MountInfo.Entry(parsing: line) else { throw Finding(text: "not a line of the table: \(line)") }
    try expect(entry.mountPoint == Text("/") + name && entry.mountSource == Text("x") + name, "\(line) is read as \(entry.mountPoint) of \(entry.mountSource)")
  }

  static func unitName(_ text: Text) throws(Finding) {
    guard let name = UnitName(text) else { return }
    try expect(name.text == text && name.text.count < 256 && !text.contains(0x2f), "\(text) is taken for a unit's name")
  }

  /// A path and the name of its unit determine each other. See systemd-escape(1).
  static func path(_ text: Text) throws(Finding) {
    _ = (text.fileName, text.parents)
    guard let path = text.normalPath, path != "/" else { return }
    try expect(path.normalPath == path, "\(path) is not normal")
    try expect(path.parents.allSatisfy { path.isWithin($0) }, "\(path) is not within its parents")
    let name = path.unitName
    try expect(unescaped(name) == path, "\(path) is \(name), and that is \(unescaped(name))")
    var paths: [Text] = []
    for directory in ["/etc/", "/run/"] as [Text] {
      ConfigurationPaths.add(text.split(at: 0x2f), of: directory, to: &paths)
    }
    for (one, next) in zip(paths, paths.dropFirst()) { try expect(one.fileName < next.fileName, "\(one) is before \(next)") }
  }

  /// The result of `systemd-escape --unescape --path`.
  private static func unescaped(_ name: Text) -> Text {
    var path = Text.Builder("/"), place = 0
    while place < name.count {
      if name[place] == 0x5c, place + 3 < name.count, let byte = UInt8(String(decoding: Array(name[place + 2..<place + 4]), as: UTF8.self), radix: 16) {
        path.append(byte)
        place += 4
      } else {
        path.append(name[place] == 0x2d ? 0x2f : name[place])
        place += 1
      }
    }
    return Text(path)
  }

  static func deviceName(_ text: Text) throws(Finding) {
    guard let name = DeviceName(text) else { return }
    try expect(!name.value.isEmpty, "\(text) has an empty name")
    try expect(DeviceName(name.text) == name, "\(text) is \(name.text), and that is another device")
    _ = (name.value(in: text), name.isCalled(text), Signature(properties: text))
  }

  static func hostname(_ text: Text) throws(Finding) {
    if case .name(let name) = Hostname(text) {
      try expect((1...64).contains(name.count) && Hostname(name) == .name(name), "\(name) is taken for a name")
    }
  }

  static func machineID(_ text: Text) throws(Finding) {
    if case .valid(let id) = MachineID(text) { try expect(id.count == 32 && MachineID(id) == .valid(id), "\(id) is taken for an ID") }
  }

  static func state(_ text: Text) throws(Finding) {
    _ = State(parsing: text).value(of: "why")
    // Invalid UTF-8 reads back as valid UTF-8.
    let value = Text(text.filter { $0 < 0x80 })
    var state = State()
    state.add("first", list: text.lines)
    state.add("why", value)
    state.add("number", number: text.count)
    try expect(State(parsing: state.text).value(of: "why") == value, "\(value) is \(State(parsing: state.text).value(of: "why") ?? "nothing") when it is read back")
  }

  static func marker(_ text: Text) throws(Finding) {
    _ = Formatting.uuid(inMarker: text)
    let bytes = text.indices.map { text[$0] }
    for node in [bytes, [0x31, 0x18, 0x10, 0x06] + bytes] { try expect(UbifsNode(node) == nil || UbifsNode.isBegun(in: node), "a node of UBIFS without its beginning") }
    _ = Tail.start(inRecord: text)
    guard let uuid = text.lines.first else { return }
    let formatting = Formatting("/dev/sda", type: "ext4", label: text, uuid: uuid, sizeInBytes: Int64(text.count) << 20)
    try expect(Formatting.uuid(inMarker: formatting.marker) == uuid, "\(uuid) is another when it is read back")
    try expect(formatting.arguments?.last?.isEmpty == false, "no arguments")
  }

  static func numbers(_ text: Text) throws(Finding) {
    if let number = text.decimalValue {
      try expect(number >= 0 && Text(decimal: number).decimalValue == number, "\(text) is \(number)")
    }
    _ = (Enable(text), MountOptions(text))
    var options = TmpfsOptions()
    options.size = text
    for memory in [0, 1, 65536, 1 << 30, 1 << 45] { try expect(options.kilobytes(ofMemory: memory) >= 0, "\(text) is less than nothing") }
  }

  static func identity(_ text: Text) throws(Finding) {
    let (type, superblock) = text.cut(at: 0x0a) ?? (text, text)
    var root = RootDevice(type: type)
    root.node = "/dev/vda"
    root.superblock = superblock
    root.bytes = Int64(text.count) << 20
    if case .open(let tail) = TailUse(root, Settings()) {
      try expect(tail.extent.lowerBound > 0 && tail.extent.upperBound < root.bytes, "\(tail.text) is not on the device")
    }
    guard let identity = LowerIdentity(type: type, superblock: superblock, rootHash: "", imageVersion: "") else { return }
    try expect(identity.name.count == 16, "\(identity.name) is no short name")
  }

  static func events(_ text: Text) throws(Finding) {
    _ = [Remark](inEvents: text)
    var event = Event(.remark, Remark(.warning, text), atMicroseconds: Int64(text.count))
    let count = event.text.lines.count
    event.add("PREROOT_UPPER", text)
    try expect(event.text.lines.count == count + 1, "\(text) makes more than a field")
    let line = KernelLogLine(Remark(.error, text), ident: "preroot", processID: 1).text
    try expect(line.count < 1024 && line.lines.count == 1 && line.last == 0x0a, "\(text) makes more than a line of the log")
  }
}

extension Text: CustomStringConvertible {
  public var description: String { "'\(String(decoding: Array(self), as: UTF8.self))'" }
}
