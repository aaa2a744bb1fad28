"""Attention bias of pairs of beads, from their distance and their separation along the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["PairBias"]

#: Exponents of the radial functions are cut off here: exp is seventy times slower where its result
#: is denormal, and e^-60 is already nothing.
MIN_EXPONENT = -60.0


class PairBias(nn.Module):
    """Attention bias of every layer and head.

    It is computed once per call for all layers. The heads start with different decays, from very
    local to global: without them, attention over all pairs does not start to learn.

    Parameters
    ----------
    layers, heads : int
    previous : bool
        Whether distances in an earlier estimate may be passed to `forward`.
    atom_pairs : int
        Width of the hidden layer of distances of atoms that may be passed to `forward`; 0 for none.
    radial : int
        Gaussian radial functions between 0 and `reach` bead spacings.
    hidden : int
        Width of the hidden layer.
    max_separation : int
        Larger separations along the chain count as this one.
    reach : float
        Distance of the last radial function, in bead spacings.
    """

    exponents: Tensor

    def __init__(
        self,
        layers: int,
        heads: int,
        previous: bool = False,
        atom_pairs: int = 0,
        radial: int = 16,
        hidden: int = 24,
        max_separation: int = 24,
        reach: float = 8.0,
    ) -> None:
        super().__init__()
        self.layers, self.heads, self.max_separation = layers, heads, max_separation
        centres, sharpness = torch.linspace(0, reach, radial), (radial / reach) ** 2 / 2
        # Coefficients of d², d and 1 in -sharpness (d - centre)², for a distance d.
        squares = torch.stack([torch.ones_like(centres), -2 * centres, centres.square()], 1)
        self.register_buffer("exponents", -sharpness * squares, persistent=False)
        self.radial = nn.Linear(radial, hidden, bias=False)
        self.separation = nn.Embedding(2 * max_separation + 1, hidden)
        self.mix = nn.Linear(hidden + 2, layers * heads)
        nn.init.normal_(self.separation.weight, std=0.5)
        with torch.no_grad():
            self.mix.weight.mul_(0.5)
            decay = 2.0 ** -torch.arange(heads).float()
            self.mix.weight[:, hidden] = -2 * decay.repeat(layers)
            self.mix.weight[:, hidden + 1] = -2 * decay.flip(0).repeat(layers)
        if previous:
            self.previous = nn.Linear(radial, hidden, bias=False)
            nn.init.zeros_(self.previous.weight)
        if atom_pairs:
            self.atom_pairs = nn.Linear(atom_pairs, layers * heads, bias=False)
            nn.init.zeros_(self.atom_pairs.weight)

    def forward(
        self,
        distance: Float[Tensor, "rows queries keys"],
        separation: Int[Tensor, "rows_or_1 queries keys"],
        previous: Float[Tensor, "rows queries keys"] | None = None,
        blocked: Float[Tensor, "rows 1 keys"] | None = None,
        atom_pairs: Float[Tensor, "atom_hidden pairs"] | None = None,
    ) -> tuple[Float[Tensor, "heads rows queries keys"], ...]:
        """Bias of every layer.

        Parameters
        ----------
        distance : Tensor, shape (R, Q, K)
            In bead spacings.
        separation : Tensor, shape (R or 1, Q, K), int
            Along the chain, from the query to the key.
        previous : Tensor, shape (R, Q, K), optional
            Distances in an earlier estimate.
        blocked : Tensor, shape (R, 1, K), optional
            Added to the logits of all queries; large and negative at keys that are padding.
        atom_pairs : Tensor, shape (atom_hidden, R Q K), optional
            Hidden layer of `atom_pairs.AtomPairs`, before its activation.
        """
        shape, separation = distance.shape, separation.expand(-1, *distance.shape[1:])
        pair = self._hidden(distance, separation, previous)
        log_separation = separation.abs().to(distance.dtype).log1p().expand(shape)
        rows, mix = [distance, log_separation, torch.ones_like(distance)], [self.mix.bias[:, None]]
        if blocked is not None:
            rows.append(blocked.expand(shape))
            mix.append(torch.ones_like(mix[0]))
        features = torch.cat([nn.functional.silu(pair).flatten(1), torch.stack(rows).flatten(1)])
        bias = torch.cat([self.mix.weight, *mix], 1) @ features
        if atom_pairs is not None:
            bias = torch.addmm(bias, self.atom_pairs.weight, nn.functional.silu(atom_pairs))
        return bias.view(self.layers, self.heads, *shape).unbind()

    def _hidden(
        self,
        distance: Float[Tensor, "rows queries keys"],
        separation: Int[Tensor, "rows_or_1 queries keys"],
        previous: Float[Tensor, "rows queries keys"] | None,
    ) -> Float[Tensor, "hidden repeats pairs"]:
        """Hidden layer before its activation.

        Pairs are flattened; `repeats` are the chains that share one table of separations.
        """
        distances, weights = [distance.flatten()], [self.radial.weight]
        if previous is not None:
            distances.append(previous.flatten())
            weights.append(self.previous.weight)
        from_distance = torch.cat(weights, 1) @ self._radial_functions(distances)
        from_separation = self._separation_embedding(separation.flatten())
        repeated = from_distance.unflatten(1, (-1, from_separation.shape[1]))
        return repeated + from_separation[:, None]

    def _radial_functions(
        self, distances: list[Float[Tensor, "pairs"]]
    ) -> Float[Tensor, "functions pairs"]:
        """Radial functions of the first distances, then those of the second."""
        d = torch.stack(distances)
        powers = torch.stack([d.square(), d, torch.ones_like(d)], 1)
        # These are the largest tensors, and each sweep over them costs: one matrix product does it.
        return (self.exponents @ powers).clamp_min(MIN_EXPONENT).exp_().flatten(0, 1)

    def _separation_embedding(
        self, separation: Int[Tensor, "pairs"]
    ) -> Float[Tensor, "hidden pairs"]:
        """Embedding of separations along the chain."""
        most = self.max_separation
        bucket = separation.clamp(-most, most) + most
        table = self.separation.weight.T
        if bucket.device.type == "cpu":
            return table[:, bucket]
        # On an accelerator the gradient of an index sorts all pairs; that of a product does not.
        places = torch.arange(table.shape[1], device=bucket.device)
        return table @ (places[:, None] == bucket).to(table.dtype)
