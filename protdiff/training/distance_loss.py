"""Errors of interatomic distances: what makes a backbone stiff, and what holds sheets together.

A chain is stiff along its bonds and soft across them; in the loss of the modes the soft
directions, which nobody can predict, drown the stiff ones. Here the error of a pair of atoms is
taken along the line between them in the network's own estimate, a function of the noisy chain
alone, and every atom is linear in the components: the numerators leave the posterior mean as the
exact minimiser. The denominators, the Gaussian chain's errors of the same pairs, vary with the
clean chain and shift it by a term of the order of one over the number of pairs.
"""

import torch

from ..structure.peptide import LINK_ATOMS

__all__ = ["ATOMS", "BOND", "LOCAL", "atoms_present", "contact_error", "link_atoms", "local_error"]

ATOMS = "N", "CA", "C", "O"
BOND = 3.8

#: Pairs along the chain: atom of residue i, atom of residue i + offset, offset.
LOCAL = {
    "trace": [("CA", "CA", 1), ("CA", "CA", 2), ("CA", "CA", 3)],
    # The angle at CA, then distances that follow phi, psi and both.
    "links": [("N", "C", 0), ("C", "C", 1), ("N", "N", 1), ("O", "C", 1), ("O", "O", 1),
              ("O", "N", 2)],
}  # fmt: skip

#: Pairs at separation 3 or more that count as in contact, and their reach in Å.
CONTACTS = [("CA", "CA", 8.0), ("N", "O", 5.0)]


def link_atoms(ca, links):
    """Backbone atoms as linear functions of the trace and the link vectors.

    The rigid trans peptide (`peptide.LINK_ATOMS`) with the direction of the bond divided by its
    mean length instead of its own; `peptide.place_backbone` moves its atoms further.

    Parameters
    ----------
    ca, links : Tensor, shape (B, N, 3)

    Returns
    -------
    Tensor, shape (B, N, 4, 3)
        N, CA, C, O in Å; zero where a chain end has no such atom.
    """
    step, middle = (ca[:, 1:] - ca[:, :-1]) / BOND, (ca[:, 1:] + ca[:, :-1]) / 2
    placed = {
        name: middle + along * step + across * links[:, :-1]
        for name, (along, across) in LINK_ATOMS["trans"].items()
    }
    end = torch.zeros_like(ca[:, :1])
    n = torch.cat([end, placed["N"]], 1)
    c, o = (torch.cat([placed[name], end], 1) for name in "CO")
    return torch.stack([n, ca, c, o], 2)


def atoms_present(lengths, size, device=None):
    """Atoms that `link_atoms` places; bool (B, N, 4)."""
    index = torch.arange(size, device=device)[None]
    n = torch.as_tensor(lengths, device=device)[:, None]
    ca = index < n
    n_atom, c = ca & (index > 0), index < n - 1
    return torch.stack([n_atom, ca, c, c], 2)


def _relative(along, along_reference):
    return along.square().sum(1) / along_reference.square().sum(1).clamp_min(1e-8)


def local_error(error, reference, atoms, present, pairs):
    """Mean over kinds of pairs of the squared error along them, over that of the Gaussian chain.

    Parameters
    ----------
    error, reference : Tensor, shape (B, N, 4, 3)
        Errors of the network and of a zero output, Å.
    atoms : Tensor, shape (B, N, 4, 3)
        The estimate, detached.
    present : Tensor of bool, shape (B, N, 4)
    pairs : list of (str, str, int)
        See `LOCAL`.

    Returns
    -------
    Tensor, shape (B,)
    """
    size, total = atoms.shape[1], 0
    for first, second, offset in pairs:
        a, b = ATOMS.index(first), ATOMS.index(second)
        real = present[:, : size - offset, a] & present[:, offset:, b]

        def between(x, a=a, b=b, offset=offset):
            return x[:, offset:, b] - x[:, : size - offset, a]

        direction = torch.nn.functional.normalize(between(atoms), dim=-1) * real[..., None]
        total = total + _relative(*((between(e) * direction).sum(-1) for e in (error, reference)))
    return total / len(pairs)


def contact_error(error, reference, atoms, present):
    """The same for pairs that are near in space but three or more residues apart; (B,)."""
    size, total = atoms.shape[1], 0
    index = torch.arange(size, device=atoms.device)
    apart = (index[:, None] - index).abs() >= 3
    for first, second, reach in CONTACTS:
        a, b = ATOMS.index(first), ATOMS.index(second)
        line = atoms[:, :, None, a] - atoms[:, None, :, b]
        distance = line.norm(dim=-1)
        near = (distance < reach) & apart & present[:, :, None, a] & present[:, None, :, b]
        direction = line * (near / distance.clamp_min(1e-3))[..., None]

        def along(e, a=a, b=b, direction=direction):
            left = torch.einsum("bijc,bic->bij", direction, e[:, :, a])
            return (left - torch.einsum("bijc,bjc->bij", direction, e[:, :, b])).flatten(1)

        total = total + _relative(along(error), along(reference))
    return total / len(CONTACTS)
