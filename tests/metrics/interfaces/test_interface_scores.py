"""Contacts, superpositions and lDDT of interfaces beside plain loops, and what a row says."""

import numpy as np
import pytest
import torch
from biotite.structure.io.pdb import PDBFile

from protdiff.metrics.comparison import SIMILARITY
from protdiff.metrics.interfaces.complex_atoms import complex_atoms
from protdiff.metrics.interfaces.complex_scores import COMPLEX, INTERFACE, NO_INTERFACE
from protdiff.metrics.interfaces.interface_lddt import atoms_of_model, interface_lddt
from protdiff.metrics.interfaces.paired_chain import moved_rmsd, paired_chain, rmsd_of
from protdiff.metrics.interfaces.residue_contacts import PointsOfChains, nearest
from protdiff.structure.superposition import rmsd, superpose

from ..helpers import (
    CAPSID,
    KRINGLE,
    changed,
    compare,
    example,
    from_ca,
    joined,
    kabsch,
    moved,
    plain_lddt,
    random_rotation,
    renamed,
)
from . import made_complexes

pytestmark = pytest.mark.filterwarnings("ignore::protdiff.ProtdiffWarning")


@pytest.fixture(scope="module")
def dimer():
    """Two chains that touch, a copy that is distorted, and their pairs of residues."""
    first, second = example(KRINGLE), renamed(example(CAPSID), "B")
    second = moved(second, np.eye(3), first.ca.mean(0) - second.ca.mean(0) + [20, 0, 0])
    reference = joined([first, second])
    rng = np.random.default_rng(0)
    model = changed(reference, coords=reference.coords + rng.normal(size=reference.coords.shape))
    return moved(model, random_rotation(rng), [50, 60, 70]), reference


def test_pairs_of_residues_that_are_close():
    """Distances of all points, in loops."""
    rng = np.random.default_rng(1)
    points, owner = rng.uniform(0, 12, size=(60, 3)), np.repeat(np.arange(20), 3)
    chain = np.repeat([0, 1, 2], [24, 18, 18])
    found = {
        (int(i), int(j)): d
        for _, _, some in PointsOfChains(points, chain).near(5.0)
        for i, j, d in zip(*nearest(some, owner), strict=True)
    }
    expected = {}
    for p in range(60):
        for q in range(p):
            distance = np.linalg.norm(points[p] - points[q])
            if chain[p] != chain[q] and distance < 5:
                key = int(owner[q]), int(owner[p])
                expected[key] = min(distance, expected.get(key, np.inf))
    assert found == pytest.approx(expected)


def test_rmsd_from_sums(dimer):
    """Of the residues of one chain, and of one chain when the other is superposed."""
    model, reference = (complex_atoms(side) for side in dimer)
    rows = [np.flatnonzero(reference.chain == k) for k in (0, 1)]
    one, two = (paired_chain(model, reference, k, np.stack([rows[k]] * 2, 1)).sums for k in (0, 1))
    x, y = ([torch.tensor(side.coords[part].reshape(-1, 3)) for part in rows] for side in dimer)
    assert rmsd_of(one.sum(0)) == pytest.approx(float(rmsd(x[0], y[0])), abs=1e-6)
    rotation, translation = superpose(x[0], y[0])
    off = (x[1] @ rotation + translation - y[1]).square().sum(1).mean().sqrt()
    assert moved_rmsd(one.sum(0), two.sum(0)) == pytest.approx(float(off), abs=1e-6)
    turn, shift = kabsch(x[0].numpy(), y[0].numpy())
    np.testing.assert_allclose(turn, rotation.numpy(), atol=1e-6)
    np.testing.assert_allclose(shift, translation.numpy(), atol=1e-4)


def test_interface_lddt_in_loops(dimer):
    """All distances, less those inside each chain."""
    model, reference = dimer
    pieces = [np.arange(30), 88 + np.arange(30)]
    kept, total = np.zeros(2), np.zeros(2)
    for sign, rows in ((1, np.concatenate(pieces)), (-1, pieces[0]), (-1, pieces[1])):
        of_points = plain_lddt(model.ca[rows], reference.ca[rows])
        kept[0] += sign * of_points[0].sum()
        total[0] += sign * of_points[1].sum()
    rows = np.concatenate(pieces)
    atoms = complex_atoms(from_ca(reference.ca[rows], chain_ids=reference.chain_ids[rows]))
    placed = atoms_of_model(atoms._replace(atoms=model.ca[rows]), atoms, np.arange(len(rows)))
    ((part, count),) = interface_lddt(atoms, placed).values()
    assert (2 * part, 2 * count) == pytest.approx((kept[0], total[0]))
    assert 0 < part < count


@pytest.mark.parametrize("changed_side", ["model", "reference"])
def test_interface_lddt_counts_atoms_of_the_standard_residue(tmp_path, changed_side):
    """Selenium stands for sulfur, a phosphate and the second terminal oxygen do not count.

    So does OpenStructure, which maps modified residues to their parents and removes OXT first.
    """
    one = made_complexes.part("1tpk.pdb", 200)
    two = made_complexes.docked(one, made_complexes.turned(one, (1, 0, 0), 90), (1, 1, 0))
    plain = made_complexes.joined(one, two)
    modified = plain.copy()
    for old, new, atom, name, element in (
        ("MET", "MSE", "SD", "SE", "SE"), ("SER", "SEP", "OXT", "OXT", "O"),
    ):  # fmt: skip
        rows = plain.res_name == old
        assert rows.any()
        modified.res_name[rows], modified.hetero[rows] = new, True
        rows &= plain.atom_name == atom
        modified.atom_name[rows], modified.element[rows] = name, element
    phosphate = modified[(modified.res_name == "SEP") & (modified.atom_name == "OG")]
    phosphate.atom_name[:], phosphate.element[:] = "P", "P"
    phosphate.coord += 1.0
    modified += phosphate
    for name, atoms in (("plain", plain[plain.atom_name != "OXT"]), ("modified", modified)):
        file = PDBFile()
        file.set_structure(atoms)
        file.write(tmp_path / f"{name}.pdb")
    names = ["modified.pdb", "plain.pdb"][:: 1 if changed_side == "model" else -1]
    row = compare(*(tmp_path / name for name in names)).row()
    assert row["ilddt"] == 1
    assert row["lddt_all"] == 1


@pytest.mark.parametrize("sides", [("bare", "whole"), ("whole", "bare")])
def test_one_chain_without_side_chains(tmp_path, sides):
    """As a designed binder on its target: CB of its residues is placed, and the row says it."""
    model, _ = made_complexes.pairs()["pose"]
    backbone = np.isin(model.atom_name, made_complexes.BACKBONE)
    made_complexes.write_pdb(model, tmp_path / "whole.pdb")
    made_complexes.write_pdb(model[backbone | (model.chain_id == "A")], tmp_path / "bare.pdb")
    row = compare(*(tmp_path / f"{name}.pdb" for name in sides)).row()
    assert row["qs_global"] > 0.9
    what = "model" if sides[0] == "bare" else "reference"
    assert f"{what} chain B has no side chains: contacts of backbone there" in row["warning"]
    same = compare(*[tmp_path / "bare.pdb"] * 2).row()
    assert same["qs_global"] == same["ilddt"] == 1 and "side chains" not in same["warning"]


def test_copies_have_the_best_scores(dimer):
    _, reference = dimer
    row = compare(reference, reference).row()
    best = ("dockq", "fnat", "qs_best", "qs_global", "ilddt", "tm_complex")
    assert [row[name] for name in best] == pytest.approx([1] * 6, abs=1e-6)
    assert row["fnonnat"] == 0 and row["irmsd"] < 1e-5 and row["lrmsd"] < 1e-5
    assert row["interface_chains"] == "A:A,B:B" and row["contact_atoms"] == "backbone"
    assert list(row) == [*SIMILARITY, *COMPLEX, "warning"]


def test_rows_of_one_chain_have_no_columns_of_interfaces(dimer):
    _, reference = dimer
    one = reference.chain("A")
    for model, other in ((one, one), (one, reference), (reference, one)):
        found = compare(model, other)
        assert found.interfaces is None and list(found.row()) == [*SIMILARITY, "warning"]


def test_chains_apart_and_chains_of_ca(dimer):
    """No interface is a remark, not an error; without a backbone there is nothing to say."""
    _, reference = dimer
    far = joined([reference.chain("A"), moved(reference.chain("B"), np.eye(3), [90, 0, 0])])
    found = compare(reference, far)
    assert found.warnings == (NO_INTERFACE,) and found.row()["interfaces"] == 0
    assert np.isnan(found.row()["dockq"]) and found.row()["qs_global"] == 0
    assert compare(from_ca(far.ca, chain_ids=far.chain_ids), far).interfaces is None


def test_chosen_chains_alone_count(dimer):
    """A third chain in contact is no interface where the caller leaves it out."""
    model, reference = dimer
    center = reference.chain("A").ca.mean(0)
    third = renamed(example(KRINGLE)[:50], "C")
    third = moved(third, np.eye(3), center - third.ca.mean(0) - [18, 0, 0])
    wider = joined([reference, third])
    assert compare(model, wider).row()["interfaces"] == 2
    row = compare(model, wider, chains=[("A", "A"), ("B", "B")]).row()
    assert row["interfaces"] == 1 and row["warning"] == ""
    alone = compare(model, reference).row()
    assert {name: row[name] for name in COMPLEX} == pytest.approx(
        {name: alone[name] for name in COMPLEX}
    )


def test_chains_of_like_but_other_sequence_do_not_change_places(dimer):
    """As light and heavy chains: the model lacks one, and the other stays where it belongs."""
    _, reference = dimer
    names = reference.chain("B").residue_names.copy()
    names[::2] = names[::2][::-1]
    cousin = moved(changed(reference.chain("B"), residue_names=names), np.eye(3), [-40, 0, 0])
    whole = joined([reference, renamed(cousin, "C")])
    model = joined([reference.chain("A"), renamed(cousin, "B")])
    found = compare(model, whole)
    assert found.interfaces.chains == (("A", "A"), ("B", "C"))


def test_row_of_an_interface(dimer):
    ((one,), row) = (lambda found: (found.interfaces.interfaces, found.row()))(compare(*dimer))
    assert list(one.row()) == list(INTERFACE)
    assert one.row()["reference_chain_2"] == "B" and one.dockq == row["dockq"]
    assert one.fnat == one.shared_contacts / one.native_contacts
