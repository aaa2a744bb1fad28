# make test    set up .venv and run the tests
# make demo    set up .venv and generate 4 backbones of 100 residues into demo/
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint benchmark clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("protdiff needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

demo: $(VENV)/.installed
	$(BIN)/protdiff generate --length 100 --num 4 --seed 1 --out demo --plot demo/backbones.png

test: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal
	$(BIN)/ruff check .

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The numbers of the README: 64 raw samples with default settings, measured from their files.
benchmark: $(VENV)/.installed
	$(BIN)/protdiff generate --length 64-128 --num 64 --seed 0 --out benchmarks/out/samples
	$(BIN)/python benchmarks/sample_quality.py benchmarks/out/samples --json benchmarks/out/quality.json

clean:
	rm -rf $(VENV) demo benchmarks/out
