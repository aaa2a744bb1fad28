"""The rough TM-score: a lower bound of the whole one that finds what is alike."""

import numpy as np
import pytest

from protdiff.metrics.pairwise_tm import nearest_known, tm_of_pair
from protdiff.metrics.population import Structures
from protdiff.metrics.rough_tm import rough_tm

from .helpers import CAPSID, KRINGLE, REDUCTASE, example


@pytest.fixture(scope="module")
def pieces():
    return [example(name)[5:65] for name in (KRINGLE, CAPSID, REDUCTASE)]


def test_never_above_the_whole_alignment(pieces):
    for i, one in enumerate(pieces):
        for two in pieces[:i]:
            assert rough_tm(one, two[:40]) <= tm_of_pair(one, two[:40])[0] + 0.01
    assert rough_tm(pieces[0], pieces[0]) == pytest.approx(1, abs=1e-3)
    # It counts by the length of the first structure.
    assert rough_tm(pieces[0], pieces[0][:30]) == pytest.approx(0.5, abs=0.05)
    assert np.isnan(rough_tm(pieces[0], pieces[0][:4]))


def test_the_nearest_structure_is_among_those_aligned(pieces, monkeypatch):
    monkeypatch.setattr("protdiff.metrics.pairwise_tm.ALIGNED", 1)
    known = Structures.of(list("abc"), pieces)
    design = Structures.of(["d"], [pieces[1][3:55]])
    tm, nearest = nearest_known(design, known)
    assert nearest.tolist() == [1] and tm[0] == pytest.approx(1, abs=1e-3)
