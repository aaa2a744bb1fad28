"""What a worker of a Dask cluster does with the work that a client sends."""

from __future__ import annotations

import os
import pickle
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .allocator import keep_freed_memory
from .files import FULL
from .notices import collected
from .reading import MAX_MB
from .resources import same_file
from .version import __version__

__all__ = ["Done", "Needs", "Unfit", "Unit", "perform", "shipped_call", "unfit"]

#: One piece of work at a time in a process: threads share torch's settings, the working directory
#: and the list of warnings.
ALONE = threading.Lock()


@dataclass(frozen=True)
class Needs:
    """What a worker must have, so that its results are those of the client's own machine.

    Parameters
    ----------
    weights : tuple of (path, SHA-256)
        Files of the same content, under this path or among those that the package ships.
    inputs : tuple of str
        Some files that are read there, as absolute paths.
    programs : tuple of str
        Names or paths of these.
    folder : str
        Where relative paths begin; "" if there are none.
    device : str
    version : str
        Of the package.
    """

    weights: tuple[tuple[str, str], ...] = ()
    inputs: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    folder: str = ""
    device: str = "cpu"
    version: str = __version__


@dataclass(frozen=True)
class Unit:
    """Work that is sent to a worker at one time.

    Parameters
    ----------
    needs : Needs
    work : callable
    tasks : sequence
        ``work(task)`` is done for each.
    largest_file : str
        The client's limit of files that are read, as the environment has it.
    """

    needs: Needs
    work: Callable[[Any], Any]
    tasks: Sequence[Any]
    largest_file: str | None = None


@dataclass(frozen=True)
class Unfit:
    """Why a worker has not done its work, and must not have any."""

    reason: str


@dataclass(frozen=True)
class Done:
    """Results of the tasks, the seconds that they took, and the texts of warnings.

    The results are pickled once more: a client that waits for its turn with them has bytes.
    """

    results: bytes
    seconds: float
    warnings: tuple[str, ...]


def perform(payload: bytes) -> Done | Unfit | ValueError:
    """Do a pickled `Unit`; bad input is returned, as trying once more would not help."""
    unit: Unit = pickle.loads(payload)
    if reason := unfit(unit.needs):
        return Unfit(reason)
    if not unit.tasks:  # only to see whether this worker is fit, while it may be at other work
        return Done(b"", 0.0, ())
    keep_freed_memory()
    with ALONE, _surroundings(unit), collected() as texts:
        began = time.perf_counter()
        try:
            results = [unit.work(task) for task in unit.tasks]
        except ValueError as error:
            return error
        except OSError as error:
            if error.errno not in FULL:
                raise
            return Unfit(f"has a full disk ({error.filename or error.strerror})")
        seconds = time.perf_counter() - began
    return Done(pickle.dumps(results), seconds, tuple(texts))


@contextmanager
def _surroundings(unit: Unit) -> Iterator[None]:
    """Context with the working directory and the limit of files that the client has."""
    before = os.environ.get(MAX_MB)
    _set_largest_file(unit.largest_file)
    try:
        with chdir(unit.needs.folder or "."):
            yield
    finally:
        _set_largest_file(before)


def _set_largest_file(text: str | None) -> None:
    if text is None:
        os.environ.pop(MAX_MB, None)
    else:
        os.environ[MAX_MB] = text


def unfit(needs: Needs) -> str:
    """Why this process cannot do what needs these; empty if it can.

    Examples
    --------
    >>> unfit(Needs(inputs=("/none/x.pdb",)))
    'cannot read /none/x.pdb; workers must see the same files as this machine'
    """
    for path, digest in needs.weights:
        if same_file(path, digest) is None:
            what = "has other weights as" if Path(path).is_file() else "has no weights"
            return f"{what} {path} (needed: SHA-256 {digest[:12]})"
    if needs.folder and not Path(needs.folder).is_dir():
        return f"has no folder {needs.folder}; workers must see the same files as this machine"
    for path in needs.inputs:
        if not os.access(path, os.R_OK):
            return f"cannot read {path}; workers must see the same files as this machine"
    for program in needs.programs:
        place = os.path.join(needs.folder, program) if os.path.dirname(program) else program
        if shutil.which(place) is None:
            return f"has no program {program}"
    if needs.device != "cpu":
        from torch import backends, cuda

        if not {"cuda": cuda, "mps": backends.mps}[needs.device].is_available():
            return f"has no device {needs.device}"
    return ""


def shipped_call() -> Callable[[str, bytes], Any]:
    """Function that does a unit of work on a worker.

    It is an inner function, so it is sent with its code: the scheduler need not have the package,
    and a worker without it can say so.
    """

    def call(version: str, payload: bytes) -> Any:
        from importlib import import_module

        from distributed import get_worker

        try:
            address = get_worker().address
        except ValueError:  # on the way to a check, not in a task
            address = ""
        try:
            there = import_module("protdiff").__version__
        except ImportError:
            return "has no protdiff; install it there", address
        if there != version:
            return f"has protdiff {there}, and this is {version}; install the same", address
        return import_module("protdiff._system.cluster_worker").perform(payload), address

    return call
