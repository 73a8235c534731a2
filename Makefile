# `make` alone lists the targets. `make demo` and `make test` set everything up; only their first run needs the network.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint slow lab lab-down lab-needs elastic bench clean python ready restic rest-server

PYTHON ?= python3
BIN := .venv/bin
# An environment's programs name the directory they were made in, so a checkout that was moved gets a new one.
HERE := $(shell printf '%s' '$(CURDIR)' | cksum | cut -d' ' -f1)
PACKAGES := inventory ledger playbooks backup detect incident board cli
# Several tests at once, those of one file one after the other; one process: make test AT_ONCE=
AT_ONCE ?= -n auto --dist loadgroup
NOT_FAST := slow or restic or ansible or postgresql or elasticsearch or lab or ssh or control or demo or wheel

# The environment has exactly what uv.lock says, uv itself included; each download is checked against its hash.
UV_FROM_LOCK := import tomllib; \
  uv = next(p for p in tomllib.load(open("uv.lock", "rb"))["package"] if p["name"] == "uv"); \
  print("uv==" + uv["version"], *("--hash=" + wheel["hash"] for wheel in uv["wheels"]))

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: ready restic ## Lose a small province and bring it back, measured (two minutes)
	@$(BIN)/holdfast demo --dir demo-run

test: ready restic rest-server ## Run every test that is not slow
	@$(BIN)/pytest $(AT_ONCE)

test-fast: ready ## Run the tests that need neither restic nor Ansible
	@$(BIN)/pytest $(AT_ONCE) -m "not ($(NOT_FAST))"

lint: ready ## Check style, types, layers and the shell scripts
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@for script in backup/get-restic.sh tests/lab/*.sh; do sh -n $$script || exit; done
	@bash -n .ci/run

slow: ready restic rest-server ## Run the tests with thousands of rounds
	@$(BIN)/pytest -m slow

elastic: ready ## Fetch Elasticsearch for the tests, once (98 MB; needs Java 17 and Maven)
	@$(BIN)/python -m tests.elastic

bench: ready restic rest-server ## Measure; the figures go to bench/results/
	@for bench in $$(grep -l "^def main" bench/*.py); do $(BIN)/python -m bench.$$(basename $$bench .py) || exit; done

lab: lab-needs ready ## Boot real Debian hosts with a site for them, and leave them up (root; see docs/lab.md)
	@$(BIN)/python -m tests.lab up

lab-down: ready ## Remove the hosts and the site of make lab
	@$(BIN)/python -m tests.lab down

clean: ## Remove the environment, the fetched tools and every cache
	rm -rf .venv .tools build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(PACKAGES) tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up ---------------------------------------------------------------------------------------------------------

ready: .venv/.ready-$(HERE)

.venv/.ready-$(HERE): .venv/.made-$(HERE) pyproject.toml uv.lock
	@$(BIN)/uv sync --frozen --quiet || { \
	  echo "error: the packages named in uv.lock could not be installed" >&2; \
	  echo "hint: check the network and run make again; what was fetched is kept" >&2; exit 1; }
	@touch $@

.venv/.made-$(HERE): | python
	@echo "setting up .venv (needed once; uses the network)" >&2
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -c '$(UV_FROM_LOCK)' >.venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt || { \
	  echo "error: uv could not be fetched from the Python package index" >&2; \
	  echo "hint: check the network and run make again" >&2; exit 1; }
	@touch $@

lab-needs:
	@said=$$(PATH="$$PATH:/usr/sbin:/sbin" /bin/sh tests/lab/needs.sh) || { \
	  echo "error: $$said" >&2; echo "hint: docs/lab.md says what the lab needs" >&2; exit 2; }

python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: $(PYTHON) is missing" >&2; \
	  echo "hint: sudo apt-get install python3 python3-venv" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is older than 3.11" >&2; \
	  echo "hint: Debian 12 and 13 have it (sudo apt-get install python3); or name another: make PYTHON=python3.12" >&2; \
	  exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: $(PYTHON) cannot make environments" >&2; \
	  echo "hint: sudo apt-get install python3-venv" >&2; exit 2; }

restic:
	@sh backup/get-restic.sh .tools >/dev/null

rest-server:
	@sh backup/get-restic.sh .tools restic-rest-server >/dev/null
