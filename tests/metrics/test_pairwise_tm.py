"""TM-scores between structures whose answers are known."""

from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.metrics.pairwise_tm import nearest_known, pairwise_tm, tm_of_pair
from protdiff.metrics.population import Structures

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def pieces():
    """Pieces of 24 residues of real chains: three folds."""
    whole = [protdiff.read(EXAMPLES / name) for name in ("1tpk.pdb", "1a8o.pdb.gz", "3nzd.cif")]
    return [protdiff.Backbone.from_coords(one.coords[5:29], one.sequence[5:29]) for one in whole]


def structures(*backbones):
    return Structures.of([f"s{k}" for k in range(len(backbones))], list(backbones))


def test_pairs_count_by_both_lengths(pieces):
    short = pieces[0][:18]
    by_one, by_two = tm_of_pair(short, pieces[0])
    assert by_one == pytest.approx(1) and by_two < 18 / 24 + 0.02
    [[_, found], _] = pairwise_tm([short, pieces[0]])
    assert found == pytest.approx((by_one + by_two) / 2)


def test_only_the_most_alike_are_aligned(pieces, monkeypatch):
    """Of three known structures the two of nearest descriptor, though the third is the design."""
    monkeypatch.setattr("protdiff.metrics.pairwise_tm.CANDIDATES", 2)
    known = structures(*pieces)
    design = structures(pieces[1])
    vectors = design.population.descriptors.copy()
    far = known.population.descriptors
    used = np.isfinite(far).all(0)
    vectors[0, used] = far[2, used]
    object.__setattr__(design.population, "descriptors", vectors)
    gaps = np.square((far[:, used] - far[2, used]) / far[:, used].std(0).clip(min=1e-6)).sum(1)
    tried = np.argsort(gaps)[:2]
    scores = {k: tm_of_pair(pieces[1], pieces[k])[0] for k in tried}
    tm, nearest = nearest_known(design, known)
    assert tm[0] == pytest.approx(max(scores.values())) and scores[nearest[0]] == tm[0]


def test_known_structures_of_other_lengths_do_not_count(pieces):
    known = structures(pieces[0][:14], pieces[1])  # 0.58 of the length
    tm, nearest = nearest_known(structures(pieces[0], pieces[0][:13]), known)
    assert nearest.tolist() == [1, 0]
    assert tm[0] < 0.9 and tm[1] == pytest.approx(1)


@pytest.mark.parametrize("alignment", ["structure", "tmalign"])
def test_several_processes_give_the_same(pieces, alignment):
    if alignment == "tmalign":
        pytest.importorskip("tmtools")
    counts = []
    alone = pairwise_tm(pieces, alignment)
    together = pairwise_tm(pieces, alignment, jobs=2, advance=counts.append)
    np.testing.assert_array_equal(alone, together)
    assert counts == [1, 1, 1]


@pytest.mark.parametrize("jobs", [1, 2])
def test_threads_of_torch_are_left_as_they_were(pieces, jobs):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        pairwise_tm(pieces[:2], jobs=jobs)
        nearest_known(structures(pieces[0]), structures(*pieces), jobs=jobs)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
