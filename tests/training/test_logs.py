"""Logs of a run."""

import csv
import sys
import types

import pytest

from protdiff.training.config_file import ConfigError
from protdiff.training.trainer import Trainer

from .conftest import rows_of


def test_log_of_a_resumed_run_has_every_step_once(config):
    Trainer(config).fit(report=lambda _: None)
    with (config.out / "training.csv").open("a") as log:
        log.write("9,0,0,0,0,0,0,0,0,0,0,0,0,0\n")  # a step after the last checkpoint
    longer = config.model_copy(update={"steps": 6})
    Trainer(longer).fit(report=lambda _: None)
    steps = [int(r["step"]) for r in csv.DictReader((config.out / "training.csv").open())]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_tensorboard_gets_the_numbers(judged, monkeypatch):
    seen = []

    class SummaryWriter:
        def __init__(self, folder):
            assert folder == str(judged.out / "tensorboard")

        def add_scalar(self, name, value, step):
            seen.append((name, float(value), step))

        def flush(self):
            pass

    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    judged = judged.model_copy(update={"tensorboard": True, "steps": 2})
    Trainer(judged).fit(report=lambda _: None)
    logged = {(name, step): value for name, value, step in seen}
    row = rows_of(judged.out / "training.csv")[1]
    assert logged["training/loss", 2] == pytest.approx(float(row["loss"]), rel=1e-4)
    assert ("validation/links", 1) in logged
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match="tensorboard: not installed"):
        Trainer(judged.model_copy(update={"out": judged.out / "b"})).fit(report=lambda _: None)
