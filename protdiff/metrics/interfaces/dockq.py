"""DockQ of the interfaces of a complex, for every choice of chains of the model.

Basu & Wallner, PLoS ONE 11, e0161879 (2016); Mirabello & Wallner, Bioinformatics 40, btae586
(2024). The definitions are those of the program DockQ 2.1.3:

- Two residues are in contact if any of their heavy atoms are under 5 Å. Two chains of the
  reference with a contact have an interface. Fnat is the share of its contacts that the model
  has, among all of the reference; fnonnat the share of the model's contacts, between residues
  that have a partner, that the reference lacks.
- iRMSD: N, CA, C and O of the residues with an atom under 10 Å of the other chain, of those
  residues that have a partner, after their own superposition. If none of them comes that close,
  all count.
- LRMSD: N, CA, C and O of the shorter chain of the reference (of two equally long ones, the
  first), when the other one is superposed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .paired_chain import moved_rmsd, rmsd_of
from .residue_contacts import Contacts, PointsOfChains, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Bool, Float, Int

    from .complex_atoms import ComplexAtoms
    from .paired_chain import PairedChain

    Table = Float[np.ndarray, "first second"]

__all__ = [
    "DockQTable", "NativeInterface", "chain_contacts", "dockq", "dockq_table", "native_interfaces",
]  # fmt: skip

#: Distances (Å) of heavy atoms under which residues are in contact, and in the interface.
CONTACT, INTERFACE = 5.0, 10.0
#: Scales (Å) of iRMSD and LRMSD.
IRMSD_SCALE, LRMSD_SCALE = 1.5, 8.5


class NativeInterface(NamedTuple):
    """Two chains of the reference in contact: their residues under 10 Å, and those under 5 Å."""

    first: int
    second: int
    near: Contacts
    contacts: Contacts


class DockQTable(NamedTuple):
    """Numbers of an interface for every two chains of the model in its place.

    Rows are the chains of the model that can take the place of the first chain, columns those
    for the second one. -1 where both are the same.
    """

    first: list[int]
    second: list[int]
    shared: Int[np.ndarray, "first second"]  # contacts of both
    modelled: Int[np.ndarray, "first second"]  # contacts of the model
    fnat: Table
    irmsd: Table
    lrmsd: Table
    dockq: Table


def dockq(fnat: Table, irmsd: Table, lrmsd: Table) -> Table:
    """Mean of Fnat, 1 / (1 + (iRMSD / 1.5 Å)²) and 1 / (1 + (LRMSD / 8.5 Å)²).

    Examples
    --------
    >>> round(float(dockq(np.array(0.5), np.array(1.5), np.array(8.5))), 3)
    0.5
    """
    scaled = (1 / (1 + (irmsd / IRMSD_SCALE) ** 2), 1 / (1 + (lrmsd / LRMSD_SCALE) ** 2))
    return (fnat + scaled[0] + scaled[1]) / 3


def native_interfaces(reference: ComplexAtoms) -> list[NativeInterface]:
    """Interfaces of the reference, in the order of its chains."""
    points = PointsOfChains(reference.atoms, reference.chain[reference.owner])
    out = []
    for a, b, found in points.near(INTERFACE):
        near = nearest(found, reference.owner)
        contacts = near.closer(CONTACT)
        if len(contacts.first):
            out.append(NativeInterface(a, b, near, contacts))
    return out


def chain_contacts(model: ComplexAtoms) -> dict[tuple[int, int], Contacts]:
    """Residues of a model in contact, by the two chains, the one of lower number first."""
    points = PointsOfChains(model.atoms, model.chain[model.owner])
    return {(a, b): nearest(found, model.owner) for a, b, found in points.near(CONTACT)}


def dockq_table(
    interface: NativeInterface,
    contacts: Mapping[tuple[int, int], Contacts],
    pairs: Mapping[tuple[int, int], PairedChain],
    reference: ComplexAtoms,
) -> DockQTable:
    """DockQ of an interface for all chains of a model that can take its place.

    Parameters
    ----------
    interface : NativeInterface
    contacts : dict
        What `chain_contacts` gives for the model.
    pairs : dict
        `PairedChain` by chain of the model and chain of the reference.
    reference : ComplexAtoms
    """
    first = [i for i, a in pairs if a == interface.first]
    second = [j for j, b in pairs if b == interface.second]
    one = [pairs[i, interface.first] for i in first]
    two = [pairs[j, interface.second] for j in second]
    shape = len(first), len(second)
    shared, modelled = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    for row, i in enumerate(first):
        for column, j in enumerate(second):
            found = contacts.get((min(i, j), max(i, j)))
            if found is not None:
                counts = _count(interface, found, one[row], two[column], reference, i > j)
                shared[row, column], modelled[row, column] = counts
    fnat = shared / len(interface.contacts.first)
    irmsd = lrmsd = np.full(shape, np.inf)
    if one and two:
        irmsd, lrmsd = _irmsd(interface, one, two, reference), _lrmsd(one, two)
    value = dockq(fnat, irmsd, lrmsd)
    value[np.equal.outer(first, second)] = -1
    return DockQTable(first, second, shared, modelled, fnat, irmsd, lrmsd, value)


def _count(
    interface: NativeInterface,
    found: Contacts,
    one: PairedChain,
    two: PairedChain,
    reference: ComplexAtoms,
    swapped: bool,
) -> tuple[int, int]:
    """Contacts of a model that the reference has too, and all, between residues with a partner.

    `swapped` says that the chain in the first place comes later in the model.
    """
    i, j = (found.second, found.first) if swapped else (found.first, found.second)
    paired = np.isin(i, one.partner) & np.isin(j, two.partner)
    size = 1 + max(int(i.max()), int(j.max()), int(one.partner.max()), int(two.partner.max()))
    ours = _local(reference, interface.first, interface.contacts.first)
    theirs = _local(reference, interface.second, interface.contacts.second)
    i0, j0 = one.partner[ours], two.partner[theirs]
    both = (i0 >= 0) & (j0 >= 0)
    return int(np.isin(i0[both] * size + j0[both], i * size + j).sum()), int(paired.sum())


def _local(
    reference: ComplexAtoms, chain: int, residues: Int[np.ndarray, " pairs"]
) -> Int[np.ndarray, " pairs"]:
    """Places of residues of the reference in their chain."""
    return np.searchsorted(np.flatnonzero(reference.chain == chain), residues)


def _irmsd(
    interface: NativeInterface,
    one: Sequence[PairedChain],
    two: Sequence[PairedChain],
    reference: ComplexAtoms,
) -> Table:
    """iRMSD for all choices of chains.

    Which residues are in the interface depends on which ones have a partner, and on that alone.
    """
    i = _local(reference, interface.first, interface.near.first)
    j = _local(reference, interface.second, interface.near.second)
    sums = np.zeros((len(one), len(two), 17))
    for covered, rows in _patterns(one):
        for other, columns in _patterns(two):
            both = covered[i] & other[j]
            # Each is the sum over the residues in the interface, or over all if there are none.
            inside, outside = (
                np.isin(np.arange(len(mask)), places[both]) if both.any() else mask
                for mask, places in ((covered, i), (other, j))
            )
            left = np.stack([one[k].sums[inside].sum(0) for k in rows])
            right = np.stack([two[k].sums[outside].sum(0) for k in columns])
            sums[np.ix_(rows, columns)] = left[:, None] + right
    return rmsd_of(sums)


def _patterns(
    chains: Sequence[PairedChain],
) -> list[tuple[Bool[np.ndarray, " residues"], list[int]]]:
    """Sets of residues with a partner, and the places of the chains that have each."""
    found: dict[bytes, list[int]] = {}
    for k, chain in enumerate(chains):
        found.setdefault(chain.covered.tobytes(), []).append(k)
    return [(chains[places[0]].covered, places) for places in found.values()]


def _lrmsd(one: Sequence[PairedChain], two: Sequence[PairedChain]) -> Table:
    """LRMSD for all choices of chains."""
    first = np.stack([chain.sums.sum(0) for chain in one])[:, None]
    second = np.stack([chain.sums.sum(0) for chain in two])[None]
    if len(one[0].partner) > len(two[0].partner):  # the first one is the receptor
        return moved_rmsd(first, second)
    return moved_rmsd(second, first)
