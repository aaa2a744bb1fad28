"""The format: what is written is read, from arrays that stay on disk."""

import json

import numpy as np
import pytest

from protdiff.dataset import ChainSet, read_chains
from protdiff.dataset.set_writer import ChainSetWriter
from protdiff.dataset.store import SPLITS, UNKNOWN
from protdiff.network.condition_features import condition_features


def write(folder, lengths=(40, 55, 300, 41), splits=(0, 1, 0, 2), extended=(0, 0, 0, 1)):
    """Random chains as a data set; their arrays."""
    rng, stored = np.random.default_rng(0), []
    folder.mkdir()
    writer = ChainSetWriter(folder)
    for k, n in enumerate(lengths):
        arrays = (
            rng.integers(-9000, 9000, (n, 4, 3)).astype(np.int16),
            rng.integers(0, 20, n).astype(np.uint8),
            rng.integers(0, 3, n).astype(np.uint8),
        )
        writer.add(f"chain{k}", *arrays, split=splits[k], extended=extended[k], rg=k + 0.5)
        stored.append(arrays)
    writer.close_arrays()
    writer.summarise(note="x")
    return stored


def test_round_trip(tmp_path):
    stored = write(tmp_path / "d")
    chains = ChainSet.open(tmp_path / "d")
    assert isinstance(chains.coords, np.memmap) and chains.coords.flags.writeable is False
    assert [c.name for c in chains] == ["chain0", "chain1", "chain2", "chain3"]
    assert chains.table["rg"].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert np.isnan(chains.table["helix"]).all()
    for k, (coords, types, structure) in enumerate(stored):
        np.testing.assert_array_equal(chains[k].coords, coords)
        np.testing.assert_array_equal(chains[k].types, types)
        np.testing.assert_array_equal(chains.structure[chains.span(k)], structure)
    assert json.loads((tmp_path / "d" / "dataset.json").read_text())["note"] == "x"
    plain = np.load(tmp_path / "d" / "coords.npy")  # an ordinary .npy file
    assert plain.shape == (436, 4, 3) and plain.dtype == np.int16


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"split": "train"}, [0, 2]),
        ({"split": "train", "max_length": 256}, [0]),
        ({"split": "test"}, [3]),
        ({"globular": True}, [0, 1, 2]),
        ({"min_length": 41}, [1, 2, 3]),
    ],
)
def test_selection(tmp_path, options, expected):
    stored = write(tmp_path / "d")
    chosen = ChainSet.open(tmp_path / "d").select(**options)
    assert [c.name for c in chosen] == [f"chain{k}" for k in expected]
    compact = chosen.compact()
    assert compact.digest == chosen.digest and len(compact.types) == compact.lengths.sum()
    for row, k in enumerate(expected):
        np.testing.assert_array_equal(chosen[row].coords, stored[k][0])
        np.testing.assert_array_equal(compact[row].coords, stored[k][0])


def test_digest_depends_on_every_residue(tmp_path):
    write(tmp_path / "d")
    chains = ChainSet.open(tmp_path / "d").compact()
    before = chains.digest
    chains.types[200] ^= 1
    assert chains.select().digest != before


def test_unknown_residues_are_not_given_to_the_network():
    types = np.array([3, UNKNOWN, 0], np.uint8).view(np.int8)
    features = condition_features([types], [None], 3)
    assert features[0].sum(-1).tolist() == [1, 0, 1] and features[0, 0, 3] == 1


@pytest.mark.parametrize("name", ["coords", "types", "structure", "table"])
@pytest.mark.parametrize("how", ["cut", "gone", "short"])
def test_damaged_arrays_are_one_line(tmp_path, name, how):
    write(tmp_path / "d")
    path = tmp_path / "d" / f"{name}.npy"
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    else:
        np.save(path, np.load(path)[:-1])
    with pytest.raises(ValueError, match=rf"{name}\.npy.*build") as caught:
        ChainSet.open(tmp_path / "d")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{}", '{"format": "other", "chains": 1, "residues": 1}'])
def test_foreign_summary(tmp_path, text):
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(ValueError, match=r"dataset\.json: damaged"):
        read_chains(tmp_path)


def test_splits_are_as_documented():
    assert SPLITS == ("train", "val", "test")
