"""When B-factors are pLDDT, and on which scale."""

import numpy as np
import pytest

import protdiff
from protdiff.metrics.confidence.predicted import model_confidence
from protdiff.structure.io import FileError, write

from ...conftest import ROOT
from . import predictions as files


def of(path, **options):
    return model_confidence(path, protdiff.read(path), **options)


def written(path, scale=1.0, head=""):
    coords, plddt, _ = files.numbers()
    files.pdb(path, coords, plddt * scale, head)
    return protdiff.read(path).b_factors


@pytest.mark.parametrize("name", ["1tpk.pdb", "3nzd.cif", "1a8o.pdb.gz"])
def test_an_experiment_has_none(name):
    found = of(ROOT / "data" / "examples" / name)
    assert found.residues is None and found.row() == type(found)().row()


@pytest.mark.parametrize(
    ("head", "known"),
    [
        ("TITLE     ALPHAFOLD MONOMER V2.0 PREDICTION FOR A PROTEIN (Q1)", True),
        ("HEADER\nTITLE     ESMFOLD V1 PREDICTION FOR INPUT", True),
        ("PARENT N/A", True),
        ("PFRMAT TS\nPARENT N/A", False),
        ("EXPDTA    X-RAY DIFFRACTION\nTITLE     SOLVED WITH AN ALPHAFOLD PREDICTION", False),
        ("TITLE     BINDER MADE WITH ALPHAFOLD", False),
        ("REMARK   1 ALPHAFOLD PREDICTION", False),
        ("", False),
    ],
)
def test_headers_of_pdb_files(tmp_path, head, known):
    values = written(tmp_path / "x.pdb", head=head)
    found = of(tmp_path / "x.pdb")
    assert (found.residues is not None) == known
    assert found.confidence_from == ("B-factors" if known else "")
    if known:
        np.testing.assert_array_equal(found.residues, values)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("AF-P12345-F1-model_v4.pdb", True),
        ("x_unrelaxed_rank_001_alphafold2_ptm_model_4_seed_000.pdb", True),
        ("x_relaxed_rank_1_model_3.pdb", True),
        ("unrelaxed_model_1_multimer_v3_pred_0.pdb", True),
        ("ranked_0.pdb", True),
        ("pred.rank_0.pdb", True),
        ("1abc_model_1.pdb", False),
        ("model.pdb", False),
        ("x_relaxed_structure.pdb", False),
    ],
)
def test_names_of_predictors(tmp_path, name, known):
    written(tmp_path / name)
    assert (of(tmp_path / name).residues is not None) == known


def test_a_choice_of_the_user(tmp_path):
    """B-factors count when they are chosen, on either scale; the scale is said."""
    values = written(tmp_path / "x.pdb")
    assert of(tmp_path / "x.pdb", plddt="bfactor").plddt == pytest.approx(values.mean())
    small = written(tmp_path / "y.pdb", 0.01)
    found = of(tmp_path / "y.pdb", plddt="bfactor")
    assert found.plddt == pytest.approx(100 * small.mean())
    assert found.warnings == ("pLDDT of the file is between 0 and 1: times 100",)
    written(tmp_path / "z.pdb", 0.0)
    found = of(tmp_path / "z.pdb", plddt="bfactor")
    assert np.isnan(found.plddt)
    assert found.warnings == ("its B-factors hold no pLDDT: not between 0 and 100, or all equal",)
    with pytest.raises(ValueError, match="`plddt` 'x': must be one of auto, bfactor"):
        of(tmp_path / "x.pdb", plddt="x")


def test_a_choice_goes_before_files(tmp_path):
    files.boltz(tmp_path)
    path = tmp_path / "x_model_0.cif"
    found = of(path, plddt="bfactor")
    np.testing.assert_array_equal(found.residues, protdiff.read(path).b_factors)
    assert found.confidence_from.startswith("B-factors, confidence_x_model_0.json")


def test_the_table_of_mmcif(tmp_path):
    """By residue, whatever the B-factors; as BinaryCIF too, and in [0, 1]."""
    coords, plddt, _ = files.numbers()
    path = tmp_path / "x.cif"
    files.cif(path, coords, plddt, "pLDDT")
    text = path.read_text()
    found = of(path)
    assert found.confidence_from == "mmCIF" and found.residues[0] == pytest.approx(
        plddt[:5].mean(), abs=0.006
    )
    path.write_text(text.replace("pLDDT", "other"))
    assert of(path).residues is None
    path.write_text(text.replace(" B 30 GLY 2 ", " B 31 GLY 2 "))  # labels that authors changed
    np.testing.assert_array_equal(of(path).residues, found.residues)
    path.write_text(text.replace("1 B 30 GLY 2 ", "1 B 31 GLU 2 "))
    assert of(path).warnings == ("its table of pLDDT does not fit its residues, and is left out",)
    path.write_text(text.replace("1 B 30 GLY 2 ", "1 B 30 "))
    with pytest.raises(FileError, match=r"x.cif: damaged"):
        of(path)


def test_numbers_that_authors_changed(tmp_path):
    """A table has labels: authors may number with insertion codes, or exchange chain ids."""
    coords, plddt, _ = files.numbers()
    path = tmp_path / "x.cif"
    files.cif(path, coords, plddt, "pLDDT")
    expected = of(path).residues
    lines = []
    for line in path.read_text().splitlines():
        if line.startswith("_atom_site.B_iso"):
            line += "\n_atom_site.pdbx_PDB_ins_code"
        if line.startswith(("ATOM", "HETATM")):
            words, code = line.split(), "?"
            words[8] = {"A": "B", "B": "A"}.get(words[8], words[8])
            if int(words[7]) > 10:
                words[7], code = str(int(words[7]) - 1), "A" if words[7] == "11" else "?"
            if int(words[7]) > 28 and words[8] == "B":  # numbers that the other chain has, too
                words[7], code = "28", "DEFG"[int(words[7]) - 29]
            line = " ".join([*words, code])
        lines.append(line)
    path.write_text("\n".join([*lines, ""]))
    changed = protdiff.read(path)
    assert changed.chains == ("B", "A") and changed.insertion_codes[10] == "A"
    np.testing.assert_array_equal(of(path).residues, expected)


def test_values_of_the_first_model(tmp_path):
    """A table has the values of all models of the file, of which the first is read."""
    coords, plddt, _ = files.numbers()
    one, two = tmp_path / "one.cif", tmp_path / "two.cif"
    files.cif(one, coords, plddt, "pLDDT")
    lines = one.read_text().splitlines()
    atoms = [line for line in lines if line.startswith(("ATOM", "HETATM"))]
    values = [line for line in lines if line.startswith("1 ") and " 2 " in line]
    parts = [line[1:].rsplit(" ", 1) for line in values]
    others = [f"2{place} {100 - float(value):.2f}" for place, value in parts]
    assert len(values) == len(files.RESIDUES)
    head = lines.index(atoms[0])
    end, table = head + len(atoms), lines.index(values[0])
    for first, second in (("1", "2"), ("2", "1"), ("7", "8")):  # 7, 8: not those of the table
        new = [*lines[:head], "_atom_site.pdbx_PDB_model_num"]
        new += [f"{line} {number}" for number in (first, second) for line in atoms]
        two.write_text("\n".join([*new, *lines[end:table], *values, *others, "#", ""]))
        with pytest.warns(protdiff.ProtdiffWarning, match="has 2 models"):
            found = of(two).residues
        expected = of(one).residues
        np.testing.assert_allclose(found, 100 - expected if first == "2" else expected)


def test_binary_tables(tmp_path):
    from biotite.structure.io.pdbx import BinaryCIFFile, CIFFile

    coords, plddt, _ = files.numbers()
    files.cif(tmp_path / "x.cif", coords, plddt / 100, "pLDDT")
    block = CIFFile.read(tmp_path / "x.cif").block
    binary = BinaryCIFFile.read(_written_bcif(tmp_path))
    for name in ("ma_qa_metric", "ma_qa_metric_local"):
        columns = {key: block[name][key].as_array(str) for key in block[name]}
        binary.block[name] = type(binary.block["atom_site"])(columns)
    binary.write(tmp_path / "y.bcif")
    one, other = of(tmp_path / "x.cif"), of(tmp_path / "y.bcif")
    np.testing.assert_allclose(one.residues, other.residues)
    assert other.confidence_from == "mmCIF" and 20 < other.plddt < 98
    assert one.warnings == ("pLDDT of the file is between 0 and 1: times 100",)


def _written_bcif(folder):
    write(protdiff.read(folder / "x.cif"), folder / "plain.bcif")
    return folder / "plain.bcif"
