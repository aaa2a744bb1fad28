"""Diversity: all pairs of a small set, random pairs of a larger one, and their errors."""

import numpy as np
import pytest

from protdiff.metrics import diversity as module
from protdiff.metrics.diversity import diversity, pair_count


@pytest.fixture
def backbones(monkeypatch):
    """Numbers in place of backbones, and a TM-score that is known for each two of them."""
    rng = np.random.default_rng(0)
    tm = rng.uniform(0.2, 0.6, (60, 60))
    tm = np.tril(tm, -1) + np.tril(tm, -1).T + np.eye(60)

    def of_pairs(tasks, *_):
        return [(tm[i, j] - 0.1, tm[i, j] + 0.1) for i, j in tasks]

    monkeypatch.setattr(module, "tm_of_pairs", of_pairs)
    monkeypatch.setattr(module, "pairwise_tm", lambda some, *_: tm[np.ix_(some, some)])
    return list(range(60)), tm


def test_how_many_pairs():
    assert pair_count(14) == (91, True) and pair_count(15) == (100, False)
    assert pair_count(525, 20) == (190, True) and pair_count(3, 20) == (3, True)
    assert pair_count(1) == (0, True) and pair_count(20, 0) == (0, True)


def test_random_pairs_of_a_large_set(backbones):
    some, tm = backbones
    found = diversity(some, seed=1)
    numbers, every = found.numbers, tm[np.tril_indices(60, -1)]
    assert numbers["pairs"] == 100 == len(found.values) and found.matrix is None
    assert len(set(found.values.tolist())) == 100  # no pair twice
    assert numbers["mean_pairwise_tm"] == pytest.approx(found.values.mean())
    assert numbers["mean_pairwise_tm_error"] == pytest.approx(found.values.std(ddof=1) / 10)
    assert abs(numbers["mean_pairwise_tm"] - every.mean()) < 3 * numbers["mean_pairwise_tm_error"]
    assert abs(numbers["same_fold"] - (every >= 0.5).mean()) < 3 * numbers["same_fold_error"]
    assert "clusters" not in numbers
    assert diversity(some, seed=1).numbers == numbers != diversity(some, seed=2).numbers


def test_all_pairs_with_the_error_of_their_structures(backbones):
    some, tm = backbones
    found = diversity(some, 30)
    part = tm[:30, :30]
    pairs = part[np.tril_indices(30, -1)]
    assert found.numbers["pairs"] == 435 and found.numbers["clusters"] > 1
    assert found.numbers["mean_pairwise_tm"] == pytest.approx(pairs.mean())
    # The jackknife by its definition, one structure left out in turn.
    left = []
    for k in range(30):
        keep = [i for i in range(30) if i != k]
        left.append(part[np.ix_(keep, keep)][np.tril_indices(29, -1)].mean())
    expected = np.sqrt(29 / 30 * np.square(np.array(left) - np.mean(left)).sum())
    assert found.numbers["mean_pairwise_tm_error"] == pytest.approx(expected)


def test_one_pair_has_no_error():
    assert module._error(np.array([0.4])) is None and module._jackknife(np.eye(2)) is None


def test_no_pair_has_neither_mean_nor_error():
    """NaN is no JSON, and a warning of numpy says nothing to a user."""
    assert module._jackknife(np.full((3, 3), np.nan)) is None
