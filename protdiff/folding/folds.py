"""Models of sequences: those that are there, and those that a program makes; the work continues."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from glob import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .._system.files import replacing
from .._system.notices import collected
from ..structure.io.paths import stem
from ..structure.io.read_write import read
from .commands import FoldError, command_engine
from .esmfold import PUBLISHED, EsmFoldEngine
from .outputs import best_model, models_by_name, structure_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .targets import Target

__all__ = ["Engine", "Model", "engine_of", "folded", "found", "missing"]

#: Folders in the output: one model per sequence, and all that the programs have written.
MODELS, WORK = "models", "folds"


class Engine(Protocol):
    """What folds sequences."""

    @property
    def several(self) -> bool:
        """Whether one call can fold several sequences."""
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
    """Models in a folder, wherever they were made, by the name of the sequence.

    Raises
    ------
    ValueError
        If the folder has no structure files.
    """
    files = structure_files(folder)
    if not files:
        raise ValueError(f"`predictions` {folder}: no structure files in it")
    paths = models_by_name(files, {target.name for target in targets}, folder)
    out: dict[str, Model] = {}
    for target in targets:
        if target.name in paths:
            out[target.name] = _best(paths[target.name])
        else:
            out[target.name] = Model(error=f"no model of {target.name} in {folder}")
    return out


def _best(paths: Sequence[Path]) -> Model:
    """The best of the models of a sequence."""
    best = best_model(paths)
    note = (
        f"{best.guessed + 1} models without ranks, {best.path.name} taken" if best.guessed else ""
    )
    return Model(best.path, note)


def missing(targets: Sequence[Target], out: Path) -> list[Target]:
    """Targets without a model in the output."""
    return [target for target in targets if Store(out).model(target) is None]


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
    store, waiting = Store(out), iter(missing(targets, out))
    for target in targets:
        if (model := store.model(target)) is not None:
            yield target, model
    for call, group in enumerate(iter(lambda: list(islice(waiting, batch)), [])):
        label = group[0].name if len(group) == 1 else f"call_{call + 1}_of_{len(group)}"
        models = store.fold(engine, group, label)
        some = any(model.path for model in models.values())
        for target in group:
            model = models[target.name]
            if model.path is None and some and len(group) > 1:
                model = store.fold(engine, [target], target.name)[target.name]
            yield target, model


@dataclass(frozen=True)
class Store:
    """The models in a folder, which appear whole or not at all."""

    out: Path

    def model(self, target: Target) -> Model | None:
        """The model of a sequence, if it is there."""
        files = (self.out / MODELS).glob(f"{escape(target.name)}.*")
        path = next((path for path in sorted(files) if stem(path) == target.name), None)
        return None if path is None else Model(path)

    def fold(self, engine: Engine, group: Sequence[Target], label: str) -> dict[str, Model]:
        """Call the engine for some sequences, and keep the models that are whole."""
        folder = self.out / WORK / label
        log = folder.with_name(f"{label}.log")
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        error = ""
        try:
            engine.fold(group, folder, log)
        except FoldError as failure:
            error = str(failure)
        files = structure_files(folder)
        names = {target.name for target in group}
        paths = models_by_name(files, names, folder)
        if len(group) == 1 and files and not paths:
            paths = {group[0].name: files}  # whatever the program calls its results
        return {
            target.name: self._kept(target, paths.get(target.name, []), error, log)
            for target in group
        }

    def _kept(self, target: Target, paths: Sequence[Path], error: str, log: Path) -> Model:
        """The best of the models of a sequence, copied; or why there is none."""
        if not paths:
            return Model(error=error or f"no model of {target.name} was written ({log})")
        best = _best(paths)
        assert best.path is not None
        if error and not is_whole(best.path, target):
            return Model(error=error)
        path = self.out / MODELS / f"{target.name}{best.path.name[len(stem(best.path)) :]}"
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
