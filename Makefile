# `make demo` and `make test` need Python 3.11 or later, git and make, and set up the rest in .venv.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow test-wheel test-pythons test-oldest check lint types mypy pyright imports docs site figures dist clean bench

demo: .venv/ready
	$(BIN)/python examples/demo.py

# The tests write and sync thousands of small files, which a disk makes twice as slow: where memory has a file system with
# 4 GB of room, they do it there, unless TMPDIR says otherwise.
ifndef TMPDIR
ifneq ($(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000'),)
test test-slow test-wheel test-pythons test-oldest: export TMPDIR = /dev/shm
endif
endif

# Measuring what the tests reach takes half as long again: COVERAGE=yes does it, as .ci/run does.
test: .venv/ready
	$(BIN)/python -m pytest -n 2 -m 'not slow' $(if $(COVERAGE),--cov --cov-report=term --cov-fail-under=95)

# What builds wheels, makes virtual environments, or does one thing many thousand times.
test-slow: .venv/ready
	$(BIN)/python -m pytest -n 2 -m slow

# What uses a wheel as its users do: on this Python, on each that is there, and with the oldest libraries allowed.
test-wheel: .venv/ready
	$(BIN)/tox -e py -- $(ARGS)

test-pythons: .venv/ready
	$(BIN)/tox -e 3.11,3.12,3.13,3.14

test-oldest: .venv/ready
	mkdir -p .tox
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --python-version 3.11 --resolution lowest-direct \
		$(foreach extra,local aiohttp httpx2 socks vcr otel speedups,--extra $(extra)) --output-file .tox/oldest.txt pyproject.toml
	$(BIN)/tox -e oldest

# The local Depot, asked anything for about half an hour: from the contract, and in step with git and a model.
FUZZ_EXAMPLES ?= 500
fuzz: .venv/ready
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest -n 2 tests/contract/test_fuzz.py tests/integration/local/test_against_git.py

check: lint types imports site test test-slow

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: mypy pyright

mypy: .venv/ready
	$(BIN)/mypy

pyright: .venv/ready
	$(BIN)/pyright

imports: .venv/ready
	$(BIN)/lint-imports

# The site at http://localhost:8000, built anew with each change of a page or a docstring.
docs: .venv/ready
	$(BIN)/zensical serve

# Into site/. Strict: a link, an anchor or a name that leads nowhere is an error.
site: .venv/ready
	$(BIN)/zensical build --clean --strict

# What of the docs is made: figures, what was measured, and the contract as a page. A test tells when it is out of date.
figures: .venv/ready
	$(BIN)/python tools/docs/figures.py
	$(BIN)/python tools/docs/performance.py
	$(BIN)/python tools/docs/contract.py

dist: .venv/ready
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mesa-sdk needs Python 3.11 or later; set PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch .venv/ready

# Every figure against its peers, each in an environment of its own, in .bench; RESULTS.md is what comes of it. The docs
# show it after `make figures`.
bench: .venv/ready
	$(BIN)/python benchmarks/run.py $(ARGS)

clean:
	rm -rf .venv .bench .coverage* .mypy_cache .ruff_cache .import_linter_cache .hypothesis .cache site dist
