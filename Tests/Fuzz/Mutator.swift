// SPDX-License-Identifier: MIT
import Support

/// Creates new inputs from existing ones. The same seed gives the same inputs.
struct Mutator {
  private var random: SplitMix64
  private let corpus: [[UInt8]]

  init(seed: UInt64, corpus: [[UInt8]]) {
    random = SplitMix64(seed: seed)
    self.corpus = corpus
  }

  mutating func next() -> [UInt8] {
    var input = corpus.randomElement(using: &random)!
    // Most mutations keep the subject.
    for _ in 0...Int.random(in: 0...5, using: &random) { mutate(&input) }
    if input.count > 8192 { input.removeLast(input.count - 8192) }
    return input
  }

  private mutating func mutate(_ input: inout [UInt8]) {
    let place = Int.random(in: min(1, input.count)...input.count, using: &random)
    let end = min(input.count, place + Int.random(in: 1...16, using: &random))
    switch Int.random(in: 0..<9, using: &random) {
    case 0 where place < input.count: input[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 1 where place < input.count: input[place] = Self.bytes.randomElement(using: &random)!
    case 2: input.removeSubrange(place..<end)
    case 3: input.insert(contentsOf: input[place..<end], at: place)
    case 4, 5: input.insert(contentsOf: Self.words.randomElement(using: &random)!.utf8, at: place)
    case 6: input.replaceSubrange(place..<end, with: Self.words.randomElement(using: &random)!.utf8)
    case 7:
      // The rest of another input.
      let other = corpus.randomElement(using: &random)!
      input.replaceSubrange(place..., with: other[Int.random(in: 0...other.count, using: &random)...])
    default:
      // A piece of the same input at another place.
      let target = Int.random(in: min(1, input.count)...input.count, using: &random)
      input.insert(contentsOf: input[place..<end], at: target)
    }
  }

  private static let bytes: [UInt8] = Array("\0\n\t \"'\\=:,;#%-_./@[]{}09azAZ\u{1e}\u{1b}".utf8) + [0x7f, 0x80, 0xc3, 0xff]

  /// Texts that readers look for, and numbers at the ends of ranges.
  private static let words = """
    preroot= preroot overlayroot= preroot. preroot.upper= preroot.scope= preroot.options= preroot.dir= preroot.timeout= preroot.bind= preroot.reset
    preroot.fstype= preroot.fallback= preroot.format=blank preroot.attempts= preroot.on-lower-change= preroot.switch= Enable= Upper= Scope= FSType=
    Options= Dir= Timeout= Fallback= Format= Check= Reset= OnLowerChange= Bind= Attempts= Switch= [Preroot] tmpfs tmpfs: size= nr_inodes= ,size=
    LABEL= UUID= PARTLABEL= PARTUUID= /dev/ /dev/disk/by-label/ mtd: ubi0: ubi: yes no auto on off true systemd.unit= systemd.mask= .target .service @.
    default.target rescue emergency single overlay preroot squashfs erofs ext4 tmpfs shared:1 upperdir= lowerdir= / /etc /var /run /proc .. // - \\040 \\x2d
    \\134 \\u0041 \\u00 uninitialized 0 1 -1 255 256 2147483647 4294967296 9223372036854775807 9223372036854775808 18446744073709551616 20737095516165%
    99999999999999g 100% 64m MESSAGE= PRIORITY= MESSAGE_ID= "why": roothash= dm-mod.create= verity # ; \\
    """.split { $0 == " " || $0 == "\n" }.map(String.init) + ["\n", " ", "\\\n", "\u{1e}", "\u{feff}", "\r\n", "\n\n", "\u{0}"]
}
