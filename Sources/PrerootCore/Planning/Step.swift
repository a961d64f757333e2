/// One thing to do to the mount table or to a file, as a value. `Kernel.perform(_:)` does it.
///
/// A verb and two texts instead of an enum with payloads: a plan is mostly the making of steps, and one of these is made in a
/// quarter of the instructions.
public struct Step: Equatable, Sendable {
  public enum Verb: Sendable {
    /// Makes a directory of mode 0755; one that is there already will do.
    case makeDirectory
    /// Makes a directory on the upper's file system with the owner and the mode of `other`, where there is none: an overlay shows
    /// those of its upper directory. It goes with the file system, or stays with it.
    case makeStoreDirectory
    /// Removes a directory if it is empty.
    case removeDirectory
    /// Fails with ENOENT or ENOTDIR where there is no such directory.
    case requireDirectory
    /// Fails with ENOENT where there is nothing to mount on: a directory, or a file, as containers have /etc/resolv.conf.
    case requireMountPoint
    /// Fails with ENOSPC where the file system at the path has less left than `StorePlan` says a boot needs.
    case requireSpace
    /// Writes `other` to a file, in one step as seen by others, readable by all and writable by none.
    case writeFile
    /// Makes a symbolic link that leads to `other`.
    case makeLink
    case removeFile
    /// Gives the root at the path, empty for `/`, a machine ID where its /etc/machine-id has none: `other`. In a first boot it is
    /// mounted over the file, as systemd has it: systemd-machine-id-commit.service writes it once the first boot is complete.
    case settleMachineID
    case unsettleMachineID

    /// Makes a file system of the type `other` on a device that is blank, or where that was begun before.
    case format
    /// Has fsck of the type `other` look at the file system on a device, and mend what is safe to mend.
    case check
    /// Fails with EOPNOTSUPP where the file system lacks what overlayfs needs of an upper's.
    case requireFitness
    /// Writes `other` to a file, or removes one if it is there; after that not even a power cut takes it back.
    case writeDurably
    case removeDurably
    /// Renames a directory to `other`, unless that is there already or the directory is not.
    case setAside
    /// Takes what is at `other` back to the path, with the directories it is in, unless it is not there.
    case takeBack
    /// Removes a directory with all that is in it; what cannot be removed in a minute stays for the next boot.
    case deleteTree
    /// Makes a directory with the contents of `other`, or empty where there is none, unless there is one already.
    case seed
    /// Makes a directory to mount on, and those it is in, where there are none.
    case makeMountPoint

    /// Mounts a device: `other` is the type of its file system, the source, and options.
    case mountDevice
    /// Mounts a new tmpfs with the options `other`.
    case mountTmpfs
    /// Mounts an overlay with the options `other`; its source is `preroot`.
    case mountOverlay
    /// Shows the mount at `other`, without what is mounted below it, at a second place, read-only.
    case bindReadOnly
    /// Shows the directory `other` at a second place.
    case bind
    /// Unmounts; where `other` is given, it was a read-only bind of that.
    case unmount
    /// Stops (private) or restarts (shared) the propagation of mounts. See mount_namespaces(7).
    case makePrivate
    case makeShared
    case makeSharedRecursively

    /// Makes the mount at the path the root of all processes of the mount namespace, PID 1 included; the old root lies on
    /// top of it until `leaveOldRoot`. See pivot_root(2), "pivot_root(".", ".")".
    case pivot
    /// Moves what is mounted here on the old root to the same place on the new one.
    case carry
    case leaveOldRoot

    /// As `preroot plan` prints it.
    public var text: StaticString {
      switch self {
      case .makeDirectory: "make directory"
      case .makeStoreDirectory: "make store directory"
      case .removeDirectory: "remove directory"
      case .requireDirectory: "require directory"
      case .requireMountPoint: "require mount point"
      case .requireSpace: "require space on"
      case .writeFile: "write"
      case .makeLink: "make link"
      case .removeFile: "remove"
      case .settleMachineID: "settle the machine ID of"
      case .unsettleMachineID: "unsettle the machine ID of"
      case .format: "make a file system on"
      case .check: "check the file system on"
      case .requireFitness: "require fitness for an upper of"
      case .writeDurably: "write"
      case .removeDurably: "remove"
      case .setAside: "set aside"
      case .takeBack: "take back"
      case .deleteTree: "delete"
      case .seed: "seed"
      case .makeMountPoint: "make mount point"
      case .mountDevice: "mount device at"
      case .bind: "bind at"
      case .mountTmpfs: "mount tmpfs at"
      case .mountOverlay: "mount overlay at"
      case .bindReadOnly: "bind read-only at"
      case .unmount: "unmount"
      case .makePrivate: "make private"
      case .makeShared: "make shared"
      case .makeSharedRecursively: "make shared with all below it"
      case .pivot: "pivot to"
      case .carry: "carry over"
      case .leaveOldRoot: "leave the old root"
      }
    }

    /// What takes it back, at the same path; nil where nothing has to be.
    public var inverse: Verb? {
      switch self {
      case .makeDirectory: .removeDirectory
      case .makeLink: .removeFile
      case .settleMachineID: .unsettleMachineID
      case .mountTmpfs, .mountDevice, .mountOverlay, .bindReadOnly, .bind: .unmount
      case .makePrivate: .makeShared
      default: nil
      }
    }
  }

  public var verb: Verb
  public var path: Text
  public var other: Text

  public init(_ verb: Verb, _ path: Text, _ other: Text = Text()) {
    self.verb = verb
    self.path = path
    self.other = other
  }

  /// What takes it back; nil where nothing has to be.
  public var inverse: Step? {
    @inline(never) get {
      if verb == .unmount, !other.isEmpty { return Step(.bindReadOnly, path, other) }
      guard let verb = verb.inverse else { return nil }
      return Step(verb, path)
    }
  }

  /// One line, as `preroot plan` prints it.
  public var text: Text {
    @inline(never) get {
      var text = Text(stringLiteral: verb.text)
      if !path.isEmpty { text.append(Text(" ") + path) } else if verb == .settleMachineID || verb == .unsettleMachineID { text.append(" /") }
      // A file's contents are nobody's business.
      if !other.isEmpty, verb != .writeFile, verb != .writeDurably, verb != .settleMachineID { text.append(Text(" (") + other + ")") }
      return text
    }
  }
}
