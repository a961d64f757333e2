// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

func help() throws(Complaint) -> ExitStatus {
  try reply("""
    Usage: preroot [OPTION...] VERB
    Show how a read-only root became writable, and prepare the next boot.

      status             what this boot requested, and what it got
      check              whether the next boot will work
      plan               what the next boot would do
      diff [PATH...]     what has changed: added (A), modified (M) and deleted (D)
      commit [PATH...]   keep changes that are in memory (preroot.commit=on-demand)
      reset              start the next boot with an empty upper
      chroot [COMMAND [ARGUMENT...]]
                         run a command, or a shell, in the writable image

      --json             status: print an object of JSON
      --root DIR         check, plan: examine the image in DIR, which is not booted
      --keep PATH        reset: keep this file or directory; repeatable
      --cancel           reset, commit: cancel it
      --dry-run          commit: list the changes that it would keep
      --help             print this
      --version          print the version

    See preroot(1).

    """)
  return .success
}

func version() throws(Complaint) -> ExitStatus {
  try reply(Text("preroot ") + Version.text + "\n")
  return .success
}
