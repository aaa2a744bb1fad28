"""`protdiff score --per-interface`: a table of interfaces, of shards and of processes, too."""

import csv

import pytest

from ...metrics.interfaces.made_complexes import pairs, write_pdb


@pytest.fixture
def scored(console, tmp_path, monkeypatch):
    """Function that scores two complexes, one of which has its model under another name."""
    monkeypatch.chdir(tmp_path)
    for name, model in (("a", "pose"), ("b", "backbone")):
        for what, atoms in zip(("model", "reference"), pairs()[model], strict=True):
            write_pdb(atoms, tmp_path / f"{name}_{what}.pdb")
    rows = "".join(f"{name}_model.pdb,{name}_reference.pdb\n" for name in "ab")
    (tmp_path / "pairs.csv").write_text("model,reference\n" + rows)
    given = ["score", "--pairs", "pairs.csv", "--no-quality", "--per-interface", "--out", "x.csv"]
    return lambda *words: console(*given, *words)


def table(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_table_of_interfaces(scored, console, tmp_path):
    assert scored()[0] == 0
    rows, interfaces = table(tmp_path / "x.csv"), table(tmp_path / "x_interfaces.csv")
    assert [row["contact_atoms"] for row in rows] == ["heavy", "backbone"]
    assert [one["model"] for one in interfaces] == ["a_model.pdb", "b_model.pdb"]
    for row, one in zip(rows, interfaces, strict=True):
        assert one["dockq"] == row["dockq"] and float(row["dockq"]) > 0.4
        assert (one["model_chain_1"], one["reference_chain_2"]) == ("A", "B")
    whole = [(tmp_path / name).read_bytes() for name in ("x.csv", "x_interfaces.csv")]
    for number in (1, 2):
        assert scored("--shard", f"{number}/2")[0] == 0
    assert console("merge", "x.csv")[0] == 0
    assert [(tmp_path / name).read_bytes() for name in ("x.csv", "x_interfaces.csv")] == whole
    assert not list(tmp_path.glob("*-of-2*"))


def test_interfaces_need_a_reference(console, scored, tmp_path):
    code, _, err = console("score", "a_model.pdb", "--per-interface", "--out", "y.csv")
    assert code == 2 and "--per-interface: needs --reference and --out" in err
