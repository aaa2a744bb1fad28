"""Energies of strings whose exact matrix product states are known.

The helix-coil transition (Zimm and Bragg), paths weighted by their area (the ground states of the
Fredkin chain) and the Ising model on a cylinder, site after site along its rings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from .mps import MPS

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = [
    "CRITICAL", "fredkin", "fredkin_energy", "fredkin_norm", "ising", "ising_energy", "zimm_bragg",
]  # fmt: skip

#: Coupling over temperature of the square Ising model at its transition.
CRITICAL = math.log(1 + math.sqrt(2)) / 2


def zimm_bragg(s: float, sigma: float) -> MPS:
    """Helix (symbol 0) and coil (1): s for a helical residue, sigma for every first of a helix."""
    step = torch.tensor([[s, 1.0], [sigma * s, 1.0]], dtype=torch.float64)
    sites = torch.stack([torch.diag_embed(row).T for row in torch.eye(2, dtype=torch.float64)])
    start = torch.tensor([0.0, 1.0], dtype=torch.float64)
    return MPS(start, step @ sites, torch.ones(2, dtype=torch.float64))


def fredkin(length: int, q: float) -> MPS:
    """Paths of steps up (symbol 0) and down (1) that return to 0 and never go below.

    The weight of a path is q to the power of its area, the sum of the heights before its steps
    and after them, halved. The bond, `length` / 2 + 1, is the number of heights.
    """
    top = length // 2
    heights = torch.arange(top, dtype=torch.float64)
    # A step between h and h + 1 adds the area of a trapezoid.
    up = torch.diag(q ** (heights + 0.5), 1)
    end = torch.zeros(top + 1, dtype=torch.float64)
    end[0] = 1
    return MPS(end, torch.stack([up, up.T]), end)


def fredkin_energy(strings: Int[Tensor, "batch length"], q: float) -> Float[Tensor, " batch"]:
    """Minus the logarithm of the weight in `fredkin`; infinite for paths that are not allowed."""
    heights = (1 - 2 * strings).cumsum(-1)
    allowed = (heights >= 0).all(-1) & (heights[:, -1] == 0)
    energy = -math.log(q) * heights.sum(-1).double()
    return torch.where(allowed, energy, math.inf)


def fredkin_norm(length: int, q: float) -> float:
    """ln of the sum of all weights, by the first return of the paths to 0.

    Z_2n = Σ_k q^(2k+1) Z_2k Z_2(n-1-k), where the first of two parts is lifted by one.
    """
    logs = [0.0]
    for n in range(1, length // 2 + 1):
        terms = [(2 * k + 1) * math.log(q) + logs[k] + logs[n - 1 - k] for k in range(n)]
        logs.append(torch.tensor(terms, dtype=torch.float64).logsumexp(0).item())
    return logs[-1]


def ising(width: int, length: int, coupling: float = CRITICAL) -> MPS:
    """Ising spins (symbols 0 and 1) on a cylinder of `length` rings of `width` spins.

    The state remembers the last `width` spins, so that the bond is 2^width. Half the coupling
    gives the amplitudes whose squares are the weights.
    """
    bond = 2**width
    window = torch.arange(bond)
    # Bit k of the window is the spin k + 1 sites ago.
    ago = [2.0 * ((window >> k) & 1) - 1 for k in range(width)]
    sites = torch.zeros(length * width, 2, bond, bond, dtype=torch.float64)
    for site in range(length * width):
        row, column = divmod(site, width)
        neighbours = torch.zeros(bond)
        if column:
            neighbours = neighbours + ago[0]
        if column == width - 1:
            neighbours = neighbours + ago[width - 2]
        if row:
            neighbours = neighbours + ago[width - 1]
        for symbol in (0, 1):
            after = ((window << 1) | symbol) % bond
            weight = (coupling * (2 * symbol - 1) * neighbours.double()).exp()
            sites[site, symbol, window, after] = weight
    start = torch.zeros(bond, dtype=torch.float64)
    start[0] = 1
    return MPS(start, sites, torch.ones(bond, dtype=torch.float64))


def ising_energy(
    strings: Int[Tensor, "batch length"], width: int, coupling: float = CRITICAL
) -> Float[Tensor, " batch"]:
    """Energy over temperature of the spins of `ising`."""
    spins = (2.0 * strings - 1).double().reshape(len(strings), -1, width)
    ring = (spins * spins.roll(1, -1)).sum((1, 2))
    along = (spins[:, 1:] * spins[:, :-1]).sum((1, 2))
    return -coupling * (ring + along)
