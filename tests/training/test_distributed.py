"""Training in processes of its own: shared work, sudden death, Ctrl-C, early stop, logs."""

import csv
import os
import signal
import socket
import subprocess
import sys
import time
import types
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from protdiff.network.weights import load_weights
from protdiff.training import distributed as ranks
from protdiff.training import trainer
from protdiff.training.config import ConfigError, TrainingConfig
from protdiff.training.trainer import Trainer

from ..conftest import ROOT
from .conftest import SIZES

TEXT = """
data = "{data}"
out = "{out}"
steps = {steps}
accumulate = {accumulate}
warmup = 1
beads = 256
checkpoint_minutes = {checkpoint}
validate_minutes = 1e9
log_every = 1
threads = 1
[network]
{sizes}
self_conditioning = true
"""


@pytest.fixture
def written(tiny_archive, tmp_path):
    """Write a configuration; its path and the run's folder."""

    def write(name, steps, accumulate=1, checkpoint=1e-6):
        sizes = "\n".join(f"{key} = {value}" for key, value in SIZES.items())
        out, path = tmp_path / name, tmp_path / f"{name}.toml"
        values = dict(data=tiny_archive, out=out, steps=steps, accumulate=accumulate)
        path.write_text(TEXT.format(**values, sizes=sizes, checkpoint=checkpoint))
        return path, out

    return write


def config_of(path):
    from protdiff.training.config import read_config

    return read_config(path)


def start(*command, **variables):
    # A shell starts background jobs, and so perhaps these tests, with SIGINT ignored.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | variables
    return subprocess.Popen(
        [sys.executable, *map(str, command)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heeding,
    )  # fmt: skip


def rows_of(path):
    with path.open() as handle:
        return list(csv.DictReader(handle))


def by_torchrun(path):
    yield start(
        "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2,
        "-m", "protdiff.cli.app", "train", path,
    )  # fmt: skip


def by_srun(path):
    """What srun does: the command twice, and variables that say which is which."""
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    slurm = {
        "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NODELIST": "localhost", "SLURM_JOB_ID": "7",
        "MASTER_PORT": str(port),
    }  # fmt: skip
    for rank in "01":
        own = {"SLURM_PROCID": rank, "SLURM_LOCALID": rank}
        yield start("-m", "protdiff.cli.app", "train", path, **slurm, **own)


@pytest.mark.parametrize("launch", [by_torchrun, by_srun])
def test_processes_that_share_a_batch_give_the_curve_of_one(written, launch):
    one, alone = written("alone", 6, accumulate=2)
    two, shared = written("shared", 6)
    Trainer(config_of(one)).fit(report=lambda _: None)
    for process in list(launch(two)):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-2000:]
    first, second = rows_of(alone / "training.csv"), rows_of(shared / "training.csv")
    assert len(first) == len(second) == 6
    for a, b in zip(first, second, strict=True):
        assert a["chains"] == b["chains"] or abs(int(a["chains"]) - int(b["chains"])) < 40
        for key in ("loss", "modes_<4", "modes_>32"):
            np.testing.assert_allclose(float(a[key]), float(b[key]), rtol=1e-4)


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("node[07-09,12],other3", "node07"), ("a12", "a12"), ("gpu-1,gpu-2", "gpu-1")],
)
def test_the_first_node_of_a_job(nodes, first, monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    said = {"STEP_NUM_TASKS": "8", "STEP_NODELIST": nodes, "PROCID": "5", "LOCALID": "1"}
    for name, value in (said | {"JOB_ID": "41234567"}).items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    ranks._ask_slurm()
    assert os.environ["MASTER_ADDR"] == first
    assert (os.environ["RANK"], os.environ["WORLD_SIZE"]) == ("5", "8")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert ranks.device_of("cuda") == "cuda:1" and ranks.device_of("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert ranks.device_of("cuda") == "cuda:0"
    assert 20000 <= int(os.environ["MASTER_PORT"]) < 40000


def test_a_batch_script_is_one_process(monkeypatch):
    """Without srun there are tasks, but no step: nobody else would join."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert ranks.join_group() == (0, 1)


def test_bf16_follows_float32(config):
    """The losses differ by rounding; the weights are kept in 32 bits."""
    losses, weights = {}, {}
    for precision in ("float32", "bf16"):
        out = config.out / precision
        Trainer(config.model_copy(update={"precision": precision, "out": out})).fit(
            report=lambda _: None
        )
        losses[precision] = [float(row["loss"]) for row in rows_of(out / "training.csv")]
        weights[precision] = load_file(out / "ema.safetensors")
    np.testing.assert_allclose(losses["bf16"], losses["float32"], rtol=0.01)
    assert {t.dtype for t in weights["bf16"].values()} == {torch.float32}
    differ = [n for n, t in weights["bf16"].items() if not torch.equal(t, weights["float32"][n])]
    assert any("attention.project" in name for name in differ)


def test_accumulated_batches_are_averaged(written):
    """Two equal batches give the gradient of one."""
    path, _ = written("x", 1)
    config = config_of(path)
    fixed = trainer.make_batch
    chains = trainer.load_chains(config.data, "train")
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


@pytest.fixture
def quick(monkeypatch):
    """One batch of held-out chains is enough where the loss on them does not matter."""
    measure = trainer.held_out_loss
    monkeypatch.setattr(trainer, "held_out_loss", lambda *some: measure(*some[:3], batches=1))


def wait_for_rows(process, path, count):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if path.is_file() and len(path.read_text().splitlines()) > count:
            return
        time.sleep(0.02)
    raise AssertionError(f"no {count} rows; {process.communicate()[1][-2000:]}")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_at_any_moment_and_resumed(written, how, quick):
    path, out = written("killed", 10)
    process = start("-m", "protdiff.cli.app", "train", path)
    wait_for_rows(process, out / "training.csv", 3)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert errors.strip().splitlines()[-1] == (
            "protdiff: interrupted; the same command continues where it stopped"
        )
    lines = []
    Trainer(config_of(path)).fit(report=lines.append)
    assert any("continuing at step" in line for line in lines)
    whole, straight = written("straight", 10, checkpoint=1e9)
    Trainer(config_of(whole)).fit(report=lambda _: None)
    for part in ("model", "average", "adam"):
        one, other = (
            load_file(folder / "checkpoint-10" / f"{part}.safetensors")
            for folder in (out, straight)
        )
        assert one.keys() == other.keys()
        for name in one:
            assert torch.equal(one[name], other[name]), name
    steps = [int(row["step"]) for row in rows_of(out / "training.csv")]
    assert steps == list(range(1, 11))


@pytest.fixture
def config(tiny_archive, tmp_path, quick):
    return TrainingConfig(
        data=tiny_archive, out=tmp_path / "run", network=SIZES, steps=6, warmup=1, beads=256,
        checkpoint_minutes=1e9, validate_minutes=1e-9, log_every=1, threads=1,
    )  # fmt: skip


def test_early_stop_and_best_weights(config, monkeypatch):
    losses = iter([3.0, 2.0, 2.5, 2.1, 1.0, 0.5])
    monkeypatch.setattr(trainer, "held_out_loss", lambda *_: (next(losses), {"links": 1.0}))
    lines = []
    Trainer(config.model_copy(update={"patience": 2})).fit(report=lines.append)
    rows = rows_of(config.out / "validation.csv")
    assert [float(row["loss"]) for row in rows] == [3.0, 2.0, 2.5, 2.1]
    assert "no better on held-out chains in 2 validations" in lines[-1]
    assert (config.out / "checkpoint-4").is_dir()
    best, last = (load_weights(config.out / f"{x}.safetensors") for x in ("best", "ema"))
    name = "layers.0.attention.project"
    assert not torch.equal(*(d.network.get_submodule(name).weight for d in (best, last)))
    Trainer(config.model_copy(update={"patience": 2})).fit(report=lines.append)  # remains stopped
    assert len(rows_of(config.out / "validation.csv")) == 4


def test_samples_are_measured(config):
    config = config.model_copy(update={"samples": 2, "steps": 1})
    Trainer(config).fit(report=lambda _: None)
    [row] = rows_of(config.out / "samples.csv")
    assert row["step"] == "1" and 0 <= float(row["dssp_helix"]) <= 1
    assert float(row["rg_ratio"]) > 0.3


def test_tensorboard_gets_the_numbers(config, monkeypatch):
    seen = []

    class SummaryWriter:
        def __init__(self, folder):
            assert folder == str(config.out / "tensorboard")

        def add_scalar(self, name, value, step):
            seen.append((name, float(value), step))

        def flush(self):
            pass

    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    config = config.model_copy(update={"tensorboard": True, "steps": 2})
    Trainer(config).fit(report=lambda _: None)
    logged = {(name, step): value for name, value, step in seen}
    row = rows_of(config.out / "training.csv")[1]
    assert logged["training/loss", 2] == pytest.approx(float(row["loss"]), rel=1e-4)
    assert ("validation/links", 1) in logged
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match="tensorboard: not installed"):
        Trainer(config.model_copy(update={"out": config.out / "b"})).fit(report=lambda _: None)


def test_a_full_disk_leaves_the_checkpoint(config, monkeypatch):
    config = config.model_copy(update={"checkpoint_minutes": 1e-9, "validate_minutes": 1e9})
    Trainer(config.model_copy(update={"steps": 2})).fit(report=lambda _: None)
    from protdiff.training import checkpoint

    def full(tensors, path):
        path.write_bytes(b"part of it")
        raise OSError(28, "No space left on device", str(path))

    before = (config.out / "ema.safetensors").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save_tensors", full)
        with pytest.raises(OSError, match="No space left"):
            Trainer(config.model_copy(update={"steps": 4})).fit(report=lambda _: None)
    assert (config.out / "ema.safetensors").read_bytes() == before
    assert [path.name for path in config.out.glob("checkpoint*")] == ["checkpoint-2"]
    lines = []
    Trainer(config.model_copy(update={"steps": 4})).fit(report=lines.append)
    assert "continuing at step 2, steps 4 (before: 2)" in lines
