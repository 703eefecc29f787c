#!/usr/bin/env bash
# Builds the web app into web/dist/app, from where it goes into the program. Does nothing when nothing has
# changed since.
set -euo pipefail
cd "$(dirname "$0")/../web"

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent </dev/null

page=dist/app/index.html
# The client is made from the description, each time anew.
changed() {
    find . ../docs/openapi.json \( -path ./node_modules -o -path ./dist -o -path ./src/api/schema.d.ts \) -prune \
        -o -type f -newer "$page" -print -quit
}
if [ ! -e "$page" ] || [ -n "$(changed)" ]; then
    npm run --silent build </dev/null
fi
