"""Structural alignment: known answers, TM-align itself, brute force on small score matrices."""

import sys
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.metrics import score, search
from protdiff.metrics.structural import align_scores, align_structures, align_tmalign

from .helpers import (
    CAPSID,
    KRINGLE,
    REDUCTASE,
    REPRESSOR,
    changed,
    example,
    from_ca,
    joined,
    moved,
    random_rotation,
    renamed,
    shaken,
    walk,
)


def without(backbone, start, stop):
    return backbone[np.r_[:start, stop : len(backbone)]]


def tm_of(pairs, model, reference, length):
    i, j = pairs.T
    return search(torch.tensor(model.ca[i]), torch.tensor(reference.ca[j]), length).tm


def turned(backbone, seed=0):
    rng = np.random.default_rng(seed)
    return moved(backbone, random_rotation(rng), rng.normal(size=3) * 30)


@pytest.mark.parametrize("name", [KRINGLE, CAPSID, REDUCTASE, REPRESSOR])
def test_chain_against_itself(name):
    backbone = example(name)
    pairs = align_structures(turned(backbone), backbone)
    np.testing.assert_array_equal(pairs, np.stack([np.arange(len(backbone))] * 2, -1))


@pytest.mark.parametrize("name, start", [(KRINGLE, 40), (CAPSID, 30), (REDUCTASE, 25)])
def test_ten_residues_cut_out_of_the_middle(name, start):
    backbone = example(name)
    part = without(turned(backbone), start, start + 10)
    rows = np.arange(len(part))
    expected = np.stack([rows, rows + 10 * (rows >= start)], -1)
    np.testing.assert_array_equal(align_structures(part, backbone), expected)
    np.testing.assert_array_equal(align_structures(backbone, part), expected[:, ::-1])


def test_sequences_and_other_atoms_are_not_looked_at():
    backbone = example(CAPSID)
    bare = from_ca(backbone.ca[8:])
    expected = np.stack([np.arange(62), np.arange(62) + 8], -1)
    np.testing.assert_array_equal(align_structures(bare, backbone), expected)


CASES = {
    "whole": lambda: (shaken(example(KRINGLE), np.random.default_rng(0), 0.3), example(KRINGLE)),
    "cropped": lambda: (turned(example(CAPSID)[15:60]), example(CAPSID)),
    "cropped to short": lambda: (turned(example(CAPSID)[20:38]), example(CAPSID)),
    "cut": lambda: (without(turned(example(KRINGLE)), 30, 50), without(example(KRINGLE), 60, 70)),
    "perturbed": lambda: (
        shaken(example(REDUCTASE), np.random.default_rng(1), 1.0),
        example(REDUCTASE),
    ),
    "perturbed and cropped": lambda: (
        shaken(example(CAPSID)[5:], np.random.default_rng(2), 1.0),
        example(CAPSID)[:62],
    ),
}
DIFFERENT = [(KRINGLE, CAPSID), (KRINGLE, REDUCTASE), (CAPSID, REDUCTASE), (REPRESSOR, CAPSID)]


def scores_of_both(model, reference):
    """TM-score by the model and by the reference: of our pairs, and TM-align's own."""
    tmtools = pytest.importorskip("tmtools")
    found = tmtools.tm_align(model.ca, reference.ca, model.sequence, reference.sequence)
    pairs = align_structures(model, reference)
    assert (np.diff(pairs, axis=0) > 0).all()
    ours = [tm_of(pairs, model, reference, length) for length in (len(model), len(reference))]
    return np.array(ours), np.array([found.tm_norm_chain1, found.tm_norm_chain2])


@pytest.mark.parametrize("case", CASES)
def test_score_equals_that_of_tmalign(case):
    ours, theirs = scores_of_both(*CASES[case]())
    # Both are heuristics that end on slightly different pairs.
    np.testing.assert_allclose(ours, theirs, atol=0.02)


@pytest.mark.parametrize("names", DIFFERENT)
def test_score_of_different_folds_is_at_least_that_of_tmalign(names):
    ours, theirs = scores_of_both(*map(example, names))
    # Between unrelated folds there are many alignments of about the same score. Ours was up to
    # 0.03 better here; more than that would be the score of something else.
    assert (ours > theirs - 0.02).all() and (ours < theirs + 0.04).all()
    if REPRESSOR not in names:  # a helix and a half fits anywhere
        assert ours.min() < 0.4


@pytest.mark.parametrize("reverse", [False, True])
def test_rigid_motions_change_nothing(reverse):
    one, two = example(CAPSID)[:32], example(KRINGLE)[:36]
    if reverse:
        one, two = two, one
    plain = tm_of(align_structures(one, two), one, two, 32)
    other = turned(one, 3)
    assert tm_of(align_structures(other, two), other, two, 32) == pytest.approx(plain, abs=1e-4)


def test_no_pair_is_far_apart():
    """TM-align's d8 under the superposition that scores best; 0.5 Å for pairs since left out."""
    model, reference = example(KRINGLE)[10:60], example(CAPSID)[:50]
    pairs = align_structures(model, reference)
    i, j = pairs.T
    found = search(torch.tensor(model.ca[i]), torch.tensor(reference.ca[j]), 50)
    moved_ca = model.ca @ found.rotation.numpy() + found.translation.numpy()
    distance = np.linalg.norm(moved_ca[i] - reference.ca[j], axis=1)
    assert distance.max() < 1.5 * 50**0.3 + 3.5 + 0.5


@pytest.mark.parametrize("sizes", [(4, 30), (30, 4), (0, 30), (4, 4)])
def test_fewer_than_five_residues_have_no_pairs(sizes):
    rng = np.random.default_rng(4)
    one, two = (from_ca(walk(rng, n)) for n in sizes)
    assert align_structures(one, two).shape == (0, 2)
    if min(sizes):
        with pytest.raises(ValueError, match="no residue of the model is aligned"):
            score(one, two, alignment="structure", with_quality=False)


def test_five_residues():
    chain = example(CAPSID)
    expected = np.stack([np.arange(5)] * 2, -1)
    np.testing.assert_array_equal(align_structures(turned(chain[:5]), chain[:5]), expected)
    pairs = align_structures(chain[20:25], chain)
    assert len(pairs) == 5 and tm_of(pairs, chain[20:25], chain, 5) > 0.9


def best_by_enumeration(scores, gap):
    """Largest value of any alignment: every choice of rows and columns of every size."""
    n, m = scores.shape
    best = 0.0
    for size in range(1, min(n, m) + 1):
        for rows in combinations(range(n), size):
            for columns in combinations(range(m), size):
                best = max(best, value_of(list(zip(rows, columns, strict=True)), scores, gap))
    return best


def value_of(pairs, scores, gap):
    """Scores of the pairs, less one gap for each chain that leaves out residues between two."""
    value = sum(scores[i, j] for i, j in pairs)
    for (i, j), (k, m) in pairwise(pairs):
        value -= gap * ((k > i + 1) + (m > j + 1))
    return value


@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.25, 0.6, 1.0]),
    st.sampled_from(["dense", "sparse", "letters"]),
    st.integers(0, 10**6),
)
@settings(deadline=None, max_examples=80)
def test_align_scores_equals_enumeration(n, m, gap, kind, seed):
    rng = np.random.default_rng(seed)
    scores = rng.random((n, m))
    if kind == "sparse":
        scores *= rng.random((n, m)) < 0.4
    if kind == "letters":
        scores = np.round(scores)
    pairs = align_scores(scores, gap)
    assert pairs.shape == (len(pairs), 2) and (np.diff(pairs, axis=0) > 0).all()
    value = value_of(pairs.tolist(), scores, gap)
    # Scores are counted in steps of 1e-4: half a step per pair and per gap.
    assert value == pytest.approx(best_by_enumeration(scores, gap), abs=1e-3)


def test_align_scores_with_one_long_gap():
    scores = np.zeros((6, 30))
    scores[[0, 1, 2, 3, 4, 5], [0, 1, 2, 27, 28, 29]] = 1
    expected = [[0, 0], [1, 1], [2, 2], [3, 27], [4, 28], [5, 29]]
    for gap in (0.0, 0.6, 2.9):  # one gap, whatever its length
        assert align_scores(scores, gap).tolist() == expected
    # Half of the pairs are worth less than the gap; ends are free.
    pairs = align_scores(scores, 3.1)
    assert value_of(pairs.tolist(), scores, 3.1) == pytest.approx(3)


def test_scores_of_tmalign_are_its_own():
    tmtools = pytest.importorskip("tmtools")
    model, reference = turned(example(KRINGLE)), example(CAPSID)
    theirs = tmtools.tm_align(model.ca, reference.ca, model.sequence, reference.sequence)
    expected = {
        "reference": theirs.tm_norm_chain2,
        "model": theirs.tm_norm_chain1,
        "shorter": max(theirs.tm_norm_chain1, theirs.tm_norm_chain2),
    }
    for normalize, tm in expected.items():
        found = score(
            model, reference, alignment="tmalign", normalize=normalize, with_quality=False
        )
        assert found.tm == tm
        rows = [k for k, letter in enumerate(theirs.seqM) if letter in ":."]
        assert len(rows) <= found.aligned
        moved_ca = found.superpose(model).ca
        i, j = found.pairs.T
        distance = np.linalg.norm(moved_ca[i] - reference.ca[j], axis=1)
        np.testing.assert_allclose(found.distance, distance, atol=1e-9)
        # The superposition that TM-align printed puts its own close pairs within 5 Å.
        assert (distance < 5).sum() == theirs.seqM.count(":")


def test_pairs_of_tmalign_are_its_own():
    tmtools = pytest.importorskip("tmtools")
    model, reference = without(example(KRINGLE), 30, 42), example(KRINGLE)
    theirs = tmtools.tm_align(model.ca, reference.ca, model.sequence, reference.sequence)
    expected, i, j = [], 0, 0
    for a, b in zip(theirs.seqxA, theirs.seqyA, strict=True):
        if a != "-" and b != "-":
            expected.append([i, j])
        i, j = i + (a != "-"), j + (b != "-")
    assert align_tmalign(model, reference).tolist() == expected
    assert len(expected) == len(model)


def test_tmalign_of_a_chain_that_lacks_some_ca():
    tmtools = pytest.importorskip("tmtools")
    model, reference = example(KRINGLE), example(KRINGLE)
    mask = model.mask.copy()
    mask[[0, 17, 18, 50], 1] = False
    holes = changed(shaken(model, np.random.default_rng(5), 0.5), mask=mask)
    known = np.flatnonzero(mask[:, 1])
    part = holes[known]
    theirs = tmtools.tm_align(part.ca, reference.ca, part.sequence, reference.sequence)
    found = score(holes, reference, alignment="tmalign", with_quality=False)
    assert found.tm == theirs.tm_norm_chain2
    assert set(found.pairs[:, 0].tolist()) <= set(known.tolist())
    assert found.aligned > 80 and (found.pairs[:, 0] == found.pairs[:, 1]).all()


def test_tmalign_wants_one_pair_of_chains():
    pytest.importorskip("tmtools")
    one = example(REDUCTASE)
    two = joined([one, turned(renamed(one, "B"))])
    swapped = [("A", "B"), ("B", "A")]
    for model, reference, chains in ((two, one, None), (one, two, None), (two, two, swapped)):
        with pytest.raises(ValueError, match="choose one pair"):
            score(model, reference, alignment="tmalign", chains=chains, with_quality=False)
    found = score(two, one, alignment="tmalign", chains=[("B", "A")], with_quality=False)
    assert found.tm == pytest.approx(1, abs=1e-4)  # TM-align ends its search a little early


@pytest.mark.parametrize("length", [1, 2])
def test_tmalign_of_fewer_than_three_residues(length):
    pytest.importorskip("tmtools")
    with pytest.raises(ValueError):
        score(example(CAPSID)[:length], example(CAPSID), alignment="tmalign", with_quality=False)


def test_tmalign_without_tmtools(monkeypatch):
    monkeypatch.setitem(sys.modules, "tmtools", None)
    with pytest.raises(ValueError, match="pip install tmtools"):
        score(example(CAPSID), example(CAPSID), alignment="tmalign", with_quality=False)


def test_short_chain_beside_others():
    """A peptide of three residues gets no partner."""
    one = example(REDUCTASE)
    both = joined([one, renamed(moved(one[:3], np.eye(3), [30, 0, 0]), "P")])
    found = score(both, both, alignment="structure", with_quality=False)
    assert found.chains == (("A", "A"),) and found.aligned == 52
    assert found.warnings[:2] == ("model chain P not paired", "reference chain P not paired")


def test_scores_by_structure():
    """The same pairs as the alignment, and no remark on the sequences."""
    model, reference = turned(example(KRINGLE)[:40]), example(CAPSID)[:40]
    found = score(model, reference, alignment="structure", with_quality=False)
    np.testing.assert_array_equal(found.pairs, align_structures(model, reference))
    assert found.tm == pytest.approx(tm_of(found.pairs, model, reference, 40), abs=1e-9)
    assert found.identity < 0.3 and found.warnings == ()
