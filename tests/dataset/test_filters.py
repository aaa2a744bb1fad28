"""Filters, each on a chain that was spoilt in one way."""

import numpy as np
import pytest

import protdiff
from protdiff.dataset.filters import Limits, Record, impossible, judge, longest_segment
from protdiff.dataset.store import angstrom
from protdiff.structure.secondary_structure import dssp


def spoilt(chain, edit):
    coords = np.array(chain.coords)
    edit(coords)
    return protdiff.Backbone.from_coords(coords, chain.sequence)


def test_a_good_chain_is_kept_as_it_is(chain):
    record = judge("x", chain, Limits(), ("x-ray", 1.7))
    assert isinstance(record, Record)
    centred = chain.coords - chain.ca.mean(0)
    np.testing.assert_allclose(angstrom(record.coords), centred, atol=0.00501)
    assert record.values["method"] == b"x-ray" and record.values["resolution"] == 1.7
    letters = dssp(chain.coords, chain.residue_names)
    assert record.values["helix"] == pytest.approx(letters.count("H") / len(chain), abs=0.03)
    assert not record.values["extended"]


def stretch(k):
    def edit(coords):
        coords[k:] += 20.0

    return edit


def test_the_longest_segment_between_breaks(chain):
    assert longest_segment(chain) == slice(0, 70)
    assert longest_segment(spoilt(chain, stretch(20))) == slice(20, 70)

    def remove(coords):
        coords[50, 2] = np.nan

    assert longest_segment(spoilt(chain, remove)) == slice(0, 50)


def bonds(coords):
    coords[::20, 0] += 1.0


def bends(coords):
    axis = coords[::20, 1] - coords[::20, 2]
    coords[::20, 0] = coords[::20, 1] + 1.461 * axis / np.linalg.norm(axis, axis=1)[:, None]


@pytest.mark.parametrize(
    ("edit", "limits", "known", "kind", "reason"),
    [
        (stretch(35), {}, ("", np.nan), "too short", "35 of 70 residues, under 40"),
        (None, {"min_length": 71}, ("", np.nan), "too short", "70 of 70 residues, under 71"),
        (None, {"max_length": 69}, ("", np.nan), "too long", "70 residues, over 69"),
        (None, {"max_resolution": 2.0}, ("x-ray", 2.1), "resolution", "2.10 Å"),
        (None, {"methods": ("x-ray",)}, ("nmr", np.nan), "method", "nmr"),
        (None, {"methods": ("x-ray",)}, ("", np.nan), "method", "unknown"),
        (bonds, {}, ("", np.nan), "impossible bond", "N-CA of"),
    ],
)
def test_rejections(chain, edit, limits, known, kind, reason):
    rejected = judge("x", spoilt(chain, edit) if edit else chain, Limits(**limits), known)
    assert rejected.kind == kind and reason in rejected.reason


def test_bent_residues(chain):
    assert impossible(spoilt(chain, bends)) == ("N-CA-C of MET A1 is 180 degrees",
                                                "impossible angle")  # fmt: skip


def test_overlapping_residues(chain):
    twin = np.array(chain.coords) + np.array([0.0, 1.5, 0.0])  # a copy of the chain beside it
    reason, kind = impossible(protdiff.Backbone.from_coords(np.concatenate([chain.coords, twin])))
    assert kind == "clash" and "1.50 Å apart" in reason


def test_unknown_resolution_is_kept(chain):
    assert isinstance(judge("x", chain, Limits(max_resolution=1.0)), Record)


def test_extended_chains_are_flagged():
    """A straight strand is not globular."""
    t = np.arange(60)[:, None]
    ca = np.concatenate([3.3 * t, 0.9 * (t % 2), 0 * t], 1).astype(float)
    from protdiff.structure.peptide import place_backbone

    links = np.where(t[:-1] % 2, 1.0, -1.0) * np.array([[0, 0, 1.0]])
    coords = place_backbone(ca, links)
    record = judge("x", protdiff.Backbone.from_coords(coords), Limits())
    assert isinstance(record, Record), record
    assert record.values["extended"]
