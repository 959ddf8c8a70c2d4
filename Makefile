# polyloly's command line for people. `make help` lists the targets.
# Needs Python 3.11 and make; everything else is fetched, pinned by hash, into .venv and node_modules.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes
# Once, by whoever installs: where PYTHONDONTWRITEBYTECODE is set each process would compile all of it for itself, which
# takes longer than to start (1.7 s of 2.9). What pip and npm installed is not ours to compile.
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '/(\$(VENV)|node_modules)/' .
RUN := $(VENV)/.run.stamp
DEV := $(VENV)/.dev.stamp
NODE_RUN := node_modules/.run.stamp
NODE_DEV := node_modules/.dev.stamp
ARGS ?=
WORKERS ?= 2

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(RUN) $(NODE_RUN) ## start everything and print a log-in link; Ctrl-C stops it (ARGS="--port 8090")
	@exec $(BIN)/python manage.py up $(ARGS)

.PHONY: rehearse
rehearse: $(RUN) $(NODE_RUN) ## the dress rehearsal: the live order path, simulated venue, throwaway key
	@PAPER_TRADING=false exec $(BIN)/python manage.py up $(ARGS)

.PHONY: install
install: $(DEV) $(NODE_DEV) ## everything, tools for development included

.PHONY: test
test: lint browser ## lint, then the whole suite with real Redis, PostgreSQL and browser (FULL=1: all examples; WORKERS=2)
	@echo "== pytest"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: install ## ruff, mypy --strict, import directions, JavaScript types
	@echo "== ruff"; $(BIN)/ruff check .; $(BIN)/ruff format --check --quiet .
	@echo "== mypy"; $(BIN)/mypy .
	@echo "== imports"; $(BIN)/lint-imports
	@echo "== tsc"; bash ops/node.sh node node_modules/typescript/bin/tsc -p tests/dashboard/tsconfig.json

.PHONY: format
format: install ## format the code and fix what can be fixed safely
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: browser
browser: install ## make sure there is a browser for the tests
	@$(BIN)/python -m tests.servers

.PHONY: bench
bench: install ## speed and memory on two tapes -> bench/results.json
	@$(BIN)/python -m bench.run $(ARGS)

.PHONY: bench-peers
bench-peers: install ## the same tapes through the peers, in an environment of their own
	@$(BIN)/python -m bench.peers $(ARGS)

.PHONY: prove-replay
prove-replay: install ## evidence that replay, books and phantoms hold, on every tape found (TAPES=folder)
	@$(BIN)/python -m bench.prove_replay $(ARGS)

.PHONY: prove-rehearsal
prove-rehearsal: install ## evidence that the live order path loses, doubles and forgets nothing (FULL=1: all seeds)
	@$(BIN)/python -m bench.prove_rehearsal $(ARGS)

.PHONY: prove-halt
prove-halt: install ## evidence that a halt stops everything, whatever is broken, and is proven (FULL=1: 200 halts)
	@$(BIN)/python -m bench.prove_halt $(ARGS)

.PHONY: prove-books
prove-books: install ## evidence that the books balance: identity, injected differences, rebuilds, kills (FULL=1: 20 rounds)
	@$(BIN)/python -m bench.prove_books $(ARGS)

.PHONY: screenshots
screenshots: install ## the README's pictures, from a stack started for them -> docs/images
	@DJANGO_SETTINGS_MODULE=polyloly_site.settings $(BIN)/python -m tests.screenshots

.PHONY: lock
lock: install ## resolve the dependencies anew, within pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		-o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		-c requirements.lock --group dev -o requirements-dev.lock pyproject.toml

.PHONY: clean
clean: ## remove what was installed; state (data, logs, var) stays
	@rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Installed once and again when a lock changes.

$(BIN)/python:
	@for python in $(PYTHON) python3.11 python3 python; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
			echo "== environment in $(VENV)"; exec "$$python" -m venv $(VENV); fi; done; \
	echo "polyloly needs Python 3.11: install it, or name it with make PYTHON=/path/to/python3.11" >&2; exit 1

$(RUN): requirements.lock | $(BIN)/python
	@echo "== installing (once)"
	@$(PIP) -r requirements.lock
	@$(COMPILE)
	@touch $@

# With all tools it is many packages: uv, itself one of them, installs the same ones by the same hashes in a tenth of
# the time. Where it cannot (it does not read pip's settings), pip does.
$(DEV): requirements-dev.lock requirements.lock | $(BIN)/python
	@echo "== installing with tools (once)"
	@awk '/^[a-z]/ { mine = /^uv==/ } mine' requirements-dev.lock > $(VENV)/uv.lock
	@$(PIP) -r $(VENV)/uv.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-dev.lock \
		|| { echo "== uv could not, so pip does"; $(PIP) -r requirements-dev.lock; }
	@$(COMPILE)
	@touch $@ $(RUN)

$(NODE_RUN): package-lock.json | $(BIN)/python
	@echo "== browser packages (once)"
	@bash ops/node.sh npm ci --ignore-scripts --omit=dev --loglevel=error
	@touch $@

$(NODE_DEV): package-lock.json | $(BIN)/python
	@echo "== browser packages with tools (once)"
	@bash ops/node.sh npm ci --ignore-scripts --loglevel=error
	@touch $@ $(NODE_RUN)
