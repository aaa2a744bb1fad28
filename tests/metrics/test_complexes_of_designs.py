"""Which chain is which where designed chains have no sequence."""

import numpy as np
import pytest

from protdiff.metrics.interfaces.complex_scores import NO_INTERFACE

from .helpers import (
    CAPSID,
    KRINGLE,
    changed,
    compare,
    copies,
    example,
    joined,
    moved,
    renamed,
    shaken,
)


def designed(backbone, filler="GLY"):
    """The backbone without its sequence."""
    return changed(backbone, residue_names=np.full(len(backbone), filler))


def binder(seed=0):
    """A target with a binder, and a noisy copy of it elsewhere; chains in lists."""
    parts = [
        example(KRINGLE)[:60],
        moved(renamed(example(CAPSID)[:50], "B"), np.eye(3), [30, 10, 0]),
    ]
    both = shaken(joined(parts), np.random.default_rng(seed), 0.5)
    return parts, [both[:60], both[60:]]


@pytest.mark.parametrize("names", ["AB", "BA", "XY"])
@pytest.mark.parametrize("target_lacks", [0, 7])
def test_designed_chain_and_its_target(names, target_lacks):
    """The target has a sequence, the binder has none; ids and order of the prediction differ."""
    (target, chain), predicted = binder()
    model = joined([target, designed(chain)])
    predicted[0] = predicted[0][target_lacks:]
    reference = joined([renamed(predicted[k], names[k]) for k in (1, 0)])
    found = compare(model, reference)
    assert dict(found.chains) == {"A": names[0], "B": names[1]}
    assert found.alignment == "sequence,position" and found.warnings == (NO_INTERFACE,)
    assert found.aligned == 110 - target_lacks and found.tm > 0.9
    n = 60 - target_lacks
    expected = [np.r_[target_lacks:110], np.r_[50 : 50 + n, 0:50]]
    np.testing.assert_array_equal(found.pairs, np.stack(expected, -1))
    forced = compare(model, reference, chains=[("B", names[1])])
    assert (forced.aligned, forced.alignment) == (50, "position")


def test_design_of_several_chains():
    """Equal chains go where they superpose best, others where they have the length."""
    parts = [example(KRINGLE)[:40], *copies(example(CAPSID)[:30], "BC", seed=4)]
    whole = shaken(joined(parts), np.random.default_rng(1), 0.3)
    reference = joined([renamed(whole[40:70], "P"), renamed(whole[:40], "Q"), whole[70:]])
    found = compare(designed(joined(parts), "UNK"), reference)
    assert found.chains == (("A", "Q"), ("B", "P"), ("C", "C"))
    assert found.alignment == "position" and found.aligned == 100 and found.tm > 0.9


def test_motif_tells_chains_of_one_length_apart():
    parts = [example(KRINGLE)[:40], renamed(example(CAPSID)[:40], "B")]
    parts[1] = moved(parts[1], np.eye(3), [40, 0, 0])
    model = designed(joined(parts))
    names = model.residue_names.copy()
    names[10:25] = parts[0].residue_names[10:25]
    names[50:65] = parts[1].residue_names[10:25]
    # The predictions are bad, so that coordinates do not tell.
    bad = shaken(
        joined([renamed(parts[1], "A"), renamed(parts[0], "B")]), np.random.default_rng(2), 9
    )
    found = compare(changed(model, residue_names=names), bad)
    assert found.chains == (("A", "B"), ("B", "A")) and found.alignment == "position"


def test_explicit_sequence_alignment_of_a_design():
    capsid = example(CAPSID)
    found = compare(designed(capsid, "ALA"), capsid, alignment="sequence")
    assert found.alignment == "sequence" and found.aligned < 70
    assert any('alignment "auto" pairs by position' in text for text in found.warnings)
    found = compare(designed(capsid, "ALA"), capsid, alignment="number")
    assert (found.alignment, found.aligned, found.warnings) == ("number", 70, ())
    assert compare(designed(capsid), designed(capsid), alignment="sequence").warnings == ()
