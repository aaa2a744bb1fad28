"""The score network: a chain of beads in, one vector per bead and per link out.

One set of weights serves every scale of the flow: lengths come in units of the bead spacing, the
time as the cut-off relative to it.
"""

from dataclasses import dataclass

import torch
from e3nn import o3
from torch import nn

from .attention import PairBias
from .attention_blocks import attended, blocks, keyed, separations
from .condition_features import CONDITIONS
from .layers import EquivariantNorm, Layer
from .linear import Linear
from .numerics import plain_e3nn

__all__ = ["Beads", "NetworkConfig", "ScoreNetwork"]

#: Chain neighbours whose relative positions are node features.
OFFSETS = (-8, -6, -4, -3, -2, -1, 1, 2, 3, 4, 6, 8)
NEAR = tuple(i for i, offset in enumerate(OFFSETS) if abs(offset) <= 3)
#: Whitened signal (own and two differences), position from the centroid, links (4).
OTHER_VECTORS = 8
#: Of an earlier estimate besides its steps: displacement from the position, links (2).
PREVIOUS_VECTORS = 3


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the score network; stored with the weights.

    `decimate`: at coarse times the network sees few beads; otherwise always every residue.
    `self_conditioning`: it may be shown an earlier estimate (Chen et al., arXiv 2208.04202).
    """

    scalars: int = 128
    vectors: int = 32
    layers: int = 8
    heads: int = 8
    hidden: int = 256
    products: int = 16
    embedding: int = 48
    conditions: int = CONDITIONS
    decimate: bool = True
    self_conditioning: bool = False


@dataclass
class Beads:
    """What the network sees; M beads, positions and vectors in bead units.

    position : (B, M, 3) Wiener estimate; signal : (B, M, 3) whitened noisy modes on the beads;
    links : (B, M, 4, 3) whitened and Wiener estimate of the link vectors after and before each
    bead, zero while their shell is not active; conditions : (B, M, C); mask : (B, M);
    ends : (B, M, 2) residues to both ends; time : (B, 3) ln(cut-off × residues per bead),
    ln(residues per bead), ln(residues). An earlier estimate, or None: previous : (B, M, 3) its
    position; previous_links : (B, M, 2, 3) after and before each bead.
    """

    position: torch.Tensor
    signal: torch.Tensor
    links: torch.Tensor
    conditions: torch.Tensor
    mask: torch.Tensor
    ends: torch.Tensor
    time: torch.Tensor
    previous: torch.Tensor | None = None
    previous_links: torch.Tensor | None = None


def _shifted(x, mask, offset):
    """x_{i+offset} - x_i, zero where there is no such bead."""
    rolled = x.roll(-offset, 1)
    index = torch.arange(x.shape[1], device=x.device) + offset
    valid = mask & mask.roll(-offset, 1) & ((index >= 0) & (index < x.shape[1]))
    return (rolled - x) * valid[..., None]


def _steps(x, mask):
    """Relative positions of the chain neighbours, each about of unit length."""
    return [_shifted(x, mask, d) / abs(d) ** 0.6 for d in OFFSETS]


def _invariants(vectors):
    """Products and handedness of the nearest steps, sizes of what follows the steps."""
    near = vectors[:, :, NEAR[0] : NEAR[-1] + 1]  # they are consecutive
    rows, columns = torch.triu_indices(len(NEAR), len(NEAR), device=vectors.device)
    gram = (near @ near.mT).flatten(-2).index_select(-1, len(NEAR) * rows + columns)
    triple = (torch.linalg.cross(near[:, :, :-2], near[:, :, 1:-1]) * near[:, :, 2:]).sum(-1)
    return [gram, triple, vectors[:, :, len(OFFSETS) :].square().sum(-1).add(1e-6).sqrt()]


def _mixed(linear, vectors):
    """Vectors (B, M, 3, V) of an `o3.Linear` from vectors (B, M, n, 3)."""
    return linear(vectors.flatten(-2)).unflatten(-1, (-1, 3)).mT.contiguous()


def _distances(x, keys):
    """Distances of the pairs that attend, (B, Q, K); never zero, for the gradient."""
    own, others = blocks(x[None], keys)[0], keyed(x[None], keys)[0]
    pairs = zip(own.unbind(-1), others.unbind(-1), strict=True)
    return (sum((b[:, None] - a[..., None]).square() for a, b in pairs) + 1e-6).sqrt()


class ScoreNetwork(nn.Module):
    """SO(3)-equivariant, translation-invariant attention along and across a chain of beads.

    Parameters
    ----------
    config : NetworkConfig
    """

    @plain_e3nn()
    def __init__(self, config):
        super().__init__()
        c = self.config = config
        irreps = o3.Irreps(f"{c.scalars}x0e + {c.vectors}x1e")
        self.register_buffer("frequencies", torch.tensor([0.5, 1, 2, 4]), persistent=False)
        self.time = nn.Sequential(
            nn.Linear(2 * 4 + 3, 64), nn.SiLU(), nn.Linear(64, c.embedding), nn.SiLU()
        )
        near = len(NEAR)
        invariants = near * (near + 1) // 2 + near - 2
        self.embed_scalars = nn.Linear(invariants + OTHER_VECTORS + 4 + c.conditions, c.scalars)
        self.embed_vectors = o3.Linear(f"{len(OFFSETS) + OTHER_VECTORS}x1e", f"{c.vectors}x1e")
        self.pair_bias = PairBias(c.layers, c.heads, c.self_conditioning)
        self.layers = nn.ModuleList(
            Layer(c.scalars, c.vectors, c.heads, c.hidden, c.products, c.embedding)
            for _ in range(c.layers)
        )
        self.norm = EquivariantNorm(c.scalars, c.vectors, c.embedding)
        self.head = o3.Linear(irreps, "2x1e")
        nn.init.zeros_(self.head.weight)  # start from the exact denoiser of the Gaussian chain
        if c.self_conditioning:
            width = len(OFFSETS) + PREVIOUS_VECTORS
            self.previous_scalars = nn.Linear(invariants + PREVIOUS_VECTORS, c.scalars)
            self.previous_vectors = o3.Linear(f"{width}x1e", f"{c.vectors}x1e")
            for parameter in (*self.previous_scalars.parameters(), self.previous_vectors.weight):
                nn.init.zeros_(parameter)  # a network that was trained without stays as it was

    def use_bf16(self):
        """Do the products of features in bf16 from now on (see `linear.Linear`)."""
        for module in self.modules():
            if isinstance(module, Linear):
                module.in_bf16 = True

    def compile(self):
        """Compile the layers: faster training, after many minutes of compiling."""
        # Each layer on its own: small graphs, and equal ones come from the cache.
        torch._dynamo.config.recompile_limit = 16 * len(self.layers)
        for module in (*self.layers, self.pair_bias):
            nn.Module.compile(module, dynamic=True)

    def node_features(self, beads):
        """Invariants and vectors of every bead, before any interaction."""
        x, mask = beads.position, beads.mask
        count = mask.sum(1)[:, None, None]
        centred = (x - (x * mask[..., None]).sum(1, keepdim=True) / count) * mask[..., None]
        signal = [beads.signal] + [_shifted(beads.signal, mask, d) for d in (-1, 1)]
        vectors = torch.stack([*_steps(x, mask), *signal, centred / count**0.4], 2)
        vectors = torch.cat([vectors, beads.links], 2)
        per_bead = beads.time[:, 1, None, None].exp()  # residues per bead
        ends = [beads.ends.log1p() / 4, 1 / (1 + beads.ends / per_bead)]
        return torch.cat([*_invariants(vectors), *ends, beads.conditions], -1), vectors

    def previous_features(self, beads):
        """The same of an earlier estimate, embedded; (B, M, S) and (B, M, 3, V)."""
        x, mask = beads.previous, beads.mask
        moved = (x - beads.position) * mask[..., None]
        vectors = torch.stack([*_steps(x, mask), moved], 2)
        vectors = torch.cat([vectors, beads.previous_links], 2)
        scalars = self.previous_scalars(torch.cat(_invariants(vectors), -1))
        return scalars, _mixed(self.previous_vectors, vectors)

    def forward(self, beads):
        """Vectors of the chain and of the links.

        Returns
        -------
        chain, links : Tensor, shape (B, M, 3)
            Unit variance when the targets have unit variance; zero at initialisation.
        """
        wave = beads.time[:, :1] * self.frequencies
        embedding = self.time(torch.cat([wave.sin(), wave.cos(), beads.time / 3], -1))
        scalars, vectors = self.node_features(beads)
        s, v = self.embed_scalars(scalars), _mixed(self.embed_vectors, vectors)
        x, mask = beads.position, beads.mask
        keys = attended(x, mask)
        distance, before = _distances(x, keys), None
        if beads.previous is not None:
            ds, dv = self.previous_features(beads)
            s, v = s + ds, v + dv
            before = _distances(beads.previous, keys)
        blocked = None
        if mask.device.type != "cpu" or not bool(mask.all()):  # elsewhere, to look is to wait
            blocked = torch.zeros_like(mask, dtype=x.dtype).masked_fill(~mask, -1e9)
            blocked = keyed(blocked[None, :, :, None], keys)[0].mT
        apart = separations(x.shape[1], keys, x.device)
        biases = self.pair_bias(distance, apart, before, blocked)
        inverse = 1 / (1 + distance)
        for layer, bias in zip(self.layers, biases, strict=True):
            s, v = layer(s, v, embedding, x, bias, inverse, keys)
        s, v = self.norm(s, v, embedding)
        out = self.head(torch.cat([s, v.mT.flatten(-2)], -1)) * mask[..., None]
        return out[..., :3], out[..., 3:]
