"""The language of contigs, and what is said of wrong ones."""

from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.conditioning import Motif
from protdiff.conditioning.contig import Fixed, New, parse_contig, read_specification
from protdiff.conditioning.motif import draw_sizes
from protdiff.conditioning.ranges import find_residues

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
SPECIFICATION = """\
REMARK 999 NAME   1YCR
REMARK 999 INPUT     10  40
REMARK 999 INPUT  A   3   7
REMARK 999 INPUT      5   5
REMARK 999 INPUT  A  11  14 B
REMARK 999 MINIMUM TOTAL LENGTH      30
REMARK 999 MAXIMUM TOTAL LENGTH      50
"""


@pytest.fixture(scope="module")
def source():
    return protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")


@pytest.mark.parametrize("text", ["10-40,B19-27,5", "10-40/B19-27/5", "10-40,B:19-27,5-5"])
def test_segments(text):
    assert parse_contig(text).segments == (
        New(10, 40), Fixed("B", (19, ""), (27, "")), New(5, 5),
    )  # fmt: skip


def test_groups_insertion_codes_and_negative_numbers():
    segments = parse_contig("A-3-2,4|H100A-100C,L7").segments
    assert segments == (
        Fixed("A", (-3, ""), (2, ""), "A"), New(4, 4),
        Fixed("H", (100, "A"), (100, "C"), "B"), Fixed("L", (7, ""), (7, ""), "B"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "[5-9/A1-3/7/B5]", "contigmap.contigs=[5-9/A1-3/7-7/B5-5]", "['5-9,A1-3,7-7,B5-B5']",
        "\\[\\'5-9\\,A1-3\\,7\\,B5\\'\\]", "contigs: ['5-9/A1-3/7/B5/0 ']", "5-9, A1-A3, 7, B5 ",
        "0,5-9,A1-3,7,B5,/0", "5\u20139,A1\u20133,7,B:5",
        "5-9,A1-3,7,B5,\\0", "/0 5-9/A1-3/7/B5", '{"contig": "5-9,A1-3,7,B5"}',
    ],
)  # fmt: skip
def test_contigs_as_other_programs_write_them(text):
    segments = parse_contig(text).segments
    assert segments == (
        New(5, 9), Fixed("A", (1, ""), (3, "")), New(7, 7), Fixed("B", (5, ""), (5, "")),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("A1-20,0,B1-20", ["A1-20,B1-20 to bond all in one chain"]),
        ("[A1-20/0 B1-20]", ["A1-20,B1-20 to bond"]),
        ("5/A1-9/5/0 B1-20", ["5,A1-9,5 alone", "5,A1-9,5,B1-20 to bond"]),
        ("[A1-20/0 70-100]", ["`length` 70-100 without `contig`", "A1-20,70-100 to bond"]),
        ("70-100,/0,A1-20,/0,A30", ["`length` 70-100 without", "70-100,A1-20,A30 to bond"]),
        ("A1,\\0,B1", ["A1,B1"]),
        ("A1/0-0/B1", ["A1,B1"]),
    ],
)
def test_a_chain_break_is_named(text, choices):
    with pytest.raises(ValueError, match="/0 is a chain break, and one chain is drawn") as error:
        parse_contig(text)
    assert all(choice in str(error.value) for choice in choices)


def test_specification_lines(tmp_path):
    path = tmp_path / "motif.pdb"
    path.write_text(SPECIFICATION)
    contig = read_specification(path)
    assert contig.segments == (
        New(10, 40), Fixed("A", (3, ""), (7, ""), "A"), New(5, 5),
        Fixed("A", (11, ""), (14, ""), "B"),
    )  # fmt: skip
    assert (contig.least, contig.most) == (30, 50)
    path.write_text("REMARK   2\n")
    assert read_specification(path) is None


def test_lengths_meet_the_contig(source):
    first = int(source.residue_numbers[0])
    motif = Motif(source, f"10-40,A{first}-{first + 8},10-40")
    assert motif.lengths() == range(29, 90)
    assert list(motif.lengths([20, 40, 95])) == [40]
    assert motif.lengths(range(40, 61)) == range(40, 61)


@pytest.mark.parametrize(
    ("contig", "message"),
    [
        ("10-40,B19-27", "no chain B; there are A"),
        ("40-10,A1-3", "40-10 runs backwards"),
        ("0-99999999999,A1-3", "0-99999999999 is more than the 2048 residues of a chain"),
        ("5,A9-7", "A9-7 runs backwards; in the file A9 comes after A7: write A7-9"),
        ("10 A9 10", "put a comma between segments: 10,A9,10"),
        ("5A-7,A9", "5A-7 names no chain; write A5A-7, or _5A-7 for a blank chain id"),
        ("5,A900", "chain A has no residue 900; it runs from"),
        ("5,{a}-{b},3,{b}", "{b} is in two segments"),
        ("5,{a},3,{a}", "{a} is there twice"),
        ("10-40", "names no residue of the structure"),
        ("10-40,?", "'\\?' is not a segment"),
        ("10-40,,A3", "an empty segment"),
        ("{a},0-1,{z}", "cannot bridge"),
    ],
)
def test_wrong_contigs(source, contig, message):
    names = {
        key: f"A{source.residue_numbers[k]}{source.insertion_codes[k]}"
        for key, k in (("a", 0), ("b", 4), ("z", -1))
    }
    text = contig.format(**names).replace("-A", "-")
    with pytest.raises(ValueError, match=message.format(**names)):
        Motif(source, text)


def test_missing_atoms_are_named(source):
    mask, coords = np.array(source.mask), np.array(source.coords)
    mask[3, 2] = False
    from dataclasses import replace

    broken = replace(source, coords=coords, mask=mask)
    number = int(source.residue_numbers[3])
    with pytest.raises(ValueError, match=f"residue A{number}.* lacks C;"):
        Motif(broken, f"5,A{number - 1}-{number + 1},5")


def test_insertion_codes_select_residues(source):
    from dataclasses import replace

    numbers, codes = np.array(source.residue_numbers), np.array(source.insertion_codes, dtype="<U1")
    numbers[4:7], codes[4:7] = numbers[3], ["A", "B", "C"]
    inserted = replace(source, residue_numbers=numbers, insertion_codes=codes)
    [_, segment] = parse_contig(f"5,A{numbers[3]}A-{numbers[3]}C").segments
    assert find_residues(inserted, segment, "").tolist() == [4, 5, 6]


def test_sizes_are_uniform_over_all_choices():
    """Enumeration: three ranges, 10 residues."""
    ranges = [(0, 5), (2, 8), (1, 4)]
    choices = [
        (a, b, 10 - a - b)
        for a in range(6) for b in range(2, 9) if 1 <= 10 - a - b <= 4
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    drawn = [tuple(draw_sizes(ranges, 10, rng)) for _ in range(6000)]
    assert set(drawn) == set(choices)
    counts = np.array([drawn.count(c) for c in choices])
    expected = 6000 / len(choices)
    assert ((counts - expected) ** 2 / expected).sum() < 2 * len(choices)
