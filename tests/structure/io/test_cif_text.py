"""The syntax of mmCIF: keywords, quotes, comments, text fields, rows over several lines."""

import io

import pytest
from biotite.structure.io.pdbx import CIFFile
from hypothesis import given
from hypothesis import strategies as st

from protdiff.structure import FileError
from protdiff.structure.io.cif_text import atom_site_columns

from .files import COLUMNS, cif_rows, cif_text

ROWS = cif_rows()
PLAIN = {name.lower(): [row[k] for row in ROWS] for k, name in enumerate(COLUMNS)}
TEXT = cif_text(ROWS)


def columns_of(text):
    columns, others = atom_site_columns(text)
    return {name: values.tolist() for name, values in columns.items()}, others


FIELD = "_struct.title\n;A title\nloop_\n_atom_site.id 'x\ndata_y\n;\n"


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("data_", "DATA_").replace("loop_", "LOOP_"),
        TEXT.replace("_atom_site", "_ATOM_SITE"),
        TEXT.replace("group_PDB", "GROUP_pdb"),
        TEXT.replace(" ", "\t"),
        TEXT.replace(" ", "  \n "),
        TEXT.replace("\n", "\n\n"),
        TEXT.replace("\n", "\n  "),
        TEXT.replace("\n", " # a comment\n"),
        TEXT.replace("loop_\n", "loop_ # table\n"),
        TEXT.replace(" MET ", " 'MET' ").replace(" CA ", ' "CA" '),
        TEXT.replace(" MET ", "\n;MET\n; "),
        TEXT.replace("#\nloop_", FIELD + "loop_"),
        TEXT + FIELD,
        TEXT + "loop_\n_other.id\n1\n2\n",
        TEXT + "_other.id 1\n",
        TEXT + "data_z\n_other.id 1\n",
        "data_first\n_chem_comp_atom.id N\n" + TEXT,
        TEXT.replace("data_x\n", ""),
    ],
)
def test_ways_to_write_the_same(text):
    columns, others = columns_of(text)
    assert columns == PLAIN
    assert others == 0


WORD = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=5)


@given(st.lists(WORD, min_size=1))
def test_any_value_in_quotes(values):
    quoted = [next((q + v + q for q in "'\"" if q not in v), f"\n;{v}\n;") for v in values]
    columns, _ = columns_of("data_x\nloop_\n_atom_site.id\n" + " ".join(quoted) + "\n")
    assert columns == {"id": values}


def test_quotes_within_values():
    text = "data_x loop_ _atom_site.id 'a dog's life' \"O5'\" 5' 'say \"a\"' a'b'c"
    assert columns_of(text)[0] == {"id": ["a dog's life", "O5'", "5'", 'say "a"', "a'b'c"]}


def test_agrees_with_another_reader():
    table = CIFFile.read(io.StringIO(TEXT))["x"]["atom_site"]
    assert {name.lower(): table[name].as_array(str).tolist() for name in table} == PLAIN


def test_several_tables_and_none():
    assert atom_site_columns(TEXT + TEXT.replace("data_x", "data_y"))[1] == 1
    assert atom_site_columns(FIELD) == ({}, 0)
    assert atom_site_columns("") == ({}, 0)


@pytest.mark.parametrize("cut", [5, 20, 30])
def test_a_cut_row_is_an_error(cut):
    with pytest.raises(FileError, match="last row of its atom_site table is cut short"):
        atom_site_columns(TEXT.rstrip("#\n")[:-cut])
