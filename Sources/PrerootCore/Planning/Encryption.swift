// SPDX-License-Identifier: MIT
/// The commands that encrypt the upper's device, and what they leave on it.
///
/// The programs are the image's. systemd-cryptsetup opens everything that it can open without a person; cryptsetup also makes headers.
public struct Encryption: Equatable, Sendable {
  public var device: Text
  public var crypt: Crypt

  public init(_ device: Text, _ crypt: Crypt) {
    self.device = device
    self.crypt = crypt
  }

  // MARK: A device for random keys

  /// The device's beginning that the encrypted data leave free: the claim, and nothing else where a file system has its superblock.
  public static var reservedBytes: Int { 1 << 20 }
  /// The first sector of a device that `preroot.crypt=random` has taken when it was blank. It is what allows the next boot to overwrite the
  /// rest, which looks like noise. It is never changed.
  public static var claim: Text { "preroot: changes of one boot, encrypted with a random key\n" }

  // MARK: Commands

  /// The command that opens the device as the mapping `name`, by systemd-cryptsetup.
  ///
  /// See systemd-cryptsetup@.service(8) and crypttab(5): tries=, because a wrong key would make it ask a person; two for `auto`, a TPM2 and
  /// the empty passphrase. headless= is of 249: for earlier ones the time to answer is over at once. The cipher is that of LUKS2, too; 512 bits are two keys of AES-256.
  public func openingBySystemd(as name: Text) -> [Text] {
    var key: Text = "-", options: Text
    switch crypt {
    case .random:
      // /dev/random of a kernel before 5.6 would block. The kernel has random numbers by then, see `LinuxKernel.open`.
      key = "/dev/urandom"
      options = "plain,cipher=aes-xts-plain64,hash=plain,size=512,offset=2048"
    case .keyFile(let path):
      key = path
      options = "luks,headless=yes,tries=1"
    case .no, .auto, .unreadable: options = "luks,tpm2-device=auto,try-empty-password=yes,headless=yes,tries=2,timeout=1us"
    }
    var command = Text("systemd-cryptsetup attach").words
    for word in [name, device, key, options] { command.add(word) }
    return command
  }

  /// The same by cryptsetup, which tries no TPM2. See cryptsetup-open(8).
  public func opening(as name: Text) -> [Text] {
    var command = program
    for word in Text("open --batch-mode").words { command.add(word) }
    if crypt == .random {
      for word in Text("--type=plain --cipher=aes-xts-plain64 --key-size=512 --offset=2048 --key-file=/dev/urandom").words { command.add(word) }
    } else { command.add("--type=luks") }
    addKeyFile(to: &command)
    command.add(device)
    command.add(name)
    return command
  }

  /// The command that makes a LUKS2 header; nil if the device gets none.
  ///
  /// See cryptsetup-luksFormat(8). PBKDF2 with the fewest iterations: more of them protect neither a random key nor an empty passphrase, and
  /// would cost seconds in each boot, or Argon2's memory.
  public func header(uuid: Text) -> [Text]? {
    guard crypt.isLUKS else { return nil }
    var command = program
    for word in Text("luksFormat --batch-mode --type=luks2 --pbkdf=pbkdf2 --pbkdf-force-iterations=1000").words { command.add(word) }
    addKeyFile(to: &command)
    command.add(Text("--uuid=") + uuid)
    command.add(device)
    return command
  }

  /// A smaller file would be a passphrase, which can be guessed.
  public static var minimumKeyBytes: Int { 32 }

  /// cryptsetup. It reads an empty passphrase from its standard input only, as an empty line.
  private var program: [Text] {
    crypt == .auto ? [Text("sh"), Text("-c"), Text("echo | cryptsetup \"$@\""), Text("cryptsetup")] : [Text("cryptsetup")]
  }

  private func addKeyFile(to command: inout [Text]) {
    if case .keyFile(let path) = crypt { command.add(Text("--key-file=") + path) }
  }
}
