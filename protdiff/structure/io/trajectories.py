"""Trajectories in files: models of one PDB, mmCIF or BinaryCIF file, or XTC beside a PDB file.

What PDB and mmCIF have no place for, the time and the wavelength of every frame, stands in REMARK
records, or in a table of its own, `_protdiff_trajectory`.
"""

from __future__ import annotations

import gzip
import re
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._system.files import replacing
from ..trajectory import CLEAN, KINDS, Trajectory
from .atoms import FileError
from .bcif import unpacked
from .content import explained, format_of, read_bytes
from .encoding import decoded
from .read_write import read_models
from .structure_bytes import check_numbering, write_bytes
from .writers import (
    bcif_content,
    categories,
    check_words,
    cif_content,
    pdb_content,
    pdb_records,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from biotite.structure.io.pdbx import BinaryCIFFile, CIFFile
    from jaxtyping import Float

    from ..backbone import Backbone
    from .writers import Tables

__all__ = ["MAX_MODELS", "TABLE", "read_trajectory", "write_trajectory"]

#: Models that the number of a MODEL record can count.
MAX_MODELS = 9999
#: The table of frames in mmCIF.
TABLE = "protdiff_trajectory"
#: The table of frames in PDB: free text has the numbers 6 to 99.
HEADING = "REMARK   6 PROTDIFF TRAJECTORY"
TITLES = {
    "clean": "ESTIMATES WITHOUT NOISE; THE LAST MODEL IS THE DESIGN",
    "noisy": "THE NOISY CHAIN; THE LAST MODEL IS THE DESIGN",
}
FRAME = re.compile(r"REMARK   6 MODEL +\d+ +TIME +(\d+\.\d+) +WAVELENGTH +(\d+\.\d+|-) ")


def write_trajectory(trajectory: Trajectory, path: str | PathLike[str]) -> None:
    """Write all frames of a trajectory, whole or not at all.

    Parameters
    ----------
    trajectory : Trajectory
    path : str or path-like
        .pdb, .cif or .bcif, also with .gz: a file of several models. .xtc: coordinates alone, to
        0.01 Å, with a .pdb file of the last frame beside it.

    Raises
    ------
    FileError
        As `protdiff.write`, and for more models than a format can count.

    Examples
    --------
    >>> import protdiff
    >>> [trajectory] = protdiff.trajectories(length=20, steps=12)
    >>> write_trajectory(trajectory, "folding.pdb")  # doctest: +SKIP
    """
    path = Path(path)
    if path.suffix.lower() == ".xtc":
        _write_xtc(trajectory, path)
        return
    kind = format_of(path)
    try:
        check_numbering(trajectory.backbone)
        content = WRITERS[kind](trajectory)
    except FileError as error:
        raise FileError(f"{path}: {error}") from None
    if path.suffix.lower() == ".gz":
        content = gzip.compress(content, mtime=0)
    write_bytes(path, content)


def _pdb(trajectory: Trajectory) -> bytes:
    if len(trajectory) > MAX_MODELS:
        raise FileError(f"PDB holds at most {MAX_MODELS} models; write .cif instead")
    records = _remarks(trajectory)
    for number in range(len(trajectory)):
        records += [f"MODEL     {number + 1:4d}", *pdb_records(trajectory[number]), "ENDMDL"]
    return pdb_content(records)


def _remarks(trajectory: Trajectory) -> list[str]:
    """REMARK records: what the models are, their times and wavelengths."""
    records = [HEADING, f"REMARK   6 {TITLES[trajectory.kind]}"]
    for number, (time, period) in enumerate(zip(trajectory.times, trajectory.periods, strict=True)):
        wavelength = f"{period:.4f}" if np.isfinite(period) else "-"
        records.append(
            f"REMARK   6 MODEL {number + 1:4d}  TIME {time:.4f}  WAVELENGTH {wavelength:>9s} "
            "RESIDUES"
        )
    return records


def _tables(trajectory: Trajectory) -> Tables:
    """mmCIF tables of all frames; an empty string stands for no value."""
    backbone, frames = trajectory.backbone, len(trajectory)
    tables = categories(backbone)
    atoms = len(tables["atom_site"]["id"])
    site: dict[str, Sequence[str] | np.ndarray] = {
        name: np.tile(np.asarray(values), frames) for name, values in tables["atom_site"].items()
    }
    x, y, z = (np.round(trajectory.coords[:, backbone.mask].reshape(-1, 3), 3) + 0.0).T
    numbers = np.arange(1, frames + 1)
    site |= {
        "id": np.arange(1, frames * atoms + 1), "Cartn_x": x, "Cartn_y": y, "Cartn_z": z,
        "pdbx_PDB_model_num": np.repeat(numbers, atoms),
    }  # fmt: skip
    tables["atom_site"] = site
    tables[TABLE] = {
        "model_num": numbers,
        "kind": [trajectory.kind] * frames,
        "time": [f"{time:.4f}" for time in trajectory.times],
        "wavelength": [f"{p:.4f}" if np.isfinite(p) else "" for p in trajectory.periods],
    }
    return tables


def _cif(trajectory: Trajectory) -> bytes:
    check_words(trajectory.backbone)
    return cif_content(_tables(trajectory))


WRITERS = {"PDB": _pdb, "mmCIF": _cif, "BinaryCIF": lambda frames: bcif_content(_tables(frames))}


def _write_xtc(trajectory: Trajectory, path: Path) -> None:
    """XTC of the atoms that are there, and the last frame as a PDB file of the same name."""
    from mdtraj.formats import XTCTrajectoryFile

    backbone = trajectory.backbone
    topology = path.with_suffix(".pdb")
    try:
        check_numbering(backbone)
        content = pdb_content([*_remarks(trajectory), *pdb_records(backbone)])
    except FileError as error:
        raise FileError(f"{topology}: {error}") from None
    xyz = (trajectory.coords[:, backbone.mask] / 10).astype(np.float32)  # nm
    with replacing(path) as temporary, XTCTrajectoryFile(str(temporary), "w") as file:
        # Time rises in such files; that of the flow falls.
        file.write(xyz, time=(1 - trajectory.times).astype(np.float32), step=np.arange(len(xyz)))
    write_bytes(topology, content)


def read_trajectory(path: str | PathLike[str]) -> Trajectory | None:
    """The trajectory that `write_trajectory` wrote; None for a structure file that is none.

    Parameters
    ----------
    path : str or path-like
        Of an .xtc file the .pdb file beside it is read too, and of that .pdb file the .xtc file.

    Raises
    ------
    FileError
        If a file is missing or damaged.
    """
    path = Path(path)
    is_xtc = path.suffix.lower() == ".xtc"
    structure = path.with_suffix(".pdb") if is_xtc else path
    content, kind = read_bytes(structure)
    with explained(str(structure), kind):
        table = FRAMES[kind](content)
    if table is None:
        return None
    models = []
    for model in read_models(structure):
        if isinstance(model, FileError):
            raise model
        models.append(model)
    last = models[-1]
    if len(models) == 1 < len(table.times) and path.with_suffix(".xtc").is_file():
        path, is_xtc = path.with_suffix(".xtc"), True
    coords = _read_xtc(path, last) if is_xtc else [model.coords for model in models]
    if len(coords) != len(table.times) or any(x.shape != last.coords.shape for x in coords):
        raise FileError(f"{path}: its frames are not those that its table lists; write it anew")
    return Trajectory(last, np.array(coords), table.times, table.periods, table.kind)


class FrameTable(NamedTuple):
    """What a file says of its frames."""

    kind: str
    times: Float[np.ndarray, " frames"]
    periods: Float[np.ndarray, " frames"]

    @classmethod
    def of(cls, kind: str, times: Iterable[str], periods: Iterable[str]) -> FrameTable:
        """The table of texts, in which a point or a dash stands for no wavelength."""
        numbers = [float("nan") if text in (".", "-", "?", "") else float(text) for text in periods]
        return cls(kind, np.array([float(text) for text in times]), np.array(numbers))


def _frames_of_pdb(content: bytes) -> FrameTable | None:
    if HEADING.encode() not in content:
        return None
    text = decoded(content)
    kind = next((kind for kind in KINDS if TITLES[kind] in text), CLEAN)
    rows = [match.groups() for match in map(FRAME.match, text.split("\n")) if match]
    return FrameTable.of(kind, *zip(*rows, strict=True)) if rows else None


def _frames_of_cif(content: bytes) -> FrameTable | None:
    from biotite.structure.io.pdbx import CIFFile

    if f"_{TABLE}.".encode() not in content:
        return None
    return _table_of(CIFFile.read(StringIO(decoded(content))))


def _frames_of_bcif(content: bytes) -> FrameTable | None:
    if f"_{TABLE}".encode() not in content:
        return None
    return _table_of(unpacked(content, {TABLE: ("kind", "time", "wavelength")}))


def _table_of(file: CIFFile | BinaryCIFFile) -> FrameTable | None:
    for block in file.values():
        if TABLE in block:
            kind, times, periods = (
                block[TABLE][name].as_array(str, ".").tolist()
                for name in ("kind", "time", "wavelength")
            )
            return FrameTable.of(kind[0] if kind[0] in KINDS else CLEAN, times, periods)
    return None


FRAMES = {"PDB": _frames_of_pdb, "mmCIF": _frames_of_cif, "BinaryCIF": _frames_of_bcif}


def _read_xtc(path: Path, last: Backbone) -> list[Float[np.ndarray, "residues 4 3"]]:
    """Coordinates of all frames of the atoms of a backbone."""
    from mdtraj.formats import XTCTrajectoryFile

    if not path.is_file():
        raise FileError(f"{path}: no such file; check the path")
    try:
        with XTCTrajectoryFile(str(path)) as file:
            xyz = file.read()[0]
    except (OSError, RuntimeError, ValueError) as error:
        raise FileError(f"{path}: cannot be read as XTC ({error}); get a fresh copy") from None
    if xyz.shape[1] != last.mask.sum():
        raise FileError(
            f"{path}: frames of {xyz.shape[1]} atoms, and {path.with_suffix('.pdb')} has "
            f"{last.mask.sum()}; they belong to different trajectories"
        )
    coords = np.full((len(xyz), *last.coords.shape), np.nan)
    coords[:, last.mask] = xyz.astype(float) * 10
    return list(coords)
