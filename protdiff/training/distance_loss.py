"""Loss of interatomic distances, along the chain and between residues in contact.

A chain is stiff along its bonds and soft across them. In the loss of the modes the soft directions,
which no network can predict, outweigh the stiff ones. Here the error of a pair of atoms is taken
along the line between them in the network's own estimate. This estimate is a function of the noisy
chain alone, and every atom is linear in the components, so as far as the numerators go, the
posterior mean remains the exact minimiser. The denominators, the Gaussian chain's errors of the
same pairs, vary with the clean chain and shift the minimiser by a term of the order of one over the
number of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import normalize

from ..network.link_atoms import ATOMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float
    from torch import Tensor

    Atoms = Float[Tensor, "batch residues 4 3"]

__all__ = ["LOCAL", "contact_error", "local_error"]


@dataclass(frozen=True)
class LocalPair:
    """Atom `first` of every residue i, and atom `second` of residue i + `offset`."""

    first: str
    second: str
    offset: int


@dataclass(frozen=True)
class ContactPair:
    """Atoms of residues three or more apart, in contact when nearer than `reach` Å."""

    first: str
    second: str
    reach: float


#: Pairs along the chain.
LOCAL = {
    "trace": [LocalPair("CA", "CA", offset) for offset in (1, 2, 3)],
    "links": [
        LocalPair("N", "C", 0),  # the angle at CA
        LocalPair("C", "C", 1),  # phi
        LocalPair("N", "N", 1),  # psi
        LocalPair("O", "C", 1),
        LocalPair("O", "O", 1),  # both
        LocalPair("O", "N", 2),
    ],
}
CONTACTS = [ContactPair("CA", "CA", 8.0), ContactPair("N", "O", 5.0)]
#: Least separation of residues in contact.
CONTACT_SEPARATION = 3


def _ratio(
    error: Float[Tensor, "batch pairs"], reference: Float[Tensor, "batch pairs"]
) -> Float[Tensor, " batch"]:
    """Squared errors along the pairs over those of the reference."""
    return error.square().sum(1) / reference.square().sum(1).clamp_min(1e-8)


def local_error(
    error: Atoms,
    reference: Atoms,
    atoms: Atoms,
    present: Bool[Tensor, "batch residues 4"],
    pairs: Sequence[LocalPair],
) -> Float[Tensor, " batch"]:
    """Squared error along pairs of the chain over that of the Gaussian chain, mean over kinds.

    Parameters
    ----------
    error, reference : Tensor, shape (batch, residues, 4, 3)
        Errors of the network and of a zero output (the Gaussian chain), Å.
    atoms : Tensor, shape (batch, residues, 4, 3)
        The network's estimate (Å), detached.
    present : Tensor, shape (batch, residues, 4)
        See `atoms_present`.
    pairs : sequence of LocalPair
    """
    size, total = atoms.shape[1], torch.zeros(())
    for pair in pairs:
        a, b, offset = ATOMS.index(pair.first), ATOMS.index(pair.second), pair.offset
        real = present[:, : size - offset, a] & present[:, offset:, b]
        between = [x[:, offset:, b] - x[:, : size - offset, a] for x in (atoms, error, reference)]
        direction = normalize(between[0], dim=-1) * real[..., None]
        total = total + _ratio(*((line * direction).sum(-1) for line in between[1:]))
    return total / len(pairs)


def contact_error(
    error: Atoms, reference: Atoms, atoms: Atoms, present: Bool[Tensor, "batch residues 4"]
) -> Float[Tensor, " batch"]:
    """As `local_error`, for the pairs of `CONTACTS` that are near in the estimate."""
    size, total = atoms.shape[1], torch.zeros(())
    index = torch.arange(size, device=atoms.device)
    apart = (index[:, None] - index).abs() >= CONTACT_SEPARATION
    for pair in CONTACTS:
        a, b = ATOMS.index(pair.first), ATOMS.index(pair.second)
        line = atoms[:, :, None, a] - atoms[:, None, :, b]
        distance = line.norm(dim=-1)
        near = (distance < pair.reach) & apart & present[:, :, None, a] & present[:, None, :, b]
        direction = line * (near / distance.clamp_min(1e-3))[..., None]
        along = []
        for x in (error, reference):
            left = torch.einsum("bijc,bic->bij", direction, x[:, :, a])
            along.append((left - torch.einsum("bijc,bjc->bij", direction, x[:, :, b])).flatten(1))
        total = total + _ratio(*along)
    return total / len(CONTACTS)
