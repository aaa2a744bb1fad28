"""The console script in this process."""

import sys

import pytest

from protdiff.cli import app as cli


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
