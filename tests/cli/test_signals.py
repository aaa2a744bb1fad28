"""Ctrl-C, SIGTERM and kill -9: one line, nothing half-written, and no process that goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from ..conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}


def hear_ctrl_c():
    """Commands of a shell in the background would ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(folder, *arguments):
    """A command in a folder; its errors end when it and all its processes have ended."""
    command = [sys.executable, "-m", "protdiff.cli.app", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=hear_ctrl_c,
    )  # fmt: skip


def wait_for(pattern, folder):
    for _ in range(600):
        if list(folder.glob(pattern)):
            return
        time.sleep(0.1)
    raise AssertionError(f"no {pattern} in {folder}")


@pytest.fixture
def models(tmp_path):
    """Many files, which take a minute."""
    (tmp_path / "models").mkdir()
    for number in range(1500):
        shutil.copyfile(ROOT / "data/examples/1tpk.pdb", tmp_path / f"models/{number}.pdb")
    return tmp_path


@pytest.mark.parametrize("number", list(CODES))
def test_score(models, number):
    process = started(models, "score", "models", "--jobs", 2, "--out", "s.csv")
    wait_for(".s.csv.*.tmp", models)
    time.sleep(1)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == CODES[number]
    assert "Traceback" not in err and not (models / "s.csv").exists()
    left = list(models.glob(".*.tmp"))
    if number == signal.SIGKILL:
        assert len(left) == 1
        later = started(models, "score", "models/1.pdb", "--out", "s.csv")
        assert later.wait(60) == 0
        left = list(models.glob(".*.tmp"))
    else:
        assert [line for line in err.splitlines() if "interrupted" in line]
    assert not left


def test_two_writers_lose_nothing(tmp_path, tiny_weights):
    command = ("generate", "--length", 20, "--num", 40, "--steps", 60, "--batch-size", 1,
               "--jobs", 1, "--weights", tiny_weights, "--out", "out")  # fmt: skip
    first = started(tmp_path, *command)
    wait_for("out/*.pdb", tmp_path)
    second = started(tmp_path, *command, "--name", "other")
    _, err = second.communicate(timeout=60)
    assert second.returncode == 2 and len(err.splitlines()) == 1
    assert f"out: process {first.pid} on " in err and "or choose another --out" in err
    first.terminate()
    _, err = first.communicate(timeout=60)
    assert first.returncode == 143 and "the same command continues where it stopped" in err
    rows = (tmp_path / "out/manifest.csv").read_text().splitlines()[1:]
    files = {path.name for path in (tmp_path / "out").glob("*.pdb")}
    assert {row.split(",")[0] for row in rows} >= files and len(files) > 0
    assert not list((tmp_path / "out").glob(".*"))
