"""Extension: new residues at the ends, everything else as it was (T12b: flow/test_conditional)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import protdiff
from protdiff.network.weights import load_weights
from protdiff.sampling.extend import draw_extensions, extension_calls
from protdiff.sampling.extension import ENDS, Extension
from protdiff.sampling.settings import SamplingSettings

from ..conftest import double_precision

THREE, FOUR = SamplingSettings(steps=3), SamplingSettings(steps=4)
EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
FIELDS = ("coords", "mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")


@pytest.fixture(scope="module")
def chain():
    """30 residues, numbered from 5."""
    part = protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:40]
    return replace(part, residue_numbers=np.arange(5, 35), insertion_codes=np.full(30, ""))


@pytest.fixture(scope="module")
def three(chain):
    """That chain between two others, far away."""

    def copy(name, away):
        return replace(chain, coords=chain.coords + away, chain_ids=np.full(30, name))

    parts = copy("L", 60.0), chain, copy("H", -60.0)
    return protdiff.Backbone(
        *(np.concatenate([getattr(part, field) for part in parts]) for field in FIELDS)
    )


def test_gaps_of_the_chain_are_named(chain, recwarn):
    Extension(chain, 40)
    assert not [w for w in recwarn if issubclass(w.category, protdiff.ProtdiffWarning)]
    rest = [*range(10), *range(14, 20), *range(22, 30)]
    with pytest.warns(protdiff.ProtdiffWarning) as found:
        Extension(chain[rest], 40)
    words = "chain A: 2 gaps left open, the first between A14 and A19"
    assert [str(warning.message) for warning in found] == [words]


@given(st.integers(3, 40), st.integers(1, 200), st.sampled_from(ENDS), st.integers(8, 90),
       st.integers(3, 60))  # fmt: skip
def test_windows_make_every_residue_once(known, added, end, window, overlap):
    coords = np.zeros((known, 4, 3))
    overlap = min(overlap, window - 1)
    extension = Extension(
        protdiff.Backbone.from_coords(coords), known + added, None, end, window, overlap
    )
    there = extension.grown()[0].mask.all(1)
    assert there.sum() == known and len(there) == known + added
    before = {"C": 0, "N": added, "both": added // 2}[end]
    assert there[before : before + known].all()
    for start, stop, new in extension.windows():
        inside = np.zeros_like(there)
        for first, last in new:
            inside[first:last] = True
        assert not there[inside].any() and inside.any()
        outside = np.delete(inside, np.s_[start:stop])
        assert stop - start <= window and not outside.any()
        old = there[start:stop].sum()
        assert old + inside.sum() == stop - start  # nothing in between is unknown
        assert old >= min(overlap, there.sum())
        there |= inside
    assert there.all()


@pytest.mark.parametrize("window", [1024, 24])
@pytest.mark.parametrize("end", ENDS)
def test_what_was_there_stays(three, tiny_weights, end, window):
    denoiser = load_weights(tiny_weights)
    extension = Extension(three, 55, "A", end, window)
    [[first, second]] = draw_extensions(denoiser, extension, (0, 3), FOUR)
    assert (first.request.index, second.request.index) == (0, 3)
    made, before = first.backbone, {"C": 0, "N": 25, "both": 12}[end]
    assert made.chains == three.chains and made.mask.all()
    grown = made.chain("A")
    np.testing.assert_array_equal(grown.residue_numbers, np.arange(5 - before, 60 - before))
    kept = slice(before, before + 30)
    np.testing.assert_array_equal(grown.ca[kept], three.chain("A").ca)
    inner = slice(before + 1, before + 29)
    np.testing.assert_array_equal(grown.coords[inner], three.chain("A").coords[1:29])
    for other in "LH":
        np.testing.assert_array_equal(made.chain(other).coords, three.chain(other).coords)
    bonds = np.linalg.norm(np.diff(grown.ca, axis=0), axis=1)
    assert bonds[[before + 29 - (end == "N"), before - (end != "C")]].max() < 5
    fresh = np.r_[0:before, before + 30 : 55]
    assert set(grown.residue_names[fresh]) == {"ALA"}
    assert np.abs(grown.ca[fresh] - second.backbone.chain("A").ca[fresh]).max() > 0.1


def test_a_sample_does_not_depend_on_its_company(chain, tiny_weights):
    denoiser = load_weights(tiny_weights)
    extension = Extension(chain, 60, None, "C", 24)
    [[alone]] = draw_extensions(denoiser, extension, (1,), THREE, seed=5)
    [both] = draw_extensions(denoiser, extension, (0, 1), THREE, seed=5)
    # Å: rounding of float32 grows on the way, from coordinates of some 50 Å.
    np.testing.assert_allclose(both[1].backbone.coords, alone.backbone.coords, atol=0.01)
    assert alone.calls == extension_calls(extension, THREE)


def test_which_chain_and_missing_atoms_are_said(three, chain):
    with pytest.raises(ValueError, match="`chain` is missing: there are L, A, H"):
        Extension(three, 50)
    mask = np.array(chain.mask)
    mask[3, 2] = False
    with pytest.raises(ValueError, match="residue A8 lacks backbone atoms"):
        Extension(replace(chain, mask=mask), 50)


def test_the_type_of_tensors_of_a_session_changes_nothing(chain, tiny_weights):
    options = {"to": 34, "weights": tiny_weights, "steps": 3}
    [plain] = protdiff.extend(chain, **options)
    with double_precision():
        [made] = protdiff.extend(chain, **options)
    assert np.array_equal(made.coords, plain.coords)


@pytest.mark.parametrize("option", ["num", "seed"])
def test_negative_counts_are_refused(chain, option):
    with pytest.raises(ValueError, match=f"`{option}` -1: must be at least 0"):
        protdiff.extend(chain, 34, **{option: -1})
    with pytest.raises(ValueError, match="`num` 1000001: at most 1,000,000 at a time"):
        protdiff.extend(chain, 34, num=1_000_001)


def test_a_chain_in_pieces_is_joined_and_no_number_comes_twice(three, tiny_weights):
    """Residues of A stand on both sides of L; the highest number is in the middle."""
    order = np.r_[30:40, 0:30, 40:60]
    mixed = three[order]
    numbers = np.array(mixed.residue_numbers)
    numbers[45] = 90
    mixed = replace(mixed, residue_numbers=numbers, b_factors=np.arange(60.0))
    extension = Extension(mixed, 50, "A", "both", 24)
    [[drawn]] = draw_extensions(load_weights(tiny_weights), extension, (0,), THREE)
    made = drawn.backbone
    assert made.chains == ("A", "L")
    np.testing.assert_array_equal(made.chain("L").coords, three.chain("L").coords)
    grown = made.chain("A")
    assert grown.residue_numbers.tolist() == [
        *range(-5, 5), *numbers[np.r_[0:10, 40:60]].tolist(), *range(91, 101),
    ]  # fmt: skip
    np.testing.assert_array_equal(grown.ca[10:40], mixed.chain("A").ca)
    assert made.b_factors[10:20].tolist() == list(range(10)) and made.b_factors[0] == 0
