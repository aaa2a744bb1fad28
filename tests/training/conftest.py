"""A tiny archive's chains, and the configuration of a tiny run on them."""

import csv

import pytest

from protdiff.flow import ChainFlow
from protdiff.flow.reference_spectrum import real_spectrum
from protdiff.training import trainer
from protdiff.training.chains import load_chains
from protdiff.training.config import TrainingConfig

SIZES = dict(scalars=16, vectors=8, layers=2, heads=2, hidden=32, products=4, embedding=16)


def rows_of(path):
    """Rows of a CSV file as dicts."""
    with path.open() as handle:
        return list(csv.DictReader(handle))


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


@pytest.fixture
def quick(monkeypatch):
    """One batch of held-out chains is enough where the loss on them does not matter."""
    measure = trainer.held_out_loss
    monkeypatch.setattr(trainer, "held_out_loss", lambda *some: measure(*some[:3], batches=1))


@pytest.fixture
def judged(config, quick):
    """Configuration of a run that validates after every step, and saves at its end."""
    changes = {"steps": 6, "checkpoint_minutes": 1e9, "validate_minutes": 1e-9}
    return config.model_copy(update=changes)
