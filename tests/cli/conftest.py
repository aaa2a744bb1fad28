"""The console script in this process, and structure files to run it on."""

import shutil
import sys

import pytest

import protdiff
from protdiff.cli import app as cli
from protdiff.cli._shared import progress
from protdiff.dataset import read_chains


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch):
    """A slow machine must not add lines to what tests compare."""
    monkeypatch.setattr(progress, "FIRST_LINE", float("inf"))


@pytest.fixture
def console(monkeypatch, capsys):
    """Run ``protdiff ARGUMENTS``; returns exit code, stdout, stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["protdiff", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
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
def base(tiny_weights, tmp_path):
    """The tiny network's weights in a folder of the test's own."""
    shutil.copy(tiny_weights, tmp_path / "base.safetensors")
    return tmp_path / "base.safetensors"
