"""A run that resumes as if it had never stopped, learns, and keeps its best weights."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from protdiff.network.weights import load_weights
from protdiff.training import trainer
from protdiff.training.objective import HeldOutLoss, validate
from protdiff.training.trainer import Trainer

from ..conftest import TINY, double_precision
from .conftest import rows_of


def test_interrupted_run_equals_an_uninterrupted_one(config, tmp_path):
    Trainer(config).fit(report=lambda _: None)
    halves = config.model_copy(update={"out": tmp_path / "halves"})

    class Stopped(Exception):
        pass

    def stop_after_two(saved=[]):  # noqa: B006 - counts the calls
        saved.append(None)
        if len(saved) == 2:
            raise Stopped

    save = Trainer.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "save", lambda run: (save(run), stop_after_two()))
        with pytest.raises(Stopped):
            Trainer(halves).fit(report=lambda _: None)
    Trainer(halves).fit(report=lambda _: None)
    for part in ("model", "average", "adam"):
        whole, resumed = (
            load_file(c.out / "checkpoint-4" / f"{part}.safetensors") for c in (config, halves)
        )
        assert whole.keys() == resumed.keys() and whole
        for name in whole:
            assert torch.equal(whole[name], resumed[name]), name
    assert [p.name for p in halves.out.glob("checkpoint*")] == ["checkpoint-4"]


def test_validation_shows_the_loss_and_the_terms_that_there_are(config):
    """Only the loss "resolution" has terms of distances."""
    for loss, distances in (("resolution", True), ("unit", False)):
        lines = []
        other = config.model_copy(update={"loss": loss, "out": config.out / loss})
        Trainer(other).fit(report=lines.append)
        [line] = [line for line in lines if line.startswith("step 4: loss ")]
        assert "nan" not in line and "modes_<4" in line and ("contacts" in line) == distances


def test_run_writes_usable_weights_and_logs(config):
    path = Trainer(config).fit(report=lambda _: None)
    denoiser = load_weights(path)
    assert denoiser.network.config == TINY
    rows = list(csv.DictReader((config.out / "training.csv").open()))
    assert [int(r["step"]) for r in rows] == [1, 2, 3, 4]
    [last] = csv.DictReader((config.out / "validation.csv").open())
    assert {"modes_<4", "links"} <= last.keys() and 0 < float(last["links"]) < 5
    # A checkpoint that came alone, from another machine, gives them, too.
    before = path.read_bytes()
    path.unlink()
    assert Trainer(config).fit(report=lambda _: None) == path and path.read_bytes() == before


def test_settings_of_a_session_change_nothing_and_stay(config):
    """Neither its random numbers nor the type of its tensors."""
    plain = Trainer(config).fit(report=lambda _: None).read_bytes()
    with double_precision():
        torch.manual_seed(7)
        state = torch.get_rng_state()
        other = config.model_copy(update={"out": config.out / "other"})
        assert Trainer(other).fit(report=lambda _: None).read_bytes() == plain
        assert torch.equal(torch.get_rng_state(), state)


def test_training_lowers_the_loss_on_its_own_batches(config, chains):
    config = config.model_copy(
        update={"steps": 120, "learning_rate": 1e-2, "full_share": 1.0, "checkpoint_minutes": 1e9}
    )
    denoiser = load_weights(Trainer(config).fit(report=lambda _: None))
    ratios = validate(denoiser, chains, config, batches=6)
    assert ratios["links"] < 0.95  # measured: 0.9; the carbonyls follow from the trace


def test_run_starts_from_given_weights(config, tiny_weights, tiny_denoiser):
    config = config.model_copy(update={"initial": str(tiny_weights), "learning_rate": 1e-12})
    denoiser = load_weights(Trainer(config).fit(report=lambda _: None))
    for name, value in tiny_denoiser.state_dict().items():
        torch.testing.assert_close(denoiser.state_dict()[name], value, atol=1e-6, rtol=1e-6)


def test_bf16_follows_float32(judged):
    """The losses differ by rounding; the weights are kept in 32 bits."""
    losses, weights = {}, {}
    for precision in ("float32", "bf16"):
        out = judged.out / precision
        Trainer(judged.model_copy(update={"precision": precision, "out": out})).fit(
            report=lambda _: None
        )
        losses[precision] = [float(row["loss"]) for row in rows_of(out / "training.csv")]
        weights[precision] = load_file(out / "ema.safetensors")
    np.testing.assert_allclose(losses["bf16"], losses["float32"], rtol=0.01)
    assert {t.dtype for t in weights["bf16"].values()} == {torch.float32}
    differ = [n for n, t in weights["bf16"].items() if not torch.equal(t, weights["float32"][n])]
    assert any("attention.project" in name for name in differ)


def test_two_networks_learn_in_one_run(config):
    """Batches of decimated chains change the one, those of all residues the other."""
    sizes = replace(TINY, coarse=replace(TINY, layers=1))
    for share, changes in {0.0: "coarse.", 1.0: ""}.items():
        changed = {"network": sizes, "full_share": share, "out": config.out / str(share)}
        run = Trainer(config.model_copy(update=changed))
        before = {n: t.clone() for n, t in run.denoiser.network.named_parameters()}
        run.fit(report=lambda _: None)
        moved = {
            name.startswith("coarse.")
            for name, t in run.denoiser.network.named_parameters()
            if (t - before[name] * (1 - 1e-3)).abs().max() > 1e-5 and "head" in name
        }
        assert moved == {changes == "coarse."}
        assert load_weights(run.config.out / "ema.safetensors").network.config == sizes


def test_accumulated_batches_are_averaged(config, chains):
    """Two equal batches give the gradient of one."""
    sizes = replace(config.network, self_conditioning=True)
    config = config.model_copy(update={"network": sizes})
    fixed = trainer.make_batch
    grads = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "make_batch", lambda c, r, g, step, part=0: fixed(c, r, g, 0, 0))
        patch.setattr(
            trainer, "batch_loss", lambda d, b, c, seed, f=trainer.batch_loss: f(d, b, c, 0)
        )
        for accumulate in (1, 2):
            run = Trainer(config.model_copy(update={"accumulate": accumulate}))
            run.optimiser.step = lambda: None
            run.train_step(chains, 1e-3)
            grads.append(run.denoiser.network.head.weight.grad.clone())
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-7)


def test_early_stop_and_best_weights(judged, monkeypatch):
    losses = iter([3.0, 2.0, 2.5, 2.1, 1.0, 0.5])
    monkeypatch.setattr(
        trainer, "held_out_loss", lambda *_: HeldOutLoss(next(losses), {"links": 1.0})
    )
    lines = []
    Trainer(judged.model_copy(update={"patience": 2})).fit(report=lines.append)
    rows = rows_of(judged.out / "validation.csv")
    assert [float(row["loss"]) for row in rows] == [3.0, 2.0, 2.5, 2.1]
    assert "no better on held-out chains in 2 validations" in lines[-1]
    assert (judged.out / "checkpoint-4").is_dir()
    best, last = (load_weights(judged.out / f"{x}.safetensors") for x in ("best", "ema"))
    name = "layers.0.attention.project"
    assert not torch.equal(*(d.network.get_submodule(name).weight for d in (best, last)))
    Trainer(judged.model_copy(update={"patience": 2})).fit(report=lines.append)  # remains stopped
    assert len(rows_of(judged.out / "validation.csv")) == 4


def test_samples_are_measured(judged):
    judged = judged.model_copy(update={"samples": 2, "steps": 1})
    Trainer(judged).fit(report=lambda _: None)
    [row] = rows_of(judged.out / "samples.csv")
    assert row["step"] == "1" and 0 <= float(row["dssp_helix"]) <= 1
    assert float(row["rg_ratio"]) > 0.3
