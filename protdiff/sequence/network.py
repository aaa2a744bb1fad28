"""The residue-type network: types of a backbone's residues in any order, each given those before.

An encoder sees the backbone alone. The decoder gives every residue the probabilities of its type,
given the backbone and the types of those residues that come before it in some order. The order is
an argument: trained on random ones, the network is a discrete diffusion model with an absorbing
state (unknown), and any subset of the residues may be known. After ProteinMPNN (Dauparas et al.
2022), with messages that cost one multiplication of the pair's features instead of three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import gelu

from .graph import EDGE_FEATURES, SEPARATIONS

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from .composition import Composition
    from .graph import Graph

__all__ = [
    "N_TYPES",
    "UNKNOWN_TYPE",
    "SequenceConfig",
    "SequenceNetwork",
    "gathered",
    "inverse_count",
]

#: Residue types, in the order of `protdiff.structure.backbone.RESIDUE_TYPES`.
N_TYPES = 20
#: Type of a residue whose type is not known and not drawn.
UNKNOWN_TYPE = 20


@dataclass(frozen=True)
class SequenceConfig:
    """Sizes of a `SequenceNetwork`.

    Attributes
    ----------
    hidden : int
        Features of a residue.
    edge : int
        Features of a pair of neighbours.
    encoder_layers, decoder_layers : int
    """

    hidden: int = 128
    edge: int = 64
    encoder_layers: int = 3
    decoder_layers: int = 3


class Layer(nn.Module):
    """Messages from the neighbours of every residue, then a network on the residue itself."""

    def __init__(self, config: SequenceConfig):
        super().__init__()
        hidden = config.hidden
        self.receive = nn.Linear(hidden, hidden)
        self.pair = nn.Linear(config.edge, hidden, bias=False)
        self.gather = nn.Linear(hidden, hidden)
        self.widen = nn.Linear(hidden, 4 * hidden)
        self.narrow = nn.Linear(4 * hidden, hidden)
        self.message_norm = nn.LayerNorm(hidden)
        self.residue_norm = nn.LayerNorm(hidden)

    def forward(
        self,
        state: Float[Tensor, "*batch residues hidden"],
        sent: Float[Tensor, "*batch residues neighbours hidden"],
        pair: Float[Tensor, "residues neighbours edge"],
        weight: Float[Tensor, "residues neighbours 1"],
    ) -> Float[Tensor, "*batch residues hidden"]:
        """New states, from what the neighbours send; `weight` is 0 in the padding."""
        message = gelu(self.receive(state)[..., None, :] + sent + self.pair(pair))
        message = self.gather((weight * message).sum(-2))
        state = self.message_norm(state + message)
        return self.residue_norm(state + self.narrow(gelu(self.widen(state))))


class SequenceNetwork(nn.Module):
    """Probabilities of residue types on a backbone.

    Parameters
    ----------
    config : SequenceConfig

    Attributes
    ----------
    composition : Composition or None
        What draws at a low temperature add, so that sequences have the composition of real ones.
    """

    def __init__(self, config: SequenceConfig | None = None):
        super().__init__()
        self.config = config = config or SequenceConfig()
        self.composition: Composition | None = None
        hidden, edge = config.hidden, config.edge
        self.radial = nn.Linear(EDGE_FEATURES, 2 * edge)
        self.separation = nn.Embedding(SEPARATIONS, 2 * edge)
        self.pair = nn.Linear(2 * edge, edge)
        self.pair_norm = nn.LayerNorm(edge)
        self.first = nn.Parameter(torch.zeros(hidden))
        self.encoder = nn.ModuleList(Layer(config) for _ in range(config.encoder_layers))
        self.decoder = nn.ModuleList(Layer(config) for _ in range(config.decoder_layers))
        #: What a residue sends: in the encoder, and in the decoder before and after it has a type.
        self.send = nn.ModuleList(
            nn.Linear(hidden, hidden, bias=False) for _ in range(config.encoder_layers)
        )
        self.send_untyped = nn.ModuleList(
            nn.Linear(hidden, hidden, bias=False) for _ in range(config.decoder_layers)
        )
        self.send_typed = nn.ModuleList(
            nn.Linear(hidden, hidden, bias=False) for _ in range(config.decoder_layers)
        )
        self.types = nn.ModuleList(
            nn.Embedding(N_TYPES + 1, hidden) for _ in range(config.decoder_layers)
        )
        self.out = nn.Linear(hidden, N_TYPES)

    def encode(
        self, graph: Graph
    ) -> tuple[Float[Tensor, "residues hidden"], Float[Tensor, "residues neighbours edge"]]:
        """States of the residues and features of the pairs, from the backbone alone."""
        pair = gelu(self.radial(graph.features) + self.separation(graph.separation))
        pair = self.pair_norm(self.pair(pair))
        weight = inverse_count(graph)
        state = self.first.expand(len(pair), -1)
        for layer, send in zip(self.encoder, self.send, strict=True):
            state = layer(state, gathered(send(state), graph.neighbours), pair, weight)
        return state, pair

    def forward(
        self,
        graph: Graph,
        types: Int[Tensor, " residues"],
        rank: Float[Tensor, " residues"] | Int[Tensor, " residues"],
    ) -> Float[Tensor, "residues types"]:
        """Log-probabilities of the types of every residue, given those before it in an order.

        Parameters
        ----------
        graph : Graph
        types : Tensor of int, shape (R,)
            True types, `UNKNOWN_TYPE` where there is none.
        rank : Tensor, shape (R,)
            Place in the order. A residue sees the types of the neighbours of lower rank alone.

        Returns
        -------
        Tensor, shape (R, 20)
        """
        state, pair = self.encode(graph)
        near = graph.neighbours
        typed = (rank[near] < rank[:, None])[..., None]
        weight, encoded = inverse_count(graph), state
        for number, layer in enumerate(self.decoder):
            untyped = gathered(self.send_untyped[number](encoded), near)
            known = gathered(self.sent_with_type(number, state, types), near)
            state = layer(state, torch.where(typed, known, untyped), pair, weight)
        return self.out(state).log_softmax(-1)

    def sent_with_type(
        self, number: int, state: Float[Tensor, "*batch hidden"], types: Int[Tensor, " *batch"]
    ) -> Float[Tensor, "*batch hidden"]:
        """What residues of known type send in a layer of the decoder."""
        return self.send_typed[number](state) + self.types[number](types)


def inverse_count(graph: Graph) -> Float[Tensor, "residues neighbours 1"]:
    """1 / neighbours for every neighbour, 0 in the padding."""
    present = graph.present.to(torch.float32)
    return (present / present.sum(-1, keepdim=True))[..., None]


def gathered(
    values: Float[Tensor, "residues hidden"], index: Int[Tensor, "residues neighbours"]
) -> Float[Tensor, "residues neighbours hidden"]:
    """Values of the neighbours of every residue."""
    return values.index_select(0, index.flatten()).view(*index.shape, -1)
