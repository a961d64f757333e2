// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// A test compares preroot(1), the help and the completions with these verbs and with the options.
enum Verb: Keyword {
  case status
  case check
  case plan
  case diff
  case commit
  case reset
  case chroot

  var word: Text {
    switch self {
    case .status: "status"
    case .check: "check"
    case .plan: "plan"
    case .diff: "diff"
    case .commit: "commit"
    case .reset: "reset"
    case .chroot: "chroot"
    }
  }
}

enum Option: Keyword {
  case help
  case version
  case json
  case root
  case keep
  case cancel
  case dryRun

  var word: Text {
    switch self {
    case .help: "--help"
    case .version: "--version"
    case .json: "--json"
    case .root: "--root"
    case .keep: "--keep"
    case .cancel: "--cancel"
    case .dryRun: "--dry-run"
    }
  }

  var takesValue: Bool { self == .root || self == .keep }

  func belongs(to verb: Verb) -> Bool {
    switch self {
    case .help, .version: true
    case .json: verb == .status
    case .root: verb == .check || verb == .plan
    case .keep: verb == .reset
    case .cancel: verb == .reset || verb == .commit
    case .dryRun: verb == .commit
    }
  }
}

/// The command line, in GNU's style: options before or after the verb, `--root=DIR` or `--root DIR`, only operands after `--`. Everything
/// after the first word of chroot's command belongs to that command.
struct Arguments {
  private var word: Text?
  private var options: [(option: Option, value: Text)] = []
  private(set) var operands: [Text] = []

  init(_ words: [Text]) throws(Complaint) {
    var areOptionsOver = false
    var place = 0
    while place < words.count {
      let argument = words[place]
      place += 1
      if areOptionsOver || !argument.hasPrefix("-") || argument == "-" {
        if word == nil { word = argument } else { operands.append(argument) }
        if word! == "chroot", !operands.isEmpty { areOptionsOver = true }
      } else if argument == "--" {
        areOptionsOver = true
      } else {
        try take(argument, words, &place)
      }
    }
    try check()
  }

  /// - Parameter place: the place of the option's value, if that is a separate word.
  private mutating func take(_ argument: Text, _ words: [Text], _ place: inout Int) throws(Complaint) {
    var (name, value): (Text, Text?) = (argument, nil)
    if let (before, after) = argument.cut(at: UInt8(ascii: "=")) { (name, value) = (before, after) }
    guard let option = Option(name) else {
      throw Complaint(usage: Text("'") + name + "' is not an option")
    }
    if option.takesValue {
      if value == nil, place < words.count {
        value = words[place]
        place += 1
      }
      guard let value, !value.isEmpty else { throw Complaint(usage: Text("'") + name + "' needs a path") }
      options.append((option, value))
    } else {
      if value != nil { throw Complaint(usage: Text("'") + name + "' takes no value") }
      options.append((option, Text()))
    }
  }

  private func check() throws(Complaint) {
    if has(.help) || has(.version) { return }
    let verb = try verb
    for (option, _) in options where !option.belongs(to: verb) {
      throw Complaint(usage: Text("'") + option.text + "' is not an option of '" + word! + "'")
    }
    if verb != .diff, verb != .commit, verb != .chroot, let operand = operands.first {
      throw Complaint(usage: Text("'") + operand + "' is an argument too many for '" + word! + "'")
    }
    if has(.dryRun), has(.cancel) { throw Complaint(usage: "'--dry-run' and '--cancel' contradict each other") }
    if verb == .commit, has(.cancel), let operand = operands.first {
      throw Complaint(usage: Text("'") + operand + "' is an argument too many: '--cancel' takes back the whole commit")
    }
    if has(.keep), has(.cancel) { throw Complaint(usage: "'--keep' and '--cancel' contradict each other") }
  }

  var verb: Verb {
    get throws(Complaint) {
      guard let word else { throw Complaint(usage: Text("A verb is missing (") + Text(joining: Verb.words.words, separator: ", ") + ")") }
      guard let verb = Verb(word) else {
        throw Complaint(usage: Text("'") + word + "' is not a verb")
      }
      return verb
    }
  }

  func has(_ option: Option) -> Bool { options.contains { $0.option == option } }

  /// The last `--root`.
  var root: Text? { options.last { $0.option == .root }?.value }

  /// The value of each `--keep`, absolute and normalized.
  var kept: [Text] {
    get throws(Complaint) {
      var paths: [Text] = []
      for (option, value) in options where option == .keep {
        guard let path = value.normalPath, path != "/", path == path.trimmed, !path.contains(0x0a) else {
          throw Complaint(usage: Text("'") + value + "' is not an absolute path below / without '..', nor one that can be written down")
        }
        paths.append(path)
      }
      return paths
    }
  }

  /// The operands as paths; relative ones start at the working directory.
  var paths: [Text] {
    get throws(Complaint) {
      var paths: [Text] = []
      for operand in operands {
        var path = operand
        if !path.hasPrefix("/") {
          guard let directory = Directory.workingDirectory else { throw Complaint(usage: Text("'") + operand + "' is relative, and the working directory has no path") }
          path = directory + "/" + operand
        }
        // `.` means nothing, in a path or at its end.
        path = Text("/") + Text(joining: path.split(at: UInt8(ascii: "/")).filter { !($0 == ".") }, separator: "/")
        guard let path = path.normalPath else { throw Complaint(usage: Text("'") + operand + "' has '..' in it") }
        paths.append(path)
      }
      return paths
    }
  }
}
