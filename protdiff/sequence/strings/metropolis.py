"""Exact sampling of an energy with the help of a state that is not exact.

A string is noised to time t and denoised exactly. This keeps the state's own distribution P in
detailed balance whatever t is, so that a move from s to s' is accepted with probability
min(1, e^-(E(s') - E(s)) P(s) / P(s')). At finite t the new string resembles the old one
(connected); at t = inf it is an independent draw (disconnected).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .contraction import draw, log_weight, one_hot
from .diffusion import add_noise, noise

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float, Int
    from torch import Tensor

    from .mps import MPS

    Energy = Callable[[Int[Tensor, "chains length"]], Float[Tensor, " chains"]]
    Observe = Callable[[Int[Tensor, "chains length"]], Float[Tensor, "chains *kinds"]]

__all__ = ["Walk", "autocorrelation_time", "metropolis", "single_flips", "standard_error"]

#: Autocorrelations are summed up to this many times the sum itself (Sokal).
WINDOW = 5


@dataclass(frozen=True)
class Walk:
    """Chains of Metropolis moves.

    Attributes
    ----------
    strings : Tensor of int, shape (chains, L)
        Where the chains are at the end.
    energies : Tensor, shape (steps, chains)
        After every move.
    values : Tensor, shape (steps, chains) or (steps, chains, kinds)
        Of the observable, or the energies if there is none.
    acceptance : float
        Share of the moves that were accepted.
    """

    strings: Int[Tensor, "chains length"]
    energies: Float[Tensor, "steps chains"]
    values: Float[Tensor, "steps chains *kinds"]
    acceptance: float


def metropolis(
    mps: MPS,
    energy: Energy,
    strings: Int[Tensor, "chains length"],
    t: float,
    steps: int,
    *,
    frequencies: Float[Tensor, " symbols"] | None = None,
    observe: Observe | None = None,
    generator: torch.Generator | None = None,
) -> Walk:
    """Metropolis moves by noise up to time t and exact denoising.

    Parameters
    ----------
    mps : MPS
        The model that proposes.
    energy : callable
        Energy over temperature of strings: the target is e^-energy.
    strings : Tensor of int, shape (chains, L)
        To start from, with finite energies.
    t : float
        ``math.inf`` for independent draws.
    steps : int
    frequencies : Tensor, shape (q,), optional
        Of the symbols that noise draws; even by default.
    observe : callable, optional
        Observable of strings, or several along a last axis.
    generator : torch.Generator, optional

    Returns
    -------
    Walk
    """
    if frequencies is None:
        frequencies = mps.left.new_ones(mps.symbols) / mps.symbols
    kernel = noise(t, frequencies)
    now, model = energy(strings), log_weight(mps, one_hot(mps, strings))
    energies, values, accepted = [], [], 0.0
    for _ in range(steps):
        up, down, chance = (
            torch.rand(shape, generator=generator, dtype=mps.left.dtype)
            for shape in (strings.shape, strings.shape, strings.shape[:1])
        )
        proposed = draw(mps, kernel[add_noise(strings, kernel, up)], down)
        new, new_model = energy(proposed), log_weight(mps, one_hot(mps, proposed))
        taken = chance.log() < now - new + model - new_model
        strings = torch.where(taken[:, None], proposed, strings)
        now, model = torch.where(taken, new, now), torch.where(taken, new_model, model)
        accepted += float(taken.double().mean())
        energies.append(now)
        values.append(now if observe is None else observe(strings))
    return Walk(strings, torch.stack(energies), torch.stack(values), accepted / max(steps, 1))


def single_flips(
    energy: Energy,
    strings: Int[Tensor, "chains length"],
    steps: int,
    *,
    observe: Observe | None = None,
    generator: torch.Generator | None = None,
) -> Walk:
    """Metropolis moves that flip one random symbol of two, to be compared with."""
    rows, now = torch.arange(len(strings)), energy(strings)
    energies, values, accepted = [], [], 0.0
    for _ in range(steps):
        site = torch.randint(strings.shape[1], rows.shape, generator=generator)
        proposed = strings.clone()
        proposed[rows, site] = 1 - proposed[rows, site]
        new = energy(proposed)
        taken = torch.rand(rows.shape, generator=generator).log() < now - new
        strings, now = torch.where(taken[:, None], proposed, strings), torch.where(taken, new, now)
        accepted += float(taken.double().mean())
        energies.append(now)
        values.append(now if observe is None else observe(strings))
    return Walk(strings, torch.stack(energies), torch.stack(values), accepted / max(steps, 1))


def autocorrelation_time(values: Float[Tensor, "steps chains"]) -> float:
    """Integrated autocorrelation time in moves, 1 for independent values.

    The autocorrelation is that of all chains together, summed up to the first window of five such
    times.

    Examples
    --------
    >>> import torch
    >>> noise = torch.randn(4000, 8, generator=torch.Generator().manual_seed(0)).double()
    >>> round(autocorrelation_time(noise), 1)
    1.0
    """
    steps = len(values)
    centred = (values - values.mean()).double()
    spectrum = torch.fft.rfft(centred, n=2 * steps, dim=0).abs().square()
    covariance = torch.fft.irfft(spectrum, n=2 * steps, dim=0)[:steps].mean(1)
    covariance = covariance / torch.arange(steps, 0, -1)
    if covariance[0] <= 0:
        return float("nan")
    times = 2 * (covariance / covariance[0]).cumsum(0) - 1
    wide = torch.arange(steps) >= WINDOW * times
    return float(times[int(wide.to(torch.int8).argmax()) if bool(wide.any()) else -1])


def standard_error(values: Float[Tensor, "steps chains"]) -> float:
    """Standard error of the mean over independent chains."""
    means = values.mean(0)
    return float(means.std() / len(means) ** 0.5)
