"""What the report stores of a structure: CA trace, torsions and values by residue, in few bytes.

Numbers are 16-bit integers, little-endian, in base64: coordinates in units of 0.01 Å (more for an
assembly of over 650 Å), angles and B-factors in units of 0.1, lDDT in units of 0.001. The smallest
integer stands for a missing number.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._system.notices import collected
from ...analysis.folding.targets import DesignFile
from ...metrics.scores import score
from ...structure.backbone import bonded_to_next
from ...structure.io.read_write import read
from ...structure.secondary_structure import dssp, psea
from ...structure.torsions import ramachandran, torsions
from ..ribbon_shape import principal_view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jaxtyping import Bool, Float

    from ...structure.backbone import Backbone
    from .entry import Entry

__all__ = ["MISSING", "packed", "stored_ribbon", "stored_structure", "unpacked"]

#: Stands for a missing number.
MISSING = -(2**15)
#: Å, degrees and the like per unit.
COORDINATES, ANGLES, B_FACTORS, DISTANCES, LDDT = 0.01, 0.1, 0.1, 0.01, 0.001


@dataclass(frozen=True)
class Compared:
    """Values by residue against another structure, which has been moved onto this one."""

    distance: Float[np.ndarray, " residues"]
    lddt: Float[np.ndarray, " residues"]
    other: Backbone


def packed(values: Float[np.ndarray, "..."], unit: float) -> str:
    """Numbers as 16-bit integers in base64; those out of range are the largest that there are.

    Examples
    --------
    >>> unpacked(packed(np.array([1.234, np.nan, -5.0]), 0.01), 0.01).tolist()
    [1.23, nan, -5.0]
    """
    whole = np.rint(np.nan_to_num(values / unit)).clip(1 - 2**15, 2**15 - 1)
    whole = np.where(np.isfinite(values), whole, MISSING).astype("<i2")
    return base64.b64encode(whole.tobytes()).decode("ascii")


def unpacked(text: str, unit: float) -> Float[np.ndarray, " values"]:
    """The numbers of `packed`."""
    whole = np.frombuffer(base64.b64decode(text), "<i2")
    return np.where(whole == MISSING, np.nan, np.round(whole * unit, 6))


def stored_structure(entry: Entry) -> dict[str, Any]:
    """What the page needs to draw a structure, as plain values.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    dict
        Empty if the entry has no file; with the key "error" alone if that cannot be read.
    """
    if entry.file is None:
        return {}
    try:
        with collected():  # warnings stand in the row already
            backbone, motif = _with_ca(entry.file)
            letters = _sequence(backbone, entry.sequence)
            if entry.chains and entry.other is None:
                alone = _alone(backbone, entry.chains)
                backbone, motif = backbone[alone], motif[alone]
                letters = "".join(np.array(list(letters))[alone].tolist())
            compared = None if entry.other is None else _compared(backbone, entry)
    except (OSError, ValueError) as error:
        return {"error": " ".join(str(error).split())}
    return _stored(backbone, motif, compared, letters, entry)


def stored_ribbon(backbone: Backbone) -> dict[str, Any]:
    """What scripts need to draw a backbone, and nothing else; all residues have a CA."""
    middle, unit = backbone.ca.mean(0), _unit(backbone)
    view = principal_view(backbone.ca, backbone.ca[-1] - backbone.ca[0])
    return {"unit": unit, **_trace(backbone, middle, view, unit)}


def _unit(backbone: Backbone) -> float:
    """Å per unit of the coordinates."""
    far = float(np.abs(backbone.ca - backbone.ca.mean(0)).max())
    return COORDINATES * max(1.0, far / 320)


def _trace(
    backbone: Backbone, middle: Float[np.ndarray, "3"], view: Float[np.ndarray, "3 3"], unit: float
) -> dict[str, Any]:
    """The CA trace in a view, its numbering and secondary structure."""
    return {
        "runs": _runs(backbone),
        "ca": packed((backbone.ca - middle) @ view, unit),
        "letters": letters_of(backbone),
    }


def _with_ca(file: Path) -> tuple[Backbone, Bool[np.ndarray, " residues"]]:
    """The residues of a file that have a CA, and which of them an input gave."""
    design = DesignFile(file)
    present = design.backbone.mask[:, 1]
    if not present.any():
        raise ValueError(f"{file}: no residue has a CA atom")
    motif = design.motif
    motif = np.zeros(len(present), bool) if motif is None else motif
    return design.backbone[present], motif[present]


def _alone(backbone: Backbone, chains: Sequence[str]) -> Bool[np.ndarray, " residues"]:
    """Residues of some chains."""
    there = backbone.chains
    ids = ["" if name == "_" and name not in there else name for name in chains]
    if missing := [name or "_" for name in ids if name not in there]:
        raise ValueError(f"no chain {missing[0]}, of which the table has scores")
    return np.isin(backbone.chain_ids, ids)


def _compared(backbone: Backbone, entry: Entry) -> Compared | None:
    """Values by residue against the other structure, which is moved onto this one."""
    assert entry.other is not None
    other = read(entry.other, ca_only=True)
    other = other[other.mask[:, 1]]
    alignment: Any = entry.alignment
    if entry.other_moves:
        scores = score(other, backbone, alignment=alignment, with_quality=False)
    else:
        scores = score(backbone, other, alignment=alignment, with_quality=False)
    if scores.pairs is None or scores.rotation is None or scores.translation is None:
        return None
    rows = scores.pairs[:, 1 if entry.other_moves else 0]
    distance, lddt = np.full((2, len(backbone)), np.nan)
    distance[rows], lddt[rows] = scores.distance, scores.residue_lddt
    if entry.other_moves:
        moved = other.coords @ scores.rotation + scores.translation
    else:
        moved = (other.coords - scores.translation) @ scores.rotation.T
    return Compared(distance, lddt, replace(other, coords=moved))


def _stored(
    backbone: Backbone,
    motif: Bool[np.ndarray, " residues"],
    compared: Compared | None,
    letters: str,
    entry: Entry,
) -> dict[str, Any]:
    whole = backbone if compared is None else compared.other
    middle = backbone.ca.mean(0)
    frame = whole.ca if not entry.other_moves else backbone.ca
    view = principal_view(frame, frame[-1] - frame[0])
    unit, link = _unit(backbone), bonded_to_next(backbone)
    out: dict[str, Any] = {
        "unit": unit,
        **_trace(backbone, middle, view, unit),
        "sequence": letters,
    }
    if backbone.mask.all(1).any():
        out["torsions"] = packed(np.stack(torsions(backbone, link), 1), ANGLES)
        out["regions"] = "".join("-012"[k + 1] for k in ramachandran(backbone, link).tolist())
    if backbone.b_factors is not None and np.ptp(backbone.b_factors):
        out["b_factors"] = packed(backbone.b_factors, B_FACTORS)
    if motif.any():
        out["motif"] = "".join("01"[int(k)] for k in motif)
    if compared is not None:
        out["distance"] = packed(compared.distance, DISTANCES)
        out["lddt"] = packed(compared.lddt, LDDT)
        out["other"] = {"is": entry.other_is, **_trace(compared.other, middle, view, unit)}
    return out


def letters_of(backbone: Backbone) -> str:
    """Secondary structure of every residue: DSSP where N, CA, C and O are there, else P-SEA."""
    whole = backbone.mask.all(1)
    if not whole.any():
        bounds = np.flatnonzero(~bonded_to_next(backbone)) + 1
        return "".join(psea(part) for part in np.split(backbone.ca, bounds))
    part, out = backbone[whole], np.full(len(backbone), "C")
    starts = [0, *(np.flatnonzero(~bonded_to_next(part)) + 1).tolist()]
    out[whole] = list(dssp(part.coords, part.residue_names, starts))
    return "".join(out.tolist())


def _sequence(backbone: Backbone, letters: str) -> str:
    """One-letter codes of every residue; those of a designed sequence if they are as many."""
    designed = letters.replace("/", "")
    return designed if len(designed) == len(backbone) else backbone.sequence


def _runs(backbone: Backbone) -> list[list[Any]]:
    """Pieces of consecutive numbers: chain, first number, insertion code, residues."""
    keys = zip(
        backbone.chain_ids.tolist(),
        (backbone.residue_numbers - np.arange(len(backbone))).tolist(),
        backbone.insertion_codes.tolist(),
        strict=True,
    )
    runs, place = [], 0
    for (chain, _, code), members in groupby(keys):
        count = sum(1 for _ in members)
        runs.append([chain, int(backbone.residue_numbers[place]), code, count])
        place += count
    return runs
