"""Chains of a data set as training reads them."""

import csv

import numpy as np

from protdiff.training.chains import load_chains


def test_chains_are_read_as_stored(tiny_archive, chains):
    rows = list(csv.DictReader((tiny_archive / "chains.csv").open()))
    kept = [int(r["length"]) for r in rows if r["split"] == "train"]
    assert chains.lengths.tolist() == kept
    with np.load(tiny_archive / "structures_le256.npz") as z:
        first = next(int(r["index"]) for r in rows if r["split"] == "train")
        xyz = z["coords"][z["offsets"][first] : z["offsets"][first + 1]] / 100
    ca, links, types, structure = chains.crop(0)
    np.testing.assert_allclose(ca, xyz[:, 1], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(links, axis=1), [1] * (kept[0] - 1), atol=1e-6)
    assert len(types) == len(structure) == kept[0]
    assert set(np.unique(chains.structure)) <= {0, 1, 2}
    whole = (ca, links, types, structure)
    for crop, part in zip(chains.crop(0, 5, 20), whole, strict=True):
        np.testing.assert_array_equal(crop, part[5 : 5 + len(crop)])


def test_secondary_structure_cache(tiny_archive, tmp_path, chains):
    calls = []
    for _ in "12":
        read = load_chains(
            tiny_archive, "train", cache=tmp_path, progress=lambda *a: calls.append(a)
        )
    assert len(calls) == len(chains)  # computed once
    assert np.array_equal(read.structure, chains.structure)
