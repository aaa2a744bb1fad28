"""Other programs, which end when this process ends, however that happens."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["run_program"]

#: Seconds that a program has to end by itself when the work is interrupted.
GRACE = 2
#: A shell, the first of a group of processes, that waits for a line. If there is none because this
#: process was killed, it ends the group.
WATCH = f"trap '' TERM; read -r _ || {{ kill -TERM 0; sleep {GRACE}; kill -KILL 0; }}"


def run_program(words: Sequence[str], output: IO[bytes]) -> int:
    """Run a program to its end, without input.

    When this process is interrupted or killed, the program and the processes that it has started
    end, too: a structure predictor would go on for hours.

    Parameters
    ----------
    words : list of str
        The program and its arguments.
    output : file open for writing
        Gets all that the program writes.

    Returns
    -------
    int
        Exit code, or minus the number of the signal that ended the program.

    Raises
    ------
    OSError
        If it cannot be started.

    Examples
    --------
    >>> import sys
    >>> with open(os.devnull, "wb") as nowhere:
    ...     run_program([sys.executable, "-c", "exit(3)"], nowhere)
    3
    """
    if os.name == "nt":  # Windows has no groups of processes
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ).returncode
    with _group() as group:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            process_group=group,
        )  # fmt: skip
        try:
            return process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE)
                os.killpg(group, signal.SIGKILL)
            process.wait()
            raise


@contextmanager
def _group() -> Iterator[int]:
    """Context of the number of a group of processes that ends if this process is killed."""
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", WATCH], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip
    try:
        yield watcher.pid
    finally:
        with suppress(BrokenPipeError):
            watcher.communicate(b"\n")
