"""Text files of every system and editor."""

import codecs

import pytest

from protdiff import read
from protdiff.structure import FileError
from protdiff.structure.io.encoding import decoded

from .files import cif_rows, cif_text, pdb_rows

TEXT = "REMARK 1 Ångström\nEND\n"
PDB = "\n".join(["REMARK   1 Ångström", *pdb_rows(), "END", ""])
CIF = "# Ångström\n" + cif_text(cif_rows())
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8 with mark": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-16 without mark": "utf-16-le",
    "utf-16 big-endian": "utf-16-be",
    "utf-32": "utf-32",
    "latin-1": "latin-1",
}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_encoding_is_the_same_text_and_structure(tmp_path, encoding, end):
    assert decoded(TEXT.replace("\n", end).encode(encoding)) == TEXT
    for name, text in (("x.pdb", PDB), ("x.cif", CIF), ("y.pdb", PDB.partition("\n")[2])):
        (tmp_path / name).write_bytes(text.replace("\n", end).encode(encoding))
        backbone = read(tmp_path / name)
        assert backbone.sequence == "MKTAY"
        assert backbone.mask.all()  # the first atom too, which a mark stands before


def test_a_mark_alone_is_no_structure(tmp_path):
    (tmp_path / "x.pdb").write_bytes(codecs.BOM_UTF8 + b"\n")
    with pytest.raises(FileError, match="no ATOM records"):
        read(tmp_path / "x.pdb")


def test_text_that_is_cut_in_the_middle_of_a_character():
    assert decoded("é".encode()[:1]) == "Ã"
    assert decoded("AB".encode("utf-16")[:-1]).startswith("A")
