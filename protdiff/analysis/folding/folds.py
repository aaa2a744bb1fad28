"""Models of sequences: those that are there, and those that a program makes; the work continues."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..._system.files import replacing
from ..._system.notices import collected
from ...structure.io.paths import stem
from ...structure.io.read_write import read
from .commands import FoldError, command_engine
from .esmfold import PUBLISHED, EsmFoldEngine
from .outputs import best_model, models_by_name, structure_files
from .records import MODELS, WORK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .targets import Target

__all__ = [
    "Engine", "Model", "engine_of", "folded", "folded_group", "found", "groups_of", "kept",
    "predicted_files",
]  # fmt: skip


class Engine(Protocol):
    """What folds sequences."""

    @property
    def several(self) -> bool:
        """Whether one call can fold several sequences."""
        ...

    @property
    def programs(self) -> tuple[str, ...]:
        """What it runs."""
        ...

    def start(self) -> None:
        """Make ready; ValueError, with the remedy, if something is not installed."""

    def fold(self, targets: Sequence[Target], folder: Path, log: Path) -> None:
        """Leave models of the targets in a folder; FoldError if it fails for any of them."""


@dataclass(frozen=True)
class Model:
    """The model of a sequence, or why there is none.

    Attributes
    ----------
    path : Path or None
    note : str
        What was guessed.
    error : str
    """

    path: Path | None = None
    note: str = ""
    error: str = ""


def engine_of(fold: str, device: str = "cpu", chunk_size: int | None = None) -> Engine:
    """The engine that a user names.

    Parameters
    ----------
    fold : str
        ``esmfold``, or ``esmfold:WEIGHTS`` with a folder or a name on the Hugging Face hub; else a
        command, see `command_engine`.
    device, chunk_size
        For ESMFold.
    """
    kind, _, weights = fold.partition(":")
    if kind == "esmfold":
        return EsmFoldEngine(weights or PUBLISHED, device, chunk_size)
    return command_engine(fold)


def found(targets: Sequence[Target], folder: Path) -> dict[str, Model]:
    """Models in a folder, wherever they were made, by the name of the sequence."""
    files = predicted_files(folder)
    paths = models_by_name(files, {target.name for target in targets}, folder)
    out: dict[str, Model] = {}
    for target in targets:
        if target.name in paths:
            out[target.name] = _best(paths[target.name])
        else:
            name = target.name
            remedy = f"call its file {name}.pdb, .cif or {name}_…, or fold it with `fold`"
            out[name] = Model(error=f"no model of {name} in {folder}; {remedy}")
    return out


def predicted_files(folder: Path) -> list[Path]:
    """Structure files of a folder of predictions.

    Raises
    ------
    ValueError
        If there is no such folder, or none in it.
    """
    if not folder.is_dir():
        raise ValueError(f"`predictions` {folder}: no such folder; check the path")
    if not (files := structure_files(folder)):
        raise ValueError(f"`predictions` {folder}: no structure files in it")
    return files


def _best(paths: Sequence[Path]) -> Model:
    """The best of the models of a sequence."""
    best = best_model(paths)
    note = (
        f"{best.guessed + 1} models without ranks, {best.path.name} taken" if best.guessed else ""
    )
    return Model(best.path, note)


def kept(out: Path) -> dict[str, Path]:
    """Models that earlier runs have left in the output, by the name of the sequence."""
    return {stem(path): path for path in structure_files(out / MODELS)}


def folded(
    engine: Engine, targets: Sequence[Target], out: Path, batch: int = 1
) -> Iterator[tuple[Target, Model]]:
    """Models of targets in the order in which they are there, those of an earlier run first.

    A call that fails costs the models of its own sequences only. Where a call for several
    sequences leaves some without a model, each of these is tried alone.

    Parameters
    ----------
    engine : Engine
    targets : list of Target
    out : Path
        Gets the folders ``models`` (the model of every sequence) and ``folds`` (all that the
        program writes, its inputs and its messages).
    batch : int
        Sequences of a call.
    """
    present = kept(out)
    for target in targets:
        if target.name in present:
            yield target, Model(present[target.name])
    for group in groups_of([one for one in targets if one.name not in present], batch):
        yield from folded_group(engine, group, out)


def groups_of(targets: Sequence[Target], batch: int) -> list[list[Target]]:
    """Targets of every call."""
    return [list(targets[first : first + batch]) for first in range(0, len(targets), batch)]


def folded_group(
    engine: Engine, group: Sequence[Target], out: Path
) -> Iterator[tuple[Target, Model]]:
    """The targets of one call with their models; those that it leaves out are tried alone."""
    models = _fold(engine, group, out)
    some = any(model.path for model in models)
    for target, model in zip(group, models, strict=True):
        if model.path is None and some and len(group) > 1:
            [model] = _fold(engine, [target], out)
        yield target, model


def _fold(engine: Engine, group: Sequence[Target], out: Path) -> list[Model]:
    """Call the engine for some sequences, and keep the models that are whole."""
    first = group[0].name
    folder = out / WORK / (first if len(group) == 1 else f"{len(group)}_from_{first}")
    log = folder.with_name(f"{folder.name}.log")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    error = ""
    try:
        engine.fold(group, folder, log)
    except FoldError as failure:
        error = str(failure)
    files = structure_files(folder)
    paths = models_by_name(files, {target.name for target in group}, folder)
    if len(group) == 1 and files and not paths:
        paths = {first: files}  # whatever the program calls its results
    models: list[Model] = []
    for target in group:
        if target.name in paths:
            models.append(_keep(target, paths[target.name], error, out))
        else:
            models.append(Model(error=error or f"no model of {target.name} was written ({log})"))
    return models


def _keep(target: Target, paths: Sequence[Path], error: str, out: Path) -> Model:
    """Copy the best of the models of a sequence; not if it was cut off when the program failed."""
    best = _best(paths)
    assert best.path is not None
    if error and not is_whole(best.path, target):
        return Model(error=error)
    path = out / MODELS / f"{target.name}{best.path.name[len(stem(best.path)) :]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        shutil.copyfile(best.path, temporary)
    return Model(path, best.note)


def is_whole(path: Path, target: Target) -> bool:
    """Whether a file that a program left behind when it failed has all residues."""
    try:
        with collected():
            return len(read(path, ca_only=True)) == len(target.letters)
    except ValueError:
        return False
