"""Bonds that no chain has: which count, and who hears of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.conditioning import CoDesign, Motif, Redesign, Symmetry, Target
from protdiff.sampling.broken_bonds import broken_bonds
from protdiff.sampling.extension import Extension
from protdiff.sampling.plan import Request
from protdiff.structure import joined

FILE = Path(__file__).parents[2] / "data" / "examples" / "1tpk.pdb"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def chain():
    """30 residues, numbered from 1."""
    part = protdiff.read(FILE).chain("A")[10:40]
    return replace(part, residue_numbers=np.arange(1, 31), insertion_codes=np.full(30, ""))


@pytest.fixture(scope="module")
def two(chain):
    """That chain and a copy, far away."""
    return joined([chain, moved(chain, "B", 60.0)])


def moved(chain, name, away):
    return replace(chain, coords=chain.coords + away, chain_ids=np.full(len(chain), name))


def cut(backbone, row, by=2.0):
    """A structure whose residues from a row on, of that chain, are moved along the bond there."""
    coords, ca = np.array(backbone.coords), backbone.ca
    along = ca[row] - ca[row - 1]
    coords[row:][backbone.chain_ids[row:] == backbone.chain_ids[row]] += (
        by * along / np.linalg.norm(along)
    )
    return replace(backbone, coords=coords)


def test_bonds_of_a_free_chain(chain):
    request = Request(0, 30)
    assert broken_bonds(chain, request) == 0
    assert broken_bonds(cut(cut(chain, 4), 20), request) == 2
    assert broken_bonds(cut(chain, 4, -2.0), request) == 1  # too short


def test_a_redesign_answers_for_its_new_residues_alone(two):
    request = Request(0, 30, condition=Redesign(two, "B10-12").for_sample(30, RNG))
    for row, count in {5: 0, 20: 0, 38: 0, 39: 1, 40: 1, 41: 1, 42: 1, 43: 0}.items():
        assert broken_bonds(cut(two, row), request) == count, row


def test_residues_that_the_file_lacks_are_no_break(chain):
    gap = chain[np.r_[0:10, 14:30]]
    condition = Redesign(gap, "A8-10").for_sample(30, RNG)
    assert broken_bonds(gap, Request(0, 30, condition=condition)) == 0
    assert broken_bonds(cut(gap, 9), Request(0, 30, condition=condition)) == 1


def test_a_target_and_further_copies_do_not_count(chain):
    target = Target(moved(chain, "T", 60.0)).for_sample(30, RNG)
    made = joined([chain, moved(chain, "T", 60.0)])
    assert broken_bonds(cut(made, 45), Request(0, 30, condition=target)) == 0
    assert broken_bonds(cut(made, 15), Request(0, 30, condition=target)) == 1
    broken = cut(chain, 15)
    assembly = joined([broken, moved(broken, "B", 60.0)])
    assert broken_bonds(assembly, Request(0, 30, condition=Symmetry("C2"))) == 1


def test_a_motif_is_as_it_is_in_its_file(chain):
    motif = Motif(chain, "5,A1-20,5").for_sample(30, RNG)
    for row, count in {3: 1, 5: 1, 6: 0, 15: 0, 24: 0, 25: 1}.items():
        assert broken_bonds(cut(chain, row), Request(0, 30, condition=motif)) == count, row


def test_an_extension_answers_for_its_new_residues_alone(two):
    for end, count in {"C": {29: 1, 28: 1, 27: 0}, "N": {1: 1, 2: 1, 3: 0}}.items():
        kept = two[np.r_[0:28, 30:60] if end == "C" else np.r_[2:60]]
        request = Extension(kept, 30, "A", end).request(0)
        for row, broken in count.items():
            assert broken_bonds(cut(two, row), request) == broken, (end, row)


def test_where_no_atom_moves_nothing_is_broken(chain):
    broken = cut(chain, 10)
    condition = CoDesign(broken, "A8-12", "sequence").for_sample(30, RNG)
    assert broken_bonds(broken, Request(0, 30, condition=condition)) == 0


@pytest.mark.parametrize("call", [protdiff.generate, protdiff.trajectories])
def test_few_steps_break_bonds_and_python_hears_of_it(call, recwarn):
    call(length=40, steps=4, num=2)
    [warning] = recwarn
    assert warning.category is protdiff.ProtdiffWarning and warning.filename == __file__
    assert str(warning.message) == (
        "2 of 2 backbones have broken bonds (CA-CA under 2.7 or over 4.2 Å); take more steps, or "
        "leave them out"
    )
    call(length=40, steps=12)
    assert len(recwarn) == 1


def test_extend_warns_too(chain):
    with pytest.warns(protdiff.ProtdiffWarning, match="1 of 1 backbone has broken bonds"):
        protdiff.extend(chain, to=50, steps=2, temperature=3.0)
