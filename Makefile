# Two commands do all the set-up: `make demo` and `make test`. Each makes .venv where there is none.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SCALE ?= 0.01
# How many processes run the tests.
WORKERS ?= 2

.PHONY: help demo test quick check bench clean

help:  ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[test,dev,validate]'
	@touch $@

$(VENV)/.all: $(VENV)/.test
	$(PIP) -e '.[test,dev,validate,local,serving,peers,ray]'
	@touch $@

demo: $(VENV)/.core  ## install, and run the sample shop through every stage
	$(BIN)/mindgraph demo

test: check $(VENV)/.all  ## format, lint, types, floors, all tests, and every benchmark at a hundredth of its size
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup
	$(BIN)/python -m benchmarks --scale $(SCALE)

quick: $(VENV)/.test  ## the tests of a developer's minute
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m 'not slow' -q tests/unit tests/property tests/golden

check: $(VENV)/.test  ## format, lint, types and floors
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

bench: $(VENV)/.all  ## every speed that is claimed, at full size, beside its peers
	$(BIN)/python -m benchmarks --scale 1

clean:  ## remove what was made here
	rm -rf $(VENV) build dist bench-out .mypy_cache .ruff_cache .pytest_cache .hypothesis
