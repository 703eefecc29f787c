SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run web test lint audit bench

# Where `make run` keeps its data and listens.
DATA ?= data
LISTEN ?= 127.0.0.1:8080
# The same in the long run as the default of 20/s, and patient with a page that loads many files.
ADDRESS_LIMIT ?= 100/5s

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: web ## Start the product with demo data on the embedded database
	cargo build --profile quick --bin stagedoor
	@bin="$${CARGO_TARGET_DIR:-target}/quick/stagedoor"; \
	world=$$("$$bin" demo --data "$(DATA)"); \
	printf '%s\n' "$$world" >"$(DATA)/demo.json"; \
	echo "Accounts and events to try it with: $(DATA)/demo.json"; \
	exec "$$bin" serve --listen "$(LISTEN)" --data "$(DATA)" --address-limit $(ADDRESS_LIMIT)

web: ## Build the web app, which the program embeds
	@scripts/setup.sh run
	@scripts/web.sh

test: lint ## Run the linters and every test, on SQLite and on PostgreSQL
	@scripts/setup.sh test
	@scripts/test.sh

lint: ## Check formatting, Rust, shell and the web app
	@scripts/setup.sh lint
	@scripts/web.sh
	npm run --silent --prefix web lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	shellcheck -x scripts/*.sh .ci/run

audit: ## Check licences, sources and bans of dependencies (needs cargo-deny)
	cargo deny --locked check bans licenses sources

bench: web ## Measure against the baselines and write docs/BENCHMARKS.md
	@scripts/setup.sh bench
	cargo build --release --package stagedoor-bench --bin stagedoor-bench --package stagedoor --bin stagedoor
	@scripts/test-servers.sh postgres redis -- "$${CARGO_TARGET_DIR:-target}/release/stagedoor-bench" --write docs/BENCHMARKS.md
	@STAGEDOOR_BIN=$$(realpath "$${CARGO_TARGET_DIR:-target}/release/stagedoor") npm run --silent --prefix web bench
