"""Scores and rows in notebooks: values, marks beside real chains, units, and hostile names."""

import csv

import numpy as np
import pytest

import protdiff
from protdiff.metrics import quality
from protdiff.metrics.verdict import real_range, verdict
from protdiff.plots.notebook.table import ABOVE, BELOW, LEGEND, Cell, Table, cell_of

from .conftest import Page, helix

HOSTILE = "<script>document.title = 'bad'</script>"


def test_scores_show_every_column_with_its_range(formatted, example):
    scores = protdiff.score(example[:80], example)
    shown = formatted(scores)
    assert set(shown) == {"text/html", "text/plain"}
    page = Page(shown["text/html"])
    assert page.texts[:4] == ["column", "value", "real chains", "what it says"]
    rows = [[cell.text for cell in row] for row in protdiff.show(scores).rows]
    assert [row[0] for row in rows] == [name for name, v in scores.row().items() if v not in ("",)]
    by_name = {row[0]: row for row in rows}
    assert by_name["tm"][1] == f"{scores.tm:.4g}"
    low, high = real_range("rg_ratio", scores.quality)
    assert by_name["rg_ratio"][2] == f"{low:.4g} to {high:.4g}"
    assert by_name["rmsd"][3].endswith("Å")


def test_values_outside_the_real_range_are_marked_by_a_sign_and_words():
    columns = quality(helix(60))
    found = {one.column: one for one in verdict(columns).outside}
    assert "ca_bonds" not in found and found["rg_ratio"].value > found["rg_ratio"].high
    table = protdiff.show([columns], columns=["ca_bonds", "rg_ratio", "psea_strand"])
    bonds, size, strand = table.rows[0]
    assert bonds.mark == "" and size.mark == ABOVE and strand.mark == ""
    assert size.words == str(found["rg_ratio"])
    page = Page(table.html())
    assert f"{ABOVE} {size.text}" in page.texts and LEGEND in page.texts
    assert str(found["rg_ratio"]) in page.attribute("title")
    low = protdiff.show([{"residues": 100, "hydrogen_bonds": 0.1}]).rows[0][1]
    assert low.marked == f"{BELOW} 0.1"


def test_units_stand_in_the_heads(example):
    table = protdiff.show([protdiff.score(example, example)], columns=["rmsd", "rms_n_ca_c", "tm"])
    page = Page(table.html())
    assert page.texts[:3] == ["rmsd, Å", "rms_n_ca_c, degrees", "tm"]
    assert page.attribute("title")[2].startswith("TM-score")


def test_hostile_names_are_texts(tmp_path):
    path = tmp_path / "scores.csv"
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, ["name", HOSTILE, "tm"])
        writer.writeheader()
        writer.writerows({"name": f"{HOSTILE}{k}", HOSTILE: "a", "tm": k / 40} for k in range(40))
    table = protdiff.show(path)
    page = Page(table.html())
    assert "script" not in page.tags
    assert HOSTILE in page.texts and f"{HOSTILE}19" in page.texts
    assert "the first 20 of 40 rows" in page.texts
    assert table.rows[1][2] == cell_of(0.025)  # a number again, at the right
    assert len(protdiff.show(path, rows=3).rows) == 3


def test_of_many_columns_the_important_ones_are_shown(example):
    table = protdiff.show([protdiff.score(example)], ["model 1"])
    names = [heading.name for heading in table.headings]
    assert names[:2] == ["name", "residues"] and "rg_ratio" in names
    assert "reference" not in names and len(names) < 20
    assert table.rows[0][0].text == "model 1"


def test_an_evaluation_and_designs(example):
    table = protdiff.show(protdiff.evaluate([example, example[:70]], diversity=0))
    assert [heading.name for heading in table.headings[:4]] == ["column", "designs", "real", "ks"]
    assert table.rows[0][:2] == (Cell("residues"), Cell("79", True))
    types = np.ones(88, bool)
    design = protdiff.Design(example, types, np.full(88, -1.25), number=0, seed=1)
    rows = protdiff.show(design).rows
    assert rows == ((Cell("0", True), Cell("1.25", True), Cell(example.sequence)),)


def test_the_text_of_a_table():
    table = protdiff.show([{"a": 1, "b": "x" * 100}, {"a": -0.5, "b": None}])
    assert repr(table) == f"a     b\n1     {'x' * 59}…\n−0.5"
    assert "x" * 100 in table.html()
    assert isinstance(table, Table)


def test_what_show_refuses(tmp_path):
    with pytest.raises(ValueError, match="nothing to show"):
        protdiff.show([])
    with pytest.raises(ValueError, match="`titles`: 1 of them for 2 values"):
        protdiff.show([helix(5), helix(5)], ["a"])
    with pytest.raises(ValueError, match="`columns`: there is no column 'tn'; choose of tm"):
        protdiff.show([{"tm": 1.0}], columns=["tn"])
    with pytest.raises(TypeError, match="`values`: int; show takes"):
        protdiff.show(3)
    with pytest.raises(TypeError, match="float among them"):
        protdiff.show([0.5])
    with pytest.raises(ValueError, match=r"none\.csv: cannot be read as a table"):
        protdiff.show(tmp_path / "none.csv")
