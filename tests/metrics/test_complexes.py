"""Which chain is which: complexes of copies of real chains, rearranged."""

from itertools import permutations

import numpy as np
import pytest

from protdiff.metrics.auto_alignment import align_auto
from protdiff.metrics.complexes import pair_chains
from protdiff.metrics.interfaces.complex_scores import NO_INTERFACE

from .helpers import (
    CAPSID,
    KRINGLE,
    REDUCTASE,
    changed,
    compare,
    copies,
    example,
    from_ca,
    joined,
    moved,
    random_rotation,
    renamed,
    shaken,
)


@pytest.fixture(scope="module")
def trimer():
    return copies(example(KRINGLE)[:40], "ABC")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_homotrimer_in_any_order_and_by_any_name(trimer, order):
    names = dict(zip(order, "AXB", strict=True))
    parts = [renamed(trimer[k], names[k]) for k in order]
    model = moved(joined(parts), random_rotation(np.random.default_rng(1)), [5, 6, 7])
    found = compare(model, joined(trimer))
    assert dict(found.chains) == {names[k]: "ABC"[k] for k in range(3)}
    assert [a for a, _ in found.chains] == list("AXB")  # the order of the model
    assert found.tm == pytest.approx(1, abs=1e-6)
    # Coordinates are exact; the rmsd of nothing is the square root of round-off.
    assert found.rmsd < 1e-5 and found.lddt == found.gdt_ha == found.identity == 1
    assert (found.model_length, found.reference_length, found.aligned) == (120, 120, 120)
    assert found.warnings == ()
    expected = np.concatenate([40 * order[k] + np.arange(40) for k in range(3)])
    np.testing.assert_array_equal(found.pairs, np.stack([np.arange(120), expected], -1))


def test_pairing_is_that_of_the_largest_score(trimer):
    """All six pairings of a noisy, distorted trimer, forced one after the other."""
    rng = np.random.default_rng(2)
    # One chain is out of place, so that no pairing is perfect.
    parts = [moved(trimer[2], np.eye(3), [9, 0, 0]), *trimer[:2]]
    model = shaken(joined([renamed(p, c) for p, c in zip(parts, "KLM", strict=True)]), rng, 1.0)
    reference = joined(trimer)
    every = {
        order: compare(model, reference, chains=list(zip("KLM", order, strict=True))).tm
        for order in permutations("ABC")
    }
    assert max(every, key=every.get) == tuple("CAB")
    found = compare(model, reference)
    assert found.chains == (("K", "C"), ("L", "A"), ("M", "B"))
    assert found.tm == pytest.approx(every[tuple("CAB")], abs=1e-9)
    assert sorted(every.values())[-2] < found.tm - 0.1


@pytest.mark.parametrize("turn", [[1, -1, -1], [-1, -1, 1]])
def test_pairing_of_the_largest_score_where_the_first_chain_is_turned(turn):
    """The first chain stands in its place, but is turned; the two others fit perfectly."""
    parts = copies(example(KRINGLE)[:30], "ABC", seed=2)
    center, rotation = parts[0].ca.mean(0), np.diag(turn)
    first = moved(parts[0], rotation, center - center @ rotation)
    model, reference = joined([first, *parts[1:]]), joined(parts)
    best = max(
        compare(model, reference, chains=list(zip("ABC", order, strict=True))).tm
        for order in permutations("ABC")
    )
    assert compare(model, reference).tm == pytest.approx(best, abs=1e-6)


def hetero():
    return [
        *copies(example(KRINGLE)[:40], "AC"),
        moved(renamed(example(CAPSID)[:35], "B"), np.eye(3), [30, 30, 30]),
        moved(renamed(example(REDUCTASE)[:30], "D"), np.eye(3), [-40, 0, 0]),
    ]


def test_hetero_complex():
    reference = hetero()
    names = ["D", "B", "A", "C"]
    model = joined([renamed(reference[k], n) for k, n in zip((2, 0, 3, 1), names, strict=True)])
    found = compare(model, joined(reference))
    assert found.chains == (("D", "B"), ("B", "A"), ("A", "D"), ("C", "C"))
    assert found.tm == pytest.approx(1, abs=1e-6) and found.identity == 1
    assert found.warnings == (NO_INTERFACE,)


def test_forced_pairs(trimer):
    reference = joined(trimer)
    found = compare(reference, reference, chains=[("B", "C"), ("A", "A")])
    assert found.chains == (("B", "C"), ("A", "A"))
    assert (found.model_length, found.reference_length, found.aligned) == (80, 80, 80)
    first, second = np.arange(40), np.arange(40, 80)
    expected = [np.r_[second, first], np.r_[second + 40, first]]
    np.testing.assert_array_equal(found.pairs, np.stack(expected, -1))
    assert found.tm < 0.99  # B and C stand at different places
    alone = compare(reference, reference, chains=[("B", "C")])
    assert alone.tm == pytest.approx(1, abs=1e-6) and alone.aligned == 40


@pytest.mark.parametrize(
    "chains, message",
    [
        ([("Z", "A")], r"no chain 'Z' in the model; it has A, B, C"),
        ([("A", "A"), ("B", "")], r"no chain '' in the reference; it has A, B, C"),
    ],
)
def test_unknown_chain(trimer, chains, message):
    with pytest.raises(ValueError, match=message):
        compare(joined(trimer), joined(trimer), chains=chains)


@pytest.mark.parametrize("chains", [("A", "B"), {"A": "B"}, ["AB"], [("A",)], []])
def test_what_is_no_pair_of_chains(trimer, chains):
    with pytest.raises(ValueError, match="`chains`: must be pairs of chain ids, model first"):
        compare(trimer[0], trimer[1], chains=chains)


def test_pairs_may_come_one_after_the_other(trimer):
    found = compare(joined(trimer), joined(trimer), chains=zip("BA", "CA", strict=True))
    assert found.chains == (("B", "C"), ("A", "A"))


def test_chain_cannot_be_forced_twice(trimer):
    for what, chains in (
        ("model", [("A", "A"), ("A", "B")]),
        ("reference", [("C", "A"), ("B", "A")]),
    ):
        with pytest.raises(ValueError, match=f"chain 'A' of the {what} is paired twice"):
            compare(joined(trimer), joined(trimer), chains=chains)


@pytest.mark.parametrize("closest", range(3))
def test_one_chain_takes_the_best_copy(trimer, closest):
    """The copies of the reference differ: all but one are noisy."""
    rng = np.random.default_rng(3)
    reference = [p if k == closest else shaken(p, rng, 1.5) for k, p in enumerate(trimer)]
    model = renamed(shaken(trimer[0], rng, 0.1), "Q")
    found = compare(model, joined(reference))
    assert found.chains == (("Q", "ABC"[closest]),)
    tms = [compare(model, p).tm for p in reference]
    assert max(tms) == tms[closest] == pytest.approx(found.tm, abs=1e-9)
    others = ", ".join(sorted({*"ABC"} - {"ABC"[closest]}))
    assert found.warnings == (f"reference chain {others} not paired",)
    assert found.reference_length == 40


def test_one_chain_takes_the_copy_that_is_better_superposed_if_less_observed(trimer):
    """A copy with fewer residues counts as long as it has most of the letters."""
    model = renamed(trimer[0], "Q")
    part = trimer[1][:38]
    noisy = shaken(trimer[2], np.random.default_rng(4), 3.0)
    assert compare(model, joined([noisy, part])).chains == (("Q", "B"),)


def test_one_chain_takes_a_whole_copy_rather_than_half_of_one(trimer):
    model, half = renamed(trimer[0], "Q"), trimer[1][:20]
    noisy = shaken(trimer[2], np.random.default_rng(4), 3.0)
    assert compare(model, noisy).tm < compare(model, half).tm * 20 / 40
    assert compare(model, joined([half, noisy])).chains == (("Q", "C"),)


def test_left_out_chains_of_the_model(trimer):
    extra = renamed(example(CAPSID)[:30], "E")
    model = joined([trimer[0], extra, renamed(trimer[1], "")])
    found = compare(model, joined(trimer))
    assert found.chains == (("A", "A"), ("", "B"))
    assert found.warnings == ("model chain E not paired", "reference chain C not paired")
    assert (found.model_length, found.reference_length) == (80, 80)
    blank = compare(joined([trimer[0], renamed(extra, "")]), trimer[0])
    assert blank.warnings == ("model chain blank not paired",)


def test_half_observed_copies_are_paired(trimer):
    """Each copy of the reference lacks other residues."""
    parts = [trimer[0][:25], trimer[1], trimer[2][8:]]
    model = joined([renamed(trimer[k], n) for k, n in ((1, "X"), (2, "Y"), (0, "Z"))])
    found = compare(model, joined(parts))
    assert found.chains == (("X", "B"), ("Y", "C"), ("Z", "A"))
    assert found.aligned == 25 + 40 + 32 == found.reference_length
    assert found.tm == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("chains", [None, [("A", "A")]])
def test_no_aligned_residue(chains):
    rng = np.random.default_rng(5)
    one, two = from_ca(rng.normal(size=(2, 3)) * 5), from_ca(rng.normal(size=(2, 3)) * 5)
    far = from_ca(two.ca, residue_numbers=[11, 12])
    with pytest.raises(ValueError, match="no residue of the model is aligned"):
        compare(one, far, alignment="number", chains=chains)


def test_residues_are_indices_into_the_backbones(trimer):
    """Chains whose residues are not in one piece of the arrays."""
    model = joined([trimer[0][:20], trimer[1], trimer[0][20:]])
    paired = pair_chains(model, joined(trimer), align_auto)
    assert paired.chains == [("A", "A"), ("B", "B")]
    assert paired.warnings == ["reference chain C not paired"]
    expected = [np.r_[0:20, 60:80, 20:60], np.arange(80)]
    np.testing.assert_array_equal(paired.residues, np.stack(expected, -1))


def test_forced_pair_without_aligned_residues_among_others():
    rng = np.random.default_rng(5)
    one = joined([from_ca(rng.normal(size=(9, 3)) * 5, chain_ids=c) for c in "AB"])
    numbers = np.r_[1:10, 101:110]
    other = changed(one, residue_numbers=numbers)
    with pytest.raises(ValueError, match=r"no residue of the model is aligned.* in B:B"):
        compare(one, other, alignment="number", chains=[("A", "A"), ("B", "B")])


def test_few_aligned_residues():
    """Each pair of chains, and all of them together."""
    kringle, capsid = example(KRINGLE)[:40], renamed(example(CAPSID)[:40], "B")
    late = renamed(example(CAPSID)[30:], "B")
    model, reference = joined([kringle, capsid]), joined([kringle, late])
    for size, expected in ((kringle, ()), (late, ("only 10 of 40 residues aligned",))):
        one = capsid if size is late else kringle
        assert compare(one, size, alignment="number").warnings == expected
    found = compare(model, reference, alignment="number", chains=[("A", "A"), ("B", "B")])
    assert found.warnings == ("only 10 of 40 residues aligned in B:B", NO_INTERFACE)
    # A short chain pairs with a long one, and the other way round.
    chains = [("A", "A"), ("B", "B")]
    model, reference = joined([kringle[:10], capsid]), joined([kringle, capsid[:10]])
    found = compare(model, reference, chains=chains)
    assert found.aligned == 20
    assert found.warnings == ("only 20 of 50 residues aligned", NO_INTERFACE)
