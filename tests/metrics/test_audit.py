"""The memorisation audit: T13 of the specification, and copies of real chains."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from protdiff.metrics.audit import NeighbourTest, audit, neighbour_test, verdict

from .helpers import windows_of_examples


def nearest(points, cloud):
    return cKDTree(cloud).query(points)[0]


@pytest.mark.parametrize(
    ("noise", "ratio"), [(None, 0.999), (0.1, 0.097), (0.5, 0.444), (1.0, 0.741)]
)
def test_standard_normal_points(noise, ratio):
    """d = 40, 300 training and 300 held-out points; copies rescaled to unit variance."""
    rng = np.random.default_rng(0)
    train, held = rng.normal(size=(2, 300, 40))
    if noise is None:
        made = rng.normal(size=(300, 40))
    else:
        made = train[rng.integers(0, 300, 300)] + noise * rng.normal(size=(300, 40))
        made /= np.sqrt(1 + noise**2) if noise > 0.1 else 1
    test = neighbour_test(nearest(made, train), nearest(made, held))
    assert test.ratio == pytest.approx(ratio, abs=0.02)
    if noise is None:
        assert test.p > 0.01
    else:
        assert test.p < 1e-20
        assert test.nearer > 0.95


def test_a_large_training_set_is_no_evidence():
    """Twenty times as many training points are nearer to anything; the baseline takes it out."""
    rng = np.random.default_rng(2)
    train, held, fresh, beside = (rng.normal(size=(n, 20)) for n in (6000, 300, 300, 300))
    copies = train[rng.integers(0, 6000, 300)] + 0.3 * rng.normal(size=(300, 20))
    baseline = nearest(beside, train), nearest(beside, held)
    true = neighbour_test(nearest(fresh, train), nearest(fresh, held), baseline)
    assert neighbour_test(nearest(fresh, train), nearest(fresh, held)).ratio < 0.85
    assert true.ratio == pytest.approx(1, abs=0.05)
    assert true.p > 0.01
    found = neighbour_test(nearest(copies, train), nearest(copies, held), baseline)
    assert found.ratio < 0.5
    assert found.p < 1e-20


def test_auc_is_a_share_of_pairs():
    """Of whole numbers, so that there are ties, and one without a neighbour, which is left out."""
    rng = np.random.default_rng(3)
    train, held, real_train, real_held = rng.integers(1, 6, (4, 60)).astype(float)
    train[0] = np.nan
    near, alone = train[1:, None], neighbour_test(train, held)
    assert alone.auc == pytest.approx((near < held).mean() + (near == held).mean() / 2)
    ratio, real = (train / held)[1:, None], real_train / real_held
    found = neighbour_test(train, held, (real_train, real_held))
    assert found.auc == pytest.approx((ratio < real).mean() + (ratio == real).mean() / 2)


@pytest.fixture(scope="module")
def windows():
    return windows_of_examples()


def test_copies_are_flagged_and_their_origin_named(windows):
    rng = np.random.default_rng(1)
    train, held = windows[::2], windows[1::2]
    copies = [train[k] + 0.3 * rng.normal(size=(40, 3)) for k in (2, 5, 0, 7)]
    found = audit(copies, train, held)
    assert found.nearest.tolist() == [2, 5, 0, 7]
    assert found.rmsd.ratio < 0.5
    assert found.tm.ratio < 0.5
    assert set(found.suspicious) == {0, 1, 2, 3}
    assert "4 of 4" in found.verdict


def test_no_chain_of_similar_length(windows):
    found = audit([windows[0][:10]], windows, windows)
    assert found.nearest.tolist() == [-1]
    assert found.rmsd.count == 0
    assert found.verdict.startswith("No sample")


@pytest.mark.parametrize(("flagged", "word"), [(1, "Some samples"), (4, "All samples may be")])
def test_the_verdict_speaks_of_others_only_where_there_are_some(flagged, word):
    """Few samples: the test of distances is weak, while every one of them looks like a copy."""
    text = verdict(NeighbourTest(0.0, 1.0, 1.0, 0.01, 4), flagged, 4, 0.005)
    assert text.startswith(word) and f"{flagged} of 4 look{'s' * (flagged == 1)} like" in text
    assert "others" not in text
