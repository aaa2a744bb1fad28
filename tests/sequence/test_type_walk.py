"""Types of a region on their way: how many at which time, which stay, and with what probability."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

import protdiff
from protdiff.sequence.backbone_graph import graph_of
from protdiff.sequence.sequence_weights import load_sequence_network
from protdiff.sequence.type_walk import TypeWalk
from protdiff.structure.backbone import RESIDUE_TYPES

from ..conftest import ROOT

REGION = np.arange(10, 22)


@pytest.fixture(scope="module")
def chain():
    return protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[10:50]


@pytest.fixture
def walk(tiny_types):
    """A walk of the region's types at temperature 1."""

    def make(seed=0, rows=REGION, **options):
        network = load_sequence_network(tiny_types)
        return TypeWalk(network, rows, np.random.default_rng(seed), temperature=1.0, **options)

    return make


def test_the_share_without_a_type_is_the_time(walk, chain):
    """Down from 1 to 0; what is drawn stays, and the estimate is built only when it is needed."""
    types, seen, built = walk(), [], []
    for u in np.linspace(1, 0, 25):
        types.draw(lambda: built.append(1) or chain, float(u))
        assert types.letters.count("X") == 12 - round((1 - u) * 12)
        seen.append(types.letters)
    for before, after in pairwise(seen):
        assert all(a in ("X", b) for a, b in zip(before, after, strict=True))
    assert len(built) == 12


def test_forward_in_time_types_are_lost(walk, chain):
    types = walk()
    types.draw(lambda: chain, 0.0)
    whole = types.letters
    lost = set()
    for _ in range(30):
        types.noise(0.5)
        kept = [k for k, letter in enumerate(types.letters) if letter != "X"]
        assert len(kept) == 6
        lost |= set(range(12)) - set(kept)
        if len(lost) < 12:
            types.types[:] = [RESIDUE_TYPES.index(letter) for letter in whole]
            types.time = 0.0
    assert lost == set(range(12))  # in a new order every time


def test_the_posterior_of_a_residue_is_exact(walk, chain, monkeypatch):
    """Without a type at u, a residue has none at s < u with probability s/u: each alike."""
    monkeypatch.setattr(TypeWalk, "_draw", lambda self, _, turn: self.types.put(turn, 0))
    counts, kept = np.zeros(12), np.zeros(12)
    for seed in range(4000):
        types, missing = walk(seed), []
        for u in (0.75, 0.25):
            types.draw(lambda: chain, u)
            missing.append(np.array([letter == "X" for letter in types.letters]))
        counts += missing[0]
        kept += missing[0] & missing[1]
    # 3,000 residues each: a standard error of 0.0086
    np.testing.assert_allclose(counts / 4000, 0.75, atol=0.03)
    np.testing.assert_allclose(kept / counts, 0.25 / 0.75, atol=0.035)


def test_types_to_begin_with_are_noised_to_the_time(walk, chain):
    letters = "ACDEFGHIKLMN"
    types = walk(letters=letters, time=0.25)
    assert types.letters.count("X") == 3
    assert all(a in ("X", b) for a, b in zip(types.letters, letters, strict=True))
    assert walk(letters=letters, time=0.01).letters == letters
    types.draw(lambda: chain, 0.0)
    old = [k for k in range(12) if not types.drawn[k]]
    assert len(old) == 9 and all(types.letters[k] == letters[k] for k in old)
    types.redraw(chain)
    assert all(types.letters[k] == letters[k] for k in old)


def test_kept_types_are_never_drawn(walk, chain):
    kept = "XXWXXXXXYXXX"
    types = walk(kept=kept)
    assert types.letters == kept
    for u in (0.7, 0.4, 0.6, 0.2, 0.0):
        types.draw(lambda: chain, u)
        assert types.letters[2] == "W" and types.letters[8] == "Y"
    types.redraw(chain)
    assert types.letters[2] == "W" and types.letters[8] == "Y" and "X" not in types.letters
    assert types.drawn.sum() == 10


def test_equal_seeds_draw_equal_types(walk, chain):
    drawn = []
    for seed in (0, 0, 1):
        types = walk(seed)
        for u in (0.6, 0.3, 0.0):
            types.draw(lambda: chain, u)
        drawn.append(types.letters)
    assert drawn[0] == drawn[1] != drawn[2]


def test_every_type_is_reached(walk, chain):
    """Tyrosine, too: all residues start from "unknown", not from nineteen of the types."""
    seen = set()
    for seed in range(40):
        types = walk(seed)
        types.draw(lambda: chain, 0.0)
        seen |= set(types.letters)
    assert seen == set(RESIDUE_TYPES)


def test_what_is_not_drawn_yet_is_not_seen(walk, chain, tiny_types):
    """The first type has the probability that the network gives it with the rest hidden.

    On two residues, without surroundings: both orders are equally likely, so the pair has the mean
    of its two probabilities. All 400 are enumerated.
    """
    pair = chain[:2]
    network = load_sequence_network(tiny_types)
    _, graph = graph_of(pair)
    expected = np.zeros((20, 20))
    for rank in ([0, 1], [1, 0]):
        for a, b in product(range(20), repeat=2):
            with torch.no_grad():
                log_p = network(graph, torch.tensor([a, b]), torch.tensor(rank))
            expected[a, b] += 0.5 * float((log_p[0, a] + log_p[1, b]).exp())
    assert expected.sum() == pytest.approx(1, abs=1e-5)
    counts = np.zeros((20, 20))
    for seed in range(1200):
        types = walk(seed, rows=np.arange(2))
        types.draw(lambda: pair, 0.5)
        types.draw(lambda: pair, 0.0)
        counts[tuple(types.types)] += 1
    for axis in (0, 1):
        e, c = 1200 * expected.sum(axis), counts.sum(axis)
        assert (np.square(c - e) / e).sum() < 43.8  # chi-squared, 19 degrees, 1 in 1,000
