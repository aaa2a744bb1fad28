"""A tiny archive's chains, and the configuration of a tiny run on them."""

import pytest

from protdiff.flow import ChainFlow
from protdiff.flow.reference_spectrum import real_spectrum
from protdiff.training.chains import load_chains
from protdiff.training.config import TrainingConfig

SIZES = dict(scalars=16, vectors=8, layers=2, heads=2, hidden=32, products=4, embedding=16)


@pytest.fixture(scope="module")
def chains(tiny_archive):
    return load_chains(tiny_archive, "train")


@pytest.fixture
def config(tiny_archive, tmp_path):
    return TrainingConfig(
        data=tiny_archive, out=tmp_path / "run", network=SIZES, steps=4, warmup=1, beads=256,
        checkpoint_minutes=1e-6, validate_minutes=1e9, log_every=1, threads=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def recipe():
    return ChainFlow(spectrum=real_spectrum())
