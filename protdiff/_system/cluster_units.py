"""Units of work that are under way on the workers of a Dask cluster."""

from __future__ import annotations

import os
import pickle
import time
import uuid
from asyncio import run_coroutine_threadsafe
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .cluster_worker import Done, Needs, Unfit, Unit, shipped_call
from .notices import warn
from .reading import MAX_MB
from .version import __version__
from .words import counted

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = [
    "PATIENCE", "PAUSE", "LostError", "UnitsUnderWay", "everywhere", "lost", "workers_of",
]  # fmt: skip

#: Seconds that a unit of work should take, and the most tasks that one has.
UNIT_SECONDS, MOST_TASKS = 60.0, 2000
#: Units that are handed out ahead of the result that is awaited, per worker.
UNITS_AHEAD = 3
#: How often Dask tries work once more that failed by no fault of its input, as on a busy server.
RETRIES = 2
#: How often work may be lost with its workers, as Dask does not count what is sent once more; and
#: how many unfit workers may come beyond those that replace the ones that have gone.
LOSSES = 3
#: Seconds between two looks at whether there is an answer, and at the workers; and without any
#: worker until it is said.
PAUSE, LOOK, PATIENCE = 0.02, 2.0, 10.0


class LostError(RuntimeError):
    """The cluster, or what it was to do, is lost; the same command continues."""


def lost(name: str) -> LostError:
    """The error for a scheduler that does not answer any more."""
    return LostError(f"`cluster` {name}: the scheduler has gone, or cannot be reached")


class Worker(NamedTuple):
    """What is known of a worker: its threads, and a folder that no other process has."""

    threads: int
    folder: str


def workers_of(client: Client, name: str) -> dict[str, Worker]:
    """The workers that are there by address, which may be that of one that has gone."""
    try:
        found = client.scheduler_info(n_workers=-1)["workers"]
    except (OSError, TimeoutError, RuntimeError):
        raise lost(name) from None
    if client.status != "running":
        raise lost(name)
    return {
        address: Worker(worker["nthreads"], worker["local_directory"])
        for address, worker in found.items()
    }


def everywhere(
    client: Client, name: str, function: Callable[..., Any], *values: Any
) -> dict[str, Any]:
    """What a function gives on every worker that is there, by address; or the error there."""
    try:
        found: Any = client.run(function, *values, on_error="return")
    except (OSError, TimeoutError, RuntimeError):
        raise lost(name) from None
    return found


class UnitsUnderWay:
    """The units of some work, from when they are handed out until their results are there.

    Parameters
    ----------
    client : distributed.Client
    name : str
        What a user calls the cluster.
    say : callable
        Shows a line to the user.
    work, tasks, needs
        As in `Cluster.results`.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        say: Callable[[str], object],
        work: Callable[[Any], Any],
        tasks: Sequence[Any],
        needs: Needs,
    ) -> None:
        from distributed import as_completed

        self.client, self.name, self.say = client, name, say
        self.unit = Unit(needs, work, (), os.environ.get(MAX_MB))
        self.tasks = tasks
        self.finished = as_completed(loop=client.loop, raise_errors=False)
        #: What is handed out: places of the tasks, and the workers that may do it, or None.
        self.under_way: dict[Future, tuple[range, list[str] | None]] = {}
        #: Places that are sent when a worker is fit, and how often some were lost.
        self.held: list[range] = []
        self.losses: Counter[range] = Counter()
        self.handed_out, self.size = 0, 1
        self.workers: dict[str, Worker] = {}
        self.refused: set[str] = set()
        #: Workers that were not refused and have gone since one that is there did work, as batch
        #: systems replace jobs; and those that came since, and were refused.
        self.gone, self.in_vain = 0, 0
        self.looked, self.seen, self.call = 0.0, time.monotonic(), shipped_call()

    def results(self, in_order: bool) -> Generator[tuple[int, Any]]:
        """Place and result of every task."""
        waiting: dict[int, tuple[range, bytes]] = {}
        turn = 0
        while turn < len(self.tasks):
            self._hand_out(len(waiting))
            places, done = self._next(len(waiting))
            waiting[places.start] = places, done.results
            while waiting and (not in_order or turn in waiting):
                places, found = waiting.pop(turn if in_order else next(iter(waiting)))
                turn += len(places)
                yield from zip(places, pickle.loads(found), strict=True)

    def refuse_unfit(self) -> None:
        """Leave out the workers that are there and cannot do the work, before there is any."""
        payload = pickle.dumps(self.unit)
        answers = everywhere(self.client, self.name, self.call, __version__, payload)
        self._look()
        unfit = {
            address: answer[0]
            for address, answer in answers.items()
            if isinstance(answer, tuple) and isinstance(answer[0], Unfit | str)
        }
        self._refuse(unfit)
        several = {address: one.threads for address, one in self.workers.items() if one.threads > 1}
        if several and self.unit.needs.device == "cpu":
            address, threads = next(iter(several.items()))
            warn(
                f"{self.name}: {counted(len(several), 'worker')} with several threads "
                f"({address} has {threads}), of which one is used; start them with --nthreads 1"
            )

    def cancel(self) -> None:
        """Take back what has not begun."""
        if self.under_way and self.client.status == "running":
            with suppress(OSError, TimeoutError, RuntimeError):
                self.client.cancel(list(self.under_way), force=True)
        self.under_way.clear()

    def _hand_out(self, waiting: int) -> None:
        """Send units of work, as many as workers can be expected to do soon."""
        most = UNITS_AHEAD * max(1, len(self.workers.keys() - self.refused))
        while left := len(self.tasks) - self.handed_out:
            if len(self.under_way) + len(self.held) + waiting >= most:
                return
            size = max(1, min(self.size, left // most))  # so that all workers end together
            self._send(range(self.handed_out, self.handed_out + size))
            self.handed_out += size

    def _send(self, places: range) -> None:
        """Send the tasks of some places, not to workers that are refused; or hold them."""
        fit = list(self.workers.keys() - self.refused) if self.refused else None
        if fit == []:  # which Dask takes for all workers
            self.held.append(places)
            return
        unit = replace(self.unit, tasks=self.tasks[places.start : places.stop])
        future = self.client.submit(
            self.call, __version__, pickle.dumps(unit), key=f"protdiff-{uuid.uuid4().hex}",
            retries=RETRIES, workers=fit, pure=False,
        )  # fmt: skip
        self.under_way[future] = places, fit
        self.finished.add(future)

    def _next(self, waiting: int) -> tuple[range, Done]:
        """The next unit that is done; one that met an unfit worker is sent elsewhere.

        Workers that come meanwhile get units, too: there may be none before, and long ones now.
        """
        while True:
            while not self.finished.has_ready():
                if time.monotonic() - self.looked > LOOK:
                    self._look()
                    self._hand_out(waiting)
                time.sleep(PAUSE)
            future = next(self.finished)
            if future not in self.under_way:  # was sent once more
                continue
            places, _ = self.under_way[future]
            found = self._answer(future, places)
            if self.under_way.pop(future, None) is None:
                continue
            answer, address = found
            if isinstance(answer, Done):
                if address in self.workers:
                    self.gone = self.in_vain = 0
                for text in answer.warnings:
                    warn(text)
                rate = max(answer.seconds, 1e-6) / len(places)
                self.size = int(max(1, min(2 * self.size, UNIT_SECONDS / rate, MOST_TASKS)))
                return places, answer
            if isinstance(answer, ValueError):
                raise answer
            self._look()
            self._refuse({address: answer})
            self._send(places)

    def _answer(self, future: Future, places: range) -> tuple[Any, str]:
        """What came of a unit, and the address of who did it; nothing if it was sent once more.

        While the result is fetched its worker may go, and Dask waits for another that may do it.
        """
        from distributed.scheduler import KilledWorker

        gather: Any = self.client.gather(future, asynchronous=True)
        fetched = run_coroutine_threadsafe(gather, cast("Any", self.client.loop).asyncio_loop)
        while not wait([fetched], LOOK).done:
            self._look()
        if future not in self.under_way:
            return None, ""
        try:
            return fetched.result()
        except KilledWorker as error:
            raise self._killed(error.allowed_failures + 1, places) from None
        except (OSError, TimeoutError, RuntimeError):
            if future.status == "error":  # of the work itself
                raise
            raise lost(self.name) from None
        except BaseException as error:
            if type(error).__name__ in ("CancelledError", "FutureCancelledError"):
                raise lost(self.name) from None
            raise

    def _killed(self, count: int, places: range) -> LostError:
        """The error for work that has ended some workers."""
        rows = f"{places.start + 1} to {places.stop} of {len(self.tasks)}"
        return LostError(
            f"`cluster` {self.name}: {counted(count, 'worker')} ended while at work on {rows}, as "
            "when memory is full"
        )

    def _look(self) -> None:
        """See which workers are there, and send once more what only those that are gone may do."""
        self.looked, before = time.monotonic(), self.workers
        self.workers = workers_of(self.client, self.name)
        gone = {address for address, one in before.items() if self.workers.get(address) != one}
        self.gone += len(gone - self.refused)
        self.refused -= gone  # a new one of the address may be fit
        fit = self.workers.keys() - self.refused
        if fit:
            self.seen = self.looked
        elif self.looked - self.seen > PATIENCE:
            those = " that are fit" if self.workers else ""
            self.say(f"waiting for workers of {self.name}{those}; Ctrl-C ends this")
            self.seen = float("inf")
        for future, (places, sent_to) in list(self.under_way.items()):
            if sent_to is not None and not future.done() and not fit & set(sent_to):
                del self.under_way[future]
                self.client.cancel([future], force=True)
                self.held.append(places)
                self.losses[places] += 1
                if self.losses[places] > LOSSES:
                    raise self._killed(self.losses[places], places)
        if fit:
            held, self.held = self.held, []
            for places in held:
                self._send(places)

    def _refuse(self, answers: Mapping[str, Unfit | str]) -> None:
        """Leave out workers, by their address; ValueError if no other is there or may come."""
        reasons: dict[str, list[str]] = {}
        for address, answer in answers.items():
            if address not in self.refused:
                reason = answer.reason if isinstance(answer, Unfit) else answer
                reasons.setdefault(reason, []).append(address)
        self.in_vain += len(answers.keys() - self.refused) if self.gone else 0
        self.refused |= answers.keys()
        replaced = self.gone and self.in_vain < self.gone + LOSSES
        if answers and not replaced and not self.workers.keys() - self.refused:
            address, answer = next(iter(answers.items()))
            reason = answer.reason if isinstance(answer, Unfit) else answer
            raise ValueError(f"`cluster` {self.name}: no worker is fit: {address} {reason}")
        for reason, workers in reasons.items():
            more = f" and {len(workers) - 1} more are" if len(workers) > 1 else " is"
            warn(f"{self.name}: the worker {workers[0]}{more} left out: it {reason}")
