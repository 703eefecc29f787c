#!/usr/bin/env bash
# Every test: the examples in the documentation, the whole suite on SQLite, and what reaches a
# database once more on a PostgreSQL started for it, beside a Redis and a cluster of them for what servers
# share.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

# The integration tests of every crate that depends on the store or the journal. Tests of pure
# rules stand beside the rules (`kind(lib)`) and have no database to differ on; a test over the
# source tree sees to it that those which open one say so in the name of their module. The
# simulation of the seat engine brings a disk of its own; that of sales is on the database.
database='(rdeps(stagedoor-store) + rdeps(stagedoor-journal)) & (kind(test) + test(/::database_tests::/))
    - test(/^architecture::/) - (package(stagedoor-inventory) & test(/^simulation::/)) - test(/^random::/)'
shared='package(stagedoor-gate) & kind(test)'

say() { printf '\n== %s\n' "$*"; }

unset STAGEDOOR_TEST_POSTGRES STAGEDOOR_TEST_REDIS STAGEDOOR_TEST_REDIS_CLUSTER
say "the web app's rules"
npm test --silent --prefix web </dev/null
say "examples in the documentation"
cargo test --workspace --doc --quiet
say "the suite on SQLite"
cargo nextest run --workspace --profile ci
say "the web app in a browser, with the real server"
cargo build --bin stagedoor
STAGEDOOR_BIN="${CARGO_TARGET_DIR:-$PWD/target}/debug/stagedoor" npm run --silent --prefix web e2e </dev/null
say "the suite on PostgreSQL and Redis"
scripts/test-servers.sh postgres redis redis-cluster -- cargo nextest run --workspace --profile ci \
    --filterset "($database) + ($shared)"
