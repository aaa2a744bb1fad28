"""Learning a matrix product state from strings: by expectation and maximisation, or by gradient.

A state whose matrices are not negative is a hidden Markov chain that emits on its edges and may
end after every symbol; its expected counts maximise the likelihood in closed form (Baum and Welch),
here on some strings at a time, the older counts fading (Cappé and Moulines 2009). Born's form has
no such step and is fitted by gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .contexts import context_counts
from .contraction import from_left, from_right, log_norm, log_weight, one_hot
from .mps import MPS, born

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = [
    "Counts", "Fit", "expected_counts", "first_state", "fit", "fit_born", "maximised", "padded",
    "random_state",
]  # fmt: skip

#: Mean length in residues that ends are first expected at.
FIRST_LENGTH = 200.0
#: A pseudocount of every row, so that a state that is never used stays a state.
TINY = 1e-12
#: Share of random steps in the state that learning begins with.
RANDOM = 0.05


@dataclass(frozen=True)
class Counts:
    """How often, on average, a string starts in a state, takes a step, and ends in a state."""

    left: Float[Tensor, " bond"]
    sites: Float[Tensor, "*sites symbols bond bond"]
    right: Float[Tensor, " bond"]

    def faded(self, new: Counts, share: float) -> Counts:
        """The average of these counts and of new ones, which get a share."""
        pairs = ((self.left, new.left), (self.sites, new.sites), (self.right, new.right))
        return Counts(*((1 - share) * old + share * now for old, now in pairs))


@dataclass(frozen=True)
class Fit:
    """How a state is learned: bond, passes over the strings, strings at a time, seed.

    The share of new counts at step n is (n + 2)^-`forgetting`.
    """

    bond: int = 16
    passes: int = 8
    batch: int = 100
    seed: int = 0
    forgetting: float = 0.6


def random_state(symbols: int, bond: int, seed: int = 0, length: int | None = None) -> MPS:
    """A hidden Markov chain with random steps; for strings of one length if that is given."""
    generator = torch.Generator().manual_seed(seed)
    shape = (symbols, bond, bond) if length is None else (length, symbols, bond, bond)
    steps = torch.rand(shape, generator=generator, dtype=torch.float64) + 0.1
    left = torch.full((bond,), 1 / bond, dtype=torch.float64)
    ends = torch.full((bond,), 1 / FIRST_LENGTH, dtype=torch.float64)
    return maximised(Counts(left, steps * 3 / steps[..., 0, 0, 0].mean(), bond * ends))


def first_state(
    strings: Sequence[Int[Tensor, " length"]],
    symbols: int,
    options: Fit,
    labels: Int[Tensor, " symbols"] | None = None,
) -> MPS:
    """The contexts of strings as states, with some random steps, without which none would move.

    Parameters
    ----------
    strings, symbols, options
        As of `fit`.
    labels : Tensor of int, shape (q,), optional
        As of `protdiff.sequence.strings.contexts.context_counts`.
    """
    rough = random_state(symbols, options.bond, options.seed)
    left, sites, right = context_counts(strings, symbols, options.bond, labels)
    # Rows without counts, of states that no context needs, are random alone.
    rows = RANDOM * (sites.sum((0, 2)) + right + 1 / options.bond)
    steps = sites + rows[:, None] * rough.sites
    return maximised(Counts(left + RANDOM * rough.left, steps, right + rows * rough.right))


def padded(
    strings: Iterable[Sequence[int] | Int[Tensor, " length"]],
) -> tuple[Int[Tensor, "batch length"], Int[Tensor, " batch"]]:
    """Strings in one tensor, longest first, and their lengths."""
    rows = sorted((torch.as_tensor(string).long() for string in strings), key=len, reverse=True)
    lengths = torch.tensor([len(row) for row in rows])
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), lengths


def expected_counts(
    mps: MPS, strings: Int[Tensor, "batch length"], lengths: Int[Tensor, " batch"]
) -> Counts:
    """Mean counts per string, over what the strings leave hidden.

    Parameters
    ----------
    mps : MPS
        Not negative.
    strings, lengths : Tensor of int
        As by `padded`: longest first.
    """
    batch, length = strings.shape
    matrices, rows = mps.matrices(length), torch.arange(batch)
    there = [int((lengths > site).sum()) for site in range(length + 1)]
    left, lefts, finals = mps.left.expand(batch, -1), [], mps.left.new_zeros(batch, mps.bond)
    for site, n in enumerate(there[:-1]):
        lefts.append(left[:n])
        left = from_left(left[:n], matrices[site])[rows[:n], strings[:n, site]]
        left = left / left.sum(1, keepdim=True)
        finals[there[site + 1] : n] = left[there[site + 1] :]
    right, rights = mps.right.new_zeros(0, mps.bond), []
    for site in reversed(range(length)):
        n = there[site]
        right = torch.cat([right, mps.right.expand(n - len(right), -1)])
        rights.append(right)
        right = from_right(matrices[site], right)[rows[:n], strings[:n, site]]
        right = right / right.sum(1, keepdim=True)
    starts, ends = mps.left * right, finals * mps.right
    symbols = [strings[:n, site] for site, n in enumerate(there[:-1])]
    return Counts(
        (starts / starts.sum(1, keepdim=True)).mean(0),
        _steps(mps, symbols, lefts, rights[::-1]) / batch,
        (ends / ends.sum(1, keepdim=True)).mean(0),
    )


def _steps(
    mps: MPS,
    symbols: list[Int[Tensor, " strings"]],
    lefts: list[Float[Tensor, "strings bond"]],
    rights: list[Float[Tensor, "strings bond"]],
) -> Float[Tensor, "*sites symbols bond bond"]:
    """Expected uses of every matrix element, from the vectors left and right of every symbol."""
    if mps.sites.dim() == 4:
        parts = zip(mps.sites, symbols, lefts, rights, strict=True)
        one = (_steps(MPS(mps.left, m, mps.right), [s], [a], [b]) for m, s, a, b in parts)
        return torch.stack(list(one))
    symbol, left, right = torch.cat(symbols), torch.cat(lefts), torch.cat(rights)
    steps = torch.zeros_like(mps.sites)
    for k in range(mps.symbols):
        here = symbol == k
        a, b = left[here], right[here]
        a = a / ((a @ mps.sites[k]) * b).sum(1, keepdim=True)
        steps[k] = a.T @ b * mps.sites[k]
    return steps


def maximised(counts: Counts) -> MPS:
    """The state of the highest likelihood for expected counts.

    Of each row, steps and end add up to 1. Strings of one length, with matrices for every site, end
    where they end.
    """
    rows = counts.sites.sum((-3, -1)) + TINY
    if counts.sites.dim() == 4:
        ends = torch.ones_like(counts.right)
    else:
        rows = rows + counts.right
        ends = counts.right / rows
    return MPS(counts.left / counts.left.sum(), counts.sites / rows[..., None, :, None], ends)


def fit(
    strings: Sequence[Int[Tensor, " length"]],
    symbols: int,
    options: Fit,
    progress: Callable[[int, int], None] | None = None,
    *,
    start: MPS | None = None,
) -> MPS:
    """A hidden Markov chain of strings of any lengths, by stepwise expectation and maximisation.

    Parameters
    ----------
    strings : sequence of int tensors
    symbols : int
    options : Fit
    progress : callable, optional
        Called with (steps done, steps in all).
    start : MPS, optional
        To begin with; by default `first_state`.

    Examples
    --------
    Strings in which symbols come in pairs, which needs two states:

    >>> import torch
    >>> from protdiff.sequence.strings import Fit, fit, log_prob
    >>> pairs = [torch.tensor([k, k] * 3) for k in (0, 1)] * 20
    >>> pairs += [torch.tensor([0, 0, 1, 1, 0, 0]), torch.tensor([1, 1, 0, 0, 1, 1])] * 20
    >>> state = fit(pairs, 2, Fit(bond=4, passes=60, batch=80, forgetting=0.0))
    >>> bool(log_prob(state, torch.tensor([[0, 1, 0, 1, 0, 1]])).exp() < 1e-3)
    True
    """
    mps = start or first_state(strings, symbols, options)
    generator = torch.Generator().manual_seed(options.seed)
    per_pass = -(-len(strings) // options.batch)
    counts, step, total = None, 0, per_pass * options.passes
    for _ in range(options.passes):
        for chosen in torch.randperm(len(strings), generator=generator).split(options.batch):
            new = expected_counts(mps, *padded(strings[k] for k in chosen.tolist()))
            share = (step + 2) ** -options.forgetting
            counts = new if counts is None else counts.faded(new, share)
            mps = maximised(counts)
            step += 1
            if progress is not None:
                progress(step, total)
    return mps


def fit_born(
    amplitude: MPS, strings: Int[Tensor, "batch length"], steps: int = 200, rate: float = 0.02
) -> MPS:
    """Amplitudes whose squares fit strings of one length, by Adam on the likelihood.

    Parameters
    ----------
    amplitude : MPS
        To start from.
    strings : Tensor of int, shape (B, L)
    steps : int
    rate : float

    Returns
    -------
    MPS
        Amplitudes; `born` makes the distribution of them.
    """
    free = [x.clone().requires_grad_() for x in (amplitude.left, amplitude.sites, amplitude.right)]
    optimiser = torch.optim.Adam(free, rate)
    for _ in range(steps):
        state = MPS(*free)
        data = 2 * log_weight(state, one_hot(state, strings))
        loss = log_norm(born(state), strings.shape[1]) - data.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return MPS(*(x.detach() for x in free))
