// SPDX-License-Identifier: MIT
/// One thing to do to the mount table or to a file, as a value. `Kernel.perform(_:)` does it.
public struct Step: Equatable, Sendable {
  public enum Verb: Sendable {
    /// Makes a directory of mode 0755; one that is there already will do.
    case makeDirectory
    /// The same of mode 0700: nobody but root sees what is in it.
    case makeHiddenDirectory
    /// Makes a directory on the upper's file system with the owner, the mode and the extended attributes of `other`, where there is
    /// none: an overlay shows those of its upper directory. It goes with the file system, or stays with it.
    case makeStoreDirectory
    /// Removes a directory if it is empty.
    case removeDirectory
    /// Fails with ENOENT or ENOTDIR where there is no such directory, with ELOOP where a link is on the way to it.
    case requireDirectory
    /// Fails with ENOSPC where the file system at the path has less left than `StorePlan` says a boot needs.
    case requireSpace
    /// Writes `other` to a file, in one step as seen by others, readable by all and writable by none.
    case writeFile
    /// Makes a symbolic link that leads to `other`.
    case makeLink
    case removeFile
    /// Makes /dev/block/MAJOR:MINOR, as udev does later, unless it is there.
    case makeDeviceLink
    /// Gives the root at the path, empty for `/`, a machine ID where its /etc/machine-id has none: `other`. In a first boot it is
    /// mounted over the file, as systemd has it: systemd-machine-id-commit.service writes it once the first boot is complete.
    case provideMachineID
    case unmountMachineID

    /// Makes a file system of the type `other` on a device that is blank, or where that was begun before.
    case format
    /// Has fsck of the type `other` look at the file system on a device, and mend what is safe to mend.
    case check
    /// Fails with EOPNOTSUPP where the file system lacks what overlayfs needs of an upper's.
    case requireFitness
    /// Writes `other` to a file, or removes one if it is there; after that not even a power cut takes it back. What cannot be written
    /// is told and no failure.
    case writeDurably
    case removeDurably
    /// Renames a directory to `other`, unless it is not there. Fails with EEXIST where something has that name.
    case setAside
    /// Takes what is at `other` back to the path, with the directories it is in, unless it is not there.
    case takeBack
    /// Removes a directory with all that is in it; what cannot be removed in a minute stays for the next boot, which is told and no
    /// failure.
    case deleteTree
    /// Makes a directory with the contents of `other`, or empty where there is none, unless there is one already.
    case seed
    /// Makes a directory to mount on, and those it is in, where there are none.
    case makeMountPoint

    /// Mounts the file system of `type` on the device `other`, with `options`.
    case mountDevice
    /// Mounts a new tmpfs with `options`.
    case mountTmpfs
    /// Mounts an overlay with `options`; its source is `preroot`.
    case mountOverlay
    /// Shows the directory `other`, without what is mounted below it, at a second place, with the flags of `options`.
    case bind
    /// The same with what is mounted below it.
    case bindRecursively
    /// Unmounts; where `other` is given, it was a read-only bind of that.
    case unmount
    /// Unmounts with all that is mounted below it, in use or not.
    case detach
    /// Makes the file system of a mount read-only for everybody, unless the upper is on it.
    case makeFileSystemReadOnly
    /// Stops (private) or restarts (shared) the propagation of mounts, or forbids binds of the mount as well (unbindable). See
    /// mount_namespaces(7).
    case makePrivate
    case makeUnbindable
    case makeShared
    case makeSharedRecursively

    /// Makes the mount at the path the root of all processes of the mount namespace, PID 1 included; the old root lies at the staging
    /// place of the new root's /run until `leaveOldRoot`. See pivot_root(2).
    case pivot
    case leaveOldRoot

    /// As `preroot plan` prints it.
    public var text: Text {
      switch self {
      case .makeDirectory: "make directory"
      case .makeHiddenDirectory: "make hidden directory"
      case .makeStoreDirectory: "make store directory"
      case .removeDirectory: "remove directory"
      case .requireDirectory: "require directory"
      case .requireSpace: "require space on"
      case .writeFile: "write"
      case .makeLink: "make link"
      case .removeFile: "remove"
      case .makeDeviceLink: "make device link"
      case .provideMachineID: "provide the machine ID of"
      case .unmountMachineID: "unmount the machine ID of"
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
      case .mountTmpfs: "mount tmpfs at"
      case .mountOverlay: "mount overlay at"
      case .bind: "bind at"
      case .bindRecursively: "bind with all below it at"
      case .unmount: "unmount"
      case .detach: "detach"
      case .makeFileSystemReadOnly: "make read-only the file system at"
      case .makePrivate: "make private"
      case .makeUnbindable: "make unbindable"
      case .makeShared: "make shared"
      case .makeSharedRecursively: "make shared with all below it"
      case .pivot: "pivot to"
      case .leaveOldRoot: "leave the old root"
      }
    }

    /// What takes it back, at the same path; nil where nothing has to be, as with what is mounted below an overlay that is detached.
    public var inverse: Verb? {
      switch self {
      case .makeDirectory, .makeHiddenDirectory: .removeDirectory
      case .makeLink: .removeFile
      case .provideMachineID: .unmountMachineID
      case .mountTmpfs, .mountDevice, .bind: .unmount
      case .mountOverlay: .detach
      case .makePrivate: .makeShared
      default: nil
      }
    }

    /// Whether `other` is what a file is to contain, which is nobody's business.
    fileprivate var hasContents: Bool { self == .writeFile || self == .writeDurably || self == .provideMachineID }
  }

  public var verb: Verb
  public var path: Text
  /// What else the verb is about: its documentation says what.
  public var other: Text
  /// Of a file system.
  public var type: Text
  public var options: MountOptions
  /// As it is written in a setting: all that is lost where the step fails, with the other steps of this part. Empty where it is all of
  /// the plan.
  public var part: Text

  public init(_ verb: Verb, _ path: Text, _ other: Text = Text(), type: Text = Text(), options: MountOptions = MountOptions(), part: Text = Text()) {
    self.verb = verb
    self.path = path
    self.other = other
    self.type = type
    self.options = options
    self.part = part
  }

  /// What takes it back; nil where nothing has to be.
  public var inverse: Step? {
    @inline(never) get {
      if verb == .unmount, !other.isEmpty { return Step(.bind, path, other, options: MountOptions(flags: MountOptions.readOnly)) }
      guard let verb = verb.inverse else { return nil }
      return Step(verb, path)
    }
  }

  /// One line, as `preroot plan` prints it.
  public var text: Text {
    @inline(never) get {
      var text = verb.text
      if !path.isEmpty { text.append(Text(" ") + path) } else if verb == .provideMachineID || verb == .unmountMachineID { text.append(" /") }
      var details: [Text] = []
      for detail in [type, verb.hasContents ? Text() : other, options.text] where !detail.isEmpty { details.add(detail) }
      if !details.isEmpty { text.append(Text(" (") + Text(joining: details, separator: " ") + ")") }
      return text
    }
  }
}
