"""In-painting: the rest of the file stays, numbers follow, surroundings keep it off."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.conditioning import CoDesign, Redesign
from protdiff.conditioning.site import number_residues
from protdiff.sampling.plan import Request, resolved
from protdiff.sampling.settings import DEFAULTS
from protdiff.sampling.temperature import least_power

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def source():
    """Chains A (40 residues) and B, numbered from 101."""
    chain = protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:50]
    a = replace(chain, residue_numbers=np.arange(101, 141), insertion_codes=np.full(40, ""))
    b = replace(a, coords=a.coords + 60.0, chain_ids=np.full(40, "B"))
    fields = ("coords", "mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")
    return protdiff.Backbone(
        *(np.concatenate([getattr(x, field) for x in (b, a)]) for field in fields)
    )


def test_the_rest_of_the_file_is_preserved(source, tiny_weights):
    [made] = protdiff.generate(
        condition=Redesign(source, "A115-120,A128-130"), weights=tiny_weights, steps=12
    )
    assert len(made) == len(source) and made.chains == ("B", "A")
    np.testing.assert_array_equal(made.residue_numbers, source.residue_numbers)
    np.testing.assert_array_equal(made.residue_names, source.residue_names)
    new = np.zeros(80, bool)
    new[[*range(54, 60), *range(67, 70)]] = True
    np.testing.assert_array_equal(made.ca[~new], source.ca[~new])
    beside = np.zeros(80, bool)
    beside[[53, 60, 66, 70]] = True
    rest = ~new & ~beside
    np.testing.assert_array_equal(made.coords[rest], source.coords[rest])
    moved = np.linalg.norm(made.ca[new] - source.ca[new], axis=1)
    assert (moved > 0.01).all()


def test_lengths_change_and_numbers_follow(source, tiny_weights):
    redesign = Redesign(source, "A115-120", (-2, 3))
    assert redesign.lengths() == range(38, 44)
    made = protdiff.generate(
        length=[38, 43], num=2, condition=redesign, weights=tiny_weights, steps=6
    )
    for backbone, inside in (
        (made[0], ["115", "116", "117", "118"]),
        (made[1], ["115", "116", "117", "118", "119", "120", "120A", "120B", "120C"]),
    ):
        chain = backbone.chain("A")
        labels = [
            f"{n}{c}" for n, c in zip(chain.residue_numbers, chain.insertion_codes, strict=True)
        ]
        assert labels[13 : 13 + len(inside) + 2] == ["114", *inside, "121"]
        assert set(chain.residue_names[14 : 14 + len(inside)]) == {"ALA"}


def test_unobserved_residues_are_bridged_and_left_out(source, tiny_weights):
    gap = np.ones(80, bool)
    gap[60:64] = False  # A121-A124
    redesign = Redesign(source[gap], "A110-112")
    assert list(redesign.lengths()) == [40]
    [made] = protdiff.generate(condition=redesign, weights=tiny_weights, steps=6)
    np.testing.assert_array_equal(made.residue_numbers, source.residue_numbers[gap])


@pytest.mark.parametrize(("count", "text"), [(1, "1 residue between"), (2, "2 residues between")])
def test_residues_that_the_file_lacks_are_counted(source, count, text):
    seen = np.ones(80, bool)
    seen[52 : 52 + count] = False  # from A113 on
    verb = "is" if count == 1 else "are"
    text += f" A112 and A{113 + count}, which the file lacks, {verb} drawn too"
    with pytest.warns(protdiff.ProtdiffWarning, match=text):
        Redesign(source[seen], "A110-118")


def test_numbers_of_several_segments(source):
    chain = source.chain("A")
    redesign = Redesign(source, "A103-104,A110")
    numbers, codes, names = number_residues(redesign.site, redesign._layout([1, 0]), [1, 0])
    assert [f"{n}{c}" for n, c in zip(numbers, codes, strict=True)][1:6] == [
        "102", "103", "104", "104A", "105",
    ]  # fmt: skip
    assert names[2:5].tolist() == ["UNK"] * 3 and names[10] == chain.residue_names[9]


def test_residue_types_of_the_file_are_given(source):
    """Those of a region that keeps its length too; none of poly-alanine, nor of windows."""
    chain = source.chain("A")
    for regions, change, length, hidden in (
        ("A103-105", (0, 0), 40, ()),
        ("A103-105", (1, 1), 41, range(2, 6)),
    ):
        redesign = Redesign(source, regions, change)
        given = resolved(Request(0, length), redesign, 0).sequence
        assert [k for k, letter in enumerate(given) if letter == "X"] == list(hidden)
        rest = "".join(letter for letter in given if letter != "X")
        assert rest == chain.sequence[:2] + chain.sequence[2:5] * (not hidden) + chain.sequence[5:]
        assert resolved(Request(0, length, "W" * length), redesign, 0).sequence == "W" * length
    # New residues are drawn at a higher temperature than a fold whose sequence alone is given.
    plain = resolved(Request(0, 40), Redesign(source, "A103-105"), 0)
    also = resolved(Request(0, 40), Redesign(source, "A103-105") + (lambda clean, *_: clean), 0)
    assert least_power(plain) == least_power(also) == DEFAULTS.law.redesign_power < 8
    assert least_power(replace(plain, condition=None)) == DEFAULTS.law.given_power == 8
    bare = replace(source, residue_names=np.full(80, "ALA"))
    assert resolved(Request(0, 40), Redesign(bare, "A103-105"), 0).sequence is None
    windows = Redesign.at(source, np.arange(40, 80), [(2, 5)])
    assert resolved(Request(0, 40), windows, 0).sequence is None


def test_a_sequence_of_another_length_is_refused(source, tiny_weights):
    with pytest.raises(ValueError, match="39 letters, but the condition gives 40 to 42"):
        protdiff.generate(
            condition=Redesign(source, "A103-105", (0, 2)), sequence="A" * 39, weights=tiny_weights
        )


def test_new_residues_have_the_types_that_were_asked_for(source, tiny_weights):
    redesign = Redesign(source, "A103-105", (1, 1))
    [made] = protdiff.generate(
        condition=redesign, sequence="X" * 3 + "WX" + "X" * 36, weights=tiny_weights, steps=3
    )
    assert made.chain("A").residue_names[2:6].tolist() == ["ALA", "TRP", "ALA", "ALA"]


def test_neighbouring_segments_and_codes_that_are_taken(source, tiny_weights):
    """Two segments side by side; 104A is there already, so new residues go on with 104B."""
    chain = source.chain("A")
    numbers, codes = np.array(chain.residue_numbers), np.array(chain.insertion_codes)
    numbers[4:], codes[4] = numbers[4:] - 1, "A"
    chain = replace(chain, residue_numbers=numbers, insertion_codes=codes)
    redesign = Redesign(chain, "A103-104,A104A-106", (0, 2))
    [made] = protdiff.generate(length=44, condition=redesign, weights=tiny_weights, steps=3)
    labels = [f"{n}{c}" for n, c in zip(made.residue_numbers, made.insertion_codes, strict=True)]
    assert labels[2:10] == ["103", "104", "104B", "104C", "104A", "105", "106", "106A"]
    with pytest.raises(ValueError, match="residue 104 has no insertion code left"):
        Redesign(chain, "A103-104", (30, 30)).for_sample(70, np.random.default_rng(0))


def test_atoms_beside_unobserved_residues_stay(source, tiny_weights):
    """Residues 126 to 128 are not there, and no number jump makes a thousand."""
    chain = source.chain("A")
    keep = np.r_[0:25, 28:40]
    for jump in (0, 1000):
        cut = chain[keep]
        numbers = np.array(cut.residue_numbers)
        numbers[25:] += jump
        cut = replace(cut, residue_numbers=numbers, b_factors=np.arange(37.0))
        redesign = Redesign(cut, "A105-107")
        assert 37 < redesign.lengths()[0] <= 40
        [made] = protdiff.generate(condition=redesign, weights=tiny_weights, steps=3)
        rest = np.r_[0:3, 8:37]
        np.testing.assert_array_equal(made.coords[rest], cut.coords[rest])
        assert made.b_factors[8:].tolist() == list(range(8, 37)) and made.b_factors[5] == 0


def test_new_residues_keep_off_other_chains(source):
    """A chain laid through the loop pushes it away; the estimate with it is farther."""
    import torch

    from protdiff.conditioning import ca_of
    from protdiff.conditioning.variation import components_of

    redesign = Redesign(source, "A115-120").for_sample(40, np.random.default_rng(0))
    chain = source.chain("A")
    clean, center = components_of(chain)
    variance = torch.linspace(5, 0.5, 80, dtype=torch.float64)
    variance[0] = 0
    redesign.motif.energies[-1].around = around = torch.tensor(chain.ca[15:19] + 0.5)
    free = Redesign(source.chain("A"), "A115-120").for_sample(40, np.random.default_rng(0))
    near = [
        float(torch.cdist(ca_of(c(clean, variance, 0.3))[14:20] + torch.tensor(center),
                          around).min())
        for c in (redesign, free)
    ]  # fmt: skip
    assert near[0] > near[1] + 0.5


@pytest.mark.parametrize(
    ("regions", "change", "message"),
    [
        ("C5-9", (0, 0), "no chain C; there are B, A"),
        ("A115-120,B105", (0, 0), "one chain at a time"),
        ("A115-120,A118-125", (0, 0), "A118-125 overlaps another segment"),
        ("A115-160", (0, 0), "chain A has no residue 160"),
        ("A120-115", (0, 0), "runs backwards"),
        ("A101-139", (0, 0), "leaves fewer than three residues"),
        ("A115-116", (-2, 0), "removes all of a segment"),
        ("A115-116", (3, -1), "put the smaller number first"),
        ("115-116", (0, 0), "115-116 names no chain; there are B, A"),
        ("A115-", (0, 0), "is not a segment"),
    ],
)
def test_wrong_regions(source, regions, change, message):
    with pytest.raises(ValueError, match=message):
        Redesign(source, regions, change)


def test_ranges_without_a_chain(source):
    """Of the only chain, or of the one given."""
    for redesign in (
        Redesign(source.chain("A"), "115-120,128"),
        Redesign(source, "115-120/128", chain="A"),
        Redesign(source, "[115-120,A128]", chain="A"),
    ):
        assert redesign.site.cuts == ((14, 20), (27, 28))
    with pytest.raises(ValueError, match="B105 is not in the chain A of `chain`"):
        Redesign(source, "115-120,B105", chain="A")


def test_missing_atoms_of_the_surroundings(source):
    mask, coords = np.array(source.mask), np.array(source.coords)
    mask[45, 0] = False
    with pytest.raises(ValueError, match="residue A106 of the surroundings lacks"):
        Redesign(replace(source, coords=coords, mask=mask), "A115-120")


@pytest.mark.parametrize("change", [[0, 0], np.zeros(2, int), (0, 0)])
def test_a_change_of_length_is_that_whatever_it_came_in(source, change):
    """Only the numbers count where a change of none is compared with none."""
    assert Redesign(source, "A115-120", change, strength=0.3).length_change == (0, 0)
    assert CoDesign(source, "A115-120", "structure", length_change=change).length_change == (0, 0)


@pytest.mark.parametrize("change", [2, (0.5, 1.0), (1, 2, 3), None])
def test_a_change_of_length_is_two_integers(source, change):
    with pytest.raises(TypeError, match=r"`length_change` .*: must be two integers, as \(-2, 3\)"):
        Redesign(source, "A115-120", change)
