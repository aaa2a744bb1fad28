"""`protdiff design`, and structures to run it on."""

from dataclasses import replace

import numpy as np
import pytest

import protdiff
from protdiff.structure.backbone import joined

from ...conftest import ROOT

EXAMPLES = ROOT / "data" / "examples"


@pytest.fixture(scope="module")
def chain():
    """A chain of 30 residues that is called A."""
    return protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:40]


@pytest.fixture
def folder(chain, tmp_path):
    """Three structures, one of them with two chains."""
    folder = tmp_path / "designs"
    folder.mkdir()
    protdiff.write(chain, folder / "a.pdb")
    protdiff.write(chain[:20], folder / "b.cif")
    copy = replace(chain, coords=chain.coords + np.array([12.0, 0, 0]), chain_ids=np.full(30, "B"))
    protdiff.write(joined([chain, copy]), folder / "c.pdb.gz")
    return folder


@pytest.fixture
def run(console, tiny_types, tmp_path):
    """Run ``protdiff design``; returns exit code, stdout, stderr."""

    def call(*arguments, out="out"):
        return console("design", *arguments, "--weights", tiny_types, "--out", tmp_path / out)

    return call
