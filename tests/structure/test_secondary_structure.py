"""DSSP, P-SEA and hydrogen bonds against the libraries on whole files, and a plain formula."""

import gzip
from pathlib import Path

import biotite.structure as struc
import biotite.structure.io.pdb as pdb
import mdtraj
import numpy as np
import pytest

import protdiff
from protdiff.structure.secondary_structure import dssp, dssp_and_bonds, hydrogen_bonds, psea

from ..metrics.test_quality import peptide

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
NAMES = ["1tpk.pdb", "1a8o.pdb.gz", "1lcd.pdb"]


def kabsch_sander(coords, names, starts=(0,)):
    """Bonds by the formula: 0.084 x 332 (1/ON + 1/CH - 1/OH - 1/CN) under -0.5 kcal/mol."""
    bonds = set()
    for i, (n, *_) in enumerate(coords):
        if i in starts or names[i] == "PRO":
            continue
        carbonyl = coords[i - 1, 2] - coords[i - 1, 3]
        h = n + carbonyl / np.linalg.norm(carbonyl)  # opposite to the C=O before, 1 Å
        for j, (_, _, c, o) in enumerate(coords):
            if abs(i - j) < 2:
                continue
            near, far = ((o, n), (c, h)), ((o, h), (c, n))
            energy = sum(1 / np.linalg.norm(a - b) for a, b in near)
            energy -= sum(1 / np.linalg.norm(a - b) for a, b in far)
            if 0.084 * 332 * energy < -0.5:
                bonds.add((i, j))
    return bonds


@pytest.mark.filterwarnings("ignore:Unlikely unit cell")
@pytest.mark.parametrize("name", NAMES)
def test_dssp_equals_mdtraj_on_the_file(name):
    trajectory = mdtraj.load_pdb(str(EXAMPLES / name), frame=0)
    expected = [code for code in mdtraj.compute_dssp(trajectory)[0] if code in ("H", "E", "C")]
    chain = protdiff.read(EXAMPLES / name)
    assert dssp(chain.coords, chain.residue_names) == "".join(expected)
    assert len(expected) == len(chain) and "H" in expected


@pytest.mark.parametrize("name", [*NAMES, "3nzd.cif"])
def test_hydrogen_bonds_equal_the_formula(name):
    chain = protdiff.read(EXAMPLES / name)
    bonds = hydrogen_bonds(chain.coords, chain.residue_names)
    expected = kabsch_sander(chain.coords, chain.residue_names.tolist())
    assert set(map(tuple, bonds.tolist())) == expected and len(bonds) == len(expected) > 5


def test_prolines_give_no_hydrogen_bond():
    coords, names = peptide(-57, -47, 16), ["ALA"] * 16
    names[9] = "PRO"
    donors = hydrogen_bonds(coords, names)[:, 0].tolist()
    assert donors == [k for k in range(4, 16) if k != 9]


@pytest.mark.parametrize(("phi", "psi", "turn"), [(-57, -47, 4), (-49, -26, 3)])
def test_donor_and_acceptor_in_ideal_helices(phi, psi, turn):
    donor, acceptor = hydrogen_bonds(peptide(phi, psi, 20)).T
    assert set((donor - acceptor).tolist()) == {turn}
    assert donor.tolist() == list(range(turn, 20))


def test_ideal_helix_and_strand_by_letters():
    helix, strand = peptide(-57, -47, 20), peptide(-120, 130, 20)
    assert dssp(helix) == "C" + "H" * 18 + "C"
    assert dssp(strand) == "C" * 20  # no partner, so no bonds
    assert psea(strand[:, 1]).strip("C") == psea(strand[:, 1]).replace("C", "")
    assert psea(helix[:, 1]).count("H") >= 16 and psea(strand[:, 1]).count("E") >= 16


def test_both_at_once():
    chain = protdiff.read(EXAMPLES / "1tpk.pdb")
    letters, bonds = dssp_and_bonds(chain.coords, chain.residue_names)
    assert letters == dssp(chain.coords, chain.residue_names)
    np.testing.assert_array_equal(bonds, hydrogen_bonds(chain.coords, chain.residue_names))


@pytest.mark.parametrize("name", NAMES)
def test_psea_equals_biotite_on_the_file(name):
    path = EXAMPLES / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as handle:
        array = pdb.PDBFile.read(handle).get_structure(model=1)
    array = array[struc.filter_amino_acids(array)]
    letters = "".join({"a": "H", "b": "E", "c": "C"}[k] for k in struc.annotate_sse(array))
    assert psea(protdiff.read(path).ca) == letters


@pytest.mark.parametrize("length", range(1, 5))
def test_psea_of_few_residues_is_coil(length):
    assert psea(peptide(-57, -47, 8)[:length, 1]) == "C" * length


def two_chains(shift):
    parts = [protdiff.read(EXAMPLES / name) for name in ("1a8o.pdb.gz", "3nzd.cif")]
    coords = np.concatenate([parts[0].coords, parts[1].coords + shift])
    return parts, coords, np.concatenate([part.residue_names for part in parts])


def test_several_starts_are_several_chains():
    parts, coords, names = two_chains(300)
    letters, bonds = dssp_and_bonds(coords, names, [0, len(parts[0])])
    assert letters == "".join(dssp(part.coords, part.residue_names) for part in parts)
    expected = [hydrogen_bonds(part.coords, part.residue_names) for part in parts]
    expected = {tuple(pair) for pair in [*expected[0], *(expected[1] + len(parts[0]))]}
    assert set(map(tuple, bonds.tolist())) == expected


def test_helix_that_is_cut_is_two_helices():
    coords = peptide(-57, -47, 24)
    assert dssp(coords) == "C" + "H" * 22 + "C"
    cut = dssp(coords, starts=(0, 12))
    assert cut[:11] + cut[13:] == "C" + "H" * 10 + "H" * 10 + "C" and cut[11:13] == "CC"


def test_first_residue_of_a_chain_gives_no_hydrogen_bond():
    # One residue of a helix was not observed: where the next one's hydrogen points, nobody knows.
    coords = np.delete(peptide(-57, -47, 20), 9, axis=0)
    bonds = hydrogen_bonds(coords, starts=(0, 9))
    expected = kabsch_sander(coords, ["ALA"] * 19, starts=(0, 9))
    assert set(map(tuple, bonds.tolist())) == expected


@pytest.mark.parametrize("missing", [[0], [15], [8, 9], [39], range(40)])
def test_psea_has_a_letter_for_every_residue(missing):
    """A missing CA breaks the chain, and the letters of the others keep their places."""
    ca = np.array(protdiff.read(EXAMPLES / "1a8o.pdb.gz").ca[:40])
    missing = list(missing)
    ca[missing] = np.nan
    letters = psea(ca)
    parts = np.split(np.arange(40), sorted({*missing, *(k + 1 for k in missing)}))
    assert letters == "".join("C" if part[0] in missing else psea(ca[part])
                              for part in parts if len(part))  # fmt: skip
