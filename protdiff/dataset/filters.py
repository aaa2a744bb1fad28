"""Which part of a chain enters a data set, or why it is rejected (docs/reference/data-sets.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._system.words import counted
from ..structure.backbone import BACKBONE_ATOMS, ONE_TO_THREE, RESIDUE_TYPES
from ..structure.constants import BOND_LENGTHS, LINK_BREAK, MEASURED_BREAK, expected_rg
from ..structure.geometry import angle
from ..structure.secondary_structure import STATES, dssp
from .experiment import Experiment
from .store import UNIT, UNKNOWN, angstrom, residue_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int, Int16, UInt8

    from ..structure.backbone import Backbone

__all__ = ["Limits", "Record", "Rejected", "judge", "measure", "structure_states"]


@dataclass(frozen=True)
class Limits:
    """Conditions that a chain must meet to enter a data set.

    Attributes
    ----------
    min_length, max_length : int
        Residues of its longest unbroken segment.
    max_resolution : float
        Å; chains of unknown resolution are kept.
    methods : tuple of str
        Experimental methods that are taken (see `Experiment`); all if empty.
    proper : bool
        Keep only the longest unbroken segment, and only with possible bonds, angles and
        distances. If False, the chain is taken as it is.
    """

    min_length: int = 40
    max_length: int = 512
    max_resolution: float = 4.0
    methods: tuple[str, ...] = ()
    proper: bool = True


@dataclass(frozen=True)
class Geometry:
    """Bounds on bonds, angles and distances that a real chain must respect.

    Attributes
    ----------
    bond_error : float
        Å by which a bond may be off its ideal length.
    min_bend, max_bend : float
        Range of the angle N-CA-C, degrees.
    exceptions : float
        Share of the bonds, or of the angles, that may lie outside these bounds.
    overlap : float
        CA of residues three or more apart in sequence overlap when nearer than this, Å.
    overlaps : float
        Overlapping pairs per residue that are allowed.
    """

    bond_error: float = 0.25
    min_bend: float = 85.0
    max_bend: float = 140.0
    exceptions: float = 0.02
    overlap: float = 3.0
    overlaps: float = 0.01


@dataclass(frozen=True)
class Globular:
    """Bounds that a chain must respect to count as globular on its own.

    Attributes
    ----------
    max_rg_ratio : float
        Largest radius of gyration, relative to `expected_rg`.
    min_contacts : float
        Smallest mean number of CA within `contact_distance` (Å) that are more than three residues
        away along the chain.
    contact_distance : float
    """

    max_rg_ratio: float = 1.5
    min_contacts: float = 5.5
    contact_distance: float = 10.0


GEOMETRY, GLOBULAR = Geometry(), Globular()
#: Largest coordinate that can be stored, Å from the centre of the chain.
MAX_COORDINATE = np.iinfo(np.int16).max * UNIT


class Record(NamedTuple):
    """A chain that enters the data set: the arrays and columns that `ChainSetWriter.add` takes.

    Chains of one `origin` (frames of a trajectory, models of a file) may have the same sequence.
    `source` is the input, such as a file, that the chain was read from.
    """

    name: str
    coords: Int16[np.ndarray, "residues 4 3"]
    types: UInt8[np.ndarray, "residues"]
    structure: UInt8[np.ndarray, "residues"]
    values: dict[str, Any]
    origin: str = ""
    source: str = ""


class Rejected(NamedTuple):
    """A chain that does not enter the data set, or an input that cannot be used, and why.

    `kind` is the reason in one or two words, to count by; `source` is the input that the chain was
    read from, empty where that is the name.
    """

    name: str
    reason: str
    kind: str
    source: str = ""


def judge(
    name: str,
    chain: Backbone,
    limits: Limits,
    experiment: Experiment | None = None,
    origin: str = "",
) -> Record | Rejected:
    """The longest unbroken segment of a chain, or the reason why it is rejected.

    Parameters
    ----------
    name : str
        What the chain is called in the data set.
    chain : Backbone
        One chain.
    limits : Limits
    experiment : Experiment, optional
        Unknown by default.
    origin : str
        See `Record`; the name by default.
    """
    method, resolution = experiment or Experiment()
    if limits.methods and method not in limits.methods:
        return Rejected(name, f"method is {method or 'unknown'}", "method")
    if resolution > limits.max_resolution:
        why = f"resolution is {resolution:.2f} Å, over {limits.max_resolution:g}"
        return Rejected(name, why, "resolution")
    part = chain[longest_segment(chain)] if limits.proper else chain
    if len(part) < limits.min_length:
        segment = f"{len(part)} of {counted(len(chain), 'residue')}"
        why = f"longest unbroken segment has {segment}, under {limits.min_length}"
        return Rejected(name, why, "too short")
    if len(part) > limits.max_length:
        why = f"{counted(len(part), 'residue')}, over {limits.max_length}"
        return Rejected(name, why, "too long")
    if limits.proper and (objection := impossible(part)):
        return Rejected(name, *objection)
    centred = part.coords - part.ca.mean(0)
    if np.abs(centred).max() > MAX_COORDINATE:
        return Rejected(
            name, f"an atom is over {MAX_COORDINATE:.0f} Å from the centre", "too large"
        )
    coords = np.round(centred / UNIT).astype(np.int16)
    types = residue_types(part.residue_names.tolist())
    structure = structure_states(angstrom(coords), types)
    values = measure(coords[:, 1] * UNIT, structure)
    values |= {"method": method.encode()[:12], "resolution": resolution}
    return Record(name, coords, types, structure, values, origin or name)


def longest_segment(chain: Backbone) -> slice:
    """Slice of the longest stretch of complete residues without a break."""
    whole = np.all(chain.mask, axis=1)
    with np.errstate(invalid="ignore"):
        step = np.linalg.norm(np.diff(chain.ca, axis=0), axis=1) <= MEASURED_BREAK
        link = np.linalg.norm(chain.coords[1:, 0] - chain.coords[:-1, 2], axis=1) <= LINK_BREAK
    joined = np.concatenate([[False], step & link & whole[1:] & whole[:-1]])
    starts = np.flatnonzero(~joined)
    lengths = np.where(whole[starts], np.diff(starts, append=len(chain)), 0)
    if not len(lengths):
        return slice(0, 0)
    best = int(lengths.argmax())
    return slice(int(starts[best]), int(starts[best] + lengths[best]))


def impossible(part: Backbone, allowed: Geometry = GEOMETRY) -> tuple[str, str] | None:
    """Reason and kind of rejection if bonds, angles or distances are not a protein's, else None."""
    return _wrong_bond(part, allowed) or _wrong_angle(part, allowed) or _overlap(part, allowed)


def _wrong_bond(part: Backbone, allowed: Geometry) -> tuple[str, str] | None:
    for bond in ("N-CA", "CA-C", "C-O"):
        first, second = (BACKBONE_ATOMS.index(atom) for atom in bond.split("-"))
        length = np.linalg.norm(part.coords[:, first] - part.coords[:, second], axis=1)
        error = np.abs(length - BOND_LENGTHS[bond])
        if (error > allowed.bond_error).mean() > allowed.exceptions:
            k = int(error.argmax())
            return f"{bond} of {_residue(part, k)} is {length[k]:.2f} Å", "impossible bond"
    return None


def _wrong_angle(part: Backbone, allowed: Geometry) -> tuple[str, str] | None:
    bend = angle(part.coords[:, 0], part.coords[:, 1], part.coords[:, 2])
    outside = np.maximum(allowed.min_bend - bend, bend - allowed.max_bend)
    if (outside > 0).mean() > allowed.exceptions:
        k = int(outside.argmax())
        return f"N-CA-C of {_residue(part, k)} is {bend[k]:.0f} degrees", "impossible angle"
    return None


def _overlap(part: Backbone, allowed: Geometry) -> tuple[str, str] | None:
    i, j = _close_pairs(part.ca, allowed.overlap)
    apart = np.abs(i - j) >= 3
    if apart.sum() > allowed.overlaps * len(part):
        i, j = int(i[apart][0]), int(j[apart][0])
        distance = np.linalg.norm(part.ca[i] - part.ca[j])
        pair = f"{_residue(part, i)} and {_residue(part, j)}"
        return f"CA of {pair} are {distance:.2f} Å apart", "clash"
    return None


def _residue(part: Backbone, k: int) -> str:
    """Name, chain and number of a residue, for messages."""
    number = f"{part.residue_numbers[k]}{part.insertion_codes[k]}"
    return f"{part.residue_names[k]} {part.chain_ids[k]}{number}"


def _close_pairs(
    ca: Float[np.ndarray, "residues 3"], distance: float
) -> tuple[Int[np.ndarray, "pairs"], Int[np.ndarray, "pairs"]]:
    """First and second residue of the pairs whose CA are closer than a distance in Å."""
    from scipy.spatial import KDTree

    pairs = np.asarray(KDTree(ca).query_pairs(distance, output_type="ndarray")).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def measure(
    ca: Float[np.ndarray, "residues 3"], structure: UInt8[np.ndarray, "residues"]
) -> dict[str, Any]:
    """Columns of the table that follow from the structure: rg, helix, strand, extended."""
    rg = np.sqrt(np.square(ca - ca.mean(0)).sum(1).mean())
    i, j = _close_pairs(ca, GLOBULAR.contact_distance)
    contacts = 2 * (np.abs(i - j) > 3).sum() / len(ca)
    large = rg / expected_rg(len(ca)) > GLOBULAR.max_rg_ratio
    return {
        "rg": rg,
        "helix": (structure == STATES.index("H")).mean(),
        "strand": (structure == STATES.index("E")).mean(),
        "extended": large or contacts < GLOBULAR.min_contacts,
    }


def structure_states(
    coords: Float[np.ndarray, "residues 4 3"], types: Sequence[int] | UInt8[np.ndarray, "residues"]
) -> UInt8[np.ndarray, "residues"]:
    """Secondary structure (DSSP) of every residue, as an index into "HEC"; coordinates in Å."""
    names = ["UNK" if t == UNKNOWN else ONE_TO_THREE[RESIDUE_TYPES[t]] for t in types]
    return np.array([STATES.index(s) for s in dssp(coords, names)], dtype=np.uint8)
