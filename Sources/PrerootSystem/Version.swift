// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The version of preroot that this is. It stands in NEWS.md, and nowhere else.
public enum Version {
  public static var text: Text { unsafe Text(cString: preroot_version()) }
}
