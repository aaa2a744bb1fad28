"""`protdiff strings`, and blueprints in `protdiff generate`."""

import csv
from pathlib import Path

import pytest

from protdiff.sequence.strings.string_model import load_string_model, save_string_model


def test_strings_are_drawn_and_filled_in(console):
    code, text, _ = console("strings", "sample", "--length", "80", "--num", "3")
    lines = text.split()
    assert code == 0 and [len(line) for line in lines] == [80] * 3
    assert set(text) <= set("HEC\n") and console("strings", "sample", "--length", "80")[1] in text
    pattern = "CCHHH??????EE"
    code, text, _ = console("strings", "infill", pattern, "--num", "4", "--blueprint", "mixed")
    assert code == 0 and len(text.split()) == 4
    for line in text.split():
        assert all(a in ("?", b) for a, b in zip(pattern, line, strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "--length", "0"], "--length 0: must lie between 1 and"),
        (["infill", "CCQ?"], "TEXT: unknown letter 'Q' at position 3"),
        (["infill", ""], "TEXT: has 0 letters"),
        (["infill", "C?", "--weights", "rg-base"], "weights of a network; give those of strings"),
        (["infill", "C?", "--weights", "strings-joint"], "weights of the alphabet 'joint'"),
        (["train", "nowhere", "--out", "x.pt"], "--out x.pt: must end in .safetensors"),
    ],
)
def test_bad_input_is_one_line(console, arguments, message):
    code, _, err = console("strings", *arguments)
    assert code == 2 and message in err and len(err.splitlines()) == 1


def test_an_impossible_string_is_one_line(console, tmp_path):
    model = load_string_model()
    model.mps.sites.clone()
    sites = model.mps.sites.clone()
    sites[1] = 0  # no strands
    state = type(model.mps)(model.mps.left, sites, model.mps.right)
    save_string_model(tmp_path / "no.safetensors", type(model)("ss", state, model.frequencies))
    weights = ("--weights", tmp_path / "no.safetensors")
    code, _, err = console("strings", "infill", "EE??", *weights)
    assert code == 2 and "probability zero" in err and len(err.splitlines()) == 1
    code, _, err = console("strings", "infill", "????", "--blueprint", "mixed", *weights)
    assert code == 2 and "no class 'mixed'" in err and len(err.splitlines()) == 1


def test_chains_are_scored(console, tmp_path):
    out = tmp_path / "strings.csv"
    files = ("data/examples/1a8o.pdb.gz", "data/examples/3nzd.cif")
    code, text, _ = console("strings", "score", *files, "--out", out)
    rows = list(csv.DictReader(out.open()))
    assert code == 0 and len(rows) == 2 and "1a8o.pdb.gz" in text
    assert all(0.3 < float(row["nats"]) < 0.7 and float(row["log_odds"]) > 0 for row in rows)
    assert len(rows[0]["secondary_structure"]) == int(rows[0]["residues"]) == 70
    code, text, err = console("strings", "score", files[0], "none.pdb", "--alphabet", "joint")
    assert code == 1 and "none.pdb: no such file" in err and "1a8o" in text
    code, _, err = console("strings", "score", "none.pdb")
    assert code == 1 and err.endswith("1 of 1 could not be scored\n")


def test_rows_of_long_names_fit_a_terminal(console, tmp_path):
    """A terminal would wrap them, and so does a progress bar that is drawn below them."""
    long = tmp_path / f"{'name' * 20}_1.pdb.gz"
    long.write_bytes(Path("data/examples/1a8o.pdb.gz").read_bytes())
    code, text, _ = console("strings", "score", "data/examples/3nzd.cif", long)
    head, *rows = text.splitlines()
    assert code == 0 and len(rows) == 2 and rows[1].startswith("…") and "_1.pdb.gz  " in rows[1]
    assert all(len(row) <= 80 for row in rows)
    last = head.index("chain") + len("chain") - 1
    assert all(row[last - 2 : last + 2] == "  A " for row in rows)


def test_question_marks_of_generate_are_drawn_and_in_the_manifest(console, tmp_path):
    given = "CCHHHHHHHH????--EEEEEC"
    run = ("generate", "--ss", given, "--num", "2", "--steps", "2", "--out", tmp_path / "a")
    assert console(*run)[0] == 0
    rows = list(csv.DictReader((tmp_path / "a" / "manifest.csv").open()))
    for row in rows:
        drawn = row["secondary_structure"]
        assert "?" not in drawn and drawn[14:16] == "--"
        assert all(a in ("?", b) for a, b in zip(given, drawn, strict=True))
    assert rows[0]["secondary_structure"] != rows[1]["secondary_structure"]
    code, text, _ = console(*run)  # the same command continues: the draws are the same
    assert code == 0 and "2 were there already" in text


@pytest.mark.parametrize("num", ["0", "10001", "9" * 30])
def test_numbers_of_strings_have_bounds(console, num):
    code, _, err = console("strings", "sample", "--length", "20", "--num", num)
    assert code == 2 and "'--num'" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--blueprint", "mixed"], "--length is missing"),
        (["--ss", "H" * 20, "--blueprint", "mixed"], "--blueprint: --ss leaves nothing to draw"),
        (["--ss", "HHHHHHHHQ?"], "--ss: unknown letter 'Q' at position 9"),
        (["--blueprint", "strand", "--in", "x.pdb"], "give --ss with - for them"),
    ],
)
def test_bad_blueprints_are_one_line(console, tmp_path, arguments, message):
    code, _, err = console("generate", *arguments, "--out", tmp_path / "out")
    assert code == 2 and message in err and len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("alphabet", ["ss", "joint"])
def test_trained_weights_are_used(console, tiny_archive, tmp_path, alphabet):
    out = tmp_path / "mine.safetensors"
    options = ("--alphabet", alphabet, "--bond", 5, "--passes", 2, "--out", out)
    code, text, _ = console("strings", "train", tiny_archive, *options)
    assert code == 0 and f"weights: {out}" in text and f"--alphabet {alphabet}" in text
    model = load_string_model(out, alphabet)
    assert model.mps.bond == 5 and bool(model.classes) == (alphabet == "ss")
    chain = "data/examples/1a8o.pdb.gz"
    code, text, _ = console("strings", "score", chain, "--alphabet", alphabet, "--weights", out)
    assert code == 0 and "1a8o" in text
    if alphabet == "ss":
        code, text, _ = console("strings", "infill", "CCHHH?????", "--num", 2, "--weights", out)
        assert code == 0 and all(line.startswith("CCHHH") for line in text.split())
    code, _, err = console("strings", "train", tiny_archive, "--max-length", 3, "--out", out)
    assert code == 2 and len(err.splitlines()) == 1
