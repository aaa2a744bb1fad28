"""Loss of what packs: backbone atoms that overlap, and the geometry of hydrogen bonds.

As in `distance_loss`, every error is a linear function of the components' errors, with coefficients
that depend on the noisy chain alone: on the network's estimate, and on the Gaussian chain's
estimate (Wiener filter). So the numerators keep the posterior mean as their minimiser. Pairs are
near if either estimate says so, and not if the clean chain does: weights that know the clean chain
would move the minimiser to the mean over those clean chains in which the pair is near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn.functional import normalize

from ..network.link_atoms import ATOMS
from ..structure.constants import BOND_LENGTHS

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    Atoms = Float[Tensor, "batch residues 4 3"]
    Points = Float[Tensor, "batch points 3"]

__all__ = ["PackingWeights", "hydrogen_bond_error", "overlap_error"]

#: Residues nearer along the chain than this have no pairs: bonds and angles decide their distances.
LEAST_SEPARATION = 2
#: Atoms nearer than this (Å) may come to overlap.
REACH = 6.0
#: Distances (Å) below this count as this one where errors are divided by them.
CLOSEST = 2.0
#: Longest N···O distance (Å) of a pair whose geometry counts as that of a hydrogen bond, and how
#: many of the nearest acceptors of each donor are looked at.
BOND_REACH, ACCEPTORS = 4.5, 2
#: Length (Å) of N-H.
N_H = 1.01
#: Chains with fewer pairs than this count less.
FEW_PAIRS = 4.0
#: Places of atoms.
NITROGEN, CARBON, OXYGEN = (ATOMS.index(name) for name in "NCO")


class Sums(NamedTuple):
    """Sums of squares over the near pairs of every chain, and the number of these pairs."""

    error: Float[Tensor, " batch"]
    reference: Float[Tensor, " batch"]
    pairs: Float[Tensor, " batch"]


@dataclass(frozen=True)
class PackingWeights:
    """Weights of `overlap_error` and `hydrogen_bond_error` in the loss; 0 leaves a term out."""

    overlaps: float = 0.0
    hydrogen_bonds: float = 0.0

    @property
    def names(self) -> list[str]:
        """Names of the terms that have a weight."""
        return [name for name in ("overlaps", "hydrogen_bonds") if getattr(self, name)]

    @property
    def values(self) -> list[float]:
        """The weights of `names`."""
        return [getattr(self, name) for name in self.names]

    def errors(
        self,
        error: Atoms,
        reference: Atoms,
        atoms: Atoms,
        present: Bool[Tensor, "batch residues 4"],
    ) -> list[Float[Tensor, " batch"]]:
        """Errors of `names`; parameters as in `overlap_error`."""
        terms = {"overlaps": overlap_error, "hydrogen_bonds": hydrogen_bond_error}
        return [terms[name](error, reference, atoms, present) for name in self.names]


def overlap_error(
    error: Atoms, reference: Atoms, atoms: Atoms, present: Bool[Tensor, "batch residues 4"]
) -> Float[Tensor, " batch"]:
    """Squared relative errors of distances of near atoms over those of the Gaussian chain.

    All pairs of N, CA, C and O count that are two or more residues apart and nearer than `REACH` in
    the estimate, or in that of the Gaussian chain. Relative errors, δ ln d, weigh the closest most.

    Parameters
    ----------
    error, reference : Tensor, shape (batch, residues, 4, 3)
        Errors of the network and of a zero output (the Gaussian chain), Å. As they add up to the
        difference of the two estimates, they give the Gaussian chain's, too.
    atoms : Tensor, shape (batch, residues, 4, 3)
        The network's estimate (Å), detached.
    present : Tensor, shape (batch, residues, 4)
        See `link_atoms.atoms_present`.
    """
    return _ratio(_overlap_sums(error, reference, atoms, present))


def hydrogen_bond_error(
    error: Atoms, reference: Atoms, atoms: Atoms, present: Bool[Tensor, "batch residues 4"]
) -> Float[Tensor, " batch"]:
    """Squared errors of N-H···O=C geometry over those of the Gaussian chain.

    Of every N-H and its nearest acceptors in the estimate: the relative error of the distance
    H···O, and the errors (radians) of the angles N-H···O and H···O=C, to first order. The hydrogen
    lies opposite to the O of its peptide. Parameters as in `overlap_error`.
    """
    return _ratio(_hydrogen_bond_sums(error, reference, atoms, present))


def _overlap_sums(
    error: Atoms, reference: Atoms, atoms: Atoms, present: Bool[Tensor, "batch residues 4"]
) -> Sums:
    """Sums of squares for `overlap_error`."""
    gaussian = atoms - (error + reference).detach()
    atoms, error, reference, gaussian = (
        x.flatten(1, 2) for x in (atoms, error, reference, gaussian)
    )
    residue = torch.arange(atoms.shape[1], device=atoms.device) // len(ATOMS)
    real = present.flatten(1)
    pairs = real[:, None] & real[..., None]
    pairs = pairs & ((residue[:, None] - residue).abs() >= LEAST_SEPARATION)
    square, other = _line_products(atoms, atoms), _line_products(gaussian, gaussian)
    near = (torch.minimum(square, other) < REACH**2) & pairs
    inverse = near / square.clamp_min(CLOSEST**2)
    along = [inverse * _line_products(atoms, x) for x in (error, reference)]
    of_error, of_reference = (x.square().sum((1, 2)) / 2 for x in along)  # each pair is there twice
    return Sums(of_error, of_reference, near.sum((1, 2)) / 2)


def _line_products(x: Points, y: Points) -> Float[Tensor, "batch points points"]:
    """(x_i - x_j)·(y_i - y_j) of all pairs, as one product of matrices."""
    own, one = (x * y).sum(-1, keepdim=True), torch.ones_like(x[..., :1])
    return torch.cat([own, one, -x, -y], -1) @ torch.cat([one, own, y, x], -1).mT


def _hydrogen_bond_sums(
    error: Atoms, reference: Atoms, atoms: Atoms, present: Bool[Tensor, "batch residues 4"]
) -> Sums:
    """Sums of squares for `hydrogen_bond_error`."""
    acceptor, near = _acceptors(atoms, present)
    lines = [_bond_lines(x, acceptor) for x in (atoms, error, reference)]
    squares = [torch.stack(_bond_changes(lines[0], change)).square().sum(0) for change in lines[1:]]
    of_error, of_reference = ((square * near).sum((1, 2)) for square in squares)
    return Sums(of_error, of_reference, near.sum((1, 2)))


def _acceptors(
    atoms: Atoms, present: Bool[Tensor, "batch residues 4"]
) -> tuple[Int[Tensor, "batch residues acceptors"], Bool[Tensor, "batch residues acceptors"]]:
    """Residues of the acceptors that are nearest to every N, and whether they are near enough."""
    index = torch.arange(atoms.shape[1], device=atoms.device)
    distance = (atoms[:, :, None, NITROGEN] - atoms[:, None, :, OXYGEN]).norm(dim=-1)
    pairs = present[:, :, None, NITROGEN] & present[:, None, :, OXYGEN]
    pairs = pairs & ((index[:, None] - index).abs() >= LEAST_SEPARATION)
    distance = distance.masked_fill(~pairs, torch.inf)
    nearest = distance.topk(min(ACCEPTORS, len(index)), largest=False)
    return nearest.indices, nearest.values < BOND_REACH


def _bond_lines(
    atoms: Atoms, acceptor: Int[Tensor, "batch residues acceptors"]
) -> tuple[Float[Tensor, "batch residues acceptors 3"], ...]:
    """H → N, H → O and O → C of every donor and its acceptors, linear in the atoms."""
    carbonyl = atoms[:, :, OXYGEN] - atoms[:, :, CARBON]
    # The residue before the first is the last: its pairs do not count.
    to_n = carbonyl.roll(1, 1) * (N_H / BOND_LENGTHS["C-O"])
    chosen = acceptor.flatten(1)[..., None].expand(-1, -1, 3)
    oxygen, bond = (
        x.gather(1, chosen).unflatten(1, acceptor.shape[1:])
        for x in (atoms[:, :, OXYGEN], carbonyl)
    )
    hydrogen = (atoms[:, :, NITROGEN] - to_n)[:, :, None]
    return to_n[:, :, None].expand_as(oxygen), oxygen - hydrogen, -bond


def _bond_changes(
    lines: tuple[Tensor, ...], changes: tuple[Tensor, ...]
) -> tuple[Float[Tensor, "batch residues acceptors"], ...]:
    """First-order changes of ln |H···O| and of the two angles, for changes of the lines."""
    (to_n, to_o, to_c), (n_moves, o_moves, c_moves) = lines, changes
    square = to_o.square().sum(-1).clamp_min(1)
    return (
        (to_o * o_moves).sum(-1) / square,
        _angle_change(to_n, to_o, n_moves, o_moves),
        _angle_change(-to_o, to_c, -o_moves, c_moves),
    )


def _angle_change(
    a: Tensor, b: Tensor, a_moves: Tensor, b_moves: Tensor
) -> Float[Tensor, "batch residues acceptors"]:
    """First-order change (radians, up to its sign) of the angle between a and b."""
    first, second = normalize(a, dim=-1), normalize(b, dim=-1)
    cosine = (first * second).sum(-1, keepdim=True)
    # The parts of each across the other, of length sin: unit vectors in the plane of both.
    sine = (1 - cosine.square()).clamp_min(1e-6).sqrt()
    to_second, to_first = (second - cosine * first) / sine, (first - cosine * second) / sine
    # Lines of almost no length, which a poor estimate may have, have no direction to turn.
    lengths = [x.norm(dim=-1).clamp_min(0.5) for x in (a, b)]
    return (to_second * a_moves).sum(-1) / lengths[0] + (to_first * b_moves).sum(-1) / lengths[1]


def _ratio(sums: Sums) -> Float[Tensor, " batch"]:
    """Error over that of the reference; less where few pairs make the reference uncertain."""
    confidence = sums.pairs / (sums.pairs + FEW_PAIRS)
    return sums.error / sums.reference.clamp_min(1e-8) * confidence
