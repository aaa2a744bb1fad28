"""`protdiff.design`: what is fixed, favoured, forbidden and tied holds exactly."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

import protdiff
from protdiff.sequence import designer
from protdiff.sequence.engines import OwnEngine
from protdiff.structure.backbone import RESIDUE_TYPES, joined

from ..conftest import ROOT, double_precision


@pytest.fixture(scope="module")
def chain():
    """A chain of 40 residues."""
    return protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[10:50]


@pytest.fixture(scope="module")
def pair(chain):
    """Two copies of a chain beside each other."""
    copy = replace(chain, coords=chain.coords + np.array([12.0, 0, 0]), chain_ids=np.full(40, "B"))
    return joined([chain, copy])


@pytest.fixture
def design(tiny_types):
    """`protdiff.design` at temperature 1, with the tiny weights."""

    def call(backbone, num=3, temperature=1.0, **options):
        return protdiff.design(
            backbone, num, temperature=temperature, weights=tiny_types, **options
        )

    return call


def letters(design, rows=slice(None)):
    return np.array(list(design.sequence))[rows]


def test_atoms_and_numbers_stay(design, chain):
    for one in design(chain):
        np.testing.assert_array_equal(one.backbone.coords, chain.coords)
        for name in ("mask", "chain_ids", "residue_numbers", "insertion_codes", "b_factors"):
            np.testing.assert_array_equal(getattr(one.backbone, name), getattr(chain, name))
        assert one.sequence != chain.sequence and one.designed.all()


def test_fixed_residues_stay_and_have_no_log_probability(design, chain):
    fixed = np.arange(40) % 3 == 0
    drawn = design(chain, fixed=fixed)
    for one in drawn:
        assert (letters(one, fixed) == np.array(list(chain.sequence))[fixed]).all()
        assert (one.designed == ~fixed).all() and (one.log_prob[fixed] == 0).all()
        assert one.nats == pytest.approx(-one.log_prob[~fixed].mean())
    assert drawn[0].sequence != drawn[1].sequence


def test_fixed_residues_are_seen(design, chain):
    """Other names of the fixed half give other probabilities to the rest."""
    fixed = np.arange(40) < 20
    other = replace(chain, residue_names=np.full(40, "TRP"))
    first, second = (design(b, 1, temperature=0, fixed=fixed)[0] for b in (chain, other))
    assert not np.array_equal(first.log_prob[20:], second.log_prob[20:])


def test_all_may_be_fixed(design, chain):
    [one] = design(chain, 1, fixed=np.ones(40, bool))
    assert one.sequence == chain.sequence and np.isnan(one.nats) and not one.designed.any()


def test_omitted_types_are_never_drawn(design, chain):
    omitted = RESIDUE_TYPES[3:]
    for one in design(chain, 5, omit=omitted):
        assert set(one.sequence) <= set("ARN")


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 0.1, 1.0])
def test_a_large_bias_is_a_must(design, chain, temperature):
    [one] = design(chain, 1, temperature=temperature, bias={"W": 1e9})
    assert set(one.sequence) == {"W"}
    # The log-probability is that of the network, without the bias.
    assert -6 < one.log_prob.max() < 0


def test_bias_of_residues(design, chain):
    table = np.zeros((40, 20))
    table[5:9, RESIDUE_TYPES.index("K")] = 1e6
    table[20] = -np.inf
    table[20, RESIDUE_TYPES.index("D")] = 0
    for one in design(chain, bias=table):
        assert one.sequence[5:9] == "KKKK" and one.sequence[20] == "D"
        assert set(one.sequence) > set("KD")


def test_a_bias_adds_to_log_probabilities(design, chain):
    """At temperature 1, log-odds of two types move by the bias."""
    part = chain[:1]
    count = 4000
    plain, biased = (
        "".join(one.sequence for one in design(part, count, bias=bias))
        for bias in (None, {"L": 2.0})
    )
    odds = [text.count("L") / (len(text) - text.count("L")) for text in (plain, biased)]
    assert np.log(odds[1] / odds[0]) == pytest.approx(2.0, abs=0.25)  # four standard errors


def test_tied_chains_have_one_sequence(design, pair):
    for one in design(pair, tied=["A", "B"]):
        assert one.backbone.chain("A").sequence == one.backbone.chain("B").sequence
    assert any(
        one.backbone.chain("A").sequence != one.backbone.chain("B").sequence for one in design(pair)
    )


def test_groups_of_copies_may_come_one_after_the_other(design, pair):
    [one] = design(pair, 1, tied=zip("A", "B", strict=True))
    assert "".join(letters(one, slice(40))) == "".join(letters(one, slice(40, 80)))


def test_what_is_fixed_in_one_copy_is_fixed_in_all(design, pair):
    names = pair.residue_names.copy()
    names[40:] = "ALA"
    fixed = np.zeros(80, bool)
    fixed[3:6] = True
    [one] = design(replace(pair, residue_names=names), 1, fixed=fixed, tied=["A", "B"])
    assert one.sequence[3:6] == one.sequence[43:46] == pair.sequence[3:6]
    assert (one.designed[40:] == ~fixed[:40]).all()
    fixed[43] = True
    with pytest.raises(ValueError, match=r"`fixed`: A\w+ and B\w+ are tied, but are \w+ and ALA"):
        design(replace(pair, residue_names=names), 1, fixed=fixed, tied=["A", "B"])


def test_copies_belong_together_by_number(design, pair):
    """Chain A lacks its first residue, chain B its last: equally many, but not place by place."""
    part = pair[np.setdiff1d(np.arange(80), [0, 79])]
    with pytest.warns(protdiff.ProtdiffWarning, match="by residue number; 2 residues"):
        drawn = design(part, tied=["A", "B"])
    for one in drawn:
        a, b = (one.backbone.chain(c) for c in "AB")
        assert a.sequence[:-1] == b.sequence[1:]


def test_copies_that_are_numbered_on_belong_together_by_place(design, pair):
    on = replace(pair, residue_numbers=np.arange(1, 81))
    for one in design(on, tied=[["A", "B"]]):
        assert one.sequence[:40] == one.sequence[40:]
    with pytest.raises(ValueError, match="`tied`: chain 'B' has 39 residues, chain 'A' 40"):
        design(on[:79], tied=["A", "B"])


def lacking(backbone, row, atom):
    mask = backbone.mask.copy()
    mask[row, atom] = False
    return replace(backbone, mask=mask)


def test_a_residue_without_c_keeps_its_name(design, chain):
    with pytest.warns(protdiff.ProtdiffWarning, match="1 residue lacks N, CA or C and is not"):
        drawn = design(lacking(chain, 7, 2))
    for one in drawn:
        assert one.sequence[7] == chain.sequence[7] and not one.designed[7]
        assert one.designed.sum() == 39


def test_a_copy_without_atoms_has_the_sequence_of_the_others(design, pair):
    with pytest.warns(protdiff.ProtdiffWarning, match="1 residue lacks"):
        drawn = design(lacking(pair, 7, 2), tied=["A", "B"])
    for one in drawn:
        assert one.sequence[:40] == one.sequence[40:]


def test_a_fixed_residue_without_atoms_is_fixed_in_its_copies(design, pair):
    fixed = np.zeros(80, bool)
    fixed[7] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [one] = design(lacking(pair, 7, 2), 1, fixed=fixed, tied=["A", "B"])
    assert one.sequence[7] == one.sequence[47] == pair.sequence[7]


def test_more_sequences_do_not_change_the_first_ones(design, chain, monkeypatch):
    many = design(chain, 7)
    assert [one.sequence for one in design(chain, 2)] == [one.sequence for one in many[:2]]
    monkeypatch.setattr(designer, "RESIDUES_AT_ONCE", 90)  # two at a time
    assert [one.sequence for one in design(chain, 7)] == [one.sequence for one in many]
    assert [one.number for one in many] == list(range(7))
    assert [one.sequence for one in design(chain, 7, seed=1)] != [one.sequence for one in many]


def test_a_draw_is_equal_in_parts_and_as_a_file(design, chain, tmp_path):
    protdiff.write(chain, tmp_path / "chain.cif")
    first, second = design(chain, 1), design(tmp_path / "chain.cif", 1)
    assert first[0].sequence == second[0].sequence


@pytest.mark.parametrize("name", ["ALA", "GLY", "UNK"])
def test_names_that_are_not_fixed_do_not_matter(design, chain, name):
    other = replace(chain, residue_names=np.full(40, name))
    assert [o.sequence for o in design(chain)] == [o.sequence for o in design(other)]


def test_a_fixed_unknown_residue_stays_unknown(design, chain):
    names = chain.residue_names.copy()
    names[4] = "UNK"
    fixed = np.arange(40) == 4
    [one] = design(replace(chain, residue_names=names), 1, fixed=fixed)
    assert one.sequence[4] == "X" and one.sequence.count("X") == 1


def test_the_type_of_tensors_of_a_session_changes_nothing(design, chain):
    plain = design(chain)
    with double_precision():
        made = design(chain)
    for one, other in zip(plain, made, strict=True):
        assert one.sequence == other.sequence and np.array_equal(one.log_prob, other.log_prob)


def test_threads_of_a_session_do_not_matter(design, chain, monkeypatch):
    """It draws with one, as the command line does, and leaves those of the session."""
    seen, before, draw = [], torch.get_num_threads(), OwnEngine.draw
    monkeypatch.setattr(
        OwnEngine, "draw", lambda *given: seen.append(torch.get_num_threads()) or draw(*given)
    )
    torch.set_num_threads(2)
    try:
        design(chain)
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)


def test_temperature_zero_is_deterministic(design, chain):
    drawn = design(chain, 3, temperature=0)
    assert len({one.sequence for one in drawn}) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num": 0}, "`num` 0"),
        ({"temperature": -1}, "`temperature` -1"),
        ({"temperature": float("nan")}, "`temperature` nan"),
        ({"seed": -1}, "`seed` -1"),
        ({"fixed": np.ones(3, bool)}, "`fixed`: must be 40 booleans"),
        ({"fixed": [1] * 40}, "`fixed`: must be 40 booleans"),
        ({"omit": "Z"}, "`omit`: 'Z' is no residue type"),
        ({"omit": RESIDUE_TYPES}, "needs a type"),
        ({"bias": {"AR": 1.0}}, "`bias`: 'AR' is no residue type"),
        ({"bias": {"A": np.inf}}, "a number or -inf"),
        ({"bias": {"A": np.nan}}, "a number or -inf"),
        ({"bias": np.zeros((40, 21))}, r"`bias`: shape \(40, 21\), expected \(40, 20\)"),
        ({"tied": ["A"]}, "`tied`: name two or more chains"),
        ({"tied": ["A", "A"]}, "`tied`: name two or more chains"),
        ({"tied": ["A", "Q"]}, "no chain 'Q'"),
        ({"tied": ["A", "B", ["C", "D"]]}, "`tied`: name chains, or groups of chains, not both"),
    ],
)
def test_bad_arguments(design, chain, options, message):
    with pytest.raises(ValueError, match=message):
        design(chain, **options)


def test_an_empty_bias_is_none(design, chain):
    assert [o.sequence for o in design(chain, bias={})] == [o.sequence for o in design(chain)]


def test_backbones_that_cannot_be_designed(design, chain):
    with pytest.raises(ValueError, match="no residue has N, CA and C"):
        design(replace(chain, mask=chain.mask & [False, True, True, True]))
    large = joined([chain] * 126)
    with pytest.raises(ValueError, match="5040 residues; at most 5000"):
        design(large)
