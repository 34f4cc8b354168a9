# sondeflow: `make` alone lists what there is.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Nothing is reported to anybody.
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all faults lint check bench screenshots

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## create .venv with exact versions; cheap when nothing has changed

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 13) else f"Python {v[0]}.{v[1]} found, 3.11 or 3.12 needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## the whole path on a generated field: train, compare, promote, score
	$(BIN)/sondeflow demo

test: $(STAMP) ## the fast tests
	$(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile

test-all: $(STAMP) ## every test, the slow ones too
	$(BIN)/python -m pytest

faults: $(STAMP) ## scoring under every fault that is injected, with its table
	$(BIN)/python -m pytest tests/faults

lint: $(STAMP) ## format, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## everything a change has to pass

bench: $(STAMP) ## throughput of the main path, ratios side by side in one run
	$(BIN)/sondeflow bench

screenshots: $(STAMP) ## what a reviewer sees, photographed by Chromium into data/work/screenshots
	$(BIN)/python tests/helpers/screenshots.py
