"""Work spread over processes, with results in order and nothing left behind."""

import multiprocessing
import os
import signal
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

__all__ = ["mapped", "process_count"]

#: Tasks handed out ahead of the result that is awaited, per process: memory stays bounded however
#: many tasks there are.
TASKS_AHEAD = 8


def process_count(jobs, tasks=None):
    """Number of processes: `jobs`, or all cores for None or 0; never more than there are tasks."""
    count = jobs or os.cpu_count() or 1
    return count if tasks is None else max(1, min(count, tasks))


@contextmanager
def mapped(work, tasks, jobs):
    """Context of an iterator over ``work(task)`` for every task, in order.

    Parameters
    ----------
    work : callable
        A module-level function (or a partial of one): it is sent to other processes.
    tasks : iterable
        Taken as results are, so it may be long or lazy.
    jobs : int or None
        Processes; None or 0 for all cores. With one, everything happens here.

    Notes
    -----
    Workers ignore Ctrl-C: the main process decides what it means. When the context ends early, by
    an error or because not all results were wanted, tasks that have not begun are dropped.
    """
    try:
        total = len(tasks)
    except TypeError:
        total = None
    jobs = process_count(jobs, total)
    if jobs == 1:
        yield map(work, tasks)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _ignore_ctrl_c)
    try:
        yield _in_order(pool, work, tasks, TASKS_AHEAD * jobs)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ignore_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_order(pool, work, tasks, ahead):
    waiting = deque()
    for task in tasks:
        waiting.append(pool.submit(work, task))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
