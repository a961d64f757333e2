// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

// Checks an upper on a device.

extension Findings {
  mutating func lookAt(_ name: DeviceName, _ settings: Settings, _ machine: borrowing Machine, _ boot: borrowing NextBoot) {
    if let sentence = settings.crypt.unavailability(of: name) { return problem(name.text + " " + sentence) }
    if settings.crypt != .no { lookAtEncryption(settings, machine, boot.image) }
    if name.kind == .tail { lookForLoop(machine, boot.image) }
    let isFlash = name.kind == .mtd || name.kind == .ubi
    if !isFlash, !boot.image.hasLibrary("libblkid.so.1") {
      if name.kind != .path, name.kind != .tail {
        problem(Text("libblkid.so.1 is missing, without which ") + name.text + " is not found: install it, or name the device by its path")
      } else if settings.fileSystemType.isEmpty || settings.crypt != .no {
        problem(Text("libblkid.so.1 is missing, which identifies the contents of the upper's device: install it") + (settings.crypt == .no ? ", or set FSType=" : "") as Text)
      }
    }
    guard boot.isRootKnown else {
      note(name.text + " is not searched for: this is not the machine that has it")
      if settings.formatsBlank, settings.crypt.isLUKS { lookAtHeader(settings, boot.image) }
      return lookAtTools(for: settings.fileSystemType, isMade: !isFlash && settings.formatsBlank || settings.crypt == .random, settings, boot.image)
    }
    do throws(Errno) {
      if settings.crypt != .no, let (device, use) = try CryptUse.now(of: name, settings, boot.facts, on: machine) {
        return lookAt(use, name, device, settings, machine, boot.image)
      }
      guard let (device, use) = try DeviceUse.now(of: name, settings, boot.facts, on: machine) else {
        if name.kind == .ubi { return note(name.text + " is not attached; the boot attaches it if there is an MTD named 'ubi'") }
        return problem(name.text + " is not present; 'lsblk -f' lists devices and their names")
      }
      lookForWriteProtection(of: device.source, name, machine)
      switch use {
      case .refuse(let sentence):
        refuse(name, device, sentence)
      case .format(let type):
        note(name.text + (device.tail?.isInsideOlder == true ? " was overwritten by a longer image" : " is blank") as Text + "; the next boot creates a new " + type + " on it")
        // The kernel creates a UBIFS itself.
        lookAt(type, isMade: !isFlash, settings, machine, boot.image)
      case .mount(let type):
        good(name.text + " is " + device.text + ", and holds " + type)
        lookAt(type, isMade: false, settings, machine, boot.image)
      }
    } catch {
      if error == .notUnique {
        problem(name.text + " matches more than one device: a path, PARTUUID= or FSType= selects one")
      } else {
        problem(name.text + " cannot be probed: " + error.text + (Lower.isSuperuser ? Text() : "; try it as root"))
      }
    }
  }

  private mutating func refuse(_ name: DeviceName, _ device: FoundDevice, _ sentence: Text) {
    // The user needs this to erase what is there.
    if device.tail != nil { note(name.text + " is " + device.text) }
    problem(name.text + " " + sentence)
  }

  private mutating func lookForLoop(_ machine: borrowing Machine, _ image: borrowing Machine) {
    // The directory exists if the driver is built in, too.
    if machine.exists("/sys/module/loop") { return good("The kernel has loop") }
    lookForModule("loop", option: "CONFIG_BLK_DEV_LOOP", canBeUnlisted: !machine.exists("/sys/module"), machine, image)
  }

  @inline(never) private mutating func lookForWriteProtection(of source: Text, _ name: DeviceName, _ machine: borrowing Machine) {
    if machine.isReadOnly(device: Text("/sys/class/block/") + source.fileName) {
      problem(name.text + " is read-only: 'blockdev --setrw' changes that, unless its switch or the kernel forbids it")
    }
  }

  /// Checks an encrypted device. Its file system shows only when it is open.
  private mutating func lookAt(
    _ use: CryptUse, _ name: DeviceName, _ device: FoundDevice, _ settings: Settings, _ machine: borrowing Machine, _ image: borrowing Machine
  ) {
    lookForWriteProtection(of: device.source, name, machine)
    let isRandom = settings.crypt == .random
    switch use {
    case .refuse(let sentence): return refuse(name, device, sentence)
    case .open: good(name.text + " is " + device.text + (isRandom ? ", and preroot.crypt=random has used it" : ", and holds LUKS") as Text)
    case .make: note(name.text + " is blank; the next boot encrypts it")
    }
    if use == .make, !isRandom { lookAtHeader(settings, image) }
    let isMade = use.givesNewKey(settings)
    if isMade || !settings.fileSystemType.isEmpty {
      lookAt(settings.newFileSystemType, isMade: isMade, settings, machine, image)
    }
  }

  private mutating func lookAt(_ type: Text, isMade: Bool, _ settings: Settings, _ machine: borrowing Machine, _ image: borrowing Machine) {
    lookForFileSystem(type, option: "CONFIG_" + type.inCapitals + "_FS", machine, image)
    lookAtTools(for: type, isMade: isMade, settings, image)
  }

  private mutating func lookAtTools(for type: Text, isMade: Bool, _ settings: Settings, _ image: borrowing Machine) {
    let made: Text = type.isEmpty ? "ext4" : type
    if isMade, !image.hasProgram(Text("mkfs.") + made) { problem(Text("mkfs.") + made + " is missing, which Format=blank and Crypt=random need: install it") }
    if settings.checksFileSystem(of: type), !image.hasProgram(Text("fsck.") + type) {
      note(Text("fsck.") + type + " is missing; the upper's file system is not checked before it is mounted")
    }
  }
}

extension Text {
  fileprivate var inCapitals: Text {
    var out = Text.Builder()
    for byte in self { out.append(byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte & ~0x20 : byte) }
    return Text(out)
  }
}
