"""All atoms beside the backbone: the choices are those of the backbone, and biotite's reader's."""

import gzip
import io
from dataclasses import replace

import numpy as np
import pytest
from biotite.structure.io.pdb import PDBFile
from biotite.structure.io.pdbx import CIFFile, get_structure

from protdiff import ProtdiffWarning
from protdiff.structure.all_atoms import Structure
from protdiff.structure.backbone import BACKBONE_ATOMS
from protdiff.structure.io.atoms import FileError
from protdiff.structure.io.read_write import read

from .edits import RESIDUES, chain, changed, joined
from .examples import EXAMPLES
from .lines import atom_line, residue_lines

FIELDS = ("chain_id", "res_id", "ins_code", "res_name", "atom_name", "element", "hetero")


def by_biotite(path):
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    if ".cif" in path.name:
        file = CIFFile.read(io.StringIO(text))
        return get_structure(file, model=1, altloc="occupancy")
    return PDBFile.read(io.StringIO(text)).get_structure(model=1, altloc="occupancy")


def records(atoms):
    columns = [getattr(atoms, name).tolist() for name in FIELDS]
    return sorted(zip(*columns, map(tuple, atoms.coord.round(3).tolist()), strict=True))


def read_all(tmp_path, lines, name="x.pdb", **options):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return read(path, atoms="all", **options)


def of_residue(structure, k):
    """x coordinates (Å) of the atoms of a residue, by name."""
    own = structure.residue == k
    return dict(
        zip(structure.atoms.atom_name[own].tolist(), structure.atoms.coord[own, 0], strict=True)
    )


@pytest.mark.filterwarnings("ignore::protdiff.ProtdiffWarning")
@pytest.mark.parametrize("name", ["1a8o.pdb.gz", "1lcd.pdb", "1tpk.pdb", "3nzd.cif"])
def test_equal_to_the_reader_of_biotite(name):
    path = EXAMPLES / name
    structure = read(path, atoms="all")
    assert records(structure.atoms) == records(by_biotite(path))
    backbone, alone = structure.backbone, read(path)
    np.testing.assert_array_equal(backbone.coords, alone.coords)
    np.testing.assert_array_equal(backbone.residue_numbers, alone.residue_numbers)


@pytest.mark.filterwarnings("ignore::protdiff.ProtdiffWarning")
@pytest.mark.parametrize("name", ["1a8o.pdb.gz", "1tpk.pdb", "3nzd.cif"])
def test_atoms_of_a_residue_are_those_of_the_backbone(name):
    backbone, atoms, residue = read(EXAMPLES / name, atoms="all")
    order = residue[residue >= 0]
    assert (np.diff(order) >= 0).all() and (residue[len(order) :] == -1).all()
    for k, name in enumerate(BACKBONE_ATOMS):
        rows = np.flatnonzero((atoms.atom_name == name) & (residue >= 0))
        assert residue[rows].tolist() == np.flatnonzero(backbone.mask[:, k]).tolist()
        np.testing.assert_allclose(atoms.coord[rows], backbone.coords[residue[rows], k], atol=1e-4)
    assert (atoms.res_id[residue >= 0] == backbone.residue_numbers[order]).all()
    assert (atoms.chain_id[residue >= 0] == backbone.chain_ids[order]).all()


def test_side_chains_have_the_conformation_of_the_backbone(tmp_path):
    lines = residue_lines(0, alt="A", occupancy="  0.40")
    lines += residue_lines(50, alt="B", occupancy="  0.60")
    # The conformation with the higher occupancy of CB is not that of the backbone.
    lines += [atom_line("CB", 7, alt="A", occupancy="  0.90")]
    lines += [atom_line("CB", 57, alt="B", occupancy="  0.10")]
    lines += [atom_line("OG", 9, alt="A", occupancy="  0.40")]
    structure = read_all(tmp_path, lines)
    expected = {"N": 50, "CA": 51, "C": 52, "O": 53, "CB": 57, "OG": 9}
    assert of_residue(structure, 0) == expected


def test_conformations_of_the_side_chain_alone(tmp_path):
    lines = [*residue_lines(0, residue="SER"), atom_line("CB", 5, residue="SER")]
    for alt, x, occupancy in (("A", 6, "  0.30"), ("B", 7, "  0.70")):
        lines.append(atom_line("OG", x, residue="SER", alt=alt, occupancy=occupancy))
    assert of_residue(read_all(tmp_path, lines), 0)["OG"] == 7


def test_microheterogeneity_keeps_the_side_chain_of_the_chosen_name(tmp_path):
    ser = residue_lines(0, residue="SER", alt="A", occupancy="  0.30")
    ser.append(atom_line("OG", 4, residue="SER", alt="A", occupancy="  0.30"))
    thr = residue_lines(50, residue="THR", alt="B", occupancy="  0.70")
    thr.append(atom_line("CG2", 54, residue="THR", alt="B", occupancy="  0.70"))
    for lines in (ser + thr, [line for pair in zip(ser, thr, strict=True) for line in pair]):
        structure = read_all(tmp_path, lines + residue_lines(5, number=2))
        assert set(structure.atoms.res_name[structure.residue == 0]) == {"THR"}
        assert of_residue(structure, 0)["CG2"] == 54
        assert (structure.residue >= 0).all()


def test_side_chains_behind_the_chain(tmp_path):
    lines = [*RESIDUES[0], *RESIDUES[1], *RESIDUES[2]]
    lines += [atom_line("CB", 9, residue="LYS", number=2), atom_line("O", 3, "HOH", number=9)]
    structure = read_all(tmp_path, lines)
    assert of_residue(structure, 1)["CB"] == 9
    assert structure.atoms.res_name[structure.residue < 0].tolist() == ["HOH"]


def test_residues_that_are_there_twice(tmp_path):
    side = [atom_line("CB", k, residue="MET") for k in (5, 6)]
    lines = [*RESIDUES[0], side[0], *chain()[4:], *RESIDUES[0], side[1]]
    with pytest.warns(ProtdiffWarning, match="1 residue is there twice; the first is taken"):
        structure = read_all(tmp_path, lines)
    assert of_residue(structure, 0)["CB"] == 5
    assert len(structure.atoms) == 21


def test_residues_that_share_a_number(tmp_path):
    shared = changed(RESIDUES[1], number=1, name="MET")
    lines = [*RESIDUES[0], atom_line("CB", 5, "MET"), *shared, atom_line("CB", 6, "MET")]
    with pytest.warns(ProtdiffWarning, match="number"):
        structure = read_all(tmp_path, lines)
    assert [of_residue(structure, k)["CB"] for k in (0, 1)] == [5, 6]


def test_chains_that_share_a_chain_id(tmp_path):
    parts = [
        [*chain(y, chain=" "), atom_line("CB", x, "TYR", 5, chain=" ")]
        for y, x in ((0, 5), (20, 6))
    ]
    lines = [*parts[0], "TER", *parts[1], "TER", atom_line("ZN", 70, " ZN", 99, chain=" ")]
    with pytest.warns(ProtdiffWarning, match="stand for 2 chains"):
        structure = read_all(tmp_path, lines)
    atoms = structure.atoms
    side = atoms.atom_name == "CB"
    assert atoms.coord[side, 0].tolist() == [5, 6] and atoms.chain_id[side].tolist() == ["A", "B"]
    assert atoms.chain_id[atoms.res_name == "ZN"].tolist() == [""]


def test_models_without_marks(tmp_path):
    parts = [
        [*chain(y), atom_line("CB", x, "TYR", 5), atom_line("O", x, "HOH", 99, record="HETATM")]
        for y, x in ((0, 5), (0.5, 6))
    ]
    with pytest.warns(ProtdiffWarning):
        structures = [read_all(tmp_path, joined(*parts), model=model) for model in (1, 2)]
    for structure, x in zip(structures, (5, 6), strict=True):
        assert structure.atoms.coord[structure.atoms.atom_name == "CB", 0].tolist() == [x]
        assert structure.atoms.coord[structure.atoms.res_name == "HOH", 0].tolist() == [x]


def test_atoms_without_coordinates(tmp_path):
    side, water = atom_line("CB", 5, "TYR", 5), atom_line("O", 9, "HOH", 99, record="HETATM")
    stars = "*" * 8
    lost = [f"{line[:30]}{stars}{line[38:]}" for line in (side, water)]
    with pytest.warns(ProtdiffWarning) as caught:
        structure = read_all(tmp_path, [*chain(), *lost])
    assert len(structure.atoms) == 20
    texts = [str(item.message) for item in caught]
    assert "1 atom of side chains" in texts[0] and "1 atom outside of proteins" in texts[1]
    broken = f"{side[:30]}   1 2.5{side[38:]}"
    with pytest.raises(FileError, match="coordinates of atom CB of chain 'A' residue 5 are no"):
        read_all(tmp_path, [*chain(), broken])


def test_names_of_the_last_oxygen_and_elements_that_are_not_given(tmp_path):
    lines = chain()
    last = lines[-1]
    lines[-1] = last.replace(" O  ", " OT1")
    lines.append(last.replace(" O  ", " OT2").replace("1.200", "0.000"))
    structure = read_all(tmp_path, [line[:66] for line in lines])
    assert structure.atoms.atom_name[-2:].tolist() == ["O", "OT2"]
    assert structure.atoms.element.tolist() == [*"NCCO" * 5, "O"]


def test_hydrogens_are_kept_and_protonation_states_keep_their_name(tmp_path):
    lines = [*residue_lines(0, residue="HIE"), atom_line("HA", 5, residue="HIE")]
    structure = read_all(tmp_path, lines)
    assert structure.backbone.sequence == "H"
    assert structure.atoms.res_name.tolist() == ["HIE"] * 5
    assert structure.atoms.element[-1] == "H"


def test_elements_by_names_where_none_is_given(tmp_path, recwarn):
    """Deuterium is one, and an atom that nobody knows is no warning of another library."""
    names = ["DA", "2DB", "1HB", "HB3"]
    lines = [*residue_lines(0), *(atom_line(name, 5 + k) for k, name in enumerate(names))]
    lines += [atom_line(name, 40 + k, "DY", 9 + k) for k, name in enumerate(["DY", "?X"])]
    structure = read_all(tmp_path, [line[:66] for line in lines])
    found = dict(zip(structure.atoms.atom_name, structure.atoms.element, strict=True))
    assert [found[name] for name in names] == ["D", "D", "H", "H"]
    assert found["DY"] == "DY" and found["?X"] == ""
    assert not recwarn.list


def test_alternate_ligands_are_one(tmp_path):
    lines = residue_lines(0)
    for alt, name, occupancy in (("A", "SO4", "  0.30"), ("B", "GOL", "  0.70")):
        lines += [
            atom_line(atom, x, name, 9, alt, occupancy, "HETATM")
            for atom, x in (("O1", 40), ("O2", 41))
        ]
    structure = read_all(tmp_path, lines)
    assert structure.atoms.res_name[structure.residue < 0].tolist() == ["GOL"] * 2


def test_what_else_atoms_may_be_is_said():
    with pytest.raises(ValueError, match='must be "backbone" or "all"'):
        read(EXAMPLES / "1tpk.pdb", atoms="heavy")


def test_chains_by_their_names():
    """A name of several letters is one name, not several."""
    whole = read(EXAMPLES / "3nzd.cif", atoms="all")
    backbone, residue = (
        replace(whole.backbone, chain_ids=["AB"] * len(whole.backbone)),
        whole.residue,
    )
    whole.atoms.chain_id = np.where(residue >= 0, "AB", whole.atoms.chain_id)
    renamed = Structure(backbone, whole.atoms, residue)
    for names in ("AB", ["AB"]):
        chosen = renamed.of_chains(names)
        assert len(chosen.backbone) == len(backbone)
        assert chosen.residue[chosen.residue >= 0].tolist() == residue[residue >= 0].tolist()
    for names in ("Q", ["AB", "Q"]):
        with pytest.raises(ValueError, match="no chain 'Q'; chains present: 'AB'"):
            renamed.of_chains(names)
