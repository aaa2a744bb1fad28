"""Inputs of a data set as pieces to read: structure files, PDB ids, trajectories, data sets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..structure.backbone import BACKBONE_ATOMS
from ..structure.io.atoms import FileError, carbonyl_oxygen
from ..structure.io.paths import find_files
from ..structure.io.residue_names import standard_name
from .archive import is_dataset, read_chains
from .filters import Rejected
from .tasks import EntryTask, FileTask, FramesTask, InputError, StoredTask, Task, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jaxtyping import Int

__all__ = ["tasks"]

#: Trajectories that carry their topology, and those that need one.
WITH_TOPOLOGY = (".h5", ".hdf5")
WITHOUT_TOPOLOGY = (".xtc", ".trr", ".dcd", ".nc", ".netcdf", ".binpos")
#: Frames of a trajectory, and chains of a data set, per task.
FRAMES, CHAINS = 50, 64
PDB_ID = re.compile(r"[0-9][A-Za-z0-9]{3}(_[A-Za-z0-9]+)?|pdb_[0-9a-z]{8}(_[A-Za-z0-9]+)?")


def tasks(
    inputs: Iterable[str], *, stride: int = 1, models: str = "first"
) -> Iterator[Task | Rejected]:
    """Pieces of all inputs, one after the other.

    Parameters
    ----------
    inputs : iterable of str
        Structure files, folders (searched recursively), patterns, ``pdb:1abc`` or
        ``pdb:1abc_A``, trajectories ``traj.xtc+top.pdb`` or ``traj.h5``, data sets and archives.
    stride : int
        Take every `stride`-th frame of a trajectory.
    models : {"first", "all"}
        Models to take of a structure file.

    Yields
    ------
    Task or Rejected
        The latter for an input, or a part of it, that cannot be used.
    """
    for text in inputs:
        try:
            yield from _tasks_of(text, stride, models)
        except (InputError, FileError, ValueError) as error:
            yield unreadable(text, error)


def _tasks_of(text: str, stride: int, models: str) -> Iterator[Task]:
    path = Path(text)
    if text.lower().startswith("pdb:"):
        if not PDB_ID.fullmatch(text[4:]):
            raise InputError(f"{text}: not a PDB id; write pdb:1abc, or pdb:1abc_A for one chain")
        yield EntryTask(text[4:], models)
    elif path.is_dir() and is_dataset(path):
        yield from _stored(path)
    elif _is_trajectory(text):
        yield from _frames(text, stride)
    else:
        for file in find_files([text], "input"):
            yield FileTask(file, models)


def _is_trajectory(text: str) -> bool:
    name = text.split("+")[0].lower()
    if "+" in text and not Path(text).exists():
        return True
    return name.endswith((*WITH_TOPOLOGY, *WITHOUT_TOPOLOGY))


def _stored(folder: Path) -> Iterator[StoredTask]:
    """Chains of a data set or archive, as they are."""
    chains = read_chains(folder, max_length=10**9, globular=False)
    for first in range(0, len(chains), CHAINS):
        part = chains.take(np.arange(first, min(first + CHAINS, len(chains)))).compact()
        yield StoredTask(str(folder), part)


def _frames(text: str, stride: int) -> Iterator[FramesTask]:
    """Pieces of a trajectory, chain by chain."""
    import mdtraj

    trajectory, _, topology = text.partition("+")
    for path in filter(None, (trajectory, topology)):
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file; check the path")
    if not topology and not trajectory.lower().endswith(WITH_TOPOLOGY):
        raise InputError(f"{trajectory}: needs its topology; write {trajectory}+top.pdb")
    try:
        options = {"top": topology} if topology else {}
        chains, first = None, 0
        for piece in mdtraj.iterload(trajectory, chunk=FRAMES, stride=stride, **options):
            chains = chains or _protein_chains(piece.topology, text)
            for chain in chains:
                coords = piece.xyz[:, chain.atoms] * np.float32(10)
                label = f"{Path(trajectory).stem}_{chain.name}"
                yield FramesTask(label, text, coords, chain.residue_names, first, stride)
            first += len(piece)
    except InputError:
        raise
    except Exception as error:  # mdtraj raises many kinds, some of them without a message
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(
            f"{text}: cannot be read ({reason}); does the topology belong to the trajectory?"
        ) from None
    if not first:
        raise InputError(f"{trajectory}: no frames in it")


class _ProteinChain(NamedTuple):
    """A protein chain of a topology: indices of N, CA, C and O, and residue names."""

    name: str
    atoms: Int[np.ndarray, "residues 4"]
    residue_names: list[str]


def _protein_chains(topology: Any, text: str) -> list[_ProteinChain]:
    chains: list[_ProteinChain] = []
    for chain in topology.chains:
        atoms, names = [], []
        for residue in chain.residues:
            by_name = {atom.name: atom.index for atom in residue.atoms}
            by_name["O"] = carbonyl_oxygen(by_name)
            places = [by_name.get(name) for name in BACKBONE_ATOMS]
            if None not in places:
                atoms.append(places)
                names.append(standard_name(residue.name, False))
        if atoms:
            label = getattr(chain, "chain_id", None) or chr(ord("A") + chain.index % 26)
            chains.append(_ProteinChain(label, np.array(atoms), names))
    if not chains:
        raise InputError(f"{text}: the topology has no residue with N, CA, C and O")
    return chains
