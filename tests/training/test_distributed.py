"""Training in processes of their own: shared work, sudden death, Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from protdiff.training import distributed
from protdiff.training.config_file import read_config
from protdiff.training.trainer import Trainer

from ..conftest import ROOT
from .conftest import SIZES, rows_of

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


def start(*command, **variables):
    # A shell starts background jobs, and so perhaps these tests, with SIGINT ignored.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | variables
    return subprocess.Popen(
        [sys.executable, *map(str, command)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heeding,
    )  # fmt: skip


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
        process = {"SLURM_PROCID": rank, "SLURM_LOCALID": rank}
        yield start("-m", "protdiff.cli.app", "train", path, **slurm, **process)


@pytest.mark.parametrize("launch", [by_torchrun, by_srun])
def test_processes_that_share_a_batch_give_the_curve_of_one(written, launch):
    config, alone = written("alone", 6, accumulate=2)
    shared_config, shared = written("shared", 6)
    Trainer(read_config(config)).fit(report=lambda _: None)
    for process in list(launch(shared_config)):
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
    variables = {"STEP_NUM_TASKS": "8", "STEP_NODELIST": nodes, "PROCID": "5", "LOCALID": "1"}
    for name, value in (variables | {"JOB_ID": "41234567"}).items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    distributed.take_over_slurm()
    assert os.environ["MASTER_ADDR"] == first
    assert (os.environ["RANK"], os.environ["WORLD_SIZE"]) == ("5", "8")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert distributed.device_of("cuda") == "cuda:1" and distributed.device_of("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert distributed.device_of("cuda") == "cuda:0"
    assert 20000 <= int(os.environ["MASTER_PORT"]) < 40000


def test_a_batch_script_is_one_process(monkeypatch):
    """Without srun there are tasks, but no step: nobody else would join."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert distributed.join_group() == (0, 1)


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
    Trainer(read_config(path)).fit(report=lines.append)
    assert any("continuing at step" in line for line in lines)
    whole, straight = written("straight", 10, checkpoint=1e9)
    Trainer(read_config(whole)).fit(report=lambda _: None)
    for part in ("model", "average", "adam"):
        resumed, uninterrupted = (
            load_file(folder / "checkpoint-10" / f"{part}.safetensors")
            for folder in (out, straight)
        )
        assert resumed.keys() == uninterrupted.keys()
        for name in resumed:
            assert torch.equal(resumed[name], uninterrupted[name]), name
    steps = [int(row["step"]) for row in rows_of(out / "training.csv")]
    assert steps == list(range(1, 11))
