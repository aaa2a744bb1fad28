"""Which part of a structure becomes a chain of a data set, or why none does."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..structure.backbone import ONE_TO_THREE, RESIDUE_TYPES
from ..structure.geometry import angle
from ..structure.secondary_structure import STATES, dssp
from .store import UNIT, UNKNOWN, angstrom, residue_types

__all__ = ["Limits", "Record", "Rejected", "judge", "structure_states"]

#: Å: longer steps are chain breaks.
CA_STEP, LINK = 4.2, 2.0
#: Ideal bonds in Å and how far off they may be; range of N-CA-C in degrees; share of exceptions.
BONDS = {"N-CA": (0, 1, 1.461), "CA-C": (1, 2, 1.524), "C-O": (2, 3, 1.233)}
BOND_ERROR, BEND, EXCEPTIONS = 0.25, (85.0, 140.0), 0.02
#: Å: closer CA, three or more residues apart, overlap; as many per residue may.
OVERLAP, OVERLAPS = 3.0, 0.01
#: Not globular: size relative to 2.2 N^0.38, or mean number of CA within 10 Å further than three
#: residues along the chain.
LARGEST, FEWEST_CONTACTS = 1.5, 5.5
HALF = np.iinfo(np.int16).max * UNIT


@dataclass(frozen=True)
class Limits:
    """What a chain must be: residues, and Å and method of the experiment where they are known.

    `proper`: unbroken, with possible bonds, angles and distances.
    """

    min_length: int = 40
    max_length: int = 512
    max_resolution: float = 4.0
    methods: tuple = ()
    proper: bool = True


class Record(NamedTuple):
    """A chain that passed: arrays and columns for `Writer.add`."""

    name: str
    coords: np.ndarray
    types: np.ndarray
    structure: np.ndarray
    values: dict
    #: Chains of one origin (frames of a trajectory, models of a file) may have the same sequence.
    origin: str = ""


class Rejected(NamedTuple):
    """A chain, or an input that could not be used at all, and why."""

    name: str
    reason: str
    #: First words of the reason, to count by.
    kind: str


def judge(name, chain, limits, experiment=("", float("nan")), origin=""):
    """A chain's longest unbroken segment as a `Record`, or `Rejected`.

    Parameters
    ----------
    name : str
    chain : Backbone
        One chain.
    limits : Limits
    experiment : (str, float)
        Method and resolution in Å; "" and NaN for unknown.
    origin : str
    """
    method, resolution = experiment
    if limits.methods and method not in limits.methods:
        return Rejected(name, f"method is {method or 'unknown'}", "method")
    if resolution > limits.max_resolution:
        return Rejected(name, f"resolution is {resolution:.2f} Å", "resolution")
    part = chain[longest_segment(chain)] if limits.proper else chain
    if len(part) < limits.min_length:
        return Rejected(
            name, f"longest unbroken segment has {len(part)} of {len(chain)} residues", "too short"
        )
    if len(part) > limits.max_length:
        return Rejected(name, f"{len(part)} residues", "too long")
    if limits.proper and (found := impossible(part)):
        return Rejected(name, *found)
    centred = part.coords - part.ca.mean(0)
    if np.abs(centred).max() > HALF:
        return Rejected(name, f"an atom is over {HALF:.0f} Å from the centre", "too large")
    coords = np.round(centred / UNIT).astype(np.int16)
    types = residue_types(part.residue_names.tolist())
    structure = structure_states(angstrom(coords), types)
    values = measure(coords[:, 1] * UNIT, structure)
    values |= {"method": method.encode()[:12], "resolution": resolution}
    return Record(name, coords, types, structure, values, origin or name)


def longest_segment(chain):
    """Slice of the longest stretch of complete residues without a break."""
    whole = chain.mask.all(axis=1)
    with np.errstate(invalid="ignore"):
        step = np.linalg.norm(np.diff(chain.ca, axis=0), axis=1) <= CA_STEP
        link = np.linalg.norm(chain.coords[1:, 0] - chain.coords[:-1, 2], axis=1) <= LINK
    joined = np.concatenate([[False], step & link & whole[1:] & whole[:-1]])
    starts = np.flatnonzero(~joined)
    lengths = np.where(whole[starts], np.diff(starts, append=len(chain)), 0)
    if not len(lengths):
        return slice(0, 0)
    best = int(lengths.argmax())
    return slice(int(starts[best]), int(starts[best] + lengths[best]))


def impossible(part):
    """Reason and kind when bonds, angles or distances cannot be those of a protein, or None."""
    from scipy.spatial import KDTree

    def place(k):
        number = f"{part.residue_numbers[k]}{part.insertion_codes[k]}"
        return f"{part.residue_names[k]} {part.chain_ids[k]}{number}"

    for bond, (a, b, ideal) in BONDS.items():
        length = np.linalg.norm(part.coords[:, a] - part.coords[:, b], axis=1)
        off = np.abs(length - ideal)
        if (off > BOND_ERROR).mean() > EXCEPTIONS:
            k = int(off.argmax())
            return f"{bond} of {place(k)} is {length[k]:.2f} Å", "impossible bond"
    bend = angle(part.coords[:, 0], part.coords[:, 1], part.coords[:, 2])
    off = np.maximum(BEND[0] - bend, bend - BEND[1])
    if (off > 0).mean() > EXCEPTIONS:
        k = int(off.argmax())
        return f"N-CA-C of {place(k)} is {bend[k]:.0f} degrees", "impossible angle"
    i, j = KDTree(part.ca).query_pairs(OVERLAP, output_type="ndarray").reshape(-1, 2).T
    apart = np.abs(i - j) >= 3
    if apart.sum() > OVERLAPS * len(part):
        i, j = i[apart][0], j[apart][0]
        distance = np.linalg.norm(part.ca[i] - part.ca[j])
        return f"CA of {place(i)} and {place(j)} are {distance:.2f} Å apart", "clash"
    return None


def measure(ca, structure):
    """Columns of the table that follow from the structure."""
    from scipy.spatial import KDTree

    rg = np.sqrt(np.square(ca - ca.mean(0)).sum(1).mean())
    i, j = KDTree(ca).query_pairs(10.0, output_type="ndarray").reshape(-1, 2).T
    contacts = 2 * (np.abs(i - j) > 3).sum() / len(ca)
    return {
        "rg": rg,
        "helix": (structure == STATES.index("H")).mean(),
        "strand": (structure == STATES.index("E")).mean(),
        "extended": rg / (2.2 * len(ca) ** 0.38) > LARGEST or contacts < FEWEST_CONTACTS,
    }


def structure_states(coords, types):
    """DSSP as indices into "HEC", uint8, of coordinates in Å and residue types."""
    names = ["UNK" if t == UNKNOWN else ONE_TO_THREE[RESIDUE_TYPES[t]] for t in types]
    return np.array([STATES.index(s) for s in dssp(coords, names)], dtype=np.uint8)
