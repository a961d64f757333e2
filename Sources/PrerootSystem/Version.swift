// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The version of preroot. NEWS.md is its only source.
public enum Version {
  public static var text: Text { unsafe Text(cString: preroot_version()) }
}
