# The words of this project. `make` alone lists them.
# Every word creates what it needs: a Python 3.11+ and the package registry are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
SOURCES := src dagster_project tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help run up test check lint bench calibration docs clean

help: ## list the words
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(VENV)/.runtime ## bars to decision on the packaged sample, with a summary at the end
	@$(BIN)/trimtab run

up: $(VENV)/.runtime ## the Dagster UI and daemon on http://127.0.0.1:3000
	@$(BIN)/trimtab up

test: $(VENV)/.development ## every test, in parallel; says why a test was skipped
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q

check: lint test ## what CI runs: linters, types, layers, tests

lint: $(VENV)/.development ## format, lint, types, layers
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.development ## what is measured, against whom, in one run
	@$(BIN)/python -m benchmarks

calibration: $(VENV)/.development ## how often tests, corrections and intervals are wrong; writes docs/calibration.md
	@$(BIN)/python -m benchmarks.calibration

docs: $(VENV)/.development ## write the generated pages of docs/ again
	@$(BIN)/python -m benchmarks.calibration
	@$(BIN)/python -m benchmarks --write
	@$(BIN)/python -m benchmarks.data_quality --write
	@$(BIN)/python -m benchmarks.sentiment --write
	@$(BIN)/python -m benchmarks.intervals --write
	@$(BIN)/python -m benchmarks.honesty --write
	@$(BIN)/python -m benchmarks.model_families --write
	@$(BIN)/python -m benchmarks.candlestick_network --write

clean: ## forget the local lake (bars, models, registry); the repository is untouched
	@find data -mindepth 1 ! -name README.md -delete

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "creating $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing what running needs (a minute or two, once) ..."
	@$(PIP) install -c constraints.txt -e '.[dagster,tracking]'
	@touch $@

$(VENV)/.development: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing what testing needs (a minute or two, once) ..."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.runtime
