# shellcheck shell=bash
# Where set-up puts what the tests call; sourced by the other scripts and by `make`.
STAGEDOOR_CACHE="${XDG_CACHE_HOME:-${HOME:?}/.cache}/stagedoor"
STAGEDOOR_VENV="$STAGEDOOR_CACHE/venv"
export PATH="$PATH:$STAGEDOOR_VENV/bin"
