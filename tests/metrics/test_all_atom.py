"""Columns of all atoms: which residues and chains count, what is empty, and what a file holds."""

import numpy as np
import pytest

import protdiff
from protdiff.metrics import QUALITY, SIMILARITY, score
from protdiff.metrics.all_atom import (
    ALL_ATOM_ALONE,
    ALL_ATOM_SIMILARITY,
    all_atom_similarity,
    atom_columns,
)
from protdiff.metrics.all_atom_lddt import all_atom_lddt
from protdiff.metrics.heavy_atoms import OXT, atom_grid
from protdiff.structure.all_atoms import Structure
from protdiff.structure.backbone import joined
from protdiff.structure.io.atoms import FileError

from .atoms import EXAMPLES, example, plain_lddt

KRINGLE = EXAMPLES / "1tpk.pdb"


def moved(structure, noise=0.0, shift=0.0):
    """The structure with noise on all atoms but the backbone's."""
    atoms = structure.atoms.copy()
    rng = np.random.default_rng(0)
    side = ~np.isin(atoms.atom_name, ["N", "CA", "C", "O"])
    atoms.coord = atoms.coord + noise * rng.normal(size=atoms.coord.shape) * side[:, None] + shift
    return Structure(structure.backbone, atoms, structure.residue)


def without_side_chains(structure):
    keep = np.isin(structure.atoms.atom_name, ["N", "CA", "C", "O"]) | (structure.residue < 0)
    return Structure(structure.backbone, structure.atoms[keep], structure.residue[keep])


def without_terminal(grid):
    """Atoms without the second oxygen of the last residue, which OpenStructure leaves out."""
    out = grid.copy()
    out[:, OXT] = np.nan
    return out


def row_of(*structures, **options):
    return score(*structures, confidence=False, **options).row()


def test_rows_of_files_have_the_columns_of_all_atoms():
    row = row_of(KRINGLE, KRINGLE)
    assert list(row) == [*SIMILARITY, *QUALITY, *ALL_ATOM_SIMILARITY, *ALL_ATOM_ALONE, "warning"]
    assert (row["lddt_all"], row["stereo_out"], row["chi1"], row["chi1_chi2"]) == (1, 0, 1, 1)
    assert (row["ligands"], row["nucleic_residues"], row["atom_clashes"]) == ("CL:1", 0, 0)
    assert list(row_of(KRINGLE)) == [*QUALITY, *ALL_ATOM_ALONE, "warning"]
    backbone = protdiff.read(KRINGLE)
    fewer = row_of(backbone, backbone)
    assert list(fewer) == [*SIMILARITY, *QUALITY, "warning"]
    assert fewer.items() < row.items()
    without = row_of(KRINGLE, KRINGLE, with_quality=False)
    assert list(without) == [*SIMILARITY, *ALL_ATOM_SIMILARITY, "warning"]


def test_structures_that_are_read_give_the_row_of_their_files():
    structure = example("1tpk.pdb")[0]
    assert row_of(structure, structure) == row_of(KRINGLE, KRINGLE)


def test_impossible_side_chains_are_left_out_of_the_lddt():
    """Noise breaks every bond of the side chains: what is left is the backbone."""
    structure, grid, types = example("1tpk.pdb")
    model = moved(structure, noise=1.5)
    found = score(model, structure).all_atom
    assert found["stereo_out"] > 70 and found["atom_clashes"] > 20
    kept = grid.copy()
    kept[:, 4:] = np.nan
    assert found["lddt_all"] <= all_atom_lddt(kept, grid, types)
    assert found["chi1"] < 0.6


def test_lddt_is_that_of_loops_where_nothing_is_left_out():
    structure, grid, types = example("1tpk.pdb")
    model = moved(structure, noise=0.02)
    found = score(model, structure).all_atom
    assert found["stereo_out"] == 0
    placed = atom_grid(model, types)
    assert found["lddt_all"] == all_atom_lddt(placed, without_terminal(grid), types)
    assert all_atom_lddt(placed[:30], grid[:30], types[:30]) == pytest.approx(
        plain_lddt(placed[:30], grid[:30], types[:30]), abs=1e-12
    )


def test_only_the_paired_chains_of_the_reference_count():
    structure = example("1tpk.pdb")[0]
    count = len(structure.backbone)
    far = moved(structure, shift=500.0)
    backbone = far.backbone
    chain = protdiff.Backbone(
        backbone.coords + 500, backbone.mask, backbone.residue_names, np.full(count, "B"),
        backbone.residue_numbers, backbone.insertion_codes,
    )  # fmt: skip
    residue = np.where(structure.residue < 0, -1, structure.residue + count)
    both = Structure(
        joined([structure.backbone, chain]), structure.atoms + far.atoms,
        np.concatenate([structure.residue, residue]),
    )  # fmt: skip
    pairs = np.stack([np.arange(count)] * 2, -1)
    one = all_atom_similarity(structure, both, pairs, [("A", "A")])
    assert one["lddt_all"] == 1
    two = all_atom_similarity(structure, both, pairs, [("A", "A"), ("A", "B")])
    assert two["lddt_all"] == pytest.approx(0.5)


def test_a_residue_without_ca_is_in_no_lddt(tmp_path):
    """It corresponds to none, so that a copy lacks nothing."""
    lines = KRINGLE.read_text().splitlines(keepends=True)
    path = tmp_path / "x.pdb"
    kept = [line for line in lines if not (line[12:16] == " CA " and line[22:26].strip() == "10")]
    path.write_text("".join(kept))
    assert len(kept) < len(lines)
    row = row_of(path, path)
    assert row["aligned"] == 87 and row["lddt_all"] == 1


def test_residues_of_other_names_are_compared_by_the_names_of_atoms():
    """An aspartate for an asparagine has OD1, and lacks ND2."""
    structure, grid, types = example("1tpk.pdb")
    backbone = structure.backbone
    names = np.where(backbone.residue_names == "ASN", "ASP", backbone.residue_names)
    changed = protdiff.Backbone(
        backbone.coords, backbone.mask, names, backbone.chain_ids, backbone.residue_numbers,
        backbone.insertion_codes,
    )  # fmt: skip
    keep = (structure.atoms.res_name != "ASN") | (structure.atoms.atom_name != "ND2")
    model = Structure(changed, structure.atoms[keep], structure.residue[keep])
    pairs = np.stack([np.arange(len(types))] * 2, -1)
    found = all_atom_similarity(model, structure, pairs, [("A", "A")])
    kept = grid.copy()
    kept[backbone.residue_names == "ASN", 7] = np.nan
    grid = without_terminal(grid)
    assert found["lddt_all"] == pytest.approx(all_atom_lddt(kept, grid, types))
    assert found["lddt_all"] < 1 and found["chi1"] == 1


def test_without_side_chains_the_columns_are_empty():
    structure = example("1tpk.pdb")[0]
    bare = without_side_chains(structure)
    for model, reference in ((bare, structure), (structure, bare), (structure, bare.backbone)):
        found = score(model, reference).all_atom
        assert all(np.isnan(found[name]) for name in ALL_ATOM_SIMILARITY)
    assert np.isnan(atom_columns(bare)["atom_clashes"])
    assert atom_columns(bare)["ligands"] == "CL:1"


@pytest.mark.filterwarnings("ignore::protdiff.ProtdiffWarning")
def test_nucleic_acids_are_counted():
    found = atom_columns(protdiff.read(EXAMPLES / "1lcd.pdb", atoms="all"))
    assert found["nucleic_residues"] == 2 and found["ligands"] == ""


def test_nucleotides_that_are_ligands(tmp_path):
    """GDP is a nucleotide of the dictionary, but a ligand unless it is bonded to another one."""
    lines = KRINGLE.read_text().splitlines()
    atoms = [line for line in lines if line.startswith("ATOM")]

    def hetero(name, atom, number, x):
        return (f"HETATM 9000 {atom:>4s} {name:>3s} A {number:3d}    "
                f"{x:8.3f}{90:8.3f}{90:8.3f}  1.00  0.00           {atom[0]}")  # fmt: skip

    gdp = [hetero("GDP", "P", 500, 0), hetero("GDP", "O3'", 500, 6)]
    others = [hetero("PSU", "P", 501, 7.6), hetero("PSU", "O3'", 501, 12)]
    for rows, expected in ((gdp, (0, "GDP:1")), (gdp + others, (2, "")), (others, (0, "PSU:1"))):
        (tmp_path / "x.pdb").write_text("\n".join([*atoms, *rows, "END", ""]))
        found = atom_columns(protdiff.read(tmp_path / "x.pdb", atoms="all"))
        assert (found["nucleic_residues"], found["ligands"]) == expected


def test_a_file_without_a_protein_says_what_it_holds(tmp_path):
    lines = KRINGLE.read_text().splitlines()
    (tmp_path / "x.pdb").write_text("\n".join(x for x in lines if x.startswith("HETATM")))
    expected = "x.pdb: no protein residues, but ligands CL:1, 40 waters; choose a file"
    with pytest.raises(FileError, match=expected):
        score(tmp_path / "x.pdb", KRINGLE)
