"""`protdiff report`, and --report of the verbs that write tables."""

import csv
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

import protdiff
from protdiff.cli._shared.report_entries import entries_of
from protdiff.cli._shared.report_tables import read_rows
from protdiff.cli._shared.report_writer import chosen_rows
from protdiff.plots.report.entry import Entry
from protdiff.structure import joined

from ..conftest import ROOT
from ..plots.report.conftest import data_of

MANIFEST = "file,length,seed,temperature,condition\n{}.pdb,30,7,0.9,ss=HHH\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two designs with a manifest, in the present folder."""
    monkeypatch.chdir(tmp_path)
    chain = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")
    (tmp_path / "designs").mkdir()
    for k, name in enumerate("ab"):
        part = chain[10 + k : 40 + k]
        protdiff.write(protdiff.Backbone.from_coords(part.coords), f"designs/{name}.pdb")
    (tmp_path / "designs" / "manifest.csv").write_text(MANIFEST.format("a"))
    return tmp_path


def columns(page):
    """Values by column of a page, and the names of its rows."""
    data = data_of(page)
    return {column["name"]: column["values"] for column in data["columns"]}, data["names"]


def test_designs_are_scored_and_have_their_conditions(console, folder):
    code, out, err = console("report", "designs")
    assert (code, err) == (0, "") and "report of 2 structures: report.html" in out
    values, names = columns(folder / "report.html")
    assert names == ["a", "b"]
    quality = protdiff.score("designs/b.pdb").quality
    assert values["rg"][1] == float(f"{quality['rg']:.5g}")
    assert values["condition"] == ["ss=HHH", None] and values["seed"] == [7, None]
    assert values["sequence"] == ["A" * 30, "A" * 30]
    assert data_of(folder / "report.html")["structures"].keys() == {"0", "1"}


def test_a_table_of_scores_is_taken_as_it_is(console, folder):
    assert console("score", "designs", "--reference", "designs/a.pdb", "--out", "s.csv")[0] == 0
    assert console("report", "s.csv", "--out", "s.html", "--title", "two")[0] == 0
    values, names = columns(folder / "s.html")
    with open("s.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert names == ["a", "b"]
    assert values["tm"] == [float(f"{float(row['tm']):.5g}") for row in rows]
    stored = data_of(folder / "s.html")["structures"]["1"]
    assert stored["other"]["is"] == "reference" and "lddt" in stored
    assert "<title>two</title>" in (folder / "s.html").read_text()


@pytest.mark.parametrize("name", ["B", "_"])
def test_chains_that_were_scored_alone_are_drawn_alone(console, folder, name):
    """--report of the command, the table later, and the table with the files."""
    first = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")[:30]
    second = replace(first[5:25], chain_ids=np.full(20, "" if name == "_" else name))
    protdiff.write(joined([first, second]), "designs/a.pdb")
    code, _, err = console("score", "designs/a.pdb", "--chain", name, "--out", "s.csv", "--report")
    assert code == 0, err
    assert console("report", "s.csv", "--out", "later.html")[0] == 0
    assert console("report", "designs/a.pdb", "s.csv", "--out", "both.html")[0] == 0
    for page in ("s.html", "later.html", "both.html"):
        values, _ = columns(folder / page)
        assert values["residues"] == [20] and values["chains"] == [name]
        stored = data_of(folder / page)["structures"]["0"]
        assert {run[0] for run in stored["runs"]} == {"" if name == "_" else name}
        assert stored["sequence"] == values["sequence"][0] == second.sequence
        assert len(stored["letters"]) == 20


def test_json_says_the_same_as_csv(console, folder):
    pages = []
    for kind in ("csv", "json"):
        console("score", "designs", "--out", f"s.{kind}")
        console("report", f"s.{kind}", "--out", f"{kind}.html")
        pages.append(columns(folder / f"{kind}.html"))
    for name, values in pages[0][0].items():
        other = pages[1][0][name]
        if isinstance(values[0], str):
            assert values == other
        else:  # CSV has four decimals, or five digits
            both = np.array([values, other], dtype=float)
            np.testing.assert_allclose(*both, rtol=1e-4, atol=5.1e-5, err_msg=name)


def test_scores_join_designs_of_the_same_file(folder):
    (folder / "s.csv").write_text("model,tm\ndesigns/b.pdb,0.5\nother/c.pdb,0.25\n")
    entries = {entry.name: entry for entry in entries_of(["designs", "s.csv"])}
    assert list(entries) == ["a", "b", "c"]
    assert entries["a"].values.get("tm") is None
    assert (entries["b"].values["tm"], entries["c"].values["tm"]) == (0.5, 0.25)


def test_files_of_one_name_are_called_by_their_paths(folder):
    (folder / "s.csv").write_text("model,tm\nx/a.pdb,0.5\ny/a.pdb,0.25\n")
    assert [entry.name for entry in entries_of(["s.csv"])] == ["x/a.pdb", "y/a.pdb"]


def test_check_lays_models_over_designs(folder):
    header = "design,number,name,residues,sctm,scrmsd,designable,best,model,sequence,error\n"
    rows = (
        "a,0,a_0,30,0.4,5.0,no,no,a_0.pdb,MKL,\n"
        "a,1,a_1,30,0.9,1.0,yes,yes,a_1.pdb,MKI,\nb,0,b_0,30,,,,no,,MKV,no model\n"
    )
    (folder / "checked").mkdir()
    (folder / "checked" / "check.csv").write_text(header + rows)
    a, b = entries_of(["designs", "checked"])
    assert (a.values["scrmsd"], a.values["best_sequence"], a.sequence) == (1.0, 1.0, "MKI")
    assert (str(a.other), a.other_is, a.other_moves) == ("a_1.pdb", "predicted model", True)
    assert b.values["check_error"] == "no model" and b.other is None and "error" not in b.values
    alone = entries_of(["checked"])
    assert [entry.name for entry in alone] == ["a_0", "a_1", "b_0"]
    assert alone[2].values["error"] == "no model" and alone[2].file is None


def test_failed_rows_and_exit_code(console, folder):
    (folder / "designs" / "c.pdb").write_text("nothing")
    code, _, err = console("report", "designs")
    assert (code, err) == (1, "1 could not be read or scored; the page says why\n")
    data = data_of(folder / "report.html")
    assert data["summary"] == "3 structures, 1 failed" and "c.pdb" in data["errors"][2]


def test_an_empty_table(console, folder):
    (folder / "s.csv").write_text("model,tm\n")
    code, out, err = console("report", "s.csv")
    assert (code, err) == (0, "") and "0 structures" in out
    assert data_of(folder / "report.html")["names"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["designs", "--out", "x.txt"], "--out x.txt: must be a file that ends in .html"),
        (["none"], "none: no such file or folder"),
        (["designs/manifest.csv"], "designs/manifest.csv: no column model"),
        (["bad.json"], "bad.json: cannot be read as a table"),
    ],
)
def test_bad_input_is_one_line_and_no_file(console, folder, arguments, message):
    (folder / "bad.json").write_text("[1, 2")
    code, _, err = console("report", *arguments)
    assert code == 2 and message in err and err.count("\n") == 1
    assert not (folder / "report.html").exists()


def test_without_plotly_nothing_is_done(console, folder, monkeypatch, tiny_weights):
    monkeypatch.setitem(sys.modules, "plotly", None)
    wanted = "protdiff: the report is drawn by plotly, which is not installed: pip install "
    for arguments in (
        ["report", "designs"],
        ["score", "designs", "--out", "s.csv", "--report"],
        ["evaluate", "designs", "--report"],
        ["check", "designs", "none.fasta", "--predictions", "none", "--report"],
        ["generate", "--length", 30, "--weights", tiny_weights, "--out", "new", "--report"],
    ):
        code, _, err = console(*arguments)
        assert code == 2 and err.startswith(wanted)
    assert {path.name for path in folder.iterdir()} == {"designs"}


def test_which_structures_are_stored():
    def entry(**values):
        return Entry("x", ROOT, values)

    entries = [entry(tm=0.1), entry(tm=0.9), entry(error="bad"), entry(tm=0.5), entry()]
    assert chosen_rows(entries, 4) == ([0, 1, 3, 4], "")
    assert chosen_rows(entries, 2) == ([1, 3], "the best 2 by tm can be drawn")
    outside = [entry(outside=2), entry(outside=float("nan")), entry(outside=0)]
    assert chosen_rows(outside, 2)[0] == [0, 2]
    assert chosen_rows([entry(), entry()], 1) == ([0], "the first 1 can be drawn")


def test_numbers_and_texts_of_a_table(folder):
    (folder / "s.csv").write_text("model,name,tm,count,note\n1e5,007,0.5,,nan\n")
    [row], _ = read_rows(folder / "s.csv")
    assert row == {"model": "1e5", "name": "007", "tm": 0.5, "count": None, "note": None}


def test_score_writes_it_beside_its_table(console, folder):
    assert console("score", "designs", "--report")[0] == 2
    code, out, _ = console("score", "designs", "--out", "s.csv", "--report")
    assert code == 0 and "report of 2 structures: s.html" in out
    assert columns(folder / "s.html")[1] == ["a", "b"]


def test_evaluate_writes_it_into_its_folder(console, folder):
    assert console("evaluate", "designs", "--diversity", 0, "--report")[0] == 0
    values, names = columns(folder / "evaluation" / "report.html")
    assert names == ["a", "b"] and "rg_ratio" in values


def test_check_writes_it_with_the_models(console, folder):
    (folder / "models").mkdir()
    for name in "ab":
        shutil.copy(f"designs/{name}.pdb", f"models/{name}_0.pdb")
    (folder / "x.fasta").write_text(
        "".join(f">{n}_0 design={n} number=0\n{'M' * 30}\n" for n in "ab")
    )
    code, _, _ = console("check", "designs", "x.fasta", "--predictions", "models", "--report")
    assert code == 0
    values, names = columns(folder / "checked" / "report.html")
    assert names == ["a", "b"] and values["sctm"] == [1, 1] and values["sequence"] == ["M" * 30] * 2
    stored = data_of(folder / "checked" / "report.html")["structures"]["0"]
    assert stored["other"]["is"] == "predicted model"


def test_generate_writes_it_into_its_folder(console, folder, tiny_weights):
    same = ("--length", 30, "--num", 2, "--steps", 4, "--weights", tiny_weights, "--out", "new")
    assert console("generate", *same)[0] == 0
    code, out, _ = console("generate", *same, "--report")
    assert code == 0 and "2 were there already" in out
    values, names = columns(folder / "new" / "report.html")
    assert names == ["backbone_0000", "backbone_0001"] and values["steps"] == [4, 4]
