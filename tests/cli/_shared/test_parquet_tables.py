"""Tables as Parquet: types, what other programs read, and what is no such table."""

import json
import math
import random

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from protdiff.cli._shared import parquet_tables
from protdiff.cli._shared.report_tables import read_rows
from protdiff.cli._shared.rows import row_writer

COLUMNS = ["model", "rmsd", "aligned", "warning", "mixed", "none"]
ROWS = [
    {"model": "a,b.pdb", "rmsd": 1.23456789, "aligned": 12, "warning": 'two "words"\nand a line'},
    {"model": "ü [red].cif", "rmsd": math.nan, "aligned": None, "mixed": 5, "other": 5},
    {"model": "bad\udce9.cif", "rmsd": 3, "aligned": 2**40, "warning": "", "mixed": "x"},
    {"rmsd": np.float64(-1e-300), "aligned": 3, "none": math.nan},
]
EXPECTED = [
    ["a,b.pdb", 1.23456789, 12, 'two "words"\nand a line', None, None],
    ["ü [red].cif", None, None, None, "5", None],
    ["bad\\udce9.cif", 3.0, 2**40, "", "x", None],
    [None, -1e-300, 3, None, None, None],
]


def write_all(path, rows, columns=COLUMNS):
    with row_writer(path, columns) as write:
        for row in rows:
            write(row)
    return path


@pytest.mark.parametrize("rows_at_once", [1, 3, 5000])
def test_values_and_types(tmp_path, monkeypatch, rows_at_once):
    monkeypatch.setattr(parquet_tables, "ROWS", rows_at_once)
    path = write_all(tmp_path / "x.parquet", ROWS)
    table = parquet.read_table(path)
    assert [list(row.values()) for row in table.to_pylist()] == EXPECTED
    types = dict(zip(table.schema.names, map(str, table.schema.types), strict=True))
    assert types == {
        "model": "string", "rmsd": "double", "aligned": "int64", "warning": "string",
        "mixed": "string", "none": "double",
    }  # fmt: skip
    assert list(parquet_tables.parquet_rows(path)) == table.to_pylist()
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_rows_as_json(tmp_path):
    rng = random.Random(4)
    rows = [{"model": f"{k}", "rmsd": rng.random(), "aligned": k} for k in range(200)]
    write_all(tmp_path / "x.json", rows)
    write_all(tmp_path / "x.parquet", rows)
    assert read_rows(tmp_path / "x.parquet")[0] == json.loads((tmp_path / "x.json").read_text())


def test_no_rows(tmp_path):
    path = write_all(tmp_path / "x.parquet", [])
    assert parquet.read_table(path).schema.names == COLUMNS
    assert parquet_tables.parquet_columns(path) == COLUMNS
    assert list(parquet_tables.parquet_rows(path)) == []


def test_an_error_leaves_what_was_there(tmp_path):
    path = write_all(tmp_path / "x.parquet", ROWS)
    before = path.read_bytes()
    with pytest.raises(RuntimeError), row_writer(path, COLUMNS) as write:
        write(ROWS[0])
        raise RuntimeError
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_without_pyarrow_one_line_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_tables, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs pyarrow, .*: pip install 'protdiff\[parquet\]'"):
        write_all(tmp_path / "x.parquet", ROWS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"PAR1", b"model,rmsd\nx,1\n", b"PAR1" + bytes(90)])
def test_what_is_no_table(tmp_path, data):
    path = tmp_path / "x.parquet"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"x\.parquet: cannot be read as Parquet") as caught:
        read_rows(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_that_unpacks_to_more_than_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    path, table = tmp_path / "x.parquet", pyarrow.table({"model": ["x" * 1000] * 3000})
    parquet.write_table(table, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match=r"x\.parquet: over 1 MiB"):
        read_rows(path)
    parquet.write_table(table, path, row_group_size=500, use_dictionary=False)
    assert sum(1 for _ in parquet_tables.parquet_rows(path)) == 3000  # a piece at a time
    with pytest.raises(ValueError, match=r"x\.parquet: over 1 MiB"):
        read_rows(path)
