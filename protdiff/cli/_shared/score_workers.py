"""The rows of `protdiff score`, by processes of this machine or by the workers of a cluster."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..._system.cluster_worker import Needs
from ..._system.processes import mapped
from .score_task import RowOptions, score_task
from .sent_files import keeping_files, real_inputs, returning_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from ..._system.cluster import Cluster
    from .pairing import Task
    from .score_task import Details, Row

__all__ = ["scored"]

#: Models that a process must have to be worth its start.
LEAST_MODELS = 128


def scored(
    tasks: Sequence[Task],
    options: RowOptions,
    jobs: int,
    cluster: Cluster | None,
    stack: ExitStack,
) -> Iterable[tuple[Row, Details]]:
    """Rows of all tasks in order, until the stack ends.

    Parameters
    ----------
    tasks : sequence of Task
    options : RowOptions
    jobs : int
        Processes, without a cluster.
    cluster : Cluster, optional
    stack : ExitStack
    """
    if cluster is None:
        work = partial(score_task, options=options)
        return stack.enter_context(mapped(work, tasks, jobs, LEAST_MODELS))
    folders = {"superpose": options.superpose, "color": None}
    if options.likelihood is not None:
        folders["color"] = options.likelihood.color
    wanted = {name: folder for name, folder in folders.items() if folder is not None}
    if not wanted:
        work = partial(score_task, options=options)
        return stack.enter_context(cluster.mapped(work, tasks, needs_of(tasks, options)))
    work = partial(
        returning_files, work=partial(_score_into, options=options), folders=tuple(wanted)
    )
    found = stack.enter_context(cluster.mapped(work, tasks, needs_of(tasks, options)))
    return keeping_files(found, wanted)


def needs_of(tasks: Sequence[Task], options: RowOptions) -> Needs:
    """What a worker must have to score some models."""
    weights = options.likelihood
    own = () if weights is None else ((str(weights.weights), weights.weights_sha256),)
    files = [path for task in tasks[:1] for path in (task.model, task.reference) if path]
    return Needs(weights=own, inputs=real_inputs(files), folder=os.getcwd())


def _score_into(task: Task, place: Path, *, options: RowOptions) -> tuple[Row, Details]:
    """Score a model on a worker, with its copies in a temporary folder."""
    likelihood = options.likelihood
    if likelihood is not None and likelihood.color is not None:
        likelihood = replace(likelihood, color=place / "color")
    superpose = None if options.superpose is None else place / "superpose"
    return score_task(task, replace(options, superpose=superpose, likelihood=likelihood))
