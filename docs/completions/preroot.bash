# SPDX-License-Identifier: MIT
# Completion of preroot(1) for bash.

_preroot() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' word place
  for ((place = 1; place < COMP_CWORD; place++)); do
    word=${COMP_WORDS[place]}
    case $word in
      # bash treats a = as a separate word.
      --root | --keep) [[ ${COMP_WORDS[place + 1]} == = ]] && ((place++)); ((place++)) ;;
      -*) ;;
      *) verb=$word; break ;;
    esac
  done
  if [[ $verb == chroot ]]; then
    # A command of the image, then its arguments.
    ((place + 1 == COMP_CWORD)) && mapfile -t COMPREPLY < <(compgen -c -- "$current") || mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
  case $previous in
    --root) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --keep) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  local options='--help --version'
  case $verb in
    '') options+=' --json --root --keep --cancel --dry-run status check plan diff commit reset chroot' ;;
    status) options+=' --json' ;;
    check | plan) options+=' --root' ;;
    reset) options+=' --keep --cancel' ;;
    commit) options+=' --dry-run --cancel' ;;&
    diff | commit) [[ $current == -* ]] || { mapfile -t COMPREPLY < <(compgen -f -- "$current"); return; } ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
}

complete -o filenames -o bashdefault -F _preroot preroot
