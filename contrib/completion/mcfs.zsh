# Lets zsh complete paths inside queries, such as ~/mnt/genre:techno/bpm:120-130/.
#
#   source ~/path/to/mcfs/contrib/completion/mcfs.zsh      in ~/.zshrc, after compinit
#
# zsh looks for each part of a path in the listing of the folder above it, and no folder lists queries. (Its style
# accept-exact-dirs helps only where a query contains none of > < ( ) ~ and no backslash.) In a mount, this lists
# the folder that has been typed so far. All other paths are left to zsh.

autoload +X -Uz _path_files
(( $+functions[_mcfs_other_paths] )) || functions[_mcfs_other_paths]=$functions[_path_files]

_path_files() {
  local mcfs_folder
  if _mcfs_find_folder; then
    _mcfs_complete_in_folder "$@"
  else
    _mcfs_other_paths "$@"
  fi
}

# Sets $mcfs_folder to the folder that has been typed so far; false if that is not in a mount.
_mcfs_find_folder() {
  emulate -L zsh
  [[ $PREFIX = */* ]] || return
  mcfs_folder=$PREFIX
  # Inside quotes, what was typed is the name itself.
  if [[ -z $compstate[quote] ]]; then
    mcfs_folder=${(Q)mcfs_folder}
    [[ $PREFIX != \~/* ]] || mcfs_folder=$HOME${mcfs_folder#\~}
  fi
  mcfs_folder=${mcfs_folder%/*}/
  [[ -d $mcfs_folder ]] || return
  local line place=${mcfs_folder:A}/
  local -a words
  while read -r line; do
    words=( ${=line} )
    # Spaces in a mount point are written as octal numbers.
    [[ $words[3] != fuse.mcfs || $place != ${(bg:o:)words[2]}/* ]] || return 0
  done < /proc/self/mounts
  return 1
}

_mcfs_complete_in_folder() {
  emulate -L zsh
  local -a names expl
  if (( $argv[(I)-*/*] )); then
    names=( $mcfs_folder*(N-/:t) ) # of a command that takes only folders
  else
    names=( $mcfs_folder*(N:t) )
  fi
  compset -P '*/'
  _wanted files expl file compadd -f -W $mcfs_folder -a names
}
