// SPDX-License-Identifier: MIT
extension [Text] {
  /// Sorts by bytes. A heapsort: it works in place, no choice of names makes it slow, and it is a tenth of the size of the library's.
  @inline(never) public mutating func sort() {
    var end = count, root = count / 2
    while end > 1 {
      if root > 0 {
        root -= 1
      } else {
        end -= 1
        swapAt(0, end)
      }
      var place = root
      while true {
        var child = 2 * place + 1
        if child + 1 < end, self[child] < self[child + 1] { child += 1 }
        guard child < end, self[place] < self[child] else { break }
        swapAt(place, child)
        place = child
      }
    }
  }
}
