"""Inputs of a data set as pieces to read: structure files, PDB ids, trajectories, data sets."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._system.files import temporary_folder
from .._system.notices import warn
from .._system.reading import TooLargeError, read_file, real_path
from .._system.words import counted, either, in_brief
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

#: Trajectories, and topologies of them, by suffix.
TRAJECTORIES = (".xtc", ".trr", ".dcd", ".nc", ".netcdf", ".binpos")
TOPOLOGIES = (
    ".pdb", ".pdb.gz", ".cif", ".cif.gz", ".mmcif", ".mmcif.gz", ".pdbx", ".pdbx.gz", ".gro",
    ".prmtop", ".parm7", ".prm7", ".psf", ".mol2", ".arc",
)  # fmt: skip
#: Formats whose reader runs Python objects that are in the file (PyTables unpickles attributes).
RUNNING_CODE = (".h5", ".hdf5", ".lh5")
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
        ``pdb:1abc_A``, trajectories ``traj.xtc+top.pdb``, data sets and archives.
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
    elif files := _trajectory(text):
        yield from _frames(text, *files, stride)
    else:
        for file in find_files([text], "input"):
            yield FileTask(file, models)


def _trajectory(text: str) -> tuple[str, str] | None:
    """Trajectory and topology of ``traj.xtc+top.pdb``, or None if the text is no trajectory.

    Names may have a + of their own: the one between the two is where both files exist, or the
    first after the suffix of a trajectory.
    """
    kinds = (*TRAJECTORIES, *RUNNING_CODE)
    if Path(text).exists() or "+" not in text:
        return (text, "") if text.lower().endswith(kinds) else None
    splits = [(text[:i], text[i + 1 :]) for i, letter in enumerate(text) if letter == "+"]
    existing = [pair for pair in splits if Path(pair[0]).is_file() and Path(pair[1]).is_file()]
    likely = [pair for pair in splits if pair[0].lower().endswith(kinds)]
    return next(iter(existing + likely), None)


def _stored(folder: Path) -> Iterator[StoredTask]:
    """Chains of a data set or archive, as they are."""
    chains = read_chains(folder, max_length=10**9, globular=False)
    for first in range(0, len(chains), CHAINS):
        part = chains.take(np.arange(first, min(first + CHAINS, len(chains)))).compact()
        yield StoredTask(str(folder), part)


def _frames(text: str, trajectory: str, topology: str, stride: int) -> Iterator[FramesTask]:
    """Pieces of a trajectory, chain by chain."""
    import mdtraj

    _check_names(trajectory, topology)
    try:
        chains, first = None, 0
        with _readable(trajectory, topology) as (coordinates, top):
            for piece in mdtraj.iterload(coordinates, chunk=FRAMES, stride=stride, top=top):
                chains = chains or _protein_chains(piece.topology, text)
                for chain in chains:
                    coords = piece.xyz[:, chain.atoms] * np.float32(10)
                    label = f"{Path(trajectory).stem}_{chain.name}"
                    yield FramesTask(label, text, coords, chain.residue_names, first, stride)
                first += len(piece)
    except InputError:
        raise
    except TooLargeError as error:
        raise InputError(f"{topology}: {error}") from None
    except Exception as error:  # mdtraj raises many kinds, some of them without a message
        reason = in_brief(error, 160)
        raise InputError(
            f"{text}: cannot be read ({reason}); does the topology belong to the trajectory?"
        ) from None
    if not first:
        raise InputError(f"{trajectory}: no frames in it")


def _check_names(trajectory: str, topology: str) -> None:
    """InputError unless both files are there and of formats that are read."""
    for path in filter(None, (trajectory, topology)):
        if path.lower().endswith(RUNNING_CODE):
            raise InputError(
                f"{path}: HDF5 is not read, for its readers run code that a file may hold; write "
                "traj.xtc and top.pdb with mdtraj, and give traj.xtc+top.pdb"
            )
    if not topology:
        raise InputError(f"{trajectory}: needs its topology; write {trajectory}+top.pdb")
    for path, suffixes in ((trajectory, TRAJECTORIES), (topology, TOPOLOGIES)):
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file; check the path")
        if not path.lower().endswith(suffixes):
            raise InputError(f"{path}: unknown file type; use one of {', '.join(suffixes)}")


@contextmanager
def _readable(trajectory: str, topology: str) -> Iterator[tuple[str, str]]:
    """Names of files by which mdtraj knows their format: it reads .xtc, but not .XTC.

    The topology is a copy, decompressed up to the limit.
    """
    with temporary_folder() as folder:
        coordinates = Path(folder, "trajectory" + Path(trajectory).suffix.lower())
        coordinates.symlink_to(real_path(trajectory))
        packed = topology.lower().endswith(".gz")
        suffix = Path(topology.lower().removesuffix(".gz")).suffix
        top = Path(folder, "topology" + suffix)
        top.write_bytes(read_file(topology, packed=packed))
        yield str(coordinates), str(top)


class _ProteinChain(NamedTuple):
    """A protein chain of a topology: indices of N, CA, C and O, and residue names."""

    name: str
    atoms: Int[np.ndarray, "residues 4"]
    residue_names: list[str]


def _protein_chains(topology: Any, text: str) -> list[_ProteinChain]:
    chains: list[_ProteinChain] = []
    for chain in topology.chains:
        atoms, names, incomplete = [], [], []
        for residue in chain.residues:
            by_name = {atom.name: atom.index for atom in residue.atoms}
            by_name["O"] = carbonyl_oxygen(by_name)
            places = [by_name.get(name) for name in BACKBONE_ATOMS]
            if None not in places:
                atoms.append(places)
                names.append(standard_name(residue.name, False))
            elif {"CA", "C"} <= by_name.keys():
                incomplete.append(str(residue))
        label = (getattr(chain, "chain_id", None) or "").strip() or _letter(chain.index)
        if incomplete:
            count = len(incomplete)
            warn(
                f"{text}: {counted(count, 'residue')} of chain {label} without N, CA, C and O "
                f"{either(count, 'is', 'are')} left out, such as {incomplete[0]}"
            )
        if atoms:
            chains.append(_ProteinChain(label, np.array(atoms), names))
    if not chains:
        raise InputError(f"{text}: the topology has no residue with N, CA, C and O")
    return chains


def _letter(index: int) -> str:
    """Chain id of a chain that has none."""
    return chr(ord("A") + index % 26)
