"""The models of `protdiff check`, by the workers of a cluster."""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.cluster_worker import Needs
from .sent_files import keeping_files, returning_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..._system.cluster import Cluster
    from ...analysis.folding.checking import Plan
    from ...analysis.folding.folds import Engine, Model
    from ...analysis.folding.targets import Target

__all__ = ["models_of"]


@contextmanager
def models_of(
    plan: Plan, cluster: Cluster | None
) -> Iterator[Iterator[tuple[Target, Model]] | None]:
    """Context of an iterator over the targets of a plan and their models; None without a cluster.

    A worker folds the sequences of one call at a time. Its models and the messages of the program
    come into the folder of the plan; what else the program has written does not.

    Parameters
    ----------
    plan : Plan
    cluster : Cluster, optional
    """
    if cluster is None or plan.engine is None:
        yield None
        return
    from ...analysis.folding.folds import Model, groups_of, kept
    from ...analysis.folding.records import MODELS, WORK

    there = kept(plan.folder)
    old = ((target, Model(there[target.name])) for target in plan.good if target.name in there)
    new = [target for target in plan.good if target.name not in there]
    work = partial(
        returning_files,
        work=partial(_fold_there, plan.engine, plan.folder),
        folders=(MODELS, WORK),
    )
    needs = Needs(
        programs=plan.engine.programs,
        folder=_folder_of(plan.options.fold or ""),
        device=plan.options.device,
    )
    groups = groups_of(new, plan.options.batch)
    with cluster.results(work, groups, needs, in_order=False) as found:
        results = (result for _, result in found)  # kept at once, however long another one takes
        places = {name: plan.folder / name for name in (MODELS, WORK)}
        yield chain(old, chain.from_iterable(keeping_files(results, places)))


def _folder_of(command: str) -> str:
    """The present folder where words of the command are there, which a worker must have."""
    words = [Path(word) for word in shlex.split(command)]
    named = any(not word.is_absolute() and word.exists() for word in words)
    return os.getcwd() if named else ""


@lru_cache(maxsize=1)
def _ready(engine: Engine) -> Engine:
    """The engine of this worker: a network is loaded once."""
    engine.start()
    return engine


def _fold_there(
    engine: Engine, out: Path, group: Sequence[Target], place: Path
) -> list[tuple[Target, Model]]:
    """Models of one call on a worker, whose files will be in another folder."""
    from ...analysis.folding.folds import folded_group
    from ...analysis.folding.records import WORK

    models: list[tuple[Target, Model]] = []
    for target, model in folded_group(_ready(engine), group, place):
        path = None if model.path is None else out / model.path.relative_to(place)
        error = model.error.replace(str(place), str(out))
        models.append((target, replace(model, path=path, error=error)))
    for written in (place / WORK).iterdir():
        if written.is_dir():
            shutil.rmtree(written)
    return models
