"""What the tests of `protdiff score` share: rows of its tables, structures that were moved."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from protdiff.structure.backbone import Backbone

EXAMPLES = Path(__file__).parents[3] / "data" / "examples"
ENDS = ("warning", "error")


def rows_of(path):
    """Rows of a CSV file; numbers where there are some, None for an empty field."""
    out = []
    for row in csv.DictReader(path.open(newline="", encoding="utf-8")):
        for name, text in row.items():
            try:
                row[name] = float(text) if text else None
            except ValueError:
                row[name] = text
        out.append(row)
    return out


def moved(one, seed, noise=0.0, **changes):
    """The structure somewhere else, with noise, and with other names or numbers."""
    rng = np.random.default_rng(seed)
    coords = one.coords + noise * rng.normal(size=one.coords.shape)
    coords = coords @ Rotation.random(rng=rng).as_matrix() + 30 * rng.normal(size=3)
    fields = ("residue_names", "chain_ids", "residue_numbers", "insertion_codes")
    arrays = {name: changes.get(name, getattr(one, name)) for name in fields}
    mask = changes.get("mask", one.mask)
    return Backbone(np.where(mask[..., None], coords, np.nan), mask, **arrays)


def agree(row, expected):
    """A row of a CSV file has the numbers of a dict, rounded."""
    for name, value in expected.items():
        if isinstance(value, str):
            assert (row[name] or "") == value, name
        elif math.isnan(value):
            assert row[name] is None, name
        else:
            assert row[name] == pytest.approx(value, rel=5.1e-5, abs=5.1e-5), name
