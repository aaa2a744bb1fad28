"""QS-score: how well the contacts between chains agree.

Bertoni et al., Sci. Rep. 7, 10480 (2017), with the formula of OpenStructure: every two residues of
two chains with CB (CA of glycine) under 12 Å are in contact, weighted by w(d) = 1 up to 5 Å and
exp(-2 ((d - 5 Å) / 4.28 Å)²) beyond (Xu et al., J. Mol. Biol. 381, 487, 2008). Shared contacts
count w(min(d, d')) (1 - |d - d'| / 12 Å), relative to their weight and that of the contacts that
are not shared: QS-best has those of residues that have a partner, QS-global all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .residue_contacts import PointsOfChains

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from .complex_atoms import ComplexAtoms

__all__ = ["QSContacts", "qs_contacts", "qs_scores"]

#: Distance (Å) under which residues are in contact.
CONTACT = 12.0
#: Distance (Å) up to which the weight is 1, and the width of its decrease.
FLAT, WIDTH = 5.0, 4.28


class QSContacts(NamedTuple):
    """Contacts of a complex: residues and their chains, the chain of lower number first."""

    residues: Int[np.ndarray, "contacts 2"]
    chains: Int[np.ndarray, "contacts 2"]
    distance: Float[np.ndarray, " contacts"]

    def of(self, a: int, b: int) -> QSContacts:
        """Those of two chains."""
        return self.where((self.chains == sorted((a, b))).all(1))

    def where(self, kept: Bool[np.ndarray, " contacts"]) -> QSContacts:
        """Some of them."""
        return QSContacts(self.residues[kept], self.chains[kept], self.distance[kept])


def qs_contacts(atoms: ComplexAtoms) -> QSContacts:
    """Residues of two chains with CB under 12 Å."""
    known = np.flatnonzero(np.isfinite(atoms.cb).all(1))
    points = PointsOfChains(atoms.cb[known], atoms.chain[known])
    found = [contacts for _, _, contacts in points.near(CONTACT)]
    if not found:
        return QSContacts(np.empty((0, 2), int), np.empty((0, 2), int), np.empty(0))
    first, second, distance = (np.concatenate(part) for part in zip(*found, strict=True))
    residues = known[np.stack([first, second], 1)]
    return QSContacts(residues, atoms.chain[residues], distance)


def qs_scores(
    reference: QSContacts, model: QSContacts, partner: Int[np.ndarray, " residues"]
) -> tuple[float, float]:
    """QS-best and QS-global; NaN without contacts.

    Parameters
    ----------
    reference, model : QSContacts
    partner : ndarray of int, shape (residues,)
        Residue of the reference for each one of the model; -1 where it has none.

    Examples
    --------
    >>> pairs = np.array([[0, 1], [0, 2]])
    >>> reference = QSContacts(pairs, np.array([[0, 1], [0, 1]]), np.array([4.0, 5.0]))
    >>> model = reference.where(np.array([True, False]))._replace(distance=np.array([1.0]))
    >>> qs_scores(reference, model, np.array([0, 1, 2]))  # one shared, 3 Å off, and one that is not
    (0.375, 0.375)
    """
    paired = np.isin(reference.residues, partner).all(1)
    names = partner[model.residues]
    both = (names >= 0).all(1)
    size = 1 + max(int(partner.max()), int(reference.residues.max(initial=0)))
    _, i, j = np.intersect1d(
        _keys(reference.residues, size), _keys(names[both], size), return_indices=True
    )
    j = np.flatnonzero(both)[j]
    d, other = reference.distance[i], model.distance[j]
    weight = _weight(np.minimum(d, other))
    score = float((weight * (1 - np.abs(d - other) / CONTACT)).sum())
    alone, other_alone = (np.ones(len(part.distance), bool) for part in (reference, model))
    alone[i] = other_alone[j] = False
    sums = []
    for kept, other_kept in ((paired, both), (np.ones_like(paired), np.ones_like(both))):
        rest = _weight(reference.distance[alone & kept]).sum()
        rest += _weight(model.distance[other_alone & other_kept]).sum()
        total = float(weight.sum() + rest)
        sums.append(score / total if total else np.nan)
    return sums[0], sums[1]


def _weight(distance: Float[np.ndarray, " contacts"]) -> Float[np.ndarray, " contacts"]:
    """How much a contact counts."""
    return np.exp(-2 * ((distance - FLAT).clip(0) / WIDTH) ** 2)


def _keys(residues: Int[np.ndarray, "contacts 2"], size: int) -> Int[np.ndarray, " contacts"]:
    """One number for two residues, whichever comes first."""
    return residues.min(1) * size + residues.max(1)
