"""The search of TMscore against plain loops, invariances, and answers known in advance."""

import importlib

import biotite.structure as struc
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.metrics import search, tm_d0
from protdiff.metrics.search import GDT_CUTOFFS, fragments

from .helpers import (
    CAPSID,
    KRINGLE,
    REDUCTASE,
    REPRESSOR,
    atom_array,
    example,
    kabsch,
    random_rotation,
    walk,
)

# The package exports the function under the name of its module.
MODULE = importlib.import_module("protdiff.metrics.search")
#: Half the width (Å) around a GDT cut-off in which single precision may decide either way.
TIE = 1e-4


def plain_search(x, y, length):
    """The search in loops: TM-score, and the least and the most per GDT cut-off within a tie."""
    n = len(x)
    d0 = 0.5
    if length > 15:
        d0 = max(0.5, 1.24 * (length - 15) ** (1 / 3) - 1.8)
    reach = d0 + 0.8
    if reach < 4.5:
        reach = 4.5
    if reach > 8:
        reach = 8
    sizes, size = [], n
    while size > min(4, n):
        sizes.append(size)
        size //= 2
    sizes.append(min(4, n))

    tm, low, high = 0.0, [0] * len(GDT_CUTOFFS), [0] * len(GDT_CUTOFFS)
    for size in sizes:
        for start in range(n - size + 1):
            members, cutoff = list(range(start, start + size)), reach - 1
            for iteration in range(21):
                rotation, translation = kabsch(x[members], y[members])
                distances = np.linalg.norm(x @ rotation + translation - y, axis=1).tolist()
                tm = max(tm, sum(1 / (1 + (d / d0) ** 2) for d in distances) / length)
                for k, limit in enumerate(GDT_CUTOFFS):
                    low[k] = max(low[k], sum(d <= limit - TIE for d in distances))
                    high[k] = max(high[k], sum(d <= limit + TIE for d in distances))
                following, wide = [i for i in range(n) if distances[i] < cutoff], cutoff
                while len(following) < 3 and n > 3:
                    wide += 0.5
                    following = [i for i in range(n) if distances[i] < wide]
                # Fewer than three, of three, would leave the rotation open.
                if len(following) < min(3, n) or (iteration > 0 and following == members):
                    break
                members, cutoff = following, reach + 1
    return tm, low, high


def chains_of(kind, length, seed=0):
    """Two chains of equal length to superpose, ndarray (length, 3)."""
    rng = np.random.default_rng([length, seed])
    y = walk(rng, length)
    if kind == "unrelated":
        return walk(rng, length), y
    if kind == "stretched":  # nothing fits: the cut-off has to be widened more than once
        return 3.5 * walk(rng, length), y
    if kind == "hinged":
        x = y.copy()
        x[length // 2 :] = (x[length // 2 :] - x[length // 2]) @ random_rotation(rng)
        x[length // 2 :] += y[length // 2]
        return x + 0.3 * rng.normal(size=x.shape), y
    if kind == "real":
        x, y = example(KRINGLE).ca[:length], example(REDUCTASE).ca[:length]
        return x.copy(), y.copy()
    return y + {"near": 0.5, "far": 2.5}[kind] * rng.normal(size=y.shape), y


def tm_of(found, x, y, length):
    """TM-score of the motion that was found, in double precision."""
    distance = np.linalg.norm(x @ found.rotation.numpy() + found.translation.numpy() - y, axis=1)
    return float((1 / (1 + np.square(distance / tm_d0(length)))).sum()) / length


@pytest.mark.parametrize("length", [12, 25, 40])
@pytest.mark.parametrize("kind", ["near", "far", "hinged", "unrelated", "stretched", "real"])
def test_equals_plain_loops(kind, length):
    x, y = chains_of(kind, length)
    tm, low, high = plain_search(x, y, length)
    found = search(torch.tensor(x), torch.tensor(y), length)
    assert found.tm == pytest.approx(tm, abs=1e-5)  # squared distances are in single precision
    assert all(a <= n <= b for a, n, b in zip(low, found.within, high, strict=True))


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 30, 130, 200, 500])
def test_equals_plain_loops_normalised_by_another_length(length):
    """From the shortest reach (4.5 Å) to the longest (8 Å)."""
    for kind in ("hinged", "unrelated"):
        x, y = chains_of(kind, min(length, 18), seed=1)
        tm, low, high = plain_search(x, y, length)
        found = search(torch.tensor(x), torch.tensor(y), length)
        assert found.tm == pytest.approx(tm, abs=1e-5)
        assert all(a <= n <= b for a, n, b in zip(low, found.within, high, strict=True))


def test_motion_has_the_score_that_is_returned():
    for kind in ("near", "hinged", "unrelated"):
        x, y = chains_of(kind, 33)
        x, y = x + 500, y - 300  # far from the origin, as some crystals are
        found = search(torch.tensor(x), torch.tensor(y), 33)
        assert tm_of(found, x, y, 33) == pytest.approx(found.tm, abs=1e-5)


@pytest.mark.parametrize("name", [KRINGLE, CAPSID, REDUCTASE, REPRESSOR])
def test_identity_gives_one(name):
    x = torch.tensor(example(name).ca)
    found = search(x, x, len(x))
    assert found.tm == pytest.approx(1, abs=1e-6)
    assert found.within == (len(x),) * 5
    assert found.gdt(len(x)) == found.gdt(len(x), "ha") == 1
    # Half of the residues that are counted
    assert search(x, x, 2 * len(x)).tm == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("name", [KRINGLE, CAPSID, REDUCTASE])
def test_mirror_image_is_another_fold(name):
    x = torch.tensor(example(name).ca)
    assert search(x * torch.tensor([1, 1, -1]), x, len(x)).tm < 0.5


@given(st.integers(0, 10**6), st.integers(1, 30), st.sampled_from(["far", "hinged", "unrelated"]))
@settings(deadline=None, max_examples=25)
def test_rigid_motions_change_nothing(seed, length, kind):
    x, y = chains_of(kind, length, seed)
    rng = np.random.default_rng(seed)
    plain = search(torch.tensor(x), torch.tensor(y), length)
    x = x @ random_rotation(rng) + rng.normal(size=3) * 30
    y = y @ random_rotation(rng) + rng.normal(size=3) * 30
    found = search(torch.tensor(x), torch.tensor(y), length)
    # A set that is decided by round-off may send one walk elsewhere, but not in these examples.
    assert found.tm == pytest.approx(plain.tm, abs=1e-5)
    assert found.within == plain.within
    assert tm_of(found, x, y, length) == pytest.approx(found.tm, abs=1e-5)


@pytest.mark.parametrize("kind", ["near", "far", "hinged", "unrelated", "real"])
def test_at_least_the_score_of_a_superposition_by_biotite(kind):
    x, y = chains_of(kind, 40)
    index = np.arange(40)
    reference, model = atom_array(y), atom_array(x)
    fitted = struc.superimpose(reference, model)[0]
    other = struc.tm_score(reference, fitted, index, index, reference_length=40)
    assert search(torch.tensor(x), torch.tensor(y), 40).tm >= other - 1e-6


def test_scale_of_the_score():
    # 1.24 (L - 15)^(1/3) - 1.8 by Newton's method in 40 decimals, printed to five.
    printed = {22: 0.57203, 50: 2.25612, 100: 3.65207, 150: 4.56111, 200: 5.26554, 500: 7.94247}
    for length, value in printed.items():
        assert tm_d0(length) == pytest.approx(value, abs=6e-6)
    assert [tm_d0(length) for length in (1, 14, 15, 16, 21)] == [0.5] * 5


def test_one_residue():
    x, y = torch.tensor([[1.0, 2, 3]]), torch.tensor([[-7.0, 0, 4]])
    found = search(x, y, 1)
    assert found.tm == pytest.approx(1) and found.within == (1,) * 5
    np.testing.assert_allclose(x.double() @ found.rotation + found.translation, y, atol=1e-9)
    assert search(x, y, 4).gdt(4) == 0.25


def test_two_residues():
    """3 and 9 Å apart: both are 3 Å off, whatever the cut-off."""
    x, y = (torch.tensor([[0.0, 0, 0], [0, 0, far]]) for far in (3.0, 9.0))
    found = search(x, y, 2)
    assert found.tm == pytest.approx(1 / (1 + (3 / 0.5) ** 2), abs=1e-6)
    assert found.within == (0, 0, 0, 2, 2)


def test_three_residues():
    """All are within reach of one another: the only superposition is that of all three."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    rotation, translation = kabsch(x, y)
    squares = np.square(x @ rotation + translation - y).sum(1)
    found = search(torch.tensor(x), torch.tensor(y), 3)
    assert found.tm == pytest.approx((1 / (1 + squares / 0.25)).mean(), abs=1e-6)
    assert found.within == tuple((squares <= limit**2).sum() for limit in GDT_CUTOFFS)


def test_rigid_motions_of_three_residues_change_nothing():
    rng = np.random.default_rng(9)
    x, y = 4 * rng.normal(size=(3, 3)), 4 * rng.normal(size=(3, 3))
    turned = [torch.tensor(x @ random_rotation(rng)) for _ in range(20)]
    scores = [search(points, torch.tensor(y), 3).tm for points in turned]
    assert max(scores) - min(scores) < 1e-5


def test_gdt_is_the_mean_of_four_shares():
    x, y = chains_of("far", 40)
    found = search(torch.tensor(x), torch.tensor(y), 40)
    half, one, two, four, eight = found.within
    assert found.gdt(50) == pytest.approx((one + two + four + eight) / 50 / 4)
    assert found.gdt(50, "ha") == pytest.approx((half + one + two + four) / 50 / 4)
    assert 0 <= half <= one <= two <= four <= eight <= 40


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 9, 37, 200])
@pytest.mark.parametrize("stride", [1, 3, 40])
def test_fragments(n, stride):
    """Lengths n, n/2, … (five of them, over 4) and 4; starts in strides, the last one included."""
    expected = []
    for m in dict.fromkeys([max(n // 2**k, min(4, n)) for k in range(5)] + [min(4, n)]):
        for start in range(n - m + 1):
            if (n - m - start) % stride == 0:
                expected.append({*range(start, start + m)})
    found = [set(np.flatnonzero(row).tolist()) for row in fragments(n, stride)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))


@pytest.mark.parametrize("kind", ["far", "hinged", "unrelated"])
def test_fewer_starts_never_find_more(kind):
    x, y = map(torch.tensor, chains_of(kind, 60))
    full = search(x, y, 60)
    for stride in (2, 7, 40):
        part = search(x, y, 60, stride=stride)
        # Every set of the part is a set of the whole. Its score is a sum in single precision,
        # whose last digit depends on how many sets are worked on at a time.
        assert part.tm <= full.tm + 1e-6
        assert all(a <= b for a, b in zip(part.within, full.within, strict=True))


@pytest.mark.parametrize("kind", ["far", "hinged", "unrelated"])
def test_pieces_change_nothing(kind, monkeypatch):
    x, y = map(torch.tensor, chains_of(kind, 30))
    whole = search(x, y, 30)
    for chunk in (1, 30 * 7):
        monkeypatch.setattr(MODULE, "CHUNK", chunk)
        found = search(x, y, 30)
        assert found.tm == pytest.approx(whole.tm, abs=1e-6)  # single precision, as above
        assert found.within == whole.within


def test_single_precision_and_integers_are_taken():
    x, y = chains_of("near", 20)
    x, y = np.round(x), np.round(y)
    expected = search(torch.tensor(x), torch.tensor(y), 20)
    for dtype in (torch.float32, torch.int64):
        found = search(torch.tensor(x).to(dtype), torch.tensor(y).to(dtype), 20)
        assert (found.tm, found.within) == (expected.tm, expected.within)
