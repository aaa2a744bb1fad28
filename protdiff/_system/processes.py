"""Work spread over processes, with results in order and no process left running."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import multiprocessing.util
import os
import pickle
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Sized
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from . import origin_of_workers
from .allocator import keep_freed_memory
from .garbage import collect_seldom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

__all__ = ["forget_main_module", "mapped", "process_count", "start_early"]

#: Tasks handed out ahead of the result that is awaited, per process: memory stays bounded however
#: many tasks there are.
TASKS_AHEAD = 8
#: Processes that a machine of fewer cores is still given; more gain nothing, and may not start.
MOST = 256

#: Bytes of the folder for temporary files that leave room for the socket of a forkserver in it.
LONGEST_FOLDER = 70

Task = TypeVar("Task")
Result = TypeVar("Result")


def process_count(jobs: int | None, tasks: int | None = None, least: int = 1) -> int:
    """Number of processes: `jobs`, or all cores for None or 0; never more than there are tasks.

    The cores are those that this process may use: a job of a batch system has not all of a machine.
    Where `jobs` is None or 0, each process has at least `least` tasks, to be worth its start.

    Raises
    ------
    ValueError
        If `jobs` is above 256 and above the number of cores.

    Examples
    --------
    >>> from protdiff._system.processes import process_count
    >>> process_count(8, tasks=3), process_count(0, tasks=3, least=2)
    (3, 1)
    """
    allowed = getattr(os, "sched_getaffinity", None)  # of Linux
    cores = len(allowed(0)) if allowed else os.cpu_count() or 1
    count = jobs or cores
    if count > max(MOST, cores):
        raise ValueError(f"`jobs` {count}: at most {max(MOST, cores)}; 0 takes all {cores} cores")
    return count if tasks is None else max(1, min(count, tasks if jobs else tasks // least))


def start_method() -> str:
    """How processes start.

    On Linux one imports what all need, and they are its forks. Elsewhere, where a fork is not safe
    or not there, and where its socket would have too long a path, each imports for itself.
    """
    short = len(os.fsencode(tempfile.gettempdir())) <= LONGEST_FOLDER
    return "forkserver" if sys.platform == "linux" and short else "spawn"


def start_early(modules: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    """Let another process import modules for workers that will be needed, while this one goes on.

    Without it `mapped` does so, and waits. Where workers cannot be forks, nothing happens.

    Parameters
    ----------
    modules : sequence of str
    variables : dict of str to str, optional
        In the environment of that process alone: what its modules are told.
    """
    if start_method() == "forkserver":
        names = [origin_of_workers.__name__, *modules]
        multiprocessing.get_context("forkserver").set_forkserver_preload(names)
        told = {origin_of_workers.FOLDER: multiprocessing.util.get_temp_dir(), **(variables or {})}
        os.environ.update(told)
        with _deaf_children():
            multiprocessing.forkserver.ensure_running()
        for name in told:
            del os.environ[name]


def forget_main_module() -> None:
    """Let workers not import the main module of this process, as they do by default.

    For a command, whose work is in other modules: its options alone take a quarter of a second.
    """
    _Worker.needs_main = False


@contextmanager
def mapped(
    work: Callable[[Task], Result], tasks: Iterable[Task], jobs: int | None, least: int = 1
) -> Iterator[Iterator[Result]]:
    """Context of an iterator over ``work(task)`` for every task, in order.

    Parameters
    ----------
    work : callable
        A module-level function (or a partial of one): it is sent to every process once.
    tasks : iterable
        Read little by little as results are taken, so it may be long or lazy.
    jobs : int or None
        Processes; None or 0 for all cores. With one, everything happens in this process.
    least : int
        As in `process_count`, for tasks of a known number.

    Notes
    -----
    Workers ignore Ctrl-C: the main process decides what it means. They end when it is killed. When
    the context ends early, by an error or because not all results were wanted, tasks that have not
    begun are dropped.
    """
    jobs = process_count(jobs, len(tasks) if isinstance(tasks, Sized) else None, least)
    if jobs == 1:
        yield map(work, tasks)
        return
    start_early([(work.func if isinstance(work, partial) else work).__module__])
    context = multiprocessing.get_context(start_method())
    # As bytes, for torch would hand every tensor to a process as an open file, and a process starts
    # with 250 of those at most, while a network may have more tensors.
    sent = pickle.dumps(work)
    pool = ProcessPoolExecutor(jobs, context, _begin, (sent, dict(os.environ)))
    try:
        yield _in_order(pool, tasks, TASKS_AHEAD * jobs)
    except KeyboardInterrupt:  # who interrupts does not want to wait for the tasks that have begun
        for worker in multiprocessing.active_children():
            worker.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Context in which processes are started that ignore Ctrl-C from the first instruction on.

    They inherit that signals are blocked. In this process they are only late by some milliseconds,
    and no start of a process is broken off half-way.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """What a worker does with every task, and, in the main process, what workers import."""

    work: Callable[[Any], Any]
    needs_main = True


@contextmanager
def _main_left_out() -> Iterator[None]:
    """Context in which processes that start import no main module, if it is not needed.

    They are told what it is by these attributes of it, which others look at, too.
    """
    main = vars(sys.modules["__main__"])
    hidden = () if _Worker.needs_main else ("__spec__", "__file__")
    before = {name: main[name] for name in hidden if name in main}
    main.update(dict.fromkeys(before))
    try:
        yield
    finally:
        main.update(before)


def _begin(work: bytes, environment: Mapping[str, str]) -> None:
    """What a worker does first: ignore Ctrl-C, and watch whether the main process lives."""
    keep_freed_memory()
    collect_seldom()
    _Worker.work = pickle.loads(work)
    os.environ.update(environment)  # a fork has that of when its origin was started
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, even if it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: Any) -> Any:
    """A task, in a worker."""
    return _Worker.work(task)


def _in_order(pool: ProcessPoolExecutor, tasks: Iterable[Any], ahead: int) -> Iterator[Any]:
    """Results in the order of the tasks, of which at most `ahead` are handed out."""
    waiting: deque[Future[Any]] = deque()
    for task in tasks:
        with _deaf_children(), _main_left_out():  # a task may start a process
            waiting.append(pool.submit(_do, task))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
