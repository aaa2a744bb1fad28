# make test    set up .venv and run the tests
# make demo    set up .venv and generate 4 backbones of 100 residues into demo/
PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin

.PHONY: demo test lint benchmark clean

.venv/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("protdiff needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

demo: .venv/.installed
	$(BIN)/protdiff generate --length 100 --num 4 --seed 1 --out demo --plot demo/backbones.png

test: .venv/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal
	$(BIN)/ruff check .

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The numbers of the README: 64 raw samples with default settings, measured from their files.
benchmark: .venv/.installed
	$(BIN)/protdiff generate --length 64-128 --num 64 --seed 0 --out benchmarks/out/samples
	$(BIN)/python benchmarks/sample_quality.py benchmarks/out/samples --json benchmarks/out/quality.json

clean:
	rm -rf .venv demo benchmarks/out
