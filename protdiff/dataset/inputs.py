"""From what a user names to chains: structure files, PDB ids, trajectories, data sets.

An input becomes a stream of units, each small enough to hold in memory and to send to another
process; `examine` turns a unit into chains and rejections.
"""

import re
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..structure.backbone import BACKBONE_ATOMS, Backbone
from ..structure.io.atoms import FileError, standard_name
from ..structure.io.paths import find_files, stem
from ..structure.io.read_write import read
from .archive import is_dataset, read_chains
from .experiment import experiment
from .filters import Record, Rejected, judge, measure, structure_states
from .store import SPLITS, UNIT, angstrom

__all__ = ["SourceError", "Unit", "examine", "units"]

#: Trajectories that carry their topology, and those that need one.
WITH_TOPOLOGY, WITHOUT = (".h5", ".hdf5"), (".xtc", ".trr", ".dcd", ".nc", ".netcdf", ".binpos")
#: Frames, or chains of a data set, per unit.
FRAMES, CHAINS = 50, 64
PDB_ID = re.compile(r"[0-9][A-Za-z0-9]{3}(_[A-Za-z0-9]+)?|pdb_[0-9a-z]{8}(_[A-Za-z0-9]+)?")


class SourceError(ValueError):
    """An input that cannot be used; the message is one line."""


class Unit(NamedTuple):
    """A piece of an input: its kind, what messages call it, and what `examine` needs."""

    kind: str
    name: str
    content: object


def units(inputs, *, stride=1, models="first"):
    """Units of all inputs, one after the other.

    Parameters
    ----------
    inputs : list of str
        Structure files, folders (searched to the bottom), patterns, ``pdb:1abc`` or
        ``pdb:1abc_A``, trajectories ``traj.xtc+top.pdb`` or ``traj.h5``, data sets and archives.
    stride : int
        Every so many frames of a trajectory.
    models : {"first", "all"}
        Of a structure file.

    Yields
    ------
    Unit or Rejected
        The latter for an input, or a part of it, that cannot be used.
    """
    for text in inputs:
        try:
            yield from _units_of(text, stride, models)
        except (SourceError, FileError, ValueError) as error:
            yield Rejected(text, " ".join(str(error).split()), "unreadable")


def _units_of(text, stride, models):
    path = Path(text)
    if text.lower().startswith("pdb:"):
        if not PDB_ID.fullmatch(text[4:]):
            raise SourceError(f"{text}: not a PDB id; write pdb:1abc, or pdb:1abc_A for one chain")
        yield Unit("pdb", text[4:], models)
    elif path.is_dir() and is_dataset(path):
        yield from _stored(path)
    elif _is_trajectory(text):
        yield from _frames(text, stride)
    else:
        for file in find_files([text], "input"):
            yield Unit("file", str(file), models)


def _is_trajectory(text):
    name = text.split("+")[0].lower()
    if "+" in text and not Path(text).exists():
        return True
    return name.endswith((*WITH_TOPOLOGY, *WITHOUT))


def _stored(folder):
    """Chains of a data set or archive, as they are."""
    chains = read_chains(folder, max_length=10**9, globular=False)
    for first in range(0, len(chains), CHAINS):
        part = chains.take(np.arange(first, min(first + CHAINS, len(chains)))).compact()
        yield Unit("stored", str(folder), part)


def _frames(text, stride):
    """Pieces of a trajectory, chain by chain."""
    import mdtraj

    trajectory, _, topology = text.partition("+")
    for path in filter(None, (trajectory, topology)):
        if not Path(path).is_file():
            raise SourceError(f"{path}: no such file; check the path")
    if not topology and not trajectory.lower().endswith(WITH_TOPOLOGY):
        raise SourceError(f"{trajectory}: needs its topology; write {trajectory}+top.pdb")
    try:
        given = {"top": topology} if topology else {}
        pieces = mdtraj.iterload(trajectory, chunk=FRAMES, stride=stride, **given)
        chains, start = None, 0
        for piece in pieces:
            if chains is None:
                chains = _protein_chains(piece.topology, text)
            for name, atoms, residues in chains:
                coords = piece.xyz[:, atoms] * np.float32(10)
                label = f"{Path(trajectory).stem}_{name}"
                yield Unit("frames", label, (coords, residues, start, stride, text))
            start += len(piece)
    except SourceError:
        raise
    except Exception as error:  # mdtraj raises many kinds, some of them bare
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise SourceError(
            f"{text}: cannot be read ({reason}); does the topology belong to the trajectory?"
        ) from None
    if not start:
        raise SourceError(f"{trajectory}: no frames in it")


def _protein_chains(topology, text):
    """Chain name, atom indices (L, 4) and residue names of the protein chains of a topology."""
    found = []
    for chain in topology.chains:
        atoms, names = [], []
        for residue in chain.residues:
            by_name = {atom.name: atom.index for atom in residue.atoms}
            by_name.setdefault("O", by_name.get("OT1", by_name.get("O1")))
            places = [by_name.get(name) for name in BACKBONE_ATOMS]
            if None not in places:
                atoms.append(places)
                names.append(standard_name(residue.name, False))
        if atoms:
            label = getattr(chain, "chain_id", None) or chr(ord("A") + chain.index % 26)
            found.append((label, np.array(atoms), names))
    if not found:
        raise SourceError(f"{text}: the topology has no residue with N, CA, C and O")
    return found


def examine(unit, limits):
    """Chains and rejections of a unit; a list of `Record` and `Rejected`."""
    if unit.kind == "stored":
        return [_judge_stored(unit, k, limits) for k in range(len(unit.content))]
    if unit.kind == "frames":
        coords, residues, start, stride, text = unit.content
        out = []
        for k, xyz in enumerate(coords):
            chain = Backbone.from_coords(xyz)
            chain = Backbone(
                chain.coords, chain.mask, residues, chain.chain_ids, chain.residue_numbers,
                chain.insertion_codes,
            )  # fmt: skip
            name = f"{unit.name}/{(start + k) * stride}"
            out.append(judge(name, chain, limits, ("simulation", np.nan), f"{text} {unit.name}"))
        return out
    try:
        if unit.kind == "pdb":
            return _fetched(unit, limits)
        return _judge_file(Path(unit.name), stem(Path(unit.name)), unit.content, limits)
    except (FileError, SourceError) as error:
        return [Rejected(unit.name, " ".join(str(error).split()), "unreadable")]


def _judge_file(path, label, models, limits, only=None):
    """Every chain of a structure file, of its first model or of all."""
    out, model, known = [], 1, None
    while True:
        try:
            backbone = read(path, model=model)
        except FileError:
            if model == 1:
                raise
            break
        known = known or experiment(path)
        for chain in backbone.chains:
            if only in (None, chain):
                name = f"{label}_{chain}" if chain.strip() else label
                origin = f"{path} {chain}"
                name = name if models == "first" else f"{name}/{model}"
                out.append(judge(name, backbone.chain(chain), limits, known, origin))
        if models == "first":
            break
        model += 1
    if not out:
        raise SourceError(f"{label}: no chain {only}; chains: {', '.join(backbone.chains)}")
    return out


def _fetched(unit, limits):
    """Chains of a PDB entry, fetched into a folder that vanishes."""
    from biotite.database import rcsb

    entry, _, chain = unit.name.rpartition("_") if "_" in unit.name[4:] else (unit.name, "", "")
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = rcsb.fetch(entry.upper(), "bcif", folder)
        except Exception as error:  # of the network, of the server, of the id
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise SourceError(
                f"pdb:{unit.name}: cannot be fetched ({reason}); check the id and the network"
            ) from None
        return _judge_file(Path(path), entry.lower(), unit.content, limits, chain or None)


def _judge_stored(unit, k, limits):
    """A chain of another data set: only its length and resolution are judged again."""
    chain = unit.content[k]
    row, n = chain.row, len(chain.types)
    if not limits.min_length <= n <= limits.max_length:
        kind = "too short" if n < limits.min_length else "too long"
        return Rejected(chain.name, f"{n} residues", kind)
    if row["resolution"] > limits.max_resolution:
        return Rejected(chain.name, f"resolution is {row['resolution']:.2f} Å", "resolution")
    kept = ["resolution", "method", "extended", "cluster"]
    if unit.content.structure is not None:
        structure = unit.content.structure[unit.content.span(k)]
        values = {key: row[key] for key in ("rg", "helix", "strand")}
    else:
        structure = structure_states(angstrom(chain.coords), chain.types)
        values = measure(chain.coords[:, 1] * UNIT, structure)
    values |= {key: row[key] for key in kept}
    if row["split"] < len(SPLITS):
        values["split"] = row["split"]
    return Record(chain.name, chain.coords, chain.types, structure, values, unit.name)
