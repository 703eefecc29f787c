#!/usr/bin/env bash
# Installs what is missing, and nothing else; a second call changes nothing.
#
#   scripts/setup.sh run     what building and starting the product needs
#   scripts/setup.sh lint    the same, and the linters
#   scripts/setup.sh test    the same, and what the tests call
#   scripts/setup.sh bench   what the benchmarks measure against
#
# System packages come from Debian and need root or sudo; everything else lands in the user's
# cache folder or in this working tree.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

purpose=${1:-test}
case $purpose in
run | lint | test | bench) ;;
*) echo "usage: ${0##*/} run|lint|test|bench" >&2 && exit 2 ;;
esac

missing=()
# need PACKAGE COMMAND...: PACKAGE is missing when COMMAND fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
has() { command -v "$1"; }
has_postgres() { [ -n "$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null)" ]; }

need build-essential has cc
need nodejs has node
need npm has npm
case $purpose in
lint) need shellcheck has shellcheck ;;
test)
    need shellcheck has shellcheck
    need git has git
    need openssl has openssl
    need unzip has unzip
    need postgresql has_postgres
    need redis-server has redis-server
    need redis-tools has redis-cli
    need zbar-tools has zbarimg
    need librsvg2-bin has rsvg-convert
    need poppler-utils has pdftotext
    need prometheus has promtool
    need chromium has chromium
    need python3-venv python3 -c 'import ensurepip, venv'
    ;;
bench)
    need postgresql has_postgres
    need redis-server has redis-server
    need redis-tools has redis-cli
    need wrk has wrk
    need chromium has chromium
    ;;
esac

as_root=()
policy=/usr/sbin/policy-rc.d
install_missing() {
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            echo "missing Debian packages: ${missing[*]}; install them as root and run this again" >&2
            exit 1
        }
        as_root=(sudo)
    fi
    # Debian starts a service as it installs it. We want the programs only: the servers that
    # tests use are private ones. 101 is policy-rc.d's word for "not allowed".
    if [ ! -e $policy ]; then
        trap allow_services EXIT
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
        "${as_root[@]}" chmod 755 $policy
    fi
    "${as_root[@]}" apt-get update -qq </dev/null
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
    [ -z "$(trap -p EXIT)" ] || allow_services
}
allow_services() {
    trap - EXIT
    "${as_root[@]}" rm -f $policy
}

if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}"
    install_missing
fi

[ "$purpose" = test ] || exit 0

# The test runner. The version is the one the project's profiles were written for.
command -v cargo-nextest >/dev/null || cargo install cargo-nextest --locked --version 0.9.143

# JavaScript that only tests run.
for lock in crates/*/tests/js/package-lock.json; do
    [ -e "$lock" ] || continue
    installed=$(dirname "$lock")/node_modules/.package-lock.json
    [ "$installed" -nt "$lock" ] || npm ci --prefix "$(dirname "$lock")" --no-audit --no-fund --silent </dev/null
done

# Python programs that only tests run, in an environment of their own.
if ! cmp -s scripts/requirements.txt "$STAGEDOOR_VENV/requirements.txt"; then
    python3 -m venv --clear "$STAGEDOOR_VENV"
    "$STAGEDOOR_VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r scripts/requirements.txt </dev/null
    cp scripts/requirements.txt "$STAGEDOOR_VENV/requirements.txt"
fi
