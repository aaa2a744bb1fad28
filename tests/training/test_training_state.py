"""benchmarks/training_state.py: a run that is packed into one file continues from it."""

import csv
import math

import pytest
import torch
from safetensors.torch import load_file

from protdiff.training.checkpoint import read_checkpoint
from protdiff.training.sequence_config import SequenceTraining
from protdiff.training.sequence_run import SequenceRun
from protdiff.training.trainer import Trainer

from ..conftest import ROOT


@pytest.fixture
def training_state():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import training_state

        yield training_state


def test_a_packed_run_continues(training_state, config, tmp_path):
    Trainer(config).fit(report=lambda _: None)
    file, run = tmp_path / "state.safetensors", tmp_path / "elsewhere"
    training_state.pack(config.out, file)
    whole = config.out / "checkpoint-4"
    weights = (whole / "model.safetensors").stat().st_size
    assert file.stat().st_size < 1.2 * weights  # two halves, and the names
    kinds = {tensor.dtype for tensor in load_file(file).values() if tensor.ndim > 1}
    assert kinds == {torch.float16, torch.bfloat16}

    training_state.unpack(file, run)
    before, progress = read_checkpoint(config.out)
    after, continued = read_checkpoint(run)
    assert continued == progress and continued.step == 4
    for name, value in before["average"].items():
        for part in ("model", "average"):
            assert after[part][name].dtype == value.dtype
            torch.testing.assert_close(after[part][name], value, rtol=2**-11, atol=2**-24)
            if f"step.{name}" not in before["adam"]:
                assert torch.equal(after[part][name], value)
    assert after["adam"].keys() == before["adam"].keys()
    for name, value in before["adam"].items():
        if name.startswith("exp_avg."):
            assert not after["adam"][name].any()
        else:
            torch.testing.assert_close(after["adam"][name], value, rtol=2**-8, atol=0)

    lines = []
    Trainer(config.model_copy(update={"out": run, "steps": 6})).fit(report=lines.append)
    assert any(line.startswith("continuing at step 4") for line in lines)
    rows = list(csv.DictReader((run / "training.csv").open()))
    assert [int(row["step"]) for row in rows] == [5, 6]
    assert all(math.isfinite(float(row["loss"])) for row in rows)
    with pytest.raises(SystemExit, match="is there already"):
        training_state.unpack(file, run)


def test_what_is_no_state(training_state, tmp_path, tiny_weights):
    with pytest.raises(SystemExit, match="no checkpoint"):
        training_state.pack(tmp_path, tmp_path / "state.safetensors")
    with pytest.raises(SystemExit, match="no state of a training run"):
        training_state.unpack(tiny_weights, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_packed_run_of_residue_types_continues(training_state, tiny_archive, tmp_path):
    config = SequenceTraining(
        data=tiny_archive, out=tmp_path / "types", steps=4, warmup=1, residues=300,
        threads=1, log_every=1,
        sequence={"hidden": 16, "edge": 8, "encoder_layers": 1, "decoder_layers": 1},
    )  # fmt: skip
    SequenceRun(config).fit(report=lambda _: None)
    file, run = tmp_path / "state.safetensors", tmp_path / "elsewhere"
    training_state.pack(config.out, file)
    training_state.unpack(file, run)
    before, progress = read_checkpoint(config.out)
    after, continued = read_checkpoint(run)
    assert continued == progress and continued.step == 4
    assert after["adam"].keys() == before["adam"].keys()
    for name, value in before["average"].items():
        torch.testing.assert_close(after["model"][name], value, rtol=2**-11, atol=2**-24)
    lines = []
    SequenceRun(config.model_copy(update={"out": run, "steps": 6})).fit(report=lines.append)
    assert any(line.startswith("continuing at step 4") for line in lines)
    rows = list(csv.DictReader((run / "training.csv").open()))
    assert [int(row["step"]) for row in rows] == [5, 6]
    assert all(math.isfinite(float(row["loss"])) for row in rows)
    assert (run / "ema.safetensors").is_file()
