"""Data sets and archives that others wrote are checked once, when they are opened."""

import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from protdiff.dataset import read_chains
from protdiff.dataset.build import Splitting, build_dataset
from protdiff.dataset.filters import Limits

from .test_archive import table, write_archive


@pytest.fixture(scope="module")
def right(tmp_path_factory, tiny_archive):
    folder = tmp_path_factory.mktemp("right") / "set"
    build_dataset(
        [str(tiny_archive)], folder, limits=Limits(min_length=20), splitting=Splitting("identical")
    )
    return folder


def damaged_array(name, change):
    def damage(folder):
        array = np.load(folder / f"{name}.npy").copy()
        np.save(folder / f"{name}.npy", change(array))

    return damage


def with_value(place, value, column=None):
    def change(array):
        (array if column is None else array[column])[place] = value
        return array

    return change


def header(text):
    def damage(folder):
        path = folder / "coords.npy"
        content = path.read_bytes()
        head = text.encode().ljust(117) + b"\n"
        path.write_bytes(content[:8] + len(head).to_bytes(2, "little") + head + content[128:])

    return damage


def summary(**changed):
    def damage(folder):
        path = folder / "dataset.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return damage


def written(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def pipe(name):
    def damage(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return damage


@pytest.mark.parametrize(
    ("damage", "file", "message"),
    [
        (damaged_array("types", with_value(3, 20)), "types.npy", "residue 3 has the type 20"),
        (damaged_array("types", with_value(3, 254)), "types.npy", "of which there are 20"),
        (damaged_array("structure", with_value(9, 3)), "structure.npy", "residue 9 has the type 3"),
        (damaged_array("coords", lambda x: x.reshape(-1, 12)), "coords.npy", "does not fit"),
        (damaged_array("coords", lambda x: x.astype("f4")), "coords.npy", "does not fit"),
        (damaged_array("coords", lambda x: x.astype(object)), "coords.npy", "damaged or missing"),
        (damaged_array("table", with_value(1, -1, "start")), "table.npy", "chain 1 is residues -1"),
        (damaged_array("table", with_value(1, 2**62, "start")), "table.npy", "chain 1 is residues"),
        (damaged_array("table", with_value(2, 2**31 - 1, "length")), "table.npy", "chain 2 is"),
        (damaged_array("table", with_value(2, 0, "length")), "table.npy", "chain 2 is residues"),
        (damaged_array("table", with_value(0, 3, "split")), "table.npy", "chain 0 is of no split"),
        (header("{'descr': '<i2', 'fortran_order': False, 'shape': (9,"), "coords.npy", "damaged"),
        (header("{'descr': '<i2', 'fortran_order': 0, 'shape': 'x'}"), "coords.npy", "damaged"),
        (header("__import__('os').mkdir('ran')"), "coords.npy", "damaged"),
        (header("(" * 100), "coords.npy", "damaged"),
        (pipe("types.npy"), "types.npy", "not a regular file"),
        (pipe("dataset.json"), "dataset.json", "not a regular file"),
        (written("dataset.json", b"[]"), "dataset.json", "no JSON object"),
        (written("dataset.json", 9999 * b"["), "dataset.json", "nested too deep"),
        (written("dataset.json", b"\xff"), "dataset.json", "damaged"),
        (summary(chains=None), "dataset.json", "chains is no count"),
        (summary(residues=-1), "dataset.json", "residues is no count"),
        (summary(residues=True), "dataset.json", "residues is no count"),
        (summary(format=[]), "dataset.json", "damaged"),
    ],
)
def test_damaged_data_sets(tmp_path, right, damage, file, message):
    folder = tmp_path / "set"
    shutil.copytree(right, folder)
    assert len(read_chains(folder, globular=False)) > 3
    damage(folder)
    with pytest.raises(ValueError, match=rf"^{folder}/{file}: ") as error:
        read_chains(folder, globular=False)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not (folder / "ran").exists()


def changed(name, change):
    def damage(folder):
        path = folder / "structures_le256.npz"
        with np.load(path) as archive:
            arrays = dict(archive)
        arrays[name] = change(arrays[name])
        np.savez(path, **arrays)

    return damage


def bomb(folder):
    """An array of zeros that is 16 MiB when decompressed, and 16 kB before."""
    content = io.BytesIO()
    np.save(content, np.zeros(2**24, np.uint8))
    with zipfile.ZipFile(folder / "structures_le256.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("coords.npy", content.getvalue())


def edited(old, new):
    def damage(folder):
        path = folder / "chains.csv"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return damage


ARCHIVE, CSV = "structures_le256.npz", "chains.csv"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("damage", "file", "message"),
    [
        (changed("chain_index", with_value(0, 8)), ARCHIVE, "must be rows of chains.csv, 0 to 7"),
        (changed("chain_index", with_value(0, -1)), ARCHIVE, "must be rows of chains.csv"),
        (changed("chain_index", lambda x: x[:-1]), ARCHIVE, "chain_index must have"),
        (changed("chain_index", lambda x: x.astype("f8")), ARCHIVE, "whole numbers"),
        (changed("coords", lambda x: x.reshape(-1, 12)), ARCHIVE, "coords must be int16 of shape"),
        (changed("coords", lambda x: x.astype("i4")), ARCHIVE, "coords must be int16 of shape"),
        (changed("coords", lambda x: x.astype(object)), ARCHIVE, "damaged"),
        (changed("aatype", with_value(5, 20)), ARCHIVE, "residue 5 has the type 20"),
        (changed("aatype", lambda x: x[:-1]), ARCHIVE, "coords must be int16 of shape"),
        (changed("offsets", with_value(1, 0)), ARCHIVE, "offsets must rise from 0"),
        (changed("offsets", with_value(-1, 2**40)), ARCHIVE, "offsets must rise from 0"),
        (changed("offsets", lambda x: x[:0]), ARCHIVE, "offsets must rise from 0"),
        (written(ARCHIVE, b"PK"), ARCHIVE, "damaged, or not a chain archive"),
        (bomb, ARCHIVE, "over 1 MiB when decompressed"),
        (edited(",train,", ",tuning,"), CSV, "damaged, row 1"),
        (edited("split", "spit"), CSV, "damaged, row 1"),
        (edited("0abc", '\0abc\xff\n"' + 200_000 * "x"), CSV, "damaged, row"),
        (written(CSV, b"\xff\xfe"), CSV, "damaged"),
    ],
)
def test_damaged_archives(tmp_path, monkeypatch, damage, file, message):
    write_archive(tmp_path, table())
    assert len(read_chains(tmp_path, globular=False)) == 5
    damage(tmp_path)
    if damage is bomb:
        monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    with pytest.raises(ValueError, match=rf"^{tmp_path}/{file}: ") as error:
        read_chains(tmp_path, globular=False)
    assert message in str(error.value) and "\n" not in str(error.value)
