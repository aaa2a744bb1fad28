"""The sequences of structures, by processes of this machine or by the workers of a cluster."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..._system.cluster_worker import Needs
from ..._system.processes import mapped
from ..._system.resources import same_file
from .design_task import design_task
from .sent_files import keeping_files, real_inputs, returning_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..._system.cluster import Cluster
    from .design_task import DesignSettings, DesignTask, Row

__all__ = ["designed"]

#: Where a worker writes the copies of structures.
COPIES = "copies"
#: Structures that a process must have to be worth its start.
LEAST_DESIGNS = 4


@contextmanager
def designed(
    tasks: Sequence[DesignTask],
    settings: DesignSettings,
    folder: Path,
    jobs: int,
    cluster: Cluster | None,
) -> Iterator[Iterator[tuple[int, list[Row]]]]:
    """Context of an iterator over the place of every structure and its rows; see `design_task`.

    They come in order from processes, and as they are there from a cluster.

    Parameters
    ----------
    tasks : sequence of DesignTask
    settings : DesignSettings
    folder : Path
        For the copies of the structures.
    jobs : int
        Processes, without a cluster.
    cluster : Cluster, optional
    """
    if cluster is None:
        work = partial(design_task, settings=settings, folder=folder)
        with mapped(work, tasks, jobs, LEAST_DESIGNS) as found:
            yield enumerate(found)
        return
    settings = replace(settings, weights=settings.weights.absolute())
    inputs = real_inputs(task.file for task in tasks[:1])
    own = (str(settings.weights), settings.weights_sha256)
    needs = Needs(weights=(own,), inputs=inputs, folder=os.getcwd())
    work = partial(returning_files, work=partial(_design_there, settings), folders=(COPIES,))
    with cluster.results(work, tasks, needs, in_order=False) as found:
        placed = (((place, rows), files) for place, (rows, files) in found)
        yield keeping_files(placed, {COPIES: folder})


def _design_there(settings: DesignSettings, task: DesignTask, place: Path) -> list[Row]:
    """Rows of a structure on a worker, which may have the weights elsewhere."""
    weights = same_file(settings.weights, settings.weights_sha256) or settings.weights
    return design_task(task, replace(settings, weights=weights), place / COPIES)
