"""`protdiff generate` and `extend` when an input file has another content than before."""

import csv
import shutil
from pathlib import Path

import pytest

import protdiff

from ..conftest import ROOT

CHAIN = ROOT / "data" / "examples" / "1tpk.pdb"
DRAW = "--num 2 --steps 2 --batch-size 1 --jobs 1"
PULLED = f"generate --length 12 {DRAW} --contacts c.csv --energy e.py:pull"
#: A command for each option with a file, and how a message names the file.
CASES = {
    "--motif": (f"generate --motif a.pdb --contig 5,A6-10,5 {DRAW}", "a.pdb"),
    "--in": (f"generate --in a.pdb --redesign A6-10 {DRAW}", "a.pdb"),
    "--target": (f"generate --target a.pdb:A --length 12 {DRAW}", "a.pdb:A"),
    "--contacts": (PULLED, "c.csv"),
    "--energy": (PULLED, "e.py:pull"),
    "extend": ("extend a.pdb --to 24 --num 2 --steps 2", "a.pdb"),
}


def write_inputs(changed=""):
    """All input files; that of an option with another content, if one is given."""
    chain = protdiff.read(CHAIN).chain("A")[10:26]
    coords = chain.coords + (changed not in ("", "--contacts", "--energy"))
    protdiff.write(protdiff.Backbone.from_coords(coords, chain.sequence), "a.pdb")
    Path("c.csv").write_text(f"i,j,distance\n1,8,{9 if changed == '--contacts' else 8}\n")
    factor = 2 if changed == "--energy" else 1
    Path("e.py").write_text(f"def pull(ca):\n    return 0.00{factor} * ca.square().sum()\n")


@pytest.fixture(params=CASES)
def option(request, tmp_path, monkeypatch):
    """The option whose file changes; in a folder with all files."""
    monkeypatch.chdir(tmp_path)
    write_inputs()
    return request.param


@pytest.fixture
def run(console, tiny_weights, option):
    """Run the command of the option, into the folder `out` if no other is given."""
    words = CASES[option][0].split()
    return lambda *more: console(*words, "--weights", tiny_weights, "--out", "out", *more)


def contents(folder="out"):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def test_a_run_goes_on_with_the_same_content_alone(option, run):
    code, _, err = run()
    assert code == 0, err
    before = contents()
    write_inputs()  # a copy of another day
    code, text, err = run()
    assert code == 0 and "2 were there already" in text, err
    write_inputs(option)
    says = f"made with other options (another content of {CASES[option][1]}); choose another --out"
    for more in ((), ("--num", "4"), ("--shard", "1/2"), ("--config", "out/run.toml")):
        code, _, err = run(*more)
        assert code == 2 and says in err and err.count("\n") == 1, err
        assert contents() == before


def test_shards_have_one_content(option, run, console):
    code, _, err = run("--shard", "1/2")
    assert code == 0, err
    before, file = contents(), CASES[option][1]
    write_inputs(option)
    code, _, err = run("--shard", "2/2")
    assert code == 2 and f"with other options (another content of {file}); choose" in err, err
    assert contents() == before
    assert run("--shard", "2/2", "--out", "other")[0] == 0
    shutil.copytree("out", "both")
    shutil.copytree("other", "both", dirs_exist_ok=True)
    code, _, err = console("merge", "both")
    assert code == 2 and f"different options (another content of {file}); run one" in err, err
    write_inputs()
    assert run("--shard", "2/2")[0] == 0
    assert console("merge", "out")[0] == 0
    rows = list(csv.DictReader(Path("out", "manifest.csv").read_text().splitlines()))
    assert len({row["condition"] for row in rows}) == 1 and len(rows) == 2
