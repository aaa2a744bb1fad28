"""Scores beside a published table of predictions."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ..conftest import ROOT
from .helpers import compare

CAMEO = ROOT.parent / "shared" / "data" / "cameo22"


def published_rows():
    with (CAMEO / "expected.csv").open() as handle:
        return list(csv.DictReader(handle))[::15]


@pytest.fixture(scope="module")
def published():
    """Every 15th row of the table, and our scores with two alignments."""
    rows = published_rows()
    found = {}
    for alignment in ("sequence", "identity"):
        found[alignment] = [
            compare(
                Path(CAMEO, "models", row["model"]),
                Path(CAMEO, "references", row["reference"]),
                alignment=alignment,
            )
            for row in rows
        ]
    return rows, found


needs_cameo = pytest.mark.skipif(
    not (CAMEO / "expected.csv").exists(), reason="needs EigenFold's predictions and scores"
)


@needs_cameo
@pytest.mark.parametrize("key", ["rmsd", "tm", "gdt_ts", "gdt_ha"])
def test_published_scores(published, key):
    rows, found = published
    off = [getattr(f, key) - float(r[key]) for f, r in zip(found["sequence"], rows, strict=True)]
    assert len(off) == 35
    # Half a unit of the last digit of an rmsd in print; the others have one more.
    assert np.median(np.abs(off)) <= (0.0005 if key == "rmsd" else 0.00005)
    # Rows whose alignments differ are rare.
    assert np.mean(np.abs(off) > 0.002) <= 0.1


@needs_cameo
def test_published_lddt(published):
    rows, found = published
    off = [f.lddt - float(r["lddt"]) for f, r in zip(found["identity"], rows, strict=True)]
    # Four digits in print, and a distance or two that ties with a threshold
    assert np.abs(off).max() < 0.0002
