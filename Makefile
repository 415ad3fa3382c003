# Everything a developer or a build machine does here, each step named in words.
# `make` alone lists the targets. PYTHON=/path/to/python3.12 chooses the interpreter; FLAGS=… is passed on;
# LANES=1 runs the tests one after the other (each lane has servers of its own, and most tests wait more than they work).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# An activated environment or a PYTHONPATH from outside would mix two worlds.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

BIN := .venv/bin
LANES ?= 4
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links

define step
	@printf '\n\033[1m==> %s\033[0m\n' '$(1)'
endef

.PHONY: help install demo test check bench fault-lab lock clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# ---- The environment ------------------------------------------------------------------------------------------------

install: .venv/installed ## Build .venv from the lock files; does nothing when they have not changed.

# The two stamps carry the time of the last success, so an interrupted installation is taken up again.
.venv/installed: .venv/bootstrapped requirements/dev.txt pyproject.toml
	$(call step,Install the locked packages and Bursar itself)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bootstrapped: requirements/build.txt
	$(call step,Make a virtual environment with the tools that fill it)
	@python="$(PYTHON)"; \
	for candidate in $${python:-python3 python3.13 python3.12 python3.11}; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then chosen="$$candidate"; break; fi; \
	done; \
	if [ -z "$${chosen:-}" ]; then \
		echo "Bursar needs Python 3.11 or newer, and $${python:-python3, python3.13, python3.12 or python3.11} is not that." >&2; \
		echo "Install one, or say where it is: make install PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! "$$chosen" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$chosen has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	$(BIN)/python -c '' 2>/dev/null || "$$chosen" -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

lock: .venv/bootstrapped ## Resolve the lock files again; FLAGS=--upgrade takes newer versions.
	$(LOCK) $(FLAGS) requirements/build.in -o requirements/build.txt
	$(LOCK) $(FLAGS) pyproject.toml -o requirements/app.txt
	$(LOCK) $(FLAGS) pyproject.toml --group dev --constraint requirements/app.txt -o requirements/dev.txt

clean: ## Remove the environment, caches and build products; your data stays.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find src tests docs bench migrations -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# ---- Using it -------------------------------------------------------------------------------------------------------

demo: install ## Start Bursar with its own PostgreSQL, a sandbox bank and sample data.
	$(BIN)/bursar demo $(FLAGS)

bench: install ## Measure how fast payouts are created, claimed and settled on this machine.
	$(BIN)/bursar bench $(FLAGS)

# ---- Proving it -----------------------------------------------------------------------------------------------------

check: install ## Everything that can be said without running Bursar: format, lint, types, floors, house rules, documents.
	$(call step,The code is formatted)
	$(BIN)/ruff format --check .
	$(call step,The code is free of lint)
	$(BIN)/ruff check .
	$(call step,The types hold)
	$(BIN)/mypy
	$(call step,Imports point downwards)
	$(BIN)/lint-imports --no-logo
	$(call step,The house rules are kept)
	$(BIN)/pytest -q tests/house_rules
	$(call step,The generated parts of the documents are current)
	$(BIN)/python docs/generate.py --check

test: check ## What CI runs: check, then every test but the long fault runs.
	$(call step,The tests pass)
	$(BIN)/pytest -n $(LANES) --dist worksteal $(FLAGS)

fault-lab: install ## The long runs: real processes killed, stalled and cut off, and the books examined afterwards.
	$(BIN)/pytest -m fault_lab --timeout 3600 $(FLAGS)
