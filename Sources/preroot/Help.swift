// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

func help() throws(Complaint) -> Int32 {
  try reply("""
    Usage: preroot [OPTION...] VERB
    Tell how a read-only root was made writable, and have the next boot do it well.

      status             what this boot was asked for, and what it was given
      check              whether the next boot will work
      plan               what the next boot would do
      diff [PATH...]     what was written: added (A), modified (M) and deleted (D)
      commit [PATH...]   keep what was written to memory, or some of it (preroot.commit=on-demand)
      reset              have the next boot start with an empty upper
      chroot [COMMAND [ARGUMENT...]]
                         change the image below the overlay

      --json             status: print an object of JSON
      --root DIR         check, plan: look at the image in DIR, which is not booted
      --keep PATH        reset: keep this file or directory; can be repeated
      --cancel           reset, commit: take it back
      --dry-run          commit: print what it would keep, as diff does
      --help             print this
      --version          print the version

    See preroot(1).

    """)
  return ExitStatus.success
}

func version() throws(Complaint) -> Int32 {
  try reply(Text("preroot ") + Version.text + "\n")
  return ExitStatus.success
}
