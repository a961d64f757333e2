// SPDX-License-Identifier: MIT
import Support

/// A demonstration of preroot on a ``VoCore``.
public enum VoCoreDemo {
  /// Makes the flash, boots it without preroot, with a tmpfs, and four times with the JFFS2, and prints what each boot said, and what takes
  /// how much of the flash.
  ///
  /// - Throws: ``Problem`` if the flash cannot be created or a boot does not end.
  public static func show() async throws {
    let machine = try await VoCore("vocore")
    let flash = try await machine.flash("flash", with: machine.tree)
    say("\nThe flash, in bytes:\n")
    for partition in flash.partitions { say("  " + partition.name.padding(toLength: 14, withPad: " ", startingAt: 0) + pad(partition.bytes)) }
    say("\nOf the squashfs, compressed by itself with xz, the largest:\n")
    say(try await largest(of: machine))

    var boots: [[String]] = []
    for (name, word) in [("plain", "preroot=no"), ("tmpfs", "preroot=tmpfs")] + (1...4).map({ ("JFFS2 \($0)", "preroot=mtd:rootfs_data") }) {
      say("\nBooting, \(name): \(word) …")
      boots.append(try await machine.boot(name, from: flash, [word]))
      for line in boots.last! { say("  " + line) }
    }
    guard boots[2...].enumerated().allSatisfy({ index, lines in lines.contains { $0.contains("running after") && $0.contains("boot \(index + 1) by what is kept") } }) else {
      throw Problem("Not every boot on the flash was 'running', or kept what the one before had written")
    }
  }

  private static func pad(_ number: Int) -> String {
    let digits = "\(number)"
    return String(repeating: " ", count: max(0, 10 - digits.count)) + digits
  }

  private static func largest(of machine: VoCore) async throws -> String {
    try await sh("bash", "-c", """
      find . -type f -size +20k -printf '%P\\n' | while read -r file; do printf '  %9d %s\\n' "$(xz -9e -c "$file" | wc -c)" "$file"; done | sort -rn | head -n 16
      printf '  %9d all units, the generator and the helper of preroot' "$(cat $(find . -path '*preroot*' -type f) $(find . -name 'overlay-prep*' -type f) | xz -9e -c | wc -c)"
      """, in: machine.tree)
  }
}
