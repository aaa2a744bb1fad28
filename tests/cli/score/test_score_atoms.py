"""`protdiff score --atoms`: columns of side chains, and files that hold none or no protein."""

import shutil

from protdiff.metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY

from .helpers import EXAMPLES, rows_of

KRINGLE = EXAMPLES / "1tpk.pdb"


def test_side_chains_of_both_files(run, tmp_path):
    out = tmp_path / "x.csv"
    code, stdout, err = run(KRINGLE, "--reference", KRINGLE, "--out", out)
    assert code == 0 and err == ""
    [row] = rows_of(out)
    assert [row[name] for name in ALL_ATOM_SIMILARITY] == [1, 0, 1, 1]
    assert [row[name] for name in ALL_ATOM_ALONE] == [0, 0, "CL:1"]
    assert "lddt_all" in stdout


def test_backbones_alone_leave_the_columns_out(run, tmp_path):
    tables = []
    for atoms in ("all", "backbone"):
        run(KRINGLE, "--reference", KRINGLE, "--out", tmp_path / "x.csv", "--atoms", atoms)
        tables.append(rows_of(tmp_path / "x.csv")[0])
    assert set(tables[0]) - set(tables[1]) == {*ALL_ATOM_SIMILARITY, *ALL_ATOM_ALONE}
    assert tables[1].items() < tables[0].items()


def test_models_without_side_chains_have_empty_fields(run, folder, tmp_path):
    out = tmp_path / "x.csv"
    run(folder / "models", "--reference", KRINGLE, "--out", out)
    for row in rows_of(out):
        assert [row[name] for name in ALL_ATOM_SIMILARITY] == [None] * 4
        assert [row[name] for name in ALL_ATOM_ALONE] == [None, 0, None]


def test_ligands_alone(run, tmp_path):
    """The row says what the file holds; the other is scored."""
    lines = KRINGLE.read_text().splitlines()
    (tmp_path / "x.pdb").write_text("\n".join(x for x in lines if x.startswith("HETATM")) + "\n")
    shutil.copy(KRINGLE, tmp_path / "y.pdb")
    code, _, err = run(tmp_path / "x.pdb", tmp_path / "y.pdb", "--out", tmp_path / "x.csv")
    assert code == 1
    text = "no protein residues, but ligands CL:1, 40 waters; choose a file with a protein chain"
    bad, good = rows_of(tmp_path / "x.csv")
    assert bad["error"].endswith(f"x.pdb: {text}") and text in err
    assert good["error"] is None and good["ligands"] == "CL:1"


def test_sort_by_a_column_that_was_left_out(run, tmp_path):
    code, _, err = run(
        KRINGLE, "--atoms", "backbone", "--sort", "atom_clashes", "--out", tmp_path / "x.csv"
    )
    assert code == 2 and "--sort atom_clashes: needs --atoms all" in err
    code, _, err = run(KRINGLE, "--sort", "lddt_all", "--out", tmp_path / "x.csv")
    assert code == 2 and "--sort lddt_all: needs --reference" in err
