"""Designs, their sequences, and a fake structure predictor as a command."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.structure.backbone import joined

from ...conftest import ROOT

ENGINE = Path(__file__).with_name("fake_engine.py")


@pytest.fixture(scope="session")
def chain():
    """A chain of 30 residues, all called ALA."""
    backbone = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")[10:40]
    return protdiff.Backbone.from_coords(backbone.coords)


@pytest.fixture
def designs(chain, tmp_path):
    """The folder "my designs" with two designs of one chain, and one of two chains."""
    folder = tmp_path / "my designs"
    folder.mkdir()
    protdiff.write(chain, folder / "a.pdb")
    protdiff.write(chain[:20], folder / "a_1.pdb")
    copy = replace(chain, coords=chain.coords + np.array([12.0, 0, 0]), chain_ids=["B"] * 30)
    protdiff.write(joined([chain, copy]), folder / "pair.pdb")
    return folder


def letters(count, seed):
    """Random residue types."""
    return "".join(np.random.default_rng(seed).choice(list("ADEFGHIKLMNPQRSTVWY"), count))


@pytest.fixture
def sequences(tmp_path):
    """Two sequences for each of the designs, as `protdiff design` writes them."""
    folder = tmp_path / "sequences"
    folder.mkdir()
    text = ""
    for name, sizes in (("a", (30,)), ("a_1", (20,)), ("pair", (30, 30))):
        for k in range(2):
            chains = "/".join(letters(size, 10 * k + j) for j, size in enumerate(sizes))
            text += f">{name}_{k} design={name} number={k} nats=1.6203 seed=0\n{chains}\n"
    (folder / "sequences.fasta").write_text(text)
    return folder


@pytest.fixture
def engine(designs):
    """Command of the fake predictor, with further options."""

    def command(*options, fasta="{fasta}"):
        words = [sys.executable, str(ENGINE), str(designs), fasta, "{out}", *map(str, options)]
        return shlex.join(words)

    return command
