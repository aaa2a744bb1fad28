"""Designs without a sequence against predictions, made so that the right pairs are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.metrics.auto_alignment import align_auto
from protdiff.metrics.correspondence import align_sequences

from .helpers import CAPSID, KRINGLE, LETTERS, changed, example, from_ca, shaken, straight, walk

FILLERS = ("ALA", "GLY", "VAL", "UNK")
TAG = ["MET", "GLY", *["HIS"] * 6, "SER"]


def lost(backbone, filler, kept=()):
    """The backbone with a placeholder for the names of all residues but some."""
    names = np.full(len(backbone), filler)
    names[list(kept)] = backbone.residue_names[list(kept)]
    return changed(backbone, residue_names=names)


def tagged(backbone, before=(), after=(), first=None):
    """More residues at the ends, on straight lines; numbered on, or from `first`."""
    count = len(before), len(after)
    ends = backbone.coords[0], backbone.coords[-1]
    outward = [end[1] - backbone.ca.mean(0) for end in ends]
    outward = [3.8 * step / np.linalg.norm(step) for step in outward]
    steps = -np.arange(-count[0], 0), np.arange(1, count[1] + 1)
    parts = [
        end + step[:, None, None] * out for end, step, out in zip(ends, steps, outward, strict=True)
    ]
    coords = np.concatenate([parts[0], backbone.coords, parts[1]])
    start = backbone.residue_numbers[0] - count[0] if first is None else first
    return changed(
        from_ca(coords[:, 1]),
        coords=coords,
        residue_names=np.r_[list(before), backbone.residue_names, list(after)].astype(str),
        residue_numbers=start + np.arange(len(coords)),
    )


def plain(backbone):
    """Numbered from 1, without insertion codes."""
    n = len(backbone)
    return changed(
        backbone, residue_numbers=np.arange(1, n + 1), insertion_codes=np.full(n, "")
    )  # fmt: skip


def prediction(name=CAPSID, noise=0.7, seed=0):
    return shaken(plain(example(name)), np.random.default_rng(seed), noise)


def diagonal(n, shift=0):
    return np.stack([np.arange(n), np.arange(n) + shift], -1)


def check(design, predicted, pairs, by):
    """The pairs are right whichever of the two is the model."""
    found = align_auto(design, predicted)
    assert found.by == by
    np.testing.assert_array_equal(found.residues, pairs)
    found = align_auto(predicted, design)
    assert found.by == by
    np.testing.assert_array_equal(found.residues, pairs[:, ::-1])


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("noise", [0.7, 6.0])
def test_design_of_equal_length(filler, noise):
    check(lost(plain(example(CAPSID)), filler), prediction(noise=noise), diagonal(70), "position")


@settings(max_examples=60, deadline=None)
@given(
    filler=st.sampled_from(FILLERS),
    kept=st.sets(st.integers(0, 69), max_size=50),
    offset=st.integers(-5, 200),
    noise=st.sampled_from([0.7, 6.0]),
)
def test_any_letters_may_be_left(filler, kept, offset, noise):
    """Equal lengths: every residue is paired with the one at its place."""
    design = lost(plain(example(CAPSID)), filler, kept)
    predicted = prediction(noise=noise)
    # Bad coordinates and other numbers together leave nothing that would tell.
    numbers = predicted.residue_numbers + (offset if noise < 1 else 0)
    found = align_auto(design, changed(predicted, residue_numbers=numbers))
    np.testing.assert_array_equal(found.residues, diagonal(70))


@settings(max_examples=40, deadline=None)
@given(
    filler=st.sampled_from(FILLERS),
    gaps=st.sets(st.integers(0, 69), min_size=1, max_size=12),
    before=st.integers(0, 9),
    after=st.integers(0, 9),
    motif=st.sampled_from([range(0), range(20, 24), range(25, 50), range(50)]),
    noise=st.sampled_from([0.7, 6.0]),
)
def test_tags_and_missing_residues_by_number(filler, gaps, before, after, motif, noise):
    """The prediction keeps the numbers, has tags and lacks residues."""
    design = lost(plain(example(CAPSID)), filler, motif)
    predicted = tagged(prediction(noise=noise), TAG[:before], TAG[:after])
    seen = np.setdiff1d(np.arange(70), list(gaps))
    rows = np.r_[np.arange(before), before + seen, before + 70 + np.arange(after)]
    if len(rows) == 70:  # nothing says whether these are other residues or other numbers
        return
    found = align_auto(design, predicted[rows])
    np.testing.assert_array_equal(
        found.residues, np.stack([seen, before + np.arange(len(seen))], -1)
    )


@settings(max_examples=40, deadline=None)
@given(
    filler=st.sampled_from(FILLERS),
    before=st.integers(1, 9),
    after=st.integers(0, 9),
    first=st.integers(-20, 500),
    motif=st.sampled_from([range(0), range(20, 23), range(25, 50), range(50)]),
)
def test_tags_and_other_numbers(filler, before, after, first, motif):
    """A tag that is counted, or numbers that begin elsewhere: letters or coordinates tell."""
    design = lost(plain(example(CAPSID)), filler, motif)
    predicted = tagged(prediction(), TAG[:before], TAG[:after], first)
    found = align_auto(design, predicted)
    np.testing.assert_array_equal(found.residues, diagonal(70, before))
    assert found.by in ("number", "sequence")
    if found.by == "number" and first - 1 != -before:
        [remark] = found.remarks
        assert f"n{first - 1 + before:+d} of the reference" in remark


@pytest.mark.parametrize("kept", [range(0), range(10, 30)])
def test_other_numbers_and_missing_residues(kept):
    design = lost(plain(example(CAPSID)), "GLY", kept)
    predicted = prediction()
    rows = np.r_[0:33, 39:70]
    late = changed(predicted, residue_numbers=predicted.residue_numbers + 300)[rows]
    check(design, late, np.stack([rows, np.arange(64)], -1), "number")


def test_missing_residues_that_are_not_numbered_by_structure():
    """Neither position nor number tells; a shift fits one half only."""
    rows = np.r_[0:33, 41:70]
    predicted = plain(prediction(noise=0.3)[rows])
    found = align_auto(lost(plain(example(CAPSID)), "GLY"), predicted)
    assert found.by == "structure" and len(found.remarks) == 1
    right = set(zip(rows.tolist(), range(62), strict=True))
    assert len(right & set(map(tuple, found.residues.tolist()))) >= 58
    motif = align_auto(lost(plain(example(CAPSID)), "GLY", range(20, 33)), predicted)
    assert motif.by in ("number", "structure")


def test_numbers_with_jumps_at_a_motif():
    """A motif keeps its numbers, the prediction counts from 1: the same residues all the same."""
    numbers = np.r_[1:21, 163:183, 41:71]
    for noise in (0.7, 6.0):
        for kept in (range(0), range(20, 40)):
            design = changed(lost(plain(example(CAPSID)), "ALA", kept), residue_numbers=numbers)
            check(design, prediction(noise=noise), diagonal(70), "position")


def test_a_tag_as_long_as_what_is_missing():
    """Lengths agree by chance; numbers and coordinates say so."""
    design = lost(plain(example(CAPSID)), "GLY")
    predicted = tagged(prediction(), [], TAG[:8])
    rows = np.r_[0:20, 28:78]
    expected = np.r_[0:20, 28:70]
    pairs = np.stack([expected, np.searchsorted(rows, expected)], -1)
    check(design, predicted[rows], pairs, "number")


def test_a_motif_shows_that_lengths_agree_by_chance():
    design = lost(plain(example(CAPSID)), "GLY", range(30, 50))
    predicted = tagged(prediction(noise=6.0), TAG[:8], [], 1)[:70]
    check(design, predicted, diagonal(62, 8), "number")


def test_numbers_that_agree_though_the_prediction_is_bad():
    """Nothing else may be preferred, and there is a remark that it cannot be checked."""
    design = lost(plain(example(CAPSID)), "GLY")
    predicted = tagged(from_walk(70), [], TAG)
    found = align_auto(design, predicted)
    assert found.by == "number" and "may be shifted" in found.remarks[0]
    np.testing.assert_array_equal(found.residues, diagonal(70))


def from_walk(n):
    names = plain(example(CAPSID)).residue_names[:n]
    return changed(from_ca(walk(np.random.default_rng(3), n)), residue_names=names)


def test_two_designs():
    """Both without a sequence, of one length and of two."""
    one, two = lost(plain(example(CAPSID)), "GLY"), lost(prediction(), "ALA")
    check(one, two, diagonal(70), "position")
    check(one, lost(prediction(), "GLY"), diagonal(70), "position")
    rows = np.r_[0:30, 36:70]
    check(one, two[rows], np.stack([rows, np.arange(64)], -1), "number")


@pytest.mark.parametrize("name", [CAPSID, KRINGLE])
@settings(max_examples=30, deadline=None)
@given(rows=st.sets(st.integers(0, 60), min_size=8), shift=st.integers(-3, 90))
def test_real_sequences_are_aligned_by_sequence(name, rows, shift):
    reference = example(name)
    model = prediction(name)[sorted(rows)]
    model = changed(model, residue_numbers=model.residue_numbers + shift)
    found = align_auto(model, reference)
    assert found.by == "sequence" and found.remarks == ()
    np.testing.assert_array_equal(found.residues, align_sequences(model, reference))


@pytest.mark.parametrize(
    "sequence",
    [
        "DTASDAAAAAALTAANAKAAAELTAANAAAAAAATAR",  # winter flounder antifreeze protein
        "GPPGPPGPPGPPGPPGPPGARGQAGVMGPPGPPGPPGPPGPP",  # collagen
        "MATLEKLMKAFESLKSFQQQQQQQQQQQQQQQQQPPPPPPPPPPPQLPQPPPQ",  # huntingtin
        "KLAKLAKKLAKLAKKLAKLAK",
        "MEEEKKKIEEEEKKIEEEEKKIEEEEKKIEEEG",
    ],
)
@pytest.mark.parametrize("cut", [(0, 0), (3, 0), (0, 4), (2, 2)])
def test_real_chains_of_few_letters(sequence, cut):
    """Pieces of them under other numbers: the letters decide, not the numbers."""
    n = len(sequence)
    whole, piece = straight(sequence), straight(sequence)[cut[0] : n - cut[1]]
    piece = changed(piece, residue_numbers=np.arange(1, len(piece) + 1))
    pairs = diagonal(len(piece), cut[0])
    found = align_auto(piece, whole)
    np.testing.assert_array_equal(found.residues, pairs)
    assert found.by == "sequence"


@pytest.mark.parametrize("letters", ["A", "AG", "AW", "GLY", "AAWAA"])
def test_tiny_chains(letters):
    one = straight(letters)
    np.testing.assert_array_equal(align_auto(one, one).residues, diagonal(len(letters)))
    longer = straight("MK" + letters + "R", residue_numbers=np.arange(-1, len(letters) + 2))
    for pairs in (align_auto(one, longer).residues, align_auto(longer, one).residues[:, ::-1]):
        assert len(np.unique(pairs[:, 0])) == len(pairs) and (np.diff(pairs, axis=0) > 0).all()


def test_no_residues():
    assert align_auto(straight(""), straight(LETTERS)).residues.shape == (0, 2)


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize(
    "pieces", [((20, 40),), ((10, 22), (45, 60)), ((5, 8), (30, 34), (50, 56))]
)
@pytest.mark.parametrize("first", [1, 31, 160])
def test_a_motif_alone_against_the_design_that_holds_it(filler, pieces, first):
    """The motif comes from another protein, where its pieces were further apart."""
    kept = np.concatenate([np.arange(*piece) for piece in pieces])
    design = lost(plain(example(CAPSID)), filler, kept)
    jumps = np.concatenate([np.full(b - a, 37 * k) for k, (a, b) in enumerate(pieces)])
    motif = plain(example(CAPSID))[kept]
    motif = changed(motif, residue_numbers=first + kept - kept[0] + jumps)
    found = align_auto(motif, design)
    np.testing.assert_array_equal(found.residues, np.stack([np.arange(len(kept)), kept], -1))
    found = align_auto(design, motif)
    np.testing.assert_array_equal(found.residues, np.stack([kept, np.arange(len(kept))], -1))


def test_part_of_a_design_by_other_numbers():
    """A domain of a prediction, counted from 1, against the whole design."""
    design = lost(plain(example(CAPSID)), "GLY")
    part = plain(prediction()[25:60])
    np.testing.assert_array_equal(align_auto(part, design).residues, diagonal(35, 25))


@pytest.mark.parametrize("kept", [[*range(5, 30), *range(50, 80)], [*range(20, 35)], [*range(70)]])
def test_some_residues_have_a_name(kept):
    """A real chain of which pieces were traced without a sequence, under other numbers."""
    whole = plain(example(KRINGLE))
    traced = lost(whole, "UNK", kept)
    rows = np.r_[2:40, 45:86]
    late = changed(whole, residue_numbers=whole.residue_numbers + 7)[rows]
    np.testing.assert_array_equal(
        align_auto(late, traced).residues, np.stack([np.arange(len(rows)), rows], -1)
    )
