"""Residues of hand-made lines: alternate locations, missing atoms, unusual names, ligands."""

from protdiff.structure.backbone import BACKBONE_ATOMS

from .lines import atom_line, read_lines, residue_lines


def test_highest_occupancy_of_the_whole_residue(tmp_path):
    a = residue_lines(0, alt="A", occupancy="  0.40")
    b = residue_lines(50, alt="B", occupancy="  0.60")
    for lines in (a + b, [line for pair in zip(a, b, strict=True) for line in pair]):
        assert read_lines(tmp_path, lines).coords[0, :, 0].tolist() == [50, 51, 52, 53]


def test_conformations_are_not_mixed_where_one_is_complete(tmp_path):
    lines = residue_lines(0, alt="A", occupancy="  0.40")
    lines += residue_lines(50, alt="B", occupancy="  0.60")[:2]
    assert read_lines(tmp_path, lines).coords[0, :, 0].tolist() == [0, 1, 2, 3]


def test_shared_atoms_join_the_chosen_conformation(tmp_path):
    lines = residue_lines(0)[:1] + residue_lines(0)[2:]
    lines += [atom_line("CA", 7, alt="A", occupancy="  0.30")]
    lines += [atom_line("CA", 8, alt="B", occupancy="  0.70")]
    assert read_lines(tmp_path, lines).coords[0, :, 0].tolist() == [0, 8, 2, 3]


def test_microheterogeneity_is_one_residue(tmp_path):
    ser = residue_lines(0, residue="SER", alt="A", occupancy="  0.30")
    thr = residue_lines(50, residue="THR", alt="B", occupancy="  0.70")
    for lines in (ser + thr, [line for pair in zip(ser, thr, strict=True) for line in pair]):
        backbone = read_lines(tmp_path, lines + residue_lines(5, number=2))
        assert backbone.sequence == "TA"
        assert backbone.coords[0, :, 0].tolist() == [50, 51, 52, 53]


def test_missing_atoms_are_masked(tmp_path):
    lines = [*residue_lines(0), atom_line("CA", 9, number=2)]
    backbone = read_lines(tmp_path, lines)
    assert backbone.mask.tolist() == [[True] * 4, [False, True, False, False]]
    assert backbone.b_factors.tolist() == [5, 5]


def test_modified_and_unknown_residues(tmp_path):
    names = ["MSE", "SEP", "SEC", "DAL", "HID", "XYZ", "UNK", "A  ", "HOH"]
    lines = []
    for number, name in enumerate(names, start=1):
        lines += residue_lines(4 * number, residue=name, number=number)
    lines = [line for line in lines if not ("HOH" in line and " CA " in line)]
    lines = [line for line in lines if not ("A   A" in line and " CA " in line)]
    assert read_lines(tmp_path, lines).sequence == "MSCAHXX"


def test_free_amino_acids_are_ligands(tmp_path):
    chain = residue_lines(0) + residue_lines(3, residue="MSE", number=2, record="HETATM")
    ligand = residue_lines(50, residue="GLY", number=9, record="HETATM")
    ter = ["TER"]
    assert read_lines(tmp_path, chain + ter + ligand).sequence == "AM"
    assert read_lines(tmp_path, chain + ligand).sequence == "AM"
    # Cut off from its neighbours by a gap, but before TER: part of the chain.
    assert read_lines(tmp_path, chain + ligand + ter).sequence == "AMG"


def test_label_seq_id_tells_polymer_from_ligand(tmp_path):
    labels = ("group_PDB", "label_atom_id", "label_comp_id", "auth_asym_id", "auth_seq_id")
    columns = (*labels, "label_seq_id", "Cartn_x", "Cartn_y", "Cartn_z")
    lines = ["data_x", "loop_", *(f"_atom_site.{column}" for column in columns)]
    for number, (record, name, label) in enumerate(
        [("ATOM", "ALA", "1"), ("HETATM", "MSE", "7"), ("HETATM", "GLY", ".")], start=1
    ):
        lines += [
            f"{record} {atom} {name} LONGCHAIN {number} {label} {20 * number + k} 0 0"
            for k, atom in enumerate(BACKBONE_ATOMS)
        ]
    backbone = read_lines(tmp_path, lines, "x.cif")
    assert backbone.sequence == "AM"
    assert backbone.chains == ("LONGCHAIN",)


def test_optional_pdb_columns_may_be_missing(tmp_path):
    backbone = read_lines(tmp_path, [line[:54] for line in residue_lines(0)])
    assert backbone.mask.all()
    assert backbone.b_factors.tolist() == [0]


def test_hybrid_36_residue_numbers(tmp_path):
    lines = [line.replace("A   1 ", "AA001 ") for line in residue_lines(0)]
    assert read_lines(tmp_path, lines).residue_numbers.tolist() == [10001]
