# Concord. `make` alone prints this help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STATE := .local
# Compiling each module anew at each start doubles the time to start.
export PYTHONDONTWRITEBYTECODE :=
T ?= tests

##@ Use
.PHONY: help
help: ## Show what there is
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: .venv/.dev ## Make the virtual environment, with the tools of the tests and the real data

.PHONY: run
run: .venv/.run ## Start everything, load the story, print the addresses; Ctrl-C stops it
	@$(BIN)/concord up

##@ Check
.PHONY: test
test: .venv/.dev lint types ## Everything CI runs; T=path runs one part without lint and types
	$(BIN)/python -m pytest $(T)

.PHONY: lint
lint: .venv/.dev ## Style, layers, and that generated files are as generated
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

.PHONY: types
types: .venv/.dev ## mypy, strict
	$(BIN)/mypy

.PHONY: bench
bench: .venv/.dev ## Measure against the floor in one run; writes .local/bench.json
	$(BIN)/python -m tests.benchmarks

.PHONY: faults
faults: .venv/.dev ## The long fault run: 50 kills in an import and every crash point once
	CONCORD_FAULT_KILLS=50 CONCORD_FAULT_POINTS=all $(BIN)/python -m pytest tests/faults --timeout 1800

.PHONY: laws
laws: .venv/.dev ## The property tests of quotes, twenty thousand examples each: for the night
	CONCORD_LAW_EXAMPLES=20000 $(BIN)/python -m pytest tests/unit/test_quote_laws.py --timeout 7200

##@ Work on it
.PHONY: docs
docs: .venv/.dev ## Write the generated references again
	$(BIN)/python docs/generate.py

.PHONY: pictures
pictures: .venv/.dev ## Take the README's pictures again, from the stack that `make run` started
	$(BIN)/python docs/pictures.py

.PHONY: baskets
baskets: .venv/.dev ## Quote the real baskets and write the report on them
	$(BIN)/concord replay completejourney --shift 0 --page docs/discussions/real-baskets.md

.PHONY: format
format: .venv/.dev ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: .venv/.dev ## Resolve requirements/*.txt anew from pyproject.toml
	$(PYTHON) -m pip install -q uv
	$(PYTHON) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra engines --extra build pyproject.toml -o requirements/run.txt
	$(PYTHON) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra engines --extra build --extra data --extra dev pyproject.toml -o requirements/dev.txt

.PHONY: clean-state
clean-state: ## Forget what `make run` kept: databases, log, views, keys
	@if [ -e $(STATE)/lock ] && ! flock -n $(STATE)/lock true; then echo "A stack is running on $(STATE). Stop it first (Ctrl-C where it runs)."; exit 1; fi
	rm -rf $(STATE)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Concord needs Python 3.11 or later; this is $$($(PYTHON) --version). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv

# A stamp says which lock the environment has, so that nothing is asked twice.
.venv/.run: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "Installing what requirements/run.txt pins"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.run
	@echo "Installing what requirements/dev.txt adds"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
