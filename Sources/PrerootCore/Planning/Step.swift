// SPDX-License-Identifier: MIT
/// One change to the mount table or to a file, as a value. `Kernel.perform(_:)` executes it.
public struct Step: Equatable, Sendable {
  public enum Verb: CaseIterable, Sendable {
    /// Makes a directory of mode 0755, unless it exists.
    case makeDirectory
    /// Makes a directory of mode 0700, unless it exists: only root sees its contents.
    case makeHiddenDirectory
    /// Makes a directory on the upper's file system, unless it exists, with the owner, the mode and the extended attributes of `other`: an
    /// overlay shows those of its upper directory. Never undone: it disappears with the file system, or stays on it.
    case makeStoreDirectory
    /// Removes a directory if it is empty.
    case removeDirectory
    /// Fails with ENOENT or ENOTDIR if there is no such directory, with ELOOP if its path goes through a symbolic link.
    case requireDirectory
    /// Fails with ENOSPC if the file system at the path has less free space than `StorePlan` says a boot needs.
    case requireSpace
    /// Writes `other` to a file atomically: readable by all, writable by none.
    case writeFile
    /// Makes a symbolic link to `other`.
    case makeLink
    case removeFile
    /// Makes /dev/block/MAJOR:MINOR, as udev does later, unless it exists.
    case makeDeviceLink
    /// Gives the root at the path (empty for `/`) the machine ID `other`, if its /etc/machine-id has none. In a first boot, mounts the ID
    /// over the file, as systemd does: systemd-machine-id-commit.service writes it once the first boot is complete.
    case provideMachineID
    case unmountMachineID

    /// Attaches the loop device at the path to the part `type` of the device `other`, see `Tail`. The kernel detaches it when nothing uses it.
    case attachLoop
    /// Closes the loop device: the kernel detaches it unless it is in use.
    case detachLoop
    /// Erases the beginning of a device, so that it counts as blank.
    case eraseBeginning
    /// Writes the record `other` to the root's device. See `Tail`.
    case recordPlace
    /// Makes a file system of type `other` on a device that is blank, or that holds an unfinished one.
    case format
    /// Makes a LUKS header on a device that is blank, or that holds an unfinished one, for the key `other`, see `Crypt`.
    case encrypt
    /// Writes to a blank device that preroot may overwrite it in each boot. See `Encryption.claim`.
    case claim
    /// Opens the encrypted device `other` as a mapping, with the key `type`, see `Crypt`.
    case open
    case close
    /// Runs fsck for the type `other` on a device; it repairs only what is safe to repair.
    case check
    /// Fails with EOPNOTSUPP if the file system lacks a feature that overlayfs needs of an upper.
    case requireFitness
    /// Writes `other` to a file, or removes a file if it exists, and flushes that to the disk: it survives a power cut. A write that fails
    /// is logged and does not fail the step.
    case writeDurably
    case removeDurably
    /// Renames a directory to `other`, if it exists. Fails with EEXIST if `other` does.
    case setAside
    /// Moves `other` back to the path, with its parent directories, if it exists.
    case takeBack
    /// Deletes a directory with its contents. Stops after a minute, logs that, and leaves the rest to the next boot; that does not fail the
    /// step.
    case deleteTree
    /// Makes a directory with a copy of the contents of `other`, or empty if `other` does not exist, unless the directory exists.
    case seed
    /// Makes a mount point and its parent directories, unless they exist.
    case makeMountPoint

    /// Mounts the file system of `type` on the device `other` with `options`.
    case mountDevice
    /// Mounts a new tmpfs with `options`.
    case mountTmpfs
    /// Mounts an overlay with `options`; its source is `preroot`.
    case mountOverlay
    /// Binds the directory `other`, without the mounts below it, with the flags of `options`.
    case bind
    /// Binds the directory `other` with the mounts below it.
    case bindRecursively
    /// Unmounts. If `other` is set, the mount was a read-only bind of it.
    case unmount
    /// Unmounts lazily, with all mounts below, even if they are in use.
    case detach
    /// Makes a mount's superblock read-only, unless the upper is on it.
    case makeFileSystemReadOnly
    /// Makes the superblock of the upper's file system writable, or read-only.
    case allowWriting
    case forbidWriting
    /// Sets the propagation of a mount to private or shared, or forbids binding it as well (unbindable). See mount_namespaces(7).
    case makePrivate
    case makeUnbindable
    case makeShared
    case makeSharedRecursively

    /// Makes the mount at the path the root of all processes in the mount namespace, PID 1 included. The old root stays at the staging
    /// directory of the new root's /run until `leaveOldRoot`. See pivot_root(2).
    case pivot
    case leaveOldRoot

    /// The verb as `preroot plan` prints it.
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
      case .attachLoop: "attach"
      case .detachLoop: "release"
      case .eraseBeginning: "erase the beginning of"
      case .recordPlace: "record the place of the upper on"
      case .format: "make a file system on"
      case .encrypt: "make a LUKS header on"
      case .claim: "claim"
      case .open: "open"
      case .close: "close"
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
      case .allowWriting: "allow writing to"
      case .forbidWriting: "forbid writing to"
      case .makePrivate: "make private"
      case .makeUnbindable: "make unbindable"
      case .makeShared: "make shared"
      case .makeSharedRecursively: "make shared with all below it"
      case .pivot: "pivot to"
      case .leaveOldRoot: "leave the old root"
      }
    }

    /// The verb that undoes this one at the same path; nil if there is nothing to undo, as for a mount below an overlay that is detached.
    public var inverse: Verb? {
      switch self {
      case .makeDirectory, .makeHiddenDirectory: .removeDirectory
      case .makeLink: .removeFile
      case .open: .close
      case .attachLoop: .detachLoop
      case .provideMachineID: .unmountMachineID
      case .mountTmpfs, .mountDevice, .bind: .unmount
      case .mountOverlay: .detach
      case .makePrivate: .makeShared
      default: nil
      }
    }

    /// Whether `other` is a file's contents, which a printed plan leaves out.
    fileprivate var hasContents: Bool { self == .writeFile || self == .writeDurably || self == .provideMachineID || self == .recordPlace }
  }

  public var verb: Verb
  public var path: Text
  /// The second operand; the verb's documentation says which.
  public var other: Text
  /// A file system type; the verb's documentation says if it is something else.
  public var type: Text
  public var options: MountOptions
  /// The part of the settings, as a setting spells it, that is lost if the step fails, together with the part's other steps. Empty if the
  /// whole plan is lost.
  public var part: Text

  public init(_ verb: Verb, _ path: Text, _ other: Text = Text(), type: Text = Text(), options: MountOptions = MountOptions(), part: Text = Text()) {
    self.verb = verb
    self.path = path
    self.other = other
    self.type = type
    self.options = options
    self.part = part
  }

  /// The step that undoes this one; nil if there is nothing to undo.
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
