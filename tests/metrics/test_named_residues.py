"""Which chains have a sequence."""

import csv

import numpy as np
import pytest

from protdiff.metrics.named_residues import has_sequence, unnamed

from ..conftest import ROOT
from .helpers import CAPSID, KRINGLE, LETTERS, REDUCTASE, REPRESSOR, example, straight

CHAINS = ROOT.parent / "shared" / "data" / "chains.csv"
REAL = LETTERS + LETTERS[::-1] + "Y"


def of(sequence):
    return "".join(
        "-" if none else a for a, none in zip(sequence, unnamed(straight(sequence)), strict=True)
    )


@pytest.mark.parametrize(
    "sequence, expected",
    [
        ("A" * 30, "-" * 30),
        ("X" * 30, "-" * 30),
        ("G" * 8 + "WKFA" + "G" * 8, "-" * 8 + "WKFA" + "-" * 8),
        ("X" * 10 + "WKFW" + "X" * 10, "-" * 10 + "WKFW" + "-" * 10),
        # Runs are unnamed if the rest is a sequence: here a large motif at the end of a design.
        (REAL + "A" * 9, REAL + "-" * 9),
        (REAL + "H" * 7, REAL + "H" * 7),
        (REAL + "X", REAL + "-"),
        # Strands of valine, helices of alanine, loops of glycine
        ("VVVVGGGAAAAAAAGGVVVGGW", "-" * 21 + "W"),
        ("AGGAAGAGGAGAGAGGAGAKW", "-" * 19 + "KW"),
        ("LEK", "LEK"),
        ("", ""),
    ],
)
def test_unnamed(sequence, expected):
    assert of(sequence) == expected


def test_has_sequence():
    for name in (CAPSID, KRINGLE, REDUCTASE, REPRESSOR):
        chain = example(name)
        assert all(has_sequence(chain.chain(one)) for one in chain.chains)
    assert has_sequence(straight(REAL + "A" * 10)) and not has_sequence(straight(REAL + "A" * 11))
    assert not has_sequence(straight("G" * 50)) and has_sequence(straight(""))


@pytest.mark.skipif(not CHAINS.exists(), reason="needs the table of real chains")
def test_real_chains_have_a_sequence():
    with CHAINS.open() as handle:
        rows = list(csv.DictReader(handle))
    without = {row["pdb_id"] for row in rows if not has_sequence(straight(row["sequence"]))}
    assert without == {"4KE2"}  # the antifreeze protein Maxi, 62 % alanine
    assert len(rows) > 13_000


def test_one_letter_at_random_places():
    """Letters are lost one by one; from more than half on the filler names nothing."""
    rng = np.random.default_rng(0)
    letters = np.array(list(REAL[:40] * 2))
    for share in (0.6, 0.8, 1.0):
        some = letters.copy()
        some[rng.permutation(80)[: round(80 * share)]] = "G"
        assert of("".join(some)) == "".join("-" if a == "G" else a for a in some)
