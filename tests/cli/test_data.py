"""`protdiff data`: what is printed, and exit codes."""

import csv
import shutil

from ..dataset.conftest import EXAMPLES


def test_build_and_show(console, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(EXAMPLES, folder)
    code, text, err = console(
        "data", "build", folder, "--out", tmp_path / "set", "--min-length", 50
    )
    assert code == 0 and err == ""
    assert "set: 3 chains, 210 residues" in text and "rejected: 1 too short" in text
    assert "splits by identical sequence, since mmseqs is not on the PATH" in text
    code, text, _ = console(
        "data", "show", tmp_path / "set", "--plot", tmp_path / "p.pdf", "--csv", tmp_path / "t.csv"
    )
    assert code == 0 and "rejected: 1 too short" in text
    everything = next(line.split() for line in text.splitlines() if line.startswith("all"))
    assert everything[1:4] == ["3", "3", "210"]
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF-1.")
    with (tmp_path / "t.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [row["name"] for row in rows] == ["1a8o_A", "1tpk_A", "3nzd_A"]
    assert [int(row["length"]) for row in rows] == [70, 88, 52]


def test_show_has_a_dash_for_an_unknown_resolution(console, tmp_path):
    console("data", "build", EXAMPLES / "1a8o.pdb.gz", "--out", tmp_path / "set")
    code, text, _ = console("data", "show", tmp_path / "set")
    assert code == 0 and "nan" not in text
    everything = next(line.split() for line in text.splitlines() if line.startswith("all"))
    assert everything[-1] == "-" and everything[1:4] == ["1", "1", "70"]


def test_unreadable_inputs_are_an_exit_code(console, tmp_path):
    (tmp_path / "bad.pdb").write_text("nonsense\n")
    code, text, err = console(
        "data", "build", EXAMPLES / "1a8o.pdb.gz", tmp_path / "bad.pdb", "--out", tmp_path / "set"
    )
    assert code == 1 and "1 chain, " in text
    assert err.startswith(f"1 input could not be read: {tmp_path / 'bad.pdb'}: ")


def test_the_first_of_several_unreadable_inputs_is_named_with_its_reason(console, tmp_path):
    for name in ("bad.pdb", "worse.pdb"):
        (tmp_path / name).write_text("nonsense\n")
    command = ("data", "build", EXAMPLES / "1a8o.pdb.gz", tmp_path, "--out", tmp_path / "set")
    code, _, err = console(*command)
    with (tmp_path / "set" / "rejected.csv").open(newline="") as handle:
        row = next(csv.DictReader(handle))
    first = f"{tmp_path / 'bad.pdb'}: {row['reason']}"
    assert code == 1 and err == f"2 inputs could not be read, the first: {first}\n"


def test_the_table_fits_a_terminal(console, tmp_path):
    console("data", "build", EXAMPLES, "--out", tmp_path / "set")
    code, text, _ = console("data", "show", tmp_path / "set")
    assert code == 0 and all(len(line) <= 80 for line in text.split("splits")[0].splitlines())


def test_bad_options(console, tmp_path):
    out = ("--out", tmp_path / "set")
    code, _, err = console("data", "build", EXAMPLES, *out, "--method", "xray")
    assert code == 2 and "--method xray: choose among x-ray" in err
    code, _, err = console("data", "build", tmp_path / "none", *out)
    assert code == 2 and "none: no such file" in err
    code, _, err = console("data", "show", tmp_path)
    assert code == 2 and "not a data set" in err and len(err.splitlines()) == 1
    for option, suffix in (("--plot", ".png, .svg or .pdf"), ("--csv", ".csv")):
        code, _, err = console("data", "show", tmp_path, option, tmp_path / "chain.pdb")
        assert code == 2 and f"must be a file that ends in {suffix}" in err
    assert not (tmp_path / "set").exists()


def test_show_reads_an_archive(console, tiny_archive):
    code, text, _ = console("data", "show", tiny_archive)
    assert code == 0 and "train" in text and "val" in text
