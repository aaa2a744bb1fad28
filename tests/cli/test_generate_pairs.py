"""Every pair of options of `generate` that may be combined, on a file with a gap and two chains."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning.symmetry import symmetry_error
from protdiff.structure.backbone import joined
from protdiff.structure.superposition import rmsd

CHAIN = Path(__file__).parents[2] / "data" / "examples" / "1tpk.pdb"
#: What is kept of an input: options, residues of the drawn chain, chain and numbers that stay.
TASKS = {
    "motif": (["--motif", "FILE", "--contig", "6,A30-38|7,B5-9,5"], 32, "A", range(30, 39)),
    "motif-gap": (["--motif", "FILE", "--contig", "8,A16-20,4,A25-30,8"], 31, "A", range(16, 21)),
    "redesign": (["--in", "FILE", "--redesign", "A2-4"], 48, "A", range(6, 49)),
    "redesign-b": (["--in", "FILE", "--chain", "B", "--redesign", "10-12"], 30, "B", range(14, 31)),
    "fill": (["--in", "FILE", "--redesign", "A19-26"], 48, "A", range(28, 49)),
    "grow": (
        ["--in", "FILE", "--redesign", "A8-9", "--length-change", "2"], 50, "A", range(11, 21)
    ),
    "fine": (["--in", "FILE", "--chain", "B", "--vary", "fine"], 30, "", []),
    "coarse": (["--in", "FILE", "--chain", "B", "--vary", "coarse"], 30, "", []),
    "strength": (["--in", "FILE", "--chain", "B", "--strength", "0.05"], 30, "B", []),
}  # fmt: skip
BIASES = ("contacts", "rg", "energy", "symmetry", "sequence", "ss", "length", "ode_2m")
#: Copies of one chain beside another chain of the input.
REFUSED = [(task, "symmetry") for task in ("redesign", "redesign-b", "fill", "grow")]


@pytest.fixture(scope="module")
def source():
    """Chain A, 1 to 48 without 21 to 24, and chain B, 1 to 30."""
    whole = protdiff.read(CHAIN).chain("A")[:48]
    a = replace(whole, residue_numbers=np.arange(1, 49), insertion_codes=np.full(48, ""))
    b = replace(a[:30], coords=a.coords[:30] + 40.0, chain_ids=np.full(30, "B"))
    return joined([a[np.r_[0:20, 24:48]], b])


@pytest.fixture
def run(console, tiny_weights, tmp_path):
    """Draw with some options; returns exit code, structure and what is on stderr."""
    (tmp_path / "pairs.csv").write_text("i,j\n3,20\n")
    (tmp_path / "my.py").write_text("def flat(ca):\n    return 0.1 * ca[:, 2].square().sum()\n")

    def call(file, names, length):
        words = {
            "contacts": ["--contacts", tmp_path / "pairs.csv"],
            "rg": ["--rg", "12"],
            "energy": ["--energy", f"{tmp_path / 'my.py'}:flat"],
            "symmetry": ["--symmetry", "C3"],
            "sequence": ["--sequence", "W" * length],
            "ss": ["--ss", "H" * length],
            "length": ["--length", str(length)],
            "ode_2m": ["--sampler", "ode_2m"],
        }
        words |= {task: [file if w == "FILE" else w for w in TASKS[task][0]] for task in TASKS}
        options = [word for name in names for word in words[name]]
        code, _, err = console(
            "generate", "--weights", tiny_weights, "--steps", 3, "--out", tmp_path / "o", *options
        )
        made = sorted((tmp_path / "o").glob("*.pdb"))
        return code, protdiff.read(made[0]) if made else None, err

    return call


def numbered(backbone, chain, numbers):
    """CA atoms of some residues of a chain."""
    part = backbone.chain(chain)
    return part.ca[np.isin(part.residue_numbers, list(numbers))]


def check(task, bias, made, source):
    """What was to be kept is kept."""
    copies = 3 if bias == "symmetry" else 1
    _, length, chain, numbers = TASKS[task]
    assert np.isfinite(made.coords).all()
    if bias == "symmetry":
        assert len(made.chains) == 3 and symmetry_error(made, "C3") < 2e-3
    expected = {"redesign": 74, "redesign-b": 74, "fill": 78, "grow": 76}.get(task, length)
    if copies == 3 and expected > length:  # of a file of chain A alone
        expected -= 30
    assert len(made) == copies * expected
    if task.startswith("motif"):
        at = 6 if task == "motif" else 8
        ca = made.chain("A").ca[at : at + len(numbers)]
    elif chain:
        ca = numbered(made, "A" if copies == 3 else chain, numbers)
    if len(numbers):
        kept = numbered(source, chain, numbers)
        assert ca.shape == kept.shape
        assert float(rmsd(torch.tensor(ca), torch.tensor(kept))) < 0.02


@pytest.mark.parametrize("bias", [None, *BIASES])
@pytest.mark.parametrize("task", TASKS)
def test_tasks_and_biases(run, source, tmp_path, task, bias):
    protdiff.write(source, tmp_path / "in.pdb")
    code, made, err = run(tmp_path / "in.pdb", [task, bias] if bias else [task], TASKS[task][1])
    filled = [line for line in err.splitlines() if "which the file lacks, are drawn too" in line]
    assert len(filled) == (task == "fill")
    if (task, bias) in REFUSED:
        assert code == 2 and made is None and len(err.splitlines()) == 1 + len(filled)
        assert "copies a single chain, and the input has more" in err
        return
    assert code == 0, err
    check(task, bias, made, source)


@pytest.mark.parametrize("task", ["redesign", "fill", "grow"])
def test_copies_of_a_chain_with_a_gap(run, source, tmp_path, task):
    alone = source.chain("A")
    protdiff.write(alone, tmp_path / "in.pdb")
    code, made, err = run(tmp_path / "in.pdb", [task, "symmetry"], TASKS[task][1])
    assert code == 0, err
    check(task, "symmetry", made, alone)
    missing = set(range(1, 49)) - set(made.chain("A").residue_numbers.tolist())
    assert missing == (set() if task == "fill" else {21, 22, 23, 24})


@pytest.mark.parametrize(("first", "second"), list(combinations(BIASES, 2)))
def test_pairs_of_biases(run, first, second):
    more = [] if {"length", "sequence", "ss"} & {first, second} else ["length"]
    code, made, err = run("", [first, second, *more], 30)
    assert code == 0, err
    copies = 3 if "symmetry" in (first, second) else 1
    assert len(made) == 30 * copies and np.isfinite(made.coords).all()
    assert ("sequence" in (first, second)) == (set(made.sequence) == {"W"})


#: Pairs of tasks; `--redesign` and `--strength` go together, see test_codesign.py.
TWO_TASKS = [
    (first, second)
    for first, second in combinations(TASKS, 2)
    if not (second == "strength" and "--redesign" in TASKS[first][0])
]


@pytest.mark.parametrize(("first", "second"), TWO_TASKS)
def test_two_tasks_are_refused(run, source, tmp_path, first, second):
    protdiff.write(source, tmp_path / "in.pdb")
    code, made, err = run(tmp_path / "in.pdb", [first, second], 30)
    same = TASKS[first][0][0] == TASKS[second][0][0]
    repeated = {first.split("-")[0], second.split("-")[0]}
    if same and (len(repeated) == 1 or repeated <= {"redesign", "fill", "grow"}
                 or repeated == {"fine", "coarse"}):  # fmt: skip
        return  # the same option twice: the last one counts
    assert code == 2 and "give one of" in err and len(err.splitlines()) == 1 and made is None


def test_rows_of_the_table_count_written_residues(run, source, tmp_path):
    """Missing residues are drawn and left out, so they have no place in the output."""
    protdiff.write(source.chain("A"), tmp_path / "in.pdb")
    code, made, err = run(tmp_path / "in.pdb", ["redesign"], 48)
    assert code == 0, err
    table = (tmp_path / "o" / "residues.csv").read_text().splitlines()[1:]
    places = {row.split(",")[3]: int(row.split(",")[1]) for row in table}
    assert places["20"] == 20 and places["25"] == 21 and places["48"] == len(made) == 44
