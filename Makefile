# sondeflow: `make` alone lists what there is.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
STACK_STAMP := $(VENV)/.installed-stack
# Tools that look at the packages from outside, in an environment of their own, so that they are not among them.
AUDIT := $(VENV)/audit
AUDIT_STAMP := $(AUDIT)/.installed
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
# Files in the order of the folders, so that those with servers, few and long, do not come last.
# One process per core, so one thread each.
FAST := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Nothing is reported to anybody.
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help install demo stack stack-down pretrain test test-all coverage faults lint check bench screenshots sbom audit

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## create .venv with exact versions, enough to run; cheap when nothing has changed

$(BIN)/python:
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else f"Python {v[0]}.{v[1]} found, 3.11 to 3.13 needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)
	@# the version that comes with Python 3.11 takes minutes to choose the packages
	$(BIN)/python -m pip install --disable-pip-version-check --quiet 'pip>=26,<27'

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $(STAMP)

$(DEV_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev]'
	@touch $(STAMP) $(DEV_STAMP)

$(STACK_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[stack]'
	@touch $(STAMP) $(STACK_STAMP)

demo: $(STAMP) ## the whole path on a few real wells and a line: score, train, compare, promote
	$(BIN)/sondeflow demo

# EVERY=60 scores every minute instead of by the schedule of prefect.yaml
stack: $(STACK_STAMP) ## the whole deployment with one command: PostgreSQL, MLflow, Prefect, worker, metrics; with passwords
	$(BIN)/sondeflow stack up $(if $(EVERY),--every $(EVERY))

stack-down: $(STACK_STAMP) ## stop it with all its processes; the data stay
	$(BIN)/sondeflow stack down

# Public wells and lines, which are not part of the project: DATA=folder with force2020/, wells/ and segy/.
DATA ?= ../data
PRETRAINED := data/pretrained
pretrain: $(STAMP) ## train the bundles of the package again, about an hour: make pretrain DATA=folder of public data
	$(BIN)/sondeflow train logs --data $(DATA)/force2020 --data $(DATA)/wells \
	    --set contenders.unet.model.inner.training.epochs=120 \
	    --set anomalies.detectors.fault_network.model.copies=24 \
	    --set anomalies.detectors.fault_network.model.steps=3000 --bundle-to $(PRETRAINED)/logs-v1
	$(BIN)/sondeflow train seismic --data $(DATA)/segy/segyio_viking_small.segy --data $(DATA)/segy/segysak_f3-ebcidctest.sgy \
	    --data $(DATA)/segy/usgs_alaska_31-81.sgy --bundle-to $(PRETRAINED)/seismic-v1

test: $(DEV_STAMP) ## the fast tests
	$(FAST)

test-all: $(DEV_STAMP) ## every test, the slow ones too
	$(BIN)/python -m pytest

# Measured: 84 %. Lines that only child processes run do not count.
coverage: $(DEV_STAMP) ## the unit tests, and the lines that none of them runs; fails below 80 %
	$(FAST) tests/unit --cov --cov-report=term-missing --cov-fail-under=80

faults: $(DEV_STAMP) ## scoring under every fault that is injected, with its table
	$(BIN)/python -m pytest tests/faults

lint: $(DEV_STAMP) ## format, lint, types, architecture, words
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture/test_words.py

check: lint test ## everything a change has to pass

bench: $(STAMP) ## throughput of the main path, ratios side by side in one run
	$(BIN)/sondeflow bench

screenshots: $(DEV_STAMP) ## what a reviewer sees, photographed by Chromium into data/work/screenshots
	$(BIN)/python tests/helpers/screenshots.py

$(AUDIT_STAMP): Makefile | $(BIN)/python
	$(BIN)/python -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --disable-pip-version-check --quiet cyclonedx-bom==7.5.0 pip-audit==2.10.1
	@touch $(AUDIT_STAMP)

sbom: $(STAMP) $(AUDIT_STAMP) ## all packages in .venv with versions and licences: data/work/sbom.cdx.json (CycloneDX)
	@mkdir -p data/work
	$(AUDIT)/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible -o data/work/sbom.cdx.json

audit: $(AUDIT_STAMP) ## known vulnerabilities of the exact versions; fails as well if their data cannot be had
	$(AUDIT)/bin/python tests/helpers/dependency_audit.py constraints.txt
