"""Chains that share a chain id, and residues that share a number."""

import numpy as np
import pytest

from protdiff.structure.io.read_write import read

from .edits import RESIDUES, chain, changed, read_lines
from .files import COORDS, cif_rows, cif_text

AWAY = 20.0


def two(tmp_path, first, second, between=()):
    return read_lines(tmp_path / "x.pdb", [*first, *between, *second, "TER", "END"])


def assert_dimer(backbone, chains=("A", "B")):
    assert backbone.chains == chains
    assert backbone.residue_numbers.tolist()[:5] == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(
        backbone.coords, np.concatenate([COORDS, COORDS + np.array([0, AWAY, 0])])
    )


@pytest.mark.parametrize("between", [(), ("TER",)])
@pytest.mark.parametrize(
    "chain_id, segments, chains",
    [
        (" ", ("PROA", "PROB"), ("A", "B")),
        (" ", ("X", "Q"), ("X", "Q")),
        (" ", ("", ""), ("A", "B")),
        (" ", ("SYST", "SYST"), ("A", "B")),
        ("P", ("PROA", "PROB"), ("P", "A")),
        ("A", ("", ""), ("A", "B")),
    ],
)
def test_homodimers(tmp_path, between, chain_id, segments, chains):
    parts = [
        chain(shift, chain=chain_id, segment=segment)
        for shift, segment in zip((0, AWAY), segments, strict=True)
    ]
    backbone, texts = two(tmp_path, *parts, between)
    assert_dimer(backbone, chains)
    assert len(texts) == 1 and texts[0].endswith(f"2 chains; read as {', '.join(chains)}")


def test_segments_decide_where_chains_overlap(tmp_path):
    parts = [chain(y, chain=" ", segment=segment) for y, segment in ((0, "PROA"), (1, "PROB"))]
    assert two(tmp_path, *parts)[0].chains == ("A", "B")


def test_numbers_that_go_on_behind_ter(tmp_path):
    second = [
        line
        for k, residue in enumerate(RESIDUES)
        for line in changed(residue, AWAY, chain=" ", number=6 + k)
    ]
    backbone, _ = two(tmp_path, chain(chain=" "), second, ["TER"])
    assert backbone.chains == ("A", "B")
    assert backbone.residue_numbers.tolist() == list(range(1, 11))


def test_a_ter_that_a_bond_spans_ends_no_chain(tmp_path):
    lines = chain(chain=" ")
    backbone, texts = two(tmp_path, lines[:8], lines[8:], ["TER"])
    assert backbone.chains == ("",) and not texts
    np.testing.assert_array_equal(backbone.coords, COORDS)


@pytest.mark.parametrize("chain_id", [" ", "A"])
@pytest.mark.parametrize("name", ["TYR", "SER"])
def test_equal_numbers_across_ter(tmp_path, chain_id, name):
    second = changed(RESIDUES[1], AWAY, chain=chain_id, number=5, name=name)
    backbone, _ = two(tmp_path, chain(chain=chain_id), second, ["TER"])
    assert backbone.chains == ("A", "B") and len(backbone) == 6 and backbone.mask.all()


def test_insertion_codes_that_were_lost(tmp_path):
    numbers = (111, 111, 112, 112, 113)
    lines = [
        line
        for residue, number in zip(RESIDUES, numbers, strict=True)
        for line in changed(residue, number=number)
    ]
    backbone, _ = read_lines(tmp_path / "x.pdb", lines)
    assert backbone.residue_numbers.tolist() == list(numbers) and backbone.chains == ("A",)
    np.testing.assert_array_equal(backbone.coords, COORDS)


def test_lines_that_come_twice(tmp_path):
    backbone, _ = read_lines(tmp_path / "x.pdb", [line for line in chain() for _ in range(2)])
    np.testing.assert_array_equal(backbone.coords, COORDS)


def test_chains_of_an_assembly_in_mmcif(tmp_path):
    second = cif_rows(label_asym_id="A-2")
    for row in second:
        row[10] = f"{float(row[10]) + AWAY:.3f}"
    path = tmp_path / "x.cif"
    path.write_text(cif_text(cif_rows() + second))
    with pytest.warns(UserWarning, match="chain id 'A' is that of 2 chains; read as A, B"):
        assert_dimer(read(path))
