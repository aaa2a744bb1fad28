"""Ranges run in the order of the file, whatever the numbers are; blank chains have a name."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protdiff import Backbone, ProtdiffWarning
from protdiff.conditioning import CoDesign, KeepFold, KeepFragments, PartialFlow, Redesign
from protdiff.conditioning.ranges import (
    check_observed,
    find_chain,
    find_residues,
    missing_between,
    parse_range,
    residue_name,
)

IMGT = ["110", "111", "111A", "111B", "112B", "112A", "112", "113"]
FUSION = ["19", "20", *map(str, range(1002, 1012)), "31", "32"]


def chain_of(names, chain="A", steps=None):
    """A straight chain with these residue numbers and codes."""
    numbers = [int(name.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) for name in names]
    codes = [name.removeprefix(str(n)) for name, n in zip(names, numbers, strict=True)]
    coords = np.zeros((len(names), 4, 3))
    coords[:, :, 0] = np.r_[0, np.cumsum(steps or [3.8] * (len(names) - 1))][:, None]
    return Backbone.from_coords(
        coords, chain_ids=chain, residue_numbers=numbers, insertion_codes=np.array(codes)
    )


def rows(backbone, text):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ProtdiffWarning)
        return find_residues(backbone, parse_range(text, "here"), "here").tolist()


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (IMGT, "A111-112", range(1, 7)),
        (IMGT, "A111A-112A", range(2, 6)),
        (IMGT, "A112B-112A", range(4, 6)),
        (IMGT, "A111b-112b", range(3, 5)),  # other case than in the file
        (IMGT, "A112A", [5]),
        (FUSION, "A1005-1011", range(5, 12)),
        (["-2", "-1", "0", "1"], "A-2--1", range(2)),
        (["-2", "-1", "0", "1"], "A:-1-1", range(1, 4)),
        (["9", "8", "7"], "A9-7", range(3)),
    ],
)
def test_ranges_run_in_the_order_of_the_file(names, text, expected):
    assert rows(chain_of(names), text) == list(expected)


@pytest.mark.parametrize(
    ("text", "others", "expected"),
    [
        (
            "A20-31",
            r"A20-31 takes in residues of other numbers .*\(10: A1002 to A1011",
            range(1, 13),
        ),
        ("A1010-31", None, range(10, 13)),
        ("A19-1003", None, range(4)),
    ],
)
def test_residues_of_other_numbers_inside_are_named(text, others, expected):
    backbone = chain_of(FUSION)
    if others is None:
        assert rows(backbone, text) == list(expected)
        return
    with pytest.warns(ProtdiffWarning, match=others):
        found = find_residues(backbone, parse_range(text, "here"), "here")
    assert found.tolist() == list(expected)


@given(data=st.data())
def test_any_numbering(data):
    """The advice of a range that runs backwards is right, whatever the numbers are."""
    labels = st.tuples(st.integers(-99, 9999), st.sampled_from(["", "A", "B", "Z"]))
    keys = data.draw(st.lists(labels, min_size=2, max_size=12, unique=True))
    backbone = chain_of([f"{number}{code}" for number, code in keys], data.draw(
        st.sampled_from(["A", "b", "", "AB", "7", "A-2"])
    ))  # fmt: skip
    first, last = data.draw(st.tuples(*[st.integers(0, len(keys) - 1)] * 2))
    prefix = residue_name(backbone, first)
    text = f"{prefix}-{keys[last][0]}{keys[last][1]}"
    warnings.simplefilter("ignore", ProtdiffWarning)
    if first > last:
        with pytest.raises(ValueError, match="runs backwards") as error:
            find_residues(backbone, parse_range(text, "here"), "here")
        text, first, last = str(error.value).rsplit("write ", 1)[1], last, first
    found = find_residues(backbone, parse_range(text, "here"), "here")
    assert found.tolist() == list(range(first, last + 1))


def test_blank_chains():
    blank = chain_of(["1", "2", "3"], "")
    assert rows(blank, "_1-2") == rows(blank, ":1-2") == rows(blank, "1-2") == [0, 1]
    assert residue_name(blank, 2) == "_3" and find_chain(blank, "_", "here") == ""
    underscore = chain_of(["1", "2"], "_")
    assert rows(underscore, "_1-2") == [0, 1] and find_chain(underscore, "_", "here") == "_"
    with pytest.raises(ValueError, match=r"here: A1: no chain A; there are _$"):
        rows(blank, "A1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A5-B7", "A5-B7 lies in two chains"),
        ("A111C-112", "has no residue 111C; it runs from 110 to 113, with 111, 111A, 111B"),
        ("A112-112B", "A112 comes after A112B: write A112B-112"),
        ("A90", "no residue 90; it runs from 110 to 113$"),
        ("A1-2-3", "is not a segment"),
        ("Ä1-3", "with their chain, B19-27 or B:19-27"),
        ("A1-" + "9" * 5000, "is not a segment"),
        ("9" * 5000, "is not a segment"),
        ("111-112 ", "is not a segment"),
    ],
)
def test_wrong_ranges(text, message):
    with pytest.raises(ValueError, match=message):
        rows(chain_of(IMGT), text)


def test_a_residue_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="chain A has 2 residues 2; give its parts chain ids"):
        rows(chain_of(["1", "2", "3", "1", "2"]), "A2-3")


def test_missing_residues_are_spelled_out():
    names = [str(n) for n in (*range(1, 5), *range(9, 13), 14)]
    backbone = chain_of(names, steps=[3.8] * 3 + [12.0] + [3.8] * 3 + [7.0])
    segment = parse_range("A2-14", "here")
    found = find_residues(backbone, segment, "here")
    with pytest.raises(ValueError, match=r"A4 and A9 are not bonded .*: A2-4,4,A9-12,1,A14$"):
        check_observed(backbone, found, segment, "here")
    with pytest.raises(ValueError, match="no residue 6; it runs from 1 to 14, without 5-8"):
        rows(backbone, "A6")
    assert [missing_between(backbone, k, k + 1) for k in (0, 3, 7)] == [0, 4, 1]


@pytest.mark.parametrize(
    "make",
    [
        KeepFold,
        KeepFragments,
        PartialFlow,
        lambda source: Redesign(source, "A5-10"),
        lambda source: CoDesign(source, "A5-10", "sequence"),
    ],
)
def test_a_path_is_no_backbone(make):
    """Conditions that need the whole file as it was read say so."""
    with pytest.raises(TypeError, match="`source`: str; must be a Backbone, such as"):
        make("complex.pdb")
