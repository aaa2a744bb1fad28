"""One writer in a folder: a second one is refused, and one that dies leaves no lock."""

import os
import signal
import subprocess
import sys

import pytest

from protdiff._system.locks import LOCK, one_writer

HOLD = """
import sys, time
from protdiff._system.locks import one_writer
with one_writer(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that writes into the folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_writer_is_refused_by_name(holder, tmp_path):
    with (
        pytest.raises(ValueError, match=f"process {holder.pid} on .* since .* writes into it"),
        one_writer(tmp_path),
    ):
        pass
    assert (tmp_path / LOCK).exists()


def test_a_killed_writer_leaves_no_lock(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with one_writer(tmp_path):
        assert f"process {os.getpid()} on " in (tmp_path / LOCK).read_text()
    assert not list(tmp_path.iterdir())


def test_an_error_gives_the_lock_back(tmp_path):
    for _ in range(2):
        with pytest.raises(KeyError), one_writer(tmp_path):
            raise KeyError
    assert not list(tmp_path.iterdir())
