"""The chain archive against its arrays and its table."""

import csv
import shutil

import numpy as np
import pytest

from protdiff.dataset import is_dataset, read_chains
from protdiff.structure.backbone import RESIDUE_TYPES, THREE_TO_ONE


def write_archive(folder, rows, parts=(("structures_le256.npz", 0), ("structures_257_512.npz", 1))):
    """Archive of made-up chains, in an order that is not the table's; {name: coords}."""
    rng = np.random.default_rng(0)
    with (folder / "chains.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    stored = {}
    for name, long in parts:
        index = [row["index"] for row in rows if (row["length"] > 256) == long][::-1]
        lengths = [rows[k]["length"] for k in index]
        coords = [rng.integers(-9000, 9000, (n, 4, 3)).astype(np.int16) for n in lengths]
        types = [rng.integers(0, 20, n).astype(np.uint8) for n in lengths]
        np.savez(
            folder / name,
            coords=np.concatenate(coords),
            aatype=np.concatenate(types),
            offsets=np.cumsum([0, *lengths]),
            chain_index=np.array(index),
        )
        stored |= {k: (x, t) for k, x, t in zip(index, coords, types, strict=True)}
    return stored


def table():
    lengths = [40, 256, 257, 100, 300, 60, 41, 400]
    splits = ["train", "train", "train", "val", "val", "train", "test", "train"]
    return [
        {"index": k, "pdb_id": f"{k}abc", "chain": "AB"[k % 2], "length": n, "split": split,
         "extended": int(k == 5)}
        for k, (n, split) in enumerate(zip(lengths, splits, strict=True))
    ]  # fmt: skip


@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize("max_length", [100, 256, 299, 512])
@pytest.mark.parametrize("globular", [True, False])
def test_chains_of_a_split(tmp_path, split, max_length, globular):
    rows = table()
    stored = write_archive(tmp_path, rows)
    expected = [
        row["index"]
        for long in (False, True)
        for row in rows[::-1]
        if (row["length"] > 256) == long
        and row["split"] == split
        and row["length"] <= max_length
        and not (globular and row["extended"])
    ]
    chains = read_chains(tmp_path, split, max_length=max_length, globular=globular)
    assert [int(chain.name.split("abc")[0]) for chain in chains] == expected
    for k, chain in zip(expected, chains, strict=True):
        np.testing.assert_array_equal(chain.coords, stored[k][0])
        np.testing.assert_array_equal(chain.types, stored[k][1])
        assert chain.name == f"{k}abc_{'AB'[k % 2]}"


def test_backbone_of_a_chain(tmp_path):
    stored = write_archive(tmp_path, table())
    [chain] = read_chains(tmp_path, "test")
    coords, types = stored[6]
    backbone = chain.backbone()
    np.testing.assert_allclose(backbone.coords, coords / 100, rtol=0, atol=1e-9)
    assert backbone.sequence == "".join(RESIDUE_TYPES[t] for t in types)
    assert [THREE_TO_ONE[name] for name in backbone.residue_names] == list(backbone.sequence)
    assert backbone.chains == ("A",) and backbone.residue_numbers.tolist() == list(range(1, 42))
    assert backbone.mask.all()


def test_names_without_ids(tiny_archive):
    chains = read_chains(tiny_archive, "train")
    assert all(chain.row["split"] == 0 for chain in chains)
    with np.load(tiny_archive / "structures_le256.npz") as data:
        lengths = np.diff(data["offsets"])
    assert [len(chain.coords) for chain in chains] == [lengths[int(c.name)] for c in chains]


def test_what_is_an_archive(tiny_archive, tmp_path):
    assert is_dataset(tiny_archive) and is_dataset(str(tiny_archive))
    assert not is_dataset(tmp_path) and not is_dataset(tmp_path / "nowhere")
    shutil.copy(tiny_archive / "chains.csv", tmp_path)
    assert not is_dataset(tmp_path)
    shutil.copy(tiny_archive / "structures_le256.npz", tmp_path)
    assert is_dataset(tmp_path)


def test_nothing_there(tiny_archive, tmp_path):
    with pytest.raises(ValueError, match="not a data set"):
        read_chains(tmp_path, "train")
    for name in ("chains.csv", "structures_le256.npz"):
        (tmp_path / name).write_bytes((tiny_archive / name).read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"structures_le256\.npz: damaged"):
        read_chains(tmp_path, "train")
    with pytest.raises(ValueError, match="no chains of split 'test' up to 256"):
        read_chains(tiny_archive, "test")
    with pytest.raises(ValueError, match="no chains of split 'train' up to 10 "):
        read_chains(tiny_archive, "train", max_length=10)


def test_archive_without_long_chains(tiny_archive):
    assert len(read_chains(tiny_archive, "train", max_length=512)) == len(
        read_chains(tiny_archive, "train", max_length=256)
    )
