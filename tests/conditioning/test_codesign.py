"""Co-design as a condition: what it keeps, what it refuses, where its region is."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

import protdiff
from protdiff.conditioning import CoDesign, RadiusOfGyration, Redesign, Sum, Symmetry
from protdiff.structure.backbone import joined

from ..conftest import ROOT


@pytest.fixture(scope="module")
def source():
    """Chain B of 30 residues, and chain A, 1 to 40 without 29 to 31."""
    chain = protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[10:50]
    a = replace(chain, residue_numbers=np.arange(1, 41), insertion_codes=np.full(40, ""))
    b = replace(a[:30], coords=a.coords[:30] + 40.0, chain_ids=np.full(30, "B"))
    return joined([b, a[np.setdiff1d(np.arange(40), [28, 29, 30])]])


def placed(condition, length=40):
    return condition.for_sample(length, np.random.default_rng(0))


def test_the_region_in_the_chain_and_in_the_file(source):
    """Residues 29-31 are drawn, but not written: behind them the two differ."""
    region = placed(CoDesign(source, "A5-6,A34-35")).region
    assert region.places.tolist() == [4, 5, 33, 34]
    assert region.rows.tolist() == [34, 35, 60, 61]
    region = placed(CoDesign(source, "A34-35", "sequence"), 37).region
    assert region.rows.tolist() == [60, 61] and region.backbone is source


def test_types_of_the_region_are_hidden_from_the_network(source):
    types = source.chain("A").sequence
    hidden = placed(CoDesign(source, "A5-6")).sequence()
    assert hidden == types[:4] + "XX" + types[6:28] + "XXX" + types[28:]
    assert placed(CoDesign(source, "A5-6", "structure")).region is None
    still = placed(CoDesign(source, "A5-6", "sequence"), 37)
    assert still.sequence() == types[:4] + "XX" + types[6:]
    assert [row[0] for row in still.residues()] == [k for k in range(37) if k not in (4, 5)]


def test_types_to_start_from_with_a_strength(source):
    assert placed(CoDesign(source, "A5-7", strength=0.3)).region.letters == source.sequence[34:37]
    assert placed(CoDesign(source, "A5-7")).region.letters is None
    names = source.residue_names.copy()
    names[34:37] = "ALA"
    bare = CoDesign(replace(source, residue_names=names), "A5-7", strength=0.3)
    assert placed(bare).region.letters == "AAA"


def test_a_region_that_grows_has_more_places(source):
    condition = CoDesign(source, "A5-6", length_change=(0, 2))
    assert list(condition.lengths()) == [40, 41, 42]
    assert placed(condition, 42).region.places.tolist() == [4, 5, 6, 7]


def test_a_start_has_no_second_pass(source):
    """The chain is in its place from the beginning, and noising it twice would move it farther."""
    assert placed(Redesign(source, "A5-7")).second_pass > 0
    start = placed(Redesign(source, "A5-7", strength=0.3))
    assert start.second_pass == 0 and start.start().time == 0.3
    assert placed(Redesign(source, "A5-7")).start() is None


def test_a_start_bridges_unobserved_residues_on_a_line(source):
    from protdiff.conditioning import ca_of

    chain = source.chain("A")
    start = placed(Redesign(source, "A5-7", strength=0.3)).start()
    ca = ca_of(start.components).numpy()
    ca += chain.ca[0] - ca[0]
    np.testing.assert_allclose(np.delete(ca, [28, 29, 30], 0), chain.ca, atol=1e-9)
    line = np.linspace(chain.ca[27], chain.ca[28], 5)
    np.testing.assert_allclose(ca[27:32], line, atol=1e-9)
    assert np.isfinite(start.off.links).all() and np.isfinite(start.off.ends).all()


def test_surroundings_of_alanine_are_worth_a_warning(source):
    bare = replace(source, residue_names=np.full(len(source), "ALA"))
    for mode in ("both", "sequence"):
        with pytest.warns(protdiff.ProtdiffWarning, match="around them are alanine"):
            CoDesign(bare, "A5-7", mode)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CoDesign(bare, "A5-7", "structure")
        CoDesign(source, "A5-7")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "all"}, "`mode` all: choose from structure, sequence, both"),
        ({"mode": "sequence", "length_change": (0, 2)}, "`length_change`: new residues have no"),
        ({"mode": "structure", "length_change": (1, 1)}, "`length_change`: new residues have no"),
        ({"mode": "sequence", "strength": 0.3}, "`strength`: `mode` sequence moves no atom"),
        ({"strength": 0.0}, "`strength` 0: must be above 0"),
        ({"strength": 1.0}, "`strength` 1: must be above 0"),
        (
            {"strength": 0.3, "length_change": (0, 2)},
            "`strength`: needs regions of the same length",
        ),
        ({"temperature": -1.0}, "`temperature` -1: must lie between"),
        ({"regions": "A27-33", "strength": 0.3}, "`strength`: residue A29 lacks backbone atoms"),
        ({"regions": "C5-9"}, "no chain C"),
    ],
)
@pytest.mark.filterwarnings("ignore::protdiff.ProtdiffWarning")
def test_what_makes_no_sense_is_refused(source, options, message):
    with pytest.raises(ValueError, match=message):
        CoDesign(source, **({"regions": "A5-7"} | options))


def test_what_cannot_be_combined_is_refused(source):
    alone = source.chain("A")
    with pytest.raises(ValueError, match="`symmetry`: types are drawn for one chain alone"):
        CoDesign(alone, "A5-7") + Symmetry("C3")
    with pytest.raises(ValueError, match="`mode` sequence: no atom moves"):
        CoDesign(source, "A5-7", "sequence") + RadiusOfGyration(12.0)
    assert isinstance(CoDesign(alone, "A5-7", "structure") + Symmetry("C3"), Sum)
    both = CoDesign(source, "A5-7") + RadiusOfGyration(12.0)
    assert placed(both).region.places.tolist() == [4, 5, 6]


def test_lengths_follow_from_the_regions(source):
    for mode, count in (("both", 40), ("structure", 40), ("sequence", 37)):
        condition = CoDesign(source, "A5-7", mode)
        assert list(condition.lengths()) == list(condition.lengths([count])) == [count]
        with pytest.raises(ValueError, match="`length`: follows from `regions`"):
            condition.lengths([50])
