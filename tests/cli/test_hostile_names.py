"""Names and contents of files that a terminal would obey, that are not UTF-8, or are no files."""

import csv
import os
from pathlib import Path

import pytest

import protdiff

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
#: Clears the screen, changes the title, turns the direction of text, and goes back in the line.
ESCAPES = "\x1b[2J\x1b]0;title\x07\u202e\x9b31m"
LATIN = os.fsdecode(b"caf\xe9")


@pytest.fixture
def chain():
    return protdiff.read(EXAMPLES / "1a8o.pdb.gz")


def is_plain(text):
    return text.isprintable() or all(letter.isprintable() or letter in "\n\t" for letter in text)


@pytest.mark.parametrize("name", [f"x{ESCAPES}", LATIN])
def test_names_in_messages_tables_and_files(console, tmp_path, chain, name):
    folder = tmp_path / "in"
    folder.mkdir()
    protdiff.write(chain, folder / f"{name}.pdb")
    protdiff.write(chain[:60], folder / "other.pdb")
    (folder / f"{name}_bad.pdb").write_bytes(b"ATOM\n")
    (folder / f"{name}_many.pdb").write_bytes(2 * (folder / f"{name}.pdb").read_bytes())
    runs = [
        ("score", folder, "--out", tmp_path / "scores.csv"),
        ("score", folder / f"{name}.pdb"),
        ("score", folder / f"{name}_gone.pdb"),
        ("evaluate", folder, "--out", tmp_path / "evaluated"),
        ("data", "build", folder, "--out", tmp_path / "set", "--identical"),
        ("data", "show", tmp_path / "set", "--csv", tmp_path / "set.csv"),
        ("data", "show", tmp_path / name),
        ("generate", "--motif", folder / f"{name}_bad.pdb", "--contig", "5,A1-2,5"),
        ("weights", "show", folder / f"{name}.safetensors"),
        ("generate", "--name", name, "--num", "0"),
    ]
    for run in runs:
        code, out, err = console(*run)
        assert code in (0, 1, 2), (run, err)
        assert "Traceback" not in err and is_plain(out) and is_plain(err), (run, out, err)
        # Shown, and not left out: a line about a file names it.
        assert ".pdb" not in err or r"\x1b[2J" in err or name == LATIN, (run, err)
    with (tmp_path / "scores.csv").open(encoding="utf-8") as handle:
        assert len(list(csv.DictReader(handle))) == 4


def test_what_a_structure_says_is_shown_and_not_obeyed(console, tmp_path, chain):
    text = tmp_path / "x.pdb"
    protdiff.write(chain, text)
    lines = text.read_text().splitlines()
    lines = [line[:21] + "\x1b" + line[22:] for line in lines if line.startswith("ATOM")]
    lines += [line[:17] + "\x1b[2" + line[20:] for line in lines[-8:]]
    text.write_text("\n".join(lines))
    for run in (
        ("score", text),
        ("score", text, "--chain", "A"),
        ("data", "build", text, "--out", tmp_path / "set"),
        ("generate", "--motif", text, "--contig", "5,B1-2,5"),
    ):
        _, out, err = console(*run)
        assert out + err and is_plain(out) and is_plain(err), (run, out, err)


@pytest.mark.parametrize("what", ["x.pdb", "x.cif.gz", "x.safetensors", "x.toml"])
def test_a_pipe_is_no_file(console, tmp_path, what):
    path = tmp_path / what
    os.mkfifo(path)
    runs = {
        "x.safetensors": ("weights", "show", path),
        "x.toml": ("train", tmp_path),
    }
    code, _, err = console(*runs.get(what, ("score", path)))
    assert (code in (1, 2) and what in err) or what == "x.toml"


def test_pipes_in_data_sets(console, tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    os.mkfifo(folder / "dataset.json")
    code, _, err = console("data", "show", folder)
    assert code == 2 and str(folder) in err
