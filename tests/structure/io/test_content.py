"""Content of structure files: compression, errors that name the file, damaged files."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.structure.backbone import Backbone
from protdiff.structure.io.read_write import FileError, read, write

from .examples import EXAMPLES, SUFFIXES, few, one_line
from .lines import atom_line, residue_lines

NOISE = np.random.default_rng(0).bytes(999)


def test_suffixes_are_case_insensitive(tmp_path):
    text = "\n".join(residue_lines(0)).encode()
    for name in ("x.PDB", "x.Ent", "X.PDB.GZ", "x.pdb.gz"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text) if name.lower().endswith("gz") else text)
        assert len(read(path)) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.pdb", None, "no such file"),
        ("missing.xyz", None, "no such file"),
        ("x.xyz", b"1", "unknown file type; use PDB"),
        ("x", b"1", "unknown file type"),
        ("x.mmtf.gz", b"1", "convert to mmCIF"),
        ("x.tar.gz", b"1", "a compressed archive; unpack it (tar xf) into a folder"),
        ("x.TGZ", b"1", "a compressed archive; unpack it (tar xf) into a folder"),
        ("x.zip", b"1", "a compressed archive; unpack it (unzip) into a folder"),
        ("missing.tar.gz", None, "no such file"),
        ("x.pdb", b"", "empty file"),
        ("x.cif", b" \n\n", "empty file"),
        ("x.pdb.gz", gzip.compress(b"", mtime=0), "empty file"),
        ("x.pdb.gz", b"", "empty file"),
        ("x.pdb.gz", b"ATOM", "not gzip-compressed"),
        ("x.pdb.gz", gzip.compress(NOISE, mtime=0)[:500], "truncated"),
        ("x.pdb", gzip.compress(b"ATOM", mtime=0), "gzip-compressed without .gz"),
        ("x.pdb", b"Dear diary", "no ATOM records"),
        ("x.cif", b"Dear diary", "no atom_site table"),
        ("x.bcif", b"Dear diary", "not in BinaryCIF format"),
        ("x.pdb", b"ATOM      1  CA  ALA A   1      12.3", "line 1 is cut short"),
        ("x.pdb", "\n".join(residue_lines(0)).replace("0.000", "abcde").encode(), "damaged"),
        ("x.pdb", "\n".join(residue_lines(np.nan)).encode(), "atom N of chain 'A' residue 1"),
        ("x.pdb", atom_line("CA", 0).encode(), "no protein backbone: CA only"),
        ("x.pdb", "\n".join(residue_lines(0)[:2]).encode(), "no residue has N, CA, C"),
        ("x.pdb", atom_line("CA", 0, residue=" CA", record="HETATM").encode(), "no protein res"),
        ("x.pdb", atom_line("CB", 0).encode(), "no protein residues"),
    ],
)
def test_unreadable_content(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError) as error:
        read(path)
    assert message in one_line(error, path)


def test_folder_is_no_file(tmp_path):
    for action in (read, lambda path: write(Backbone.from_coords(np.zeros((1, 4, 3))), path)):
        folder = tmp_path / "x.pdb"
        folder.mkdir(exist_ok=True)
        with pytest.raises(FileError) as error:
            action(folder)
        assert "is a folder" in one_line(error, folder)


def valid_content():
    with tempfile.TemporaryDirectory() as folder:
        content = {}
        for suffix in (*SUFFIXES, ".pdb.gz"):
            path = Path(folder) / f"x{suffix}"
            write(read(EXAMPLES / "1tpk.pdb")[:12], path)
            content[suffix] = path.read_bytes()
    return content


VALID = valid_content()


def read_or_file_error(folder, suffix, content):
    path = folder / f"x{suffix}"
    path.write_bytes(content)
    try:
        assert isinstance(read(path), Backbone)
    except FileError as error:
        assert "\n" not in str(error)


@few
@given(content=st.binary(min_size=1, max_size=300), suffix=st.sampled_from(list(VALID)))
def test_random_bytes_never_crash(content, suffix, tmp_path):
    read_or_file_error(tmp_path, suffix, content)


@few
@given(data=st.data(), suffix=st.sampled_from(list(VALID)))
def test_truncated_files_never_crash(data, suffix, tmp_path):
    end = data.draw(st.integers(0, len(VALID[suffix])))
    read_or_file_error(tmp_path, suffix, VALID[suffix][:end])


@settings(few, max_examples=200)
@given(data=st.data(), suffix=st.sampled_from(SUFFIXES))
def test_damaged_files_never_crash(data, suffix, tmp_path):
    content = VALID[suffix]
    start = data.draw(st.integers(0, len(content) - 1))
    removed = data.draw(st.integers(0, 9))
    inserted = data.draw(st.binary(max_size=9))
    read_or_file_error(tmp_path, suffix, content[:start] + inserted + content[start + removed :])
