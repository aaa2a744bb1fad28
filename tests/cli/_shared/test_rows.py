"""Rows into a file and back, and their summary."""

import csv
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.cli._shared.rows import Summary, row_writer, shown

COLUMNS = ["model", "rmsd", "aligned", "warning"]
ROWS = [
    {"model": "a,b.pdb", "rmsd": 1.23456789, "aligned": 12, "warning": 'two "words"\nand a line'},
    {"model": "ü [red].cif", "rmsd": math.nan, "aligned": 0, "other": 5},
    {"rmsd": 1.234567e-7, "aligned": None, "warning": ""},
    {"model": "x", "rmsd": np.float64(-12345.67891), "aligned": 3},
]


def write_all(path, rows):
    with row_writer(path, COLUMNS) as write:
        for row in rows:
            write(row)


def test_csv_round_trip(tmp_path):
    write_all(tmp_path / "x.csv", ROWS)
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as handle:
        assert list(csv.reader(handle)) == [
            COLUMNS,
            ["a,b.pdb", "1.2346", "12", 'two "words"\nand a line'],
            ["ü [red].cif", "", "0", ""],
            ["", "1.2346e-07", "", ""],
            ["x", "-12345.6789", "3", ""],
        ]
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_json_round_trip(tmp_path):
    write_all(tmp_path / "x.JSON", ROWS)
    text = (tmp_path / "x.JSON").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=pytest.fail)
    expected = [{name: row.get(name) for name in COLUMNS} for row in ROWS]
    expected[1]["rmsd"] = None
    assert found == expected and all(list(row) == COLUMNS for row in found)
    assert len(text.splitlines()) == len(ROWS) + 2  # a row on each line


@pytest.mark.parametrize("name", ["x.csv", "x.json"])
def test_no_rows(tmp_path, name):
    write_all(tmp_path / name, [])
    text = (tmp_path / name).read_text()
    if name.endswith("json"):
        assert json.loads(text) == []
    else:
        assert text.splitlines() == [",".join(COLUMNS)]


@pytest.mark.parametrize("name", ["x.csv", "x.json"])
@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_exception_leaves_nothing_behind(tmp_path, name, error):
    with pytest.raises(error), row_writer(tmp_path / name, COLUMNS) as write:
        write(ROWS[0])
        assert not (tmp_path / name).exists()
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.csv", "x.json"])
def test_exception_leaves_the_file_of_before(tmp_path, name):
    (tmp_path / name).write_text("before")
    with pytest.raises(KeyError), row_writer(tmp_path / name, COLUMNS) as write:
        write(ROWS[0])
        raise KeyError
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "before")]
    write_all(tmp_path / name, ROWS[:1])
    assert "before" not in (tmp_path / name).read_text()


@pytest.mark.parametrize("name", ["x.txt", "x", "x.csv.gz", "csv", ".csv"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"must end in \.csv, \.json or \.parquet"):
        write_all(tmp_path / name, ROWS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_folder_that_cannot_be_written_to(tmp_path, place):
    (tmp_path / "file").write_text("")
    path = tmp_path / place / "x.csv"
    with pytest.raises(ValueError, match="cannot be written") as caught:
        write_all(path, ROWS)
    assert str(path) in str(caught.value)


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_numbers_as_text_are_near(value):
    found = float(shown(value))
    # Four decimals, or five digits of what is below 0.1.
    error = 5.0001e-5 * (1 if abs(value) >= 0.1 else abs(value))
    assert abs(found - value) <= error + 1e-12 * abs(value)
    assert len(shown(value)) <= 12 or abs(value) > 1e6


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (math.nan, ""), (np.float64("nan"), ""), (0.0, "0"), (100.0, "100"), (7, "7"),
     (0.1, "0.1"), (0.09999999, "0.1"), (2.50004, "2.5"), (1e-9, "1e-09"), (True, "True"),
     ("a", "a"), (np.float64(1) / 3, "0.3333")],
)  # fmt: skip
def test_values_as_text(value, text):
    assert shown(value) == text


def test_five_digits_or_four_decimals_whichever_shows_more():
    assert shown(0.123456) == "0.1235"


@given(
    st.lists(
        st.fixed_dictionaries(
            {"a": st.floats(-1e6, 1e6) | st.just(math.nan) | st.none(),
             "b": st.integers(-1000, 1000), "c": st.text(max_size=3)}
        ),
        max_size=20,
    )
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_summary_against_numpy(rows):
    summary = Summary(["a", "b", "c", "d"])
    for row in rows:
        summary.add(row)
    found = {name: values for name, *values in summary.table()}
    expected = {}
    for name in "ab":
        values = [row[name] for row in rows if row[name] is not None and row[name] == row[name]]
        if values:
            expected[name] = [len(values), np.mean(values), np.median(values)]
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-12, abs=1e-9)
