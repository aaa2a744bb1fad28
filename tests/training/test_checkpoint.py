"""Checkpoints: whole or not at all, and of the run that they are in."""

from dataclasses import replace

import pytest

from protdiff.training import checkpoint
from protdiff.training.config_file import ConfigError
from protdiff.training.trainer import Trainer


@pytest.mark.parametrize("how", ["other sizes", "damaged"])
def test_checkpoint_that_does_not_fit_is_one_line(config, how):
    Trainer(config).fit(report=lambda _: None)
    if how == "damaged":
        path = config.out / "checkpoint-4" / "model.safetensors"
        path.write_bytes(path.read_bytes()[:1000])
    else:
        sizes = replace(config.network, scalars=24)
        config = config.model_copy(update={"network": sizes})
    with pytest.raises(ConfigError, match=r"checkpoint-4: damaged|made with other .network. sizes"):
        Trainer(config).fit(report=lambda _: None)


def test_a_full_disk_leaves_the_checkpoint(judged, monkeypatch):
    judged = judged.model_copy(update={"checkpoint_minutes": 1e-9, "validate_minutes": 1e9})
    Trainer(judged.model_copy(update={"steps": 2})).fit(report=lambda _: None)

    def full(tensors, path):
        path.write_bytes(b"part of it")
        raise OSError(28, "No space left on device", str(path))

    before = (judged.out / "ema.safetensors").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save_tensors", full)
        with pytest.raises(OSError, match="No space left"):
            Trainer(judged.model_copy(update={"steps": 4})).fit(report=lambda _: None)
    assert (judged.out / "ema.safetensors").read_bytes() == before
    assert [path.name for path in judged.out.glob("checkpoint*")] == ["checkpoint-2"]
    lines = []
    Trainer(judged.model_copy(update={"steps": 4})).fit(report=lines.append)
    assert "continuing at step 2, steps 4 (before: 2)" in lines
