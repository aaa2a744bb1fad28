"""The console script in this process, and structure files to run it on."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

import protdiff
from protdiff.cli import app as cli
from protdiff.cli._shared import progress
from protdiff.dataset import read_chains

from ..conftest import ROOT


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch):
    """A slow machine must not add lines to what tests compare."""
    monkeypatch.setattr(progress, "FIRST_LINE", float("inf"))


@pytest.fixture
def console(monkeypatch, capsys):
    """Run ``protdiff ARGUMENTS``; returns exit code, stdout, stderr.

    A signal that comes meanwhile, as of `timeout` or Ctrl-C, is meant for the tests and ends them,
    unless the test sends it: the command would answer with an exit code, and the test would go on
    with the files of the command before.
    """

    def call(*arguments, sends_signal=False):
        monkeypatch.setattr(sys, "argv", ["protdiff", *map(str, arguments)])
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if cli.came and not sends_signal:
            number = cli.came[0]
            pytest.exit(f"{signal.Signals(number).name} amid a test", 128 + number)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def designs(tmp_path_factory, tiny_archive):
    """Three chains of the archive as files."""
    folder = tmp_path_factory.mktemp("designs")
    for chain in read_chains(tiny_archive, "train")[:3]:
        protdiff.write(chain.backbone(), folder / f"chain_{chain.name}.pdb")
    return folder


@pytest.fixture
def where(dask_cluster):
    """The cluster as a user names it."""
    return dask_cluster.scheduler_address.replace("tcp://", "dask://")


@pytest.fixture
def base(tiny_weights, tmp_path):
    """The tiny network's weights in a folder of the test's own."""
    shutil.copy(tiny_weights, tmp_path / "base.safetensors")
    return tmp_path / "base.safetensors"


@pytest.fixture(scope="session")
def starter():
    """A function that sends a request to the starter, and returns its answer."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cli.starter"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"

        def request(**words):
            process.stdin.write(json.dumps(words) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield request
        process.stdin.close()  # it ends what still runs
