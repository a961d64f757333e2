// SPDX-License-Identifier: MIT
import PrerootCore

extension StoreFacts {
  /// Reads the facts in `directory` on the mounted upper, to compare them with the current image. A file that is not regular, or is too
  /// large to be preroot's, counts as absent and adds a remark.
  public init(in directory: Text, over lower: LowerIdentity?) {
    self.init(in: directory)
    self.lower = lower
    do throws(Errno) {
      let place = try Place(directory)
      let layers = try place.directory.directory(place.path, lookup: .beneath)
      hasUpper = layers.exists("upper")
      isResetting = layers.exists("resetting")
      for name in layers.names(in: ".") {
        if name == Self.trashName || name.hasPrefix(Self.trashName + ".") || name == Self.unfinishedCommit {
          trash.add(name)
        } else if let number = name.dropping(prefix: "commit.")?.decimalValue, Self.commitName(number) == name {
          commits.insert(number, at: commits.firstIndex { $0 > number } ?? commits.count)
        }
      }
      recorded = read("lower.id", in: layers)?.trimmed
      attempts = read("attempts", in: layers)?.trimmed.decimalValue ?? 0
      mark = read("reset", in: layers)
    } catch {
      // Nothing exists yet; or there is a symbolic link, and the plan fails at it.
    }
  }

  /// Returns the directories that the layer of the next boot has, or that are symbolic links there, at which the plan fails.
  public func committed(in scope: Scope) -> [Text] {
    var found: [Text] = []
    guard let layer else { return found }
    do throws(Errno) {
      let place = try Place(directory + "/" + layer)
      let layer = try place.directory.directory(place.path, lookup: .beneath)
      for path in scope.paths {
        // A deleted directory is not one, and hides the image's only if the scope is the whole root.
        do throws(Errno) { _ = try layer.open(path == "/" ? "." : path.asRelative, .directory) } catch {
          if error == .noSuchFileOrDirectory || error == .notDirectory { continue }
        }
        found.add(path)
      }
    } catch {
      return scope.paths
    }
    return found
  }

  private mutating func read(_ name: Text, in layers: borrowing Directory) -> Text? {
    do throws(Errno) { return try layers.read(name, limit: 1 << 16) } catch {
      if error != .noSuchFileOrDirectory { remarks.append(Remark(.warning, Text("Cannot read ") + directory + "/" + name + ", ignoring: " + error.text)) }
      return nil
    }
  }
}

extension LowerIdentity {
  public init?(_ facts: borrowing BootFacts, _ machine: borrowing Machine) {
    guard let root = facts.mountInfo.root else { return nil }
    var superblock = Text()
    // mountinfo often has /dev/root, which is not a device.
    if let node = machine.contents(Text("/sys/dev/block/") + root.majorMinor + "/uevent")?.value(of: "DEVNAME") {
      superblock = machine.beginning(of: Text("/dev/") + node)
    }
    self.init(
      type: root.fileSystemType, superblock: superblock, rootHash: Self.rootHash(on: facts.commandLine),
      imageVersion: (machine.contents("/etc/os-release") ?? machine.text("/usr/lib/os-release")).value(of: "IMAGE_VERSION") ?? Text())
  }
}
