"""The Backbone value: what it accepts, what it refuses, and that it cannot change."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protdiff.structure.backbone import ONE_TO_THREE, Backbone

ARRAYS = ("coords", "mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")


def two_chains():
    """Five residues in chains B and A, the second without its O."""
    coords = np.arange(60.0).reshape(5, 4, 3)
    coords[1, 3] = np.nan
    return Backbone.from_coords(
        coords,
        "MKXGA",
        chain_ids=["B", "B", "A", "A", "A"],
        residue_numbers=[-1, 0, 7, 7, 8],
        insertion_codes=["", "", "", "A", ""],
        b_factors=[1, 2, 3, 4, 5],
    )


def arguments(length=3):
    """Valid constructor arguments."""
    return {
        "coords": np.zeros((length, 4, 3)),
        "mask": np.ones((length, 4), bool),
        "residue_names": ["ALA"] * length,
        "chain_ids": ["A"] * length,
        "residue_numbers": range(1, length + 1),
        "insertion_codes": [""] * length,
        "b_factors": None,
    }


def test_from_coords_fills_in_defaults():
    backbone = Backbone.from_coords(np.zeros((3, 4, 3), dtype=np.float32))
    assert backbone.coords.dtype == np.float64
    assert backbone.mask.all()
    assert backbone.sequence == "AAA"
    assert backbone.residue_numbers.tolist() == [1, 2, 3]
    assert backbone.chain_ids.tolist() == ["A"] * 3
    assert backbone.insertion_codes.tolist() == [""] * 3
    assert backbone.b_factors is None


def test_atom_with_one_missing_coordinate_is_missing():
    coords = np.zeros((2, 4, 3))
    coords[0, 1, 2] = np.nan
    coords[1, 3, 0] = np.inf
    backbone = Backbone.from_coords(coords)
    assert backbone.mask.tolist() == [[True, False, True, True], [True, True, True, False]]
    assert np.isnan(backbone.coords[~backbone.mask]).all()
    assert np.isfinite(backbone.coords[backbone.mask]).all()


def test_views():
    backbone = two_chains()
    assert len(backbone) == 5
    assert backbone.sequence == "MKXGA"
    assert backbone.residue_names.tolist() == ["MET", "LYS", "UNK", "GLY", "ALA"]
    assert backbone.chains == ("B", "A")
    np.testing.assert_array_equal(backbone.ca, backbone.coords[:, 1])
    assert "5 residues" in repr(backbone)


def test_sequence_round_trip_covers_all_letters():
    letters = "".join(ONE_TO_THREE)
    backbone = Backbone.from_coords(np.zeros((len(letters), 4, 3)), letters.lower())
    assert backbone.sequence == letters


def test_chain_selects_with_numbering():
    chain = two_chains().chain("A")
    assert chain.sequence == "XGA"
    assert chain.residue_numbers.tolist() == [7, 7, 8]
    assert chain.insertion_codes.tolist() == ["", "A", ""]
    assert chain.b_factors.tolist() == [3, 4, 5]


def test_unknown_chain_names_those_present():
    with pytest.raises(ValueError, match="no chain 'Z'; chains present: 'B', 'A'"):
        two_chains().chain("Z")


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (slice(1, 4), [1, 2, 3]),
        (slice(None, None, -2), [4, 2, 0]),
        ([3, 0], [3, 0]),
        (np.array([1, 0, 0, 1, 1], bool), [0, 3, 4]),
        ([], slice(0)),
    ],
)
def test_getitem_applies_to_every_array(index, rows):
    backbone, chosen = two_chains(), two_chains()[index]
    for name in (*ARRAYS, "b_factors"):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(backbone, name)[rows])


def test_getitem_refuses_one_number_and_a_mask_of_the_wrong_length():
    with pytest.raises(TypeError, match=r"backbone\[i : i \+ 1\]"):
        two_chains()[2]
    with pytest.raises(IndexError):
        two_chains()[np.ones(4, bool)]


def test_cannot_be_changed():
    backbone = two_chains()
    for name in (*ARRAYS, "b_factors"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(backbone, name)[0] = getattr(backbone, name)[1]
    with pytest.raises(AttributeError):
        backbone.coords = np.zeros((5, 4, 3))
    with pytest.raises(ValueError, match="read-only"):
        backbone.ca[0] = 0


def test_does_not_share_memory_with_its_input():
    given_arrays = arguments()
    backbone = Backbone(**given_arrays)
    given_arrays["coords"][:] = 9
    given_arrays["mask"][:] = False
    assert (backbone.coords == 0).all()
    assert backbone.mask.all()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_equal_and_read_only(duplicate):
    backbone = two_chains()
    other = duplicate(backbone)
    for name in (*ARRAYS, "b_factors"):
        np.testing.assert_array_equal(getattr(other, name), getattr(backbone, name))
        assert not getattr(other, name).flags.writeable


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"coords": np.zeros((3, 3, 3))}, r"coords: shape \(3, 3, 3\), expected \(L, 4, 3\)"),
        ({"coords": np.zeros((3, 3))}, "coords: shape"),
        ({"coords": "abc"}, "coords: cannot be read as float64"),
        ({"coords": np.full((3, 4, 3), np.nan)}, "coords: an atom that the mask marks as present"),
        ({"mask": np.ones((3, 3), bool)}, r"mask: shape \(3, 3\), expected \(3, 4\)"),
        ({"residue_names": ["ALA"] * 2}, r"residue_names: shape \(2,\), expected \(3,\)"),
        ({"residue_names": ["ALA", "MSE", "ala"]}, "residue_names: 'MSE', 'ala' not among"),
        ({"chain_ids": "A"}, "chain_ids: shape"),
        ({"residue_numbers": [1, 2]}, "residue_numbers: shape"),
        ({"residue_numbers": [1.0, 2.5, 3.0]}, "residue_numbers: .*not integers"),
        ({"insertion_codes": [""] * 4}, "insertion_codes: shape"),
        ({"b_factors": np.zeros((3, 4))}, "b_factors: shape"),
        ({"b_factors": [0, 1, np.nan]}, "b_factors: every value must be finite"),
    ],
)
def test_wrong_input_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        Backbone(**(arguments() | changed))


@pytest.mark.parametrize(
    ("sequence", "message"),
    [("AA", "2 letters for 3 residues"), ("ABA", "unknown residue 'B' at position 2")],
)
def test_wrong_sequence_is_named(sequence, message):
    with pytest.raises(ValueError, match=message):
        Backbone.from_coords(np.zeros((3, 4, 3)), sequence)


def test_wrong_coords_for_from_coords():
    for shape in ((), (4, 3), (5, 3), (2, 5, 3)):
        with pytest.raises(ValueError, match="coords: shape"):
            Backbone.from_coords(np.zeros(shape))


def test_empty_backbone():
    backbone = Backbone.from_coords(np.zeros((0, 4, 3)))
    assert len(backbone) == 0
    assert backbone.sequence == ""
    assert backbone.chains == ()


@given(st.data())
def test_selecting_twice_is_selecting_once(data):
    backbone = two_chains()
    first = data.draw(st.lists(st.integers(0, 4), min_size=1))
    second = data.draw(st.lists(st.integers(0, len(first) - 1)))
    twice, once = backbone[first][second], backbone[np.array(first)[np.array(second, int)]]
    for name in (*ARRAYS, "b_factors"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(once, name))
