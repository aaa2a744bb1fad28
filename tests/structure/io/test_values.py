"""Values that are unknown or odd in files whose structure is not: what is read and reported."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protdiff import ProtdiffWarning, read
from protdiff.structure import FileError

from .files import COLUMNS, COORDS, cif_rows, cif_text, pdb_rows

few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read_text(tmp_path, text, name="x.pdb"):
    """Backbone and warnings of a file; its coordinates are those of the plain chain."""
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else "\n".join([*text, "END", ""]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backbone = read(path)
    assert all(issubclass(item.category, ProtdiffWarning) for item in caught)
    assert all(str(item.message).startswith(f"{path}: ") for item in caught)
    return backbone, [str(item.message).removeprefix(f"{path}: ") for item in caught]


def assert_whole(backbone):
    np.testing.assert_array_equal(backbone.coords, COORDS)
    assert backbone.sequence == "MKTAY"


# B-factors and occupancies

WORDS = ("******", "nan", "-nan", "--", "abcd", "inf", "1.2.", "n/a")
BAD = st.sampled_from([f"{word:>6s}" for word in WORDS])


@few
@given(BAD, BAD)
def test_bad_values_everywhere(tmp_path, b, occupancy):
    for name, text in (
        ("x.pdb", pdb_rows(b=b, occupancy=occupancy)),
        ("x.cif", cif_text(cif_rows(B_iso_or_equiv=b.strip(), occupancy=occupancy.strip()))),
    ):
        backbone, texts = read_text(tmp_path, text, name)
        assert_whole(backbone)
        assert backbone.b_factors is None
        assert texts == ["its B-factors are no numbers; left out"]


def test_blank_values_are_no_warning(tmp_path):
    backbone, texts = read_text(tmp_path, pdb_rows(b=" " * 6, occupancy=" " * 6))
    assert_whole(backbone)
    assert backbone.b_factors.tolist() == [0] * 5
    assert not texts


def test_bad_b_factors_of_some_atoms(tmp_path):
    rows = pdb_rows()
    rows[1] = rows[1].replace(" 20.00", "******")  # CA of residue 1: that of N stands for it
    rows[4:8] = [row.replace(" 20.00", "   nan") for row in rows[4:8]]  # all of residue 2
    backbone, texts = read_text(tmp_path, rows)
    assert backbone.b_factors.tolist() == [20, 0, 20, 20, 20]
    assert texts == ["no B-factor for 1 residue (chain 'A' residue 2); it has 0"]


def test_an_unknown_occupancy_gives_way_to_a_known_one(tmp_path):
    rows = pdb_rows()
    second = [row[:16] + "B" + row[17:54] + "  0.30" + row[60:] for row in rows[:4]]
    second = [row[:30] + f"{float(row[30:38]) + 9:8.3f}" + row[38:] for row in second]
    first = [row[:16] + "A" + row[17:54] + "******" + row[60:] for row in rows[:4]]
    backbone, _ = read_text(tmp_path, first + second + rows[4:])
    np.testing.assert_allclose(backbone.coords[0] - COORDS[0], [[9, 0, 0]] * 4)


def test_zero_occupancy_and_confidence(tmp_path):
    backbone, texts = read_text(tmp_path, pdb_rows(b="100.00", occupancy="  0.00"))
    assert_whole(backbone)
    assert backbone.b_factors.tolist() == [100] * 5
    assert not texts


def test_standard_uncertainties(tmp_path):
    rows = cif_rows(B_iso_or_equiv="20.1(3)")
    k = COLUMNS.index("Cartn_x")
    rows = [[*row[:k], row[k] + "(12)", *row[k + 1 :]] for row in rows]
    backbone, texts = read_text(tmp_path, cif_text(rows), "x.cif")
    assert_whole(backbone)
    assert backbone.b_factors.tolist() == [20.1] * 5
    assert not texts


# Coordinates


@pytest.mark.parametrize("value", ["********", "     nan", "        "])
def test_atoms_without_coordinates_are_missing(tmp_path, value):
    rows = pdb_rows()
    rows[9] = rows[9][:30] + value + rows[9][38:]
    backbone, texts = read_text(tmp_path, rows)
    assert (~backbone.mask).nonzero() == (2, 1)
    assert texts == [
        "no coordinates for 1 atom, which is left out (atom CA of chain 'A' residue 3)"
    ]


def test_residues_without_coordinates_are_missing(tmp_path):
    rows = cif_rows()
    k = COLUMNS.index("Cartn_x")
    rows[4:8] = [[*row[:k], "?", "?", "?", *row[k + 3 :]] for row in rows[4:8]]
    backbone, texts = read_text(tmp_path, cif_text(rows), "x.cif")
    assert backbone.residue_numbers.tolist() == [1, 3, 4, 5]
    assert texts == [
        "no coordinates for 4 atoms, which are left out (atom N of chain 'A' residue 2)"
    ]


def test_zeros_that_stand_for_unknown_coordinates(tmp_path):
    zero = "   0.000" * 3
    rows = pdb_rows()
    rows[4:8] = [row[:30] + zero + row[54:] for row in rows[4:8]]
    backbone, texts = read_text(tmp_path, rows)
    assert backbone.residue_numbers.tolist() == [1, 3, 4, 5]
    assert texts == [
        "no coordinates for 4 atoms, which are left out (atom N of chain 'A' residue 2)"
    ]
    # One atom may lie at the origin, also in several frames or alternate locations.
    rows = pdb_rows()
    rows[5] = rows[5][:30] + zero + rows[5][54:]
    for lines in (rows, [*rows, "TER", *rows], [*rows[:6], *rows[5:]]):
        backbone, texts = read_text(tmp_path, lines)
        assert backbone.mask.all() and len(backbone) == 5
        assert not any("no coordinates" in text for text in texts)


def test_coordinates_that_are_no_numbers(tmp_path):
    rows = pdb_rows()
    rows[9] = rows[9][:28] + rows[9][27:-1]  # shifted by one column
    with pytest.raises(FileError, match="coordinates of atom CA of chain 'A' residue 3 are no num"):
        read_text(tmp_path, rows)
    rows[9] = rows[9].replace("ATOM   ", "ATOM\t")
    with pytest.raises(FileError, match="line 10 has a tab"):
        read_text(tmp_path, rows)


# What is no protein

OTHERS = st.fixed_dictionaries(
    {
        "number": st.sampled_from(["****", "271a", "    ", "A000", "x1y2"]),
        "coordinate": st.sampled_from(["********", "     nan", "   1.000", "  abcdef"]),
        "b": BAD,
        "residue": st.sampled_from([" O   HOH", "CA    CA", " C1  GOL", " O1  SO4", " O2  GLC"]),
    }
)


@few
@given(st.lists(OTHERS, max_size=4), st.booleans())
def test_waters_and_ions_do_not_matter(tmp_path, others, first):
    rows = [
        f"HETATM  999 {o['residue']} A{o['number']}    {o['coordinate'] * 3}  1.00{o['b']}"
        for o in others
    ]
    for lines in (rows + pdb_rows(), [*pdb_rows(), "TER", *rows]):
        backbone, texts = read_text(tmp_path, lines)
        assert_whole(backbone)
        assert not texts


@pytest.mark.parametrize("authors", [True, False])
def test_water_without_numbers(tmp_path, authors):
    water = ["HETATM", "99", "O", "O", ".", "HOH", "B", ".", "?", "50", "50", "50", "?", "?"]
    rows = [row if authors else row[:14] for row in cif_rows()]
    rows.append([*water, *(["?", "B", "1"] if authors else [])])
    columns = COLUMNS if authors else COLUMNS[:14]
    backbone, texts = read_text(tmp_path, cif_text(rows, columns), "x.cif")
    assert_whole(backbone)
    assert not texts


def test_a_protein_residue_without_number(tmp_path):
    rows = [row.replace("A   3 ", "A**** ") for row in pdb_rows()]
    with pytest.raises(FileError, match="number of THR in chain 'A' after 2 is no number; renumb"):
        read_text(tmp_path, rows)


# Names

FORMS = {
    "lower case": (str.lower, str.lower),
    "names of residues": (str, str.lower),
    "names of atoms": (str.lower, str),
}


@pytest.mark.parametrize(("of_atom", "of_residue"), FORMS.values(), ids=FORMS)
def test_small_letters(tmp_path, of_atom, of_residue):
    rows = [
        row[:12] + of_atom(row[12:16]) + " " + of_residue(row[17:20]) + row[20:]
        for row in pdb_rows()
    ]
    assert_whole(read_text(tmp_path, rows)[0])
    table = [[*r[:3], of_atom(r[3]), r[4], of_residue(r[5]), *r[6:]] for r in cif_rows()]
    assert_whole(read_text(tmp_path, cif_text(table), "x.cif")[0])


def test_small_letters_of_alternate_locations_differ(tmp_path):
    rows = pdb_rows()
    first = [row[:16] + "A" + row[17:54] + "  0.40" + row[60:] for row in rows[:4]]
    second = [row[:16] + "a" + row[17:54] + "  0.60 30.00" + row[66:] for row in rows[:4]]
    assert read_text(tmp_path, first + second + rows[4:])[0].b_factors[0] == 30


@pytest.mark.parametrize(
    "oxygens", ["OT1 OT2", "OT2 OT1", "OC1 OC2", "O1 O2", "OXT", "O OXT", "OXT O"]
)
def test_terminal_oxygens(tmp_path, oxygens):
    rows, table = pdb_rows(), cif_rows()
    row, values = rows.pop(), table.pop()
    for k, name in enumerate(oxygens.split()):
        other = name in ("OT2", "OC2", "O2") or (name == "OXT" and " " in oxygens)
        z = -1.2 if other else 1.2
        rows.append(f"{row[:12]} {name:<3s}{row[16:46]}{z:8.3f}{row[54:]}")
        table.append([*values[:3], name, *values[4:11], str(z), *values[12:]])
        assert k < 2
    assert_whole(read_text(tmp_path, [*rows, "TER"])[0])
    assert_whole(read_text(tmp_path, cif_text(table), "x.cif")[0])


def test_an_oxygen_of_a_side_chain_is_no_carbonyl(tmp_path):
    rows = pdb_rows()
    far = f"{rows[3][:12]} O1 {rows[3][16:30]}{9:8.3f}{9:8.3f}{9:8.3f}{rows[3][54:]}"
    backbone, _ = read_text(tmp_path, [*rows[:3], far, *rows[4:]])
    assert (~backbone.mask).nonzero() == (0, 3)


# Chain ids of mmCIF


def with_chains(labels, authors):
    """Chains of two residues, then three, and a water, with these ids."""
    rows = cif_rows()
    for i, row in enumerate(rows):
        row[6], row[15] = labels[i >= 8], authors[i >= 8]
    rows.append(["HETATM", "99", "O", "O", ".", "HOH", "W", ".", "?", "9", "9", "9", "1", "1"])
    rows[-1] += ["99", authors[0], "1"]
    return cif_text(rows)


@pytest.mark.parametrize(
    ("labels", "authors", "expected"),
    [
        ("AB", "..", ("A", "B")),
        ("AA", "..", ("",)),
        ("AB", "??", ("A", "B")),
        ("..", "HL", ("H", "L")),
        ("AB", "H.", ("H", "")),
        ("..", "..", ("",)),
        (["A-2", "AA"], ['"A\'"', "Ä1"], ("A'", "Ä1")),
        ("AA", ["' '", "' '"], ("",)),
        ("AB", ["''", '""'], ("A", "B")),
    ],
)
def test_chain_ids(tmp_path, labels, authors, expected):
    backbone, _ = read_text(tmp_path, with_chains(labels, authors), "x.cif")
    assert backbone.chains == expected
    assert len(backbone) == 5


def test_a_second_block_is_named(tmp_path):
    text = cif_text(cif_rows())
    backbone, texts = read_text(tmp_path, text + text.replace("data_x", "data_y"), "x.cif")
    assert_whole(backbone)
    remedy = "give each block a file of its own"
    assert texts == [f"the structure of 1 more data block is not read; {remedy}"]
    three = "".join(text.replace("data_x", f"data_{k}") for k in range(3))
    _, texts = read_text(tmp_path, three, "x.cif")
    assert texts[0].startswith("the structures of 2 more data blocks are not read; ")


def test_no_column_of_models(tmp_path):
    rows = [row[:-1] for row in cif_rows()]
    assert_whole(read_text(tmp_path, cif_text(rows, COLUMNS[:-1]), "x.cif")[0])


def test_mmcif_with_a_name_of_pdb_files(tmp_path):
    with pytest.raises(FileError, match=r"x.pdb: an mmCIF file with a name of PDB files; rename"):
        read_text(tmp_path, cif_text(cif_rows()), "x.pdb")
