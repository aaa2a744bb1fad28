"""Structure files: real entries, hand-made edge cases, random backbones, damaged content."""

import gzip
import os
import tempfile
import warnings
from pathlib import Path

import mdtraj
import numpy as np
import pytest
from Bio.PDB import MMCIFParser, PDBParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from protdiff.structure.backbone import BACKBONE_ATOMS, ONE_TO_THREE, Backbone
from protdiff.structure.io.read_write import FileError, read, write

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "data" / "examples"
REAL = ROOT.parent / "shared" / "data" / "files"
NOISE = np.random.default_rng(0).bytes(999)
UNUSABLE = {
    "1STP.mmtf": "MMTF is not supported; convert to mmCIF",
    "1k5e.cif": "no protein residues",
    "304d.pdb": "no protein residues",
    "3hya.cif.gz": "no protein residues",
    "pdb1gdr.ent": "no protein backbone: CA only",
    "README.md": "unknown file type",
}
SUFFIXES = (".pdb", ".cif", ".bcif")
NUMBERING = ("mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")

few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def structure_files(folder):
    """Files of a folder as parameters; one skipped parameter when it is not there."""
    if not folder.is_dir():
        return [pytest.param(folder, marks=pytest.mark.skip(reason=f"no folder {folder.name}"))]
    return [pytest.param(path, id=path.name) for path in sorted(folder.iterdir())]


def usable(parameters):
    return [p for p in parameters if p.values[0].name not in UNUSABLE]


ALL_FILES = structure_files(EXAMPLES) + structure_files(REAL)
USABLE_FILES = usable(ALL_FILES)


def assert_same(written, expected, tolerance=1e-9):
    """Equal numbering and names, and coordinates equal after rounding to 0.001 Å."""
    for name in NUMBERING:
        np.testing.assert_array_equal(getattr(written, name), getattr(expected, name), name)
    rounded = np.round(expected.coords, 3)
    np.testing.assert_allclose(written.coords, rounded, rtol=0, atol=tolerance)


def one_line(error, path):
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 250 + len(str(path))
    return message


# Real files


@pytest.mark.parametrize("path", USABLE_FILES)
def test_round_trip_of_real_files(path, tmp_path):
    backbone = read(path)
    assert backbone.mask[:, :3].all(axis=1).any()
    for suffix in SUFFIXES:
        copy, rewritten = tmp_path / f"copy{suffix}", tmp_path / f"rewritten{suffix}"
        write(backbone, copy)
        assert_same(read(copy), backbone)
        np.testing.assert_allclose(read(copy).b_factors, backbone.b_factors, rtol=0, atol=0.00501)
        write(read(copy), rewritten)
        assert rewritten.read_bytes() == copy.read_bytes()


@pytest.mark.parametrize("path", [p for p in ALL_FILES if p not in USABLE_FILES])
def test_unusable_real_files_say_why(path):
    with pytest.raises(FileError) as error:
        read(path)
    assert UNUSABLE[path.name] in one_line(error, path)


def parse_with_biopython(path):
    """First model of a file, {(chain, number, insertion code): residue}."""
    parser = MMCIFParser(QUIET=True) if ".cif" in path.name else PDBParser(QUIET=True)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as handle:
        model = next(iter(parser.get_structure("x", handle)))
    return {
        (chain.id.strip(), residue.id[1], residue.id[2].strip()): residue
        for chain in model
        for residue in chain
    }


@pytest.mark.parametrize(
    "path",
    usable(structure_files(EXAMPLES))
    + [
        parameter
        for parameter in USABLE_FILES
        if parameter.id in ("1a4w.pdb", "1QL2.cif", "1ZNJ.pdb", "3hdb.pdb.gz", "4CUP.cif")
    ],
)
def test_agrees_with_biopython(path):
    backbone, residues = read(path), parse_with_biopython(path)
    keys = list(
        zip(
            backbone.chain_ids.tolist(),
            backbone.residue_numbers.tolist(),
            backbone.insertion_codes.tolist(),
            strict=True,
        )
    )
    standard = {
        key for key, residue in residues.items() if residue.id[0] == " " and "CA" in residue
    }
    assert standard <= set(keys)
    for i, key in enumerate(keys):
        residue = residues[key]
        for k, name in enumerate(BACKBONE_ATOMS):
            assert (name in residue) == backbone.mask[i, k]
            if name in residue:  # both take the alternate location of highest occupancy
                np.testing.assert_allclose(residue[name].coord, backbone.coords[i, k], atol=1e-3)


def test_examples_hold_what_they_were_chosen_for():
    kringle = read(EXAMPLES / "1tpk.pdb")
    assert len(kringle) == 88
    assert kringle.residue_numbers.min() == -3
    assert kringle.insertion_codes[kringle.insertion_codes != ""].tolist() == ["A"] * 3
    capsid = read(EXAMPLES / "1a8o.pdb.gz")  # MSE at 151, 185, 214, 215
    methionines = capsid.residue_numbers[capsid.residue_names == "MET"]
    assert {151, 185, 214, 215} <= set(methionines.tolist())
    first, second = read(EXAMPLES / "1lcd.pdb"), read(EXAMPLES / "1lcd.pdb", model=2)
    assert first.chains == ("A",)  # the DNA is left out
    assert first.sequence == second.sequence
    assert 0.05 < np.abs(first.ca - second.ca).mean() < 5
    reductase = read(EXAMPLES / "3nzd.cif")  # equal occupancies at 59, 84, 107: first is taken
    i = reductase.residue_numbers.tolist().index(59)
    np.testing.assert_allclose(reductase.ca[i], [-9.053, -11.412, 7.888])


@pytest.mark.parametrize("model", [0, -1, 3])
def test_model_that_is_not_there(model):
    with pytest.raises(FileError, match=f"no model {model}: the file has 2 models, choose 1 to 2"):
        read(EXAMPLES / "1lcd.pdb", model=model)
    with pytest.raises(FileError, match=f"no model {model}: the file has 1 model"):
        read(EXAMPLES / "3nzd.cif", model=model)


@pytest.mark.parametrize("name", ["1tpk.pdb", "1a8o.pdb.gz", "3nzd.cif"])
def test_written_files_are_readable_elsewhere_without_warnings(name, tmp_path):
    backbone = read(EXAMPLES / name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for suffix, parser in (
            (".pdb", PDBParser(QUIET=False)),
            (".cif", MMCIFParser(QUIET=False)),
        ):
            path = tmp_path / f"x{suffix}"
            write(backbone, path)
            atoms = list(parser.get_structure("x", path).get_atoms())
            assert [atom.name for atom in atoms] == list(BACKBONE_ATOMS) * len(backbone)
            np.testing.assert_allclose(
                [atom.coord for atom in atoms], backbone.coords.reshape(-1, 3), atol=1e-3
            )
        trajectory = mdtraj.load(str(tmp_path / "x.pdb"))
    assert trajectory.n_residues == len(backbone)
    assert trajectory.n_chains == len(backbone.chains)
    assert "".join(r.code for r in trajectory.top.residues) == backbone.sequence
    angstrom = trajectory.xyz[0].reshape(-1, 4, 3) * 10
    np.testing.assert_allclose(angstrom, backbone.coords, atol=2e-3)  # nm in single precision


# Hand-made PDB and mmCIF content


def atom_line(
    name, x, residue="ALA", number=1, alt=" ", occupancy="  1.00", record="ATOM", chain="A"
):
    return (
        f"{record:<6s}    1  {name:<3s}{alt}{residue:>3s} {chain}{number:4d}    "
        f"{x:8.3f}{0:8.3f}{0:8.3f}{occupancy}  5.00           {name[0]}"
    )


def residue_lines(x, **options):
    """N, CA, C and O on a line, 1 Å apart, starting at x."""
    return [atom_line(name, x + k, **options) for k, name in enumerate(BACKBONE_ATOMS)]


def read_lines(tmp_path, lines, name="x.pdb"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return read(path)


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


def test_suffixes_are_case_insensitive(tmp_path):
    text = "\n".join(residue_lines(0)).encode()
    for name in ("x.PDB", "x.Ent", "X.PDB.GZ", "x.pdb.gz"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text) if name.lower().endswith("gz") else text)
        assert len(read(path)) == 1


# What cannot be read


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.pdb", None, "no such file"),
        ("missing.xyz", None, "no such file"),
        ("x.xyz", b"1", "unknown file type; use PDB"),
        ("x", b"1", "unknown file type"),
        ("x.mmtf.gz", b"1", "convert to mmCIF"),
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


# Writing

SMALL = Backbone.from_coords(np.arange(24.0).reshape(2, 4, 3), "GM")


def test_pdb_text_is_exact(tmp_path):
    coords = np.arange(24.0).reshape(2, 4, 3) - 0.0001
    coords[0, 3] = np.nan
    backbone = Backbone.from_coords(
        coords, "GM", chain_ids=["A", ""], residue_numbers=[-3, 9999], insertion_codes=["", "B"]
    )
    write(backbone, tmp_path / "x.pdb")
    lines = (tmp_path / "x.pdb").read_text().splitlines()
    assert {len(line) for line in lines} == {80}
    assert [line.rstrip() for line in lines] == [
        "ATOM      1  N   GLY A  -3       0.000   1.000   2.000  1.00  0.00           N",
        "ATOM      2  CA  GLY A  -3       3.000   4.000   5.000  1.00  0.00           C",
        "ATOM      3  C   GLY A  -3       6.000   7.000   8.000  1.00  0.00           C",
        "TER       4      GLY A  -3",
        "ATOM      5  N   MET  9999B     12.000  13.000  14.000  1.00  0.00           N",
        "ATOM      6  CA  MET  9999B     15.000  16.000  17.000  1.00  0.00           C",
        "ATOM      7  C   MET  9999B     18.000  19.000  20.000  1.00  0.00           C",
        "ATOM      8  O   MET  9999B     21.000  22.000  23.000  1.00  0.00           O",
        "TER       9      MET  9999B",
        "END",
    ]


def options(**changed):
    fields = {name: getattr(SMALL, name) for name in ("coords", *NUMBERING, "b_factors")}
    return Backbone(**(fields | changed))


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        (options(chain_ids=["A", "AA"]), "chain id 'AA' is not one character"),
        (options(residue_numbers=[-1000, 1]), "residue number -1000 is outside -999 to 9999"),
        (options(residue_numbers=[1, 10000]), "residue number 10000 is outside"),
        (options(insertion_codes=["", "AB"]), "insertion code 'AB' is not one character"),
        (options(coords=SMALL.coords - 1000), "a coordinate of residue 1 is outside -999.999"),
        (options(coords=SMALL.coords + 9990), "a coordinate of residue 1 is outside"),
        (options(b_factors=[0, 1000]), "B-factor 1000 of residue 2 is outside"),
    ],
)
def test_what_pdb_cannot_hold_goes_to_cif(tmp_path, backbone, message):
    path = tmp_path / "x.pdb"
    with pytest.raises(FileError) as error:
        write(backbone, path)
    assert message in one_line(error, path)
    assert str(error.value).endswith("write .cif instead")
    assert list(tmp_path.iterdir()) == []
    for suffix in (".cif", ".bcif"):
        write(backbone, tmp_path / f"x{suffix}")
        assert_same(read(tmp_path / f"x{suffix}"), backbone)


def test_pdb_holds_99999_atom_serials(tmp_path):
    length = 25000
    many = Backbone.from_coords(
        np.zeros((length, 4, 3)),
        chain_ids=np.repeat(["A", "B", "C"], length)[::3],
        residue_numbers=np.arange(length) % 9000,
    )
    with pytest.raises(FileError, match=r"at most 99999 atoms; write \.cif instead"):
        write(many, tmp_path / "x.pdb")


@pytest.mark.parametrize(
    ("backbone", "name", "message"),
    [
        (SMALL, "x.xyz", "unknown file type"),
        (SMALL, "nowhere/x.pdb", "does not exist; create it first"),
        (SMALL[:0], "x.cif", "no atoms"),
        (options(mask=np.zeros((2, 4), bool)), "x.pdb", "no atoms"),
        (options(residue_numbers=[1, 1]), "x.cif", "two residues 1 in a row"),
        (options(chain_ids=["A", "a b"]), "x.cif", "'a b' cannot be written to mmCIF"),
        (options(chain_ids=["A", "."]), "x.cif", "'.' cannot be written to mmCIF"),
        (options(residue_numbers=[1, 2**40]), "x.bcif", "write .cif instead"),
    ],
)
def test_what_cannot_be_written(tmp_path, backbone, name, message):
    with pytest.raises(FileError) as error:
        write(backbone, tmp_path / name)
    assert message in one_line(error, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, suffix):
    def refuse(source, target):
        assert Path(source).parent == Path(target).parent  # one file system: the rename is atomic
        raise PermissionError(13, "Permission denied")

    path = tmp_path / f"x{suffix}"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(FileError) as error:
        write(SMALL, path)
    assert "cannot be written (Permission denied)" in one_line(error, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_input_gives_equal_bytes_also_gzipped(tmp_path, suffix):
    for name in ("a", "b"):
        write(SMALL, tmp_path / f"{name}{suffix}")
        write(SMALL, tmp_path / f"{name}{suffix}.gz")
    plain, zipped = tmp_path / f"a{suffix}", tmp_path / f"a{suffix}.gz"
    assert plain.read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert zipped.read_bytes() == (tmp_path / f"b{suffix}.gz").read_bytes()
    assert gzip.decompress(zipped.read_bytes()) == plain.read_bytes()
    assert_same(read(zipped), SMALL)


def test_residue_with_one_atom_survives(tmp_path):
    mask = np.array([[True] * 4, [False, False, False, True]])
    backbone = options(mask=mask)
    for suffix in SUFFIXES:
        write(backbone, tmp_path / f"x{suffix}")
        assert_same(read(tmp_path / f"x{suffix}"), backbone)


# Random input


@st.composite
def backbones(draw):
    """Backbones that every format can hold and that have at least one full residue."""
    length = draw(st.integers(1, 8))
    coords = draw(st_numpy.arrays(float, (length, 4, 3), elements=st.floats(-999.999, 9999.999)))
    mask = draw(st_numpy.arrays(bool, (length, 4)))
    mask[~mask.any(axis=1), 1] = True
    mask[draw(st.integers(0, length - 1))] = True
    ids = st.tuples(
        st.sampled_from(["", *"ABz09"]), st.integers(-999, 9999), st.sampled_from(["", "A", "b"])
    )
    keys = draw(st.lists(ids, min_size=length, max_size=length, unique=True))
    chain_ids, residue_numbers, insertion_codes = zip(*keys, strict=True)
    names = st.sampled_from(list(ONE_TO_THREE.values()))
    b_factors = st_numpy.arrays(float, length, elements=st.floats(-99.99, 999.99))
    return Backbone(
        coords,
        mask,
        # UNK without CA is no amino acid to a reader.
        [draw(names) if mask[i, 1] else "GLY" for i in range(length)],
        chain_ids,
        residue_numbers,
        insertion_codes,
        draw(st.none() | b_factors),
    )


@few
@given(backbone=backbones())
def test_random_backbones_round_trip(backbone, tmp_path):
    for suffix in (*SUFFIXES, ".cif.gz"):
        path = tmp_path / f"x{suffix}"
        write(backbone, path)
        assert_same(read(path), backbone)
        expected = 0.0 if backbone.b_factors is None else backbone.b_factors
        # two decimals are written; a tie may go either way
        np.testing.assert_allclose(read(path).b_factors, expected, rtol=0, atol=0.005 + 1e-9)


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
