"""Other programs: their output and exit codes, and that none outlives the process."""

import signal
import subprocess
import sys

import pytest

from protdiff._system.programs import run_program

#: A program that starts another one, and waits for it.
SLEEP = "sleep 300 & echo begun; wait"
CALL = """
import sys
from protdiff._system.programs import run_program
run_program(["/bin/sh", "-c", sys.argv[1]], sys.stdout)
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="groups of processes of Unix")


def test_output_and_exit_codes(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        assert run_program(["/bin/sh", "-c", "echo out; echo error >&2; exit 7"], log) == 7
        assert run_program(["/bin/sh", "-c", "cat; kill -9 $$"], log) == -signal.SIGKILL
        with pytest.raises(OSError):
            run_program([str(tmp_path)], log)
    assert (tmp_path / "log").read_text() == "out\nerror\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_goes_on_when_this_process_ends(number):
    command = [sys.executable, "-c", CALL, SLEEP]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert process.stdout.read() == ""  # ends when all that write into it have ended
