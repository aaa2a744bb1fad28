"""Pieces of the inputs of a data set, and the chains in them.

A task is small enough to hold in memory and to send to another process. Its `judged_chains` reads
and judges the chains that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .._system.files import temporary_folder
from .._system.notices import collected
from .._system.words import counted, in_brief
from ..structure.backbone import Backbone
from ..structure.io.atoms import FileError
from ..structure.io.members import path_text
from ..structure.io.paths import stem
from ..structure.io.read_write import ANOTHER_MODEL, read, read_models
from .experiment import Experiment, experiment
from .filters import Limits, Record, Rejected, judge, measure, structure_states
from .store import SPLITS, UNIT, angstrom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float32

    from .store import ChainSet

__all__ = [
    "EntryTask", "FileTask", "FramesTask", "InputError", "Notice", "StoredTask", "Task",
]  # fmt: skip


#: What a warning says here of the other models of a file.
ALL_MODELS = "to take all of them, give --models all, in Python models='all'"


class InputError(ValueError):
    """An input that cannot be used; the message is one line."""


@dataclass(frozen=True)
class Notice:
    """A warning about an input that could be read."""

    name: str
    text: str


#: What is said of an input: the chains that fit the limits, the others with a reason, warnings.
Judged = Record | Rejected | Notice


class Task(Protocol):
    """A piece of an input."""

    def judged_chains(self, limits: Limits) -> list[Judged]:
        """The chains of this piece that fit the limits, the others with a reason, and warnings."""
        ...


@dataclass(frozen=True)
class FileTask:
    """A structure file; `models` is "first" or "all"."""

    path: Path
    models: str

    def judged_chains(self, limits: Limits) -> list[Judged]:
        try:
            with collected() as texts:
                judged = _judge_file(self.path, stem(self.path), self.models, limits)
            judged = _from(judged, path_text(self.path))
            return judged + _notices(path_text(self.path), self.path, texts)
        except (FileError, InputError) as error:
            return [unreadable(path_text(self.path), error)]


@dataclass(frozen=True)
class EntryTask:
    """An entry of the PDB, or a chain of it: 1abc or 1abc_A; `models` is "first" or "all"."""

    name: str
    models: str

    def judged_chains(self, limits: Limits) -> list[Judged]:
        # The underscore of an extended id, pdb_00001abc, separates no chain.
        entry, _, chain = self.name.rpartition("_") if "_" in self.name[4:] else (self.name, "", "")
        source = f"pdb:{self.name}"
        with temporary_folder() as folder:
            try:
                path = self._fetch(entry, folder)
                with collected() as texts:
                    judged = _judge_file(path, entry.lower(), self.models, limits, chain or None)
                return _from(judged, source) + _notices(source, path, texts)
            except (FileError, InputError) as error:
                return [unreadable(source, error)]

    def _fetch(self, entry: str, folder: Path) -> Path:
        from biotite.database import rcsb

        try:
            return Path(str(rcsb.fetch(entry.upper(), "bcif", str(folder))))
        except Exception as error:  # of the network, of the server or of the id
            raise InputError(
                f"pdb:{self.name}: cannot be fetched ({_reason(error)}); check the id and the "
                "network"
            ) from None


@dataclass(frozen=True)
class FramesTask:
    """Some frames of one chain of a trajectory.

    Attributes
    ----------
    name : str
        Of the trajectory and the chain.
    origin : str
        Input that the frames come from.
    coords : ndarray, shape (frames, residues, 4, 3)
        Å.
    residue_names : list of str
    first, stride : int
        Number of the first frame among those that are read, and frames from one to the next.
    """

    name: str
    origin: str
    coords: Float32[np.ndarray, "frames residues 4 3"]
    residue_names: list[str]
    first: int
    stride: int

    def judged_chains(self, limits: Limits) -> list[Judged]:
        judged: list[Judged] = []
        for k, xyz in enumerate(self.coords):
            chain = Backbone.from_coords(xyz)
            chain = Backbone(
                chain.coords, chain.mask, np.array(self.residue_names), chain.chain_ids,
                chain.residue_numbers, chain.insertion_codes,
            )  # fmt: skip
            name = f"{self.name}/{(self.first + k) * self.stride}"
            origin = f"{self.origin} {self.name}"
            judged.append(judge(name, chain, limits, Experiment("simulation"), origin))
        return _from(judged, self.origin)


@dataclass(frozen=True)
class StoredTask:
    """Some chains of another data set or of an archive."""

    folder: str
    chains: ChainSet

    def judged_chains(self, limits: Limits) -> list[Judged]:
        return _from([self._judge(k, limits) for k in range(len(self.chains))], self.folder)

    def _judge(self, k: int, limits: Limits) -> Record | Rejected:
        """One chain. Its geometry was judged when it was stored: only length and resolution are."""
        chain = self.chains[k]
        row, n = chain.row, len(chain.types)
        size = counted(n, "residue")
        if n < limits.min_length:
            return Rejected(chain.name, f"{size}, under {limits.min_length}", "too short")
        if n > limits.max_length:
            return Rejected(chain.name, f"{size}, over {limits.max_length}", "too long")
        if row["resolution"] > limits.max_resolution:
            why = f"resolution is {row['resolution']:.2f} Å, over {limits.max_resolution:g}"
            return Rejected(chain.name, why, "resolution")
        if self.chains.structure is not None:
            structure = self.chains.structure[self.chains.span(k)]
            values = {key: row[key] for key in ("rg", "helix", "strand")}
        else:
            structure = structure_states(angstrom(chain.coords), chain.types)
            values = measure(chain.coords[:, 1] * UNIT, structure)
        values |= {key: row[key] for key in ("resolution", "method", "extended", "cluster")}
        if row["split"] < len(SPLITS):
            values["split"] = row["split"]
        return Record(chain.name, chain.coords, chain.types, structure, values, self.folder)


def _judge_file(
    path: Path, label: str, models: str, limits: Limits, only: str | None = None
) -> list[Judged]:
    """Chains of a structure file, or the one named `only`, of its first model or of all models."""
    judged: list[Judged] = []
    backbones = iter([read(path)]) if models == "first" else read_models(path)
    stated, chains = experiment(path), dict[str, None]()
    for model, backbone in enumerate(backbones, start=1):
        suffix = "" if models == "first" else f"/{model}"
        if isinstance(backbone, FileError):
            judged.append(unreadable(f"{label}{suffix}", backbone))
            continue
        chains |= dict.fromkeys(backbone.chains)
        for chain in backbone.chains:
            if only in (None, chain):
                name = f"{label}_{chain}" if chain.strip() else label
                backbone_chain, origin = backbone.chain(chain), f"{path_text(path)} {chain}"
                judged.append(judge(name + suffix, backbone_chain, limits, stated, origin))
    if not judged:
        raise InputError(f"{label}: no chain {only}; chains: {', '.join(chains)}")
    return judged


def _reason(error: BaseException) -> str:
    """What is said of an error, in few words.

    Libraries of the network put what the system says into errors of their own, with addresses and
    names of classes before it.
    """
    if isinstance(error, OSError):
        while cause := error.__cause__ or error.__context__:
            error = cause
    return in_brief(getattr(error, "strerror", None) or error)


def _from(judged: Sequence[Judged], source: str) -> list[Judged]:
    """The same with the input that the chains were read from."""
    return [item if isinstance(item, Notice) else item._replace(source=source) for item in judged]


def _notices(name: str, path: Path, texts: list[str]) -> list[Judged]:
    """Warnings of a file, without its path in front, and with the options of data sets."""
    texts = [text.replace(ANOTHER_MODEL, ALL_MODELS) for text in texts]
    return [Notice(name, text.removeprefix(f"{path_text(path)}: ")) for text in texts]


def unreadable(name: str, error: Exception) -> Rejected:
    """The rejection of an input that cannot be used; its name is not in the reason, too."""
    reason = " ".join(str(error).split())
    return Rejected(name, reason.removeprefix(f"{name}: "), "unreadable")
