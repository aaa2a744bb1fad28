"""Work spread over the workers of a Dask cluster, with no result lost and none twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .cluster_units import PATIENCE, PAUSE, UnitsUnderWay, everywhere, workers_of
from .notices import warn
from .words import counted, either

if TYPE_CHECKING:
    from distributed import Client

    from .cluster_worker import Needs

__all__ = ["Cluster"]


@dataclass(frozen=True)
class Cluster:
    """Workers that a Dask scheduler knows.

    Parameters
    ----------
    client : distributed.Client
    name : str
        What a user calls it.
    say : callable
        Shows a line to the user.
    begin : callable
        Starts the workers, if they are not there already.
    has_gpus : bool, optional
        Whether workers that are started have one; None: to be seen.
    """

    client: Client
    name: str
    say: Callable[[str], object]
    begin: Callable[[], object] = lambda: None
    has_gpus: bool | None = None

    def device(self, wanted: str) -> str:
        """Device of the work; "auto" is a GPU if every worker that is there has one."""
        if wanted != "auto":
            return wanted
        with_gpu = self.has_gpus
        if with_gpu is None:
            self.wait_for_workers()
            found = everywhere(self.client, self.name, _shipped_look_for_gpu())
            count = sum(one is True for one in found.values())
            with_gpu = count == len(found)
            if count and not with_gpu:
                warn(
                    f"{self.name}: {count} of {counted(len(found), 'worker')} "
                    f"{either(count, 'has', 'have')} a GPU, so all use processors; --device cuda "
                    "leaves the others out"
                )
        return "cuda" if with_gpu else "cpu"

    def wait_for_workers(self) -> None:
        """Wait for the first worker; it is said if that takes long."""
        since, said = time.monotonic(), False
        while not workers_of(self.client, self.name):
            if not said and time.monotonic() - since > PATIENCE:
                self.say(f"waiting for workers of {self.name}; Ctrl-C ends this")
                said = True
            time.sleep(PAUSE)

    @contextmanager
    def results(
        self,
        work: Callable[[Any], Any],
        tasks: Sequence[Any],
        needs: Needs,
        *,
        in_order: bool = True,
    ) -> Iterator[Iterator[tuple[int, Any]]]:
        """Context of an iterator over the place of a task and ``work(task)``, for all tasks.

        Parameters
        ----------
        work : callable
            A module-level function (or a partial of one): it goes with every unit of work.
        tasks : sequence
        needs : Needs
            Workers that lack any of it get no work, which is said.
        in_order : bool
            Whether results come in the order of the tasks, or as they are there.

        Raises
        ------
        ValueError
            If no worker is fit for the work, or the work is given bad input.
        LostError
            If the scheduler goes away, or the same work ends worker after worker.

        Notes
        -----
        When the context ends early, what has not begun is cancelled. The results of what has begun
        are dropped.
        """
        if not tasks:
            yield iter(())
            return
        self.begin()
        run = UnitsUnderWay(self.client, self.name, self.say, work, tasks, needs)
        try:
            run.refuse_unfit()
            yield run.results(in_order)
        finally:
            run.cancel()

    @contextmanager
    def mapped(
        self, work: Callable[[Any], Any], tasks: Sequence[Any], needs: Needs
    ) -> Iterator[Iterator[Any]]:
        """Context of an iterator over ``work(task)`` for every task, in order; see `results`."""
        with self.results(work, tasks, needs) as found:
            yield (result for _, result in found)


def _shipped_look_for_gpu() -> Callable[[], bool]:
    """Function that says on a worker whether it has a GPU; sent as `shipped_call`."""

    def look_for_gpu() -> bool:
        from torch import cuda

        return cuda.is_available()

    return look_for_gpu
