"""The score network: a chain of beads in, one vector per bead and per link out.

One set of weights serves every scale of the flow: lengths are in units of the bead spacing, and the
time is the cut-off relative to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import ConfigDict, PositiveInt
from torch import nn

from . import atom_pairs, bead_features
from .atom_pairs import AtomPairs
from .attention_blocks import block_keys, gather_keys, separations
from .bead_features import distances, node_features, previous_features
from .clocks import CLOCKS
from .condition_features import CONDITIONS
from .layers import EquivariantNorm, Layer
from .linear import Linear, VectorLinear, flat_weight
from .pair_bias import PairBias

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .atom_pairs import PairFeatures
    from .beads import Beads

__all__ = ["NetworkConfig", "ScoreNetwork"]

#: Added to the logits of keys that are padding.
BLOCKED = -1e9


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the score network; stored with the weights, and checked where users give them.

    Parameters
    ----------
    scalars, vectors : int
        Channels of the features.
    layers, heads : int
    hidden : int
        Hidden scalars of the feed-forward layers.
    products : int
        Pairs of vectors that a feed-forward layer multiplies.
    embedding : int
        Width of the embedding of the time.
    conditions : int
        Features per residue that may be given.
    decimate : bool
        Show the network fewer beads than residues at coarse times; if False, always every residue.
    self_conditioning : bool
        Whether it may be shown an earlier estimate (Chen et al., arXiv 2208.04202).
    component_clocks : bool
        Whether it sees how noisy every component is, in place of the schedule's clock (GUD, arXiv
        2410.02667). Flows over other bases than cosine modes need it.
    pair_atoms : bool
        Whether it sees distances of N, O and CB atoms too, not only of CA, once links are active.
    coarse : NetworkConfig, optional
        Sizes of a second network, which takes the decimated chains: the fold, at late times. The
        first one then only sees chains of all residues. Without it, one network serves all times.

    Raises
    ------
    ValueError
        If the second network cannot take the place of the first.
    """

    #: For pydantic, where these are part of a configuration.
    __pydantic_config__: ClassVar[ConfigDict] = {"extra": "forbid"}

    scalars: PositiveInt = 128
    vectors: PositiveInt = 32
    layers: PositiveInt = 8
    heads: PositiveInt = 8
    hidden: PositiveInt = 256
    products: PositiveInt = 16
    embedding: PositiveInt = 48
    conditions: PositiveInt = CONDITIONS
    decimate: bool = True
    self_conditioning: bool = False
    pair_atoms: bool = False
    component_clocks: bool = False
    coarse: NetworkConfig | None = None

    def __post_init__(self) -> None:
        if self.coarse is None:
            return
        shared = ("conditions", "decimate", "self_conditioning", "component_clocks")
        differs = [name for name in shared if getattr(self, name) != getattr(self.coarse, name)]
        if differs:
            raise ValueError(f"`coarse`: {', '.join(differs)} must be those of the first network")
        if not self.decimate or self.coarse.pair_atoms or self.coarse.coarse:
            raise ValueError(
                "`coarse` is a network of decimated chains: `decimate` must be true, and `coarse` "
                "has neither `pair_atoms` nor `coarse`"
            )


class ScoreNetwork(nn.Module):
    """SO(3)-equivariant, translation-invariant attention along and across a chain of beads.

    Parameters
    ----------
    config : NetworkConfig

    Attributes
    ----------
    coarse : ScoreNetwork or None
        The network of decimated chains, if they have one of their own.
    """

    frequencies: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        c = self.config = config
        self.register_buffer("frequencies", torch.tensor([0.5, 1, 2, 4]), persistent=False)
        self.time = nn.Sequential(
            nn.Linear(2 * 4 + 3, 64), nn.SiLU(), nn.Linear(64, c.embedding), nn.SiLU()
        )
        self.embed_scalars = nn.Linear(bead_features.SCALARS + c.conditions, c.scalars)
        self.embed_vectors = VectorLinear(f"{bead_features.VECTORS}x1e", f"{c.vectors}x1e")
        width = atom_pairs.HIDDEN if c.pair_atoms else 0
        self.pair_bias = PairBias(c.layers, c.heads, c.self_conditioning, width)
        self.layers = nn.ModuleList(
            Layer(c.scalars, c.vectors, c.heads, c.hidden, c.products, c.embedding)
            for _ in range(c.layers)
        )
        self.norm = EquivariantNorm(c.scalars, c.vectors, c.embedding)
        self.head = VectorLinear(f"{c.vectors}x1e", "2x1e")
        # Training starts from the exact denoiser of the Gaussian chain.
        nn.init.zeros_(flat_weight(self.head))
        if c.self_conditioning:
            self.previous_scalars = nn.Linear(bead_features.PREVIOUS_SCALARS, c.scalars)
            self.previous_vectors = VectorLinear(
                f"{bead_features.PREVIOUS_VECTORS_IN_ALL}x1e", f"{c.vectors}x1e"
            )
            # Starts at zero, so that weights trained without it give the same estimates as before.
            nn.init.zeros_(self.previous_scalars.weight)
            nn.init.zeros_(self.previous_scalars.bias)
            nn.init.zeros_(flat_weight(self.previous_vectors))
        # One for the noisy chain's Wiener estimate, and one for the earlier estimate.
        self.atom_pairs = nn.ModuleList(
            AtomPairs(c.scalars, c.vectors)
            for _ in range(c.pair_atoms + (c.pair_atoms and c.self_conditioning))
        )
        if c.component_clocks:
            # Starts at zero, as what sees the earlier estimate does.
            self.clocks = nn.Linear(CLOCKS, c.scalars, bias=False)
            nn.init.zeros_(self.clocks.weight)
        self.coarse = None if c.coarse is None else ScoreNetwork(c.coarse)

    def use_bf16(self) -> None:
        """Do the products of features in bf16 from now on (see `linear.Linear`)."""
        for module in self.modules():
            if isinstance(module, Linear):
                module.in_bf16 = True

    def compile(self) -> None:
        """Compile the layers: faster training, after many minutes of compiling."""
        import torch._dynamo

        # Each layer on its own: small graphs, and equal ones come from the cache.
        torch._dynamo.config.recompile_limit = 16 * len(self.layers)
        for module in (*self.layers, self.pair_bias, *self.atom_pairs):
            nn.Module.compile(module, dynamic=True)
        if self.coarse is not None:
            self.coarse.compile()

    def forward(
        self, beads: Beads
    ) -> tuple[Float[Tensor, "batch beads 3"], Float[Tensor, "batch beads 3"]]:
        """Vectors of the chain, and vectors of the links.

        Both have unit variance when the targets have unit variance, and are zero at initialisation.
        """
        if self.coarse is not None and beads.decimated:
            return self.coarse(beads)
        embedding = self._time_embedding(beads.time)
        scalars, vectors = node_features(beads)
        s, v = self.embed_scalars(scalars), self.embed_vectors(vectors.mT)
        x, mask = beads.position, beads.mask
        keys = block_keys(x, mask)
        distance, previous = distances(x, keys), None
        if beads.previous is not None:
            scalars, vectors = previous_features(beads)
            s = s + self.previous_scalars(scalars)
            v = v + self.previous_vectors(vectors.mT)
            previous = distances(beads.previous, keys)
        if beads.clocks is not None:
            s = s + self.clocks(beads.clocks)
        separation = separations(x.shape[1], keys, x.device)
        blocked, pairs = self._blocked_keys(mask, x.dtype, keys), None
        for seen in self._atom_pairs(beads, separation, keys):
            s, v = s + seen.scalars, v + seen.vectors
            pairs = seen.hidden if pairs is None else pairs + seen.hidden
        biases = self.pair_bias(distance, separation, previous, blocked, pairs)
        inverse = 1 / (1 + distance)
        for layer, bias in zip(self.layers, biases, strict=True):
            s, v = layer(s, v, embedding, x, bias, inverse, keys)
        s, v = self.norm(s, v, embedding)
        chain, links = (self.head(v) * mask[..., None, None]).unbind(-1)
        return chain, links

    def _atom_pairs(
        self,
        beads: Beads,
        separation: Int[Tensor, "rows_or_1 queries keys"],
        keys: Int[Tensor, "batch blocks keys"] | None,
    ) -> list[PairFeatures]:
        """What is seen of the atoms, in the Wiener estimate and in an earlier one."""
        if not self.config.pair_atoms or beads.linked is None:
            return []
        # On an accelerator this is not read either: see `_blocked_keys`.
        if beads.mask.device.type == "cpu" and not bool(beads.linked.any()):
            return []
        estimates = [(beads.position, beads.links[:, :, 1])]
        if beads.previous is not None and beads.previous_links is not None:
            estimates.append((beads.previous, beads.previous_links[:, :, 0]))
        mask = beads.mask & beads.linked[:, None]
        return [
            module(x, links, mask, separation, keys)
            for module, (x, links) in zip(self.atom_pairs, estimates, strict=False)
        ]

    def _time_embedding(self, time: Float[Tensor, "batch 3"]) -> Float[Tensor, "batch embedding"]:
        wave = time[:, :1] * self.frequencies
        return self.time(torch.cat([wave.sin(), wave.cos(), time / 3], -1))

    @staticmethod
    def _blocked_keys(
        mask: Bool[Tensor, "batch beads"],
        dtype: torch.dtype,
        keys: Int[Tensor, "batch blocks keys"] | None,
    ) -> Float[Tensor, "rows 1 keys"] | None:
        """What is added to the logits of padded keys; None where there is no padding."""
        # On an accelerator the mask is not read: the program would wait for the device.
        if mask.device.type == "cpu" and bool(mask.all()):
            return None
        blocked = torch.zeros_like(mask, dtype=dtype).masked_fill(~mask, BLOCKED)
        return gather_keys(blocked[None, :, :, None], keys)[0].mT
