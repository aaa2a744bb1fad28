"""Structure files read and written: real entries, other programs, random backbones."""

import gzip
import warnings

import mdtraj
import numpy as np
import pytest
from Bio.PDB import MMCIFParser, PDBParser
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from protdiff.structure.backbone import BACKBONE_ATOMS, ONE_TO_THREE, Backbone
from protdiff.structure.io.read_write import FileError, read, write

from .examples import EXAMPLES, ROOT, SUFFIXES, assert_same, few, one_line

REAL = ROOT.parent / "shared" / "data" / "files"
UNUSABLE = {
    "1STP.mmtf": "MMTF is not supported; convert to mmCIF",
    "1k5e.cif": "no protein residues",
    "304d.pdb": "no protein residues",
    "3hya.cif.gz": "no protein residues",
    "pdb1gdr.ent": "no protein backbone: CA only",
    "README.md": "unknown file type",
}


def structure_files(folder):
    """Files of a folder as parameters; one skipped parameter when it is not there."""
    if not folder.is_dir():
        return [pytest.param(folder, marks=pytest.mark.skip(reason=f"no folder {folder.name}"))]
    return [pytest.param(path, id=path.name) for path in sorted(folder.iterdir())]


def usable(parameters):
    return [p for p in parameters if p.values[0].name not in UNUSABLE]


ALL_FILES = structure_files(EXAMPLES) + structure_files(REAL)

USABLE_FILES = usable(ALL_FILES)


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


@st.composite
def backbones(draw):
    """Backbones that every format can hold and that have at least one full residue."""
    length = draw(st.integers(1, 8))
    coords = draw(st_numpy.arrays(float, (length, 4, 3), elements=st.floats(-999.999, 9999.999)))
    # Several atoms at the origin stand for unknown coordinates.
    coords[np.abs(coords) < 0.0005] = 0.001
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


@pytest.mark.parametrize("other", [[], "x.pdb", few])
def test_what_is_no_backbone_is_not_written(tmp_path, other):
    with pytest.raises(TypeError, match="write takes one Backbone, such as the attribute"):
        write(other, tmp_path / "x.pdb")
    assert not list(tmp_path.iterdir())
