# `make demo` and `make test` need Python 3.11 or later, git and make, and set up the rest in .venv.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow check lint types imports clean

demo: .venv/ready
	$(BIN)/python examples/demo.py

# Measuring what the tests reach takes half as long again: COVERAGE=yes does it, as .ci/run does.
test: .venv/ready
	$(BIN)/python -m pytest -n 2 -m 'not slow' $(if $(COVERAGE),--cov --cov-report=term --cov-fail-under=95)

# What builds wheels, makes virtual environments, or does one thing many thousand times.
test-slow: .venv/ready
	$(BIN)/python -m pytest -n 2 -m slow

check: lint types imports test test-slow

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy
	$(BIN)/pyright

imports: .venv/ready
	$(BIN)/lint-imports

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mesa-sdk needs Python 3.11 or later; set PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch .venv/ready

clean:
	rm -rf .venv .coverage* .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist
