// SPDX-License-Identifier: MIT
import Glibc

/// The entry point for libFuzzer. See https://llvm.org/docs/LibFuzzer.html.
@_cdecl("LLVMFuzzerTestOneInput")
public func examineOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  do throws(Finding) {
    try Subjects.examine(Array(UnsafeBufferPointer(start: bytes, count: count)))
  } catch {
    print("fuzz: \(error.text)")
    fflush(nil)
    abort()
  }
  return 0
}
