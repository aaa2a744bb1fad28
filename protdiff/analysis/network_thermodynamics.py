"""The thermodynamics of trained weights, measured on real chains (docs/theory.md 7)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .chain_batches import chain_batches, mean_period, noise_source
from .entropy_estimators import distance_from_prior, entropy_production, loss_of_step
from .fluctuation_theorems import Trajectories, shell_entropies, theorems_of
from .network_speciation import NetworkSpeciation, measure_speciation
from .replicas import ReplicaDistances, measure_replicas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float, Float64
    from torch import Tensor

    from ..flow.fluctuations import Theorem
    from ..network import Denoiser
    from ..structure.backbone import Backbone
    from .chain_batches import ChainBatch, NoiseSource

__all__ = ["Balance", "Shell", "ThermoReport", "measure_thermodynamics"]

#: First and last time u at which replicas branch.
REPLICA_TIMES = (0.25, 0.9)
#: Noise draws per chain and interval.
REPEATS = 6


@dataclass(frozen=True)
class Shell:
    """One interval of the flow; nats per residue, averaged over chains.

    Attributes
    ----------
    u : float
        Middle of the interval.
    period : float or None
        Period 2π/Λ of the cut-off there, residues: the scale at which structure forms. None for
        flows without a cut-off.
    entropy_production : float
        Of real chains. A lower bound on it for a denoiser that is not exact.
    bound : float
        What one sampler step over the interval adds to the variational bound: the information
        about the chain that the step supplies, and the denoiser's loss.
    fluctuation, fluctuation_error, fluctuation_bias : float
        ⟨e^{-S}⟩ of the components' trajectories through the shell, 1 for an exact denoiser; its
        standard error over chains; and what it changes when steps are halved in length.
    """

    u: float
    period: float | None
    entropy_production: float
    bound: float
    fluctuation: float
    fluctuation_error: float
    fluctuation_bias: float


@dataclass(frozen=True)
class Balance:
    """Total entropy production in two ways, nats per residue, with standard errors over chains.

    The errors include the noise, the times of the integral, and the estimated divergence. Both
    values are lower bounds of the truth; see `measure_thermodynamics`.

    Attributes
    ----------
    integral : float
        Sum over the shells.
    kl : float
        Distance of real chains from the fixed point, by the density of the probability flow.
    gap : float
        kl - integral.
    """

    integral: float
    integral_error: float
    kl: float
    kl_error: float
    gap: float
    gap_error: float


@dataclass(frozen=True)
class ThermoReport:
    """Result of `measure_thermodynamics`.

    Attributes
    ----------
    shells : list of Shell
        From data to noise.
    speciation_time : float
        u at which mode 1 of a Gaussian chain with the variances of the flow has a data SNR of 1. A
        closed form: nothing of the network is in it.
    speciation : float or None
        Period of the cut-off there, residues; None for flows without a cut-off.
    network_speciation : NetworkSpeciation
        Where the network's own trajectories part.
    trajectories : Trajectories
    replicas : list of ReplicaDistances
    fold_decided : float or None
        u at which half of the pairs of replicas have one fold: the cloning curve falls through 1/2.
        None if it does not between the times of the replicas.
    fold_decided_period : float or None
        Period of the cut-off there, residues.
    balance : Balance
    chains, residues : int
        Numbers of those that were measured.
    """

    shells: list[Shell]
    speciation_time: float
    speciation: float | None
    network_speciation: NetworkSpeciation
    trajectories: Trajectories
    replicas: list[ReplicaDistances]
    fold_decided: float | None
    fold_decided_period: float | None
    balance: Balance
    chains: int
    residues: int


def measure_thermodynamics(
    denoiser: Denoiser,
    chains: Sequence[Backbone],
    *,
    shells: int = 20,
    replica_times: int = 6,
    replica_steps: int = 25,
    replicas: int = 4,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> ThermoReport:
    """Measure a denoiser's flow on real chains of similar length.

    Parameters
    ----------
    denoiser : Denoiser
    chains : sequence of Backbone
        Whole, unbroken, with all backbone atoms.
    shells : int
        Equal intervals of the time u.
    replica_times, replica_steps, replicas : int
        Number of times at which replicas branch, network calls per replica, and replicas of every
        noised chain.
    seed : int
    advance : callable, optional
        Called with 1 for each of shells + replica_times + 3 parts.

    Returns
    -------
    ThermoReport

    Raises
    ------
    ValueError
        If the flow is variance exploding.

    Notes
    -----
    The integral is below the true entropy production by the error of the score along the flow,
    ∫ ½ b c E|s - s_θ|² du. The distance from the fixed point is below it by the divergence of real
    chains from the law of the probability flow. The two are equal for every denoiser that is exact
    for some law, whichever: their gap measures how far the network is from any.

    Examples
    --------
    >>> from protdiff.network.weights import load_weights
    >>> report = measure_thermodynamics(load_weights(), chains)  # doctest: +SKIP
    >>> report.speciation  # doctest: +SKIP
    140.0
    """
    import torch

    from ..flow.clones import decision_time
    from ..flow.fluctuations import integral_theorem
    from ..flow.speciation import mode_speciation_time
    from ..flow.thermodynamics import require_reversible
    from ..network.numerics import flush_denormals

    step = advance or (lambda count: None)
    batches, (noise, generator) = chain_batches(denoiser, chains), noise_source(seed)
    require_reversible(batches[0].flow)
    # Relative place of the times in every shell, at random for each chain and draw. The same
    # places in all shells make the sum over them nearly noiseless, and it is unbiased.
    places = [torch.rand(REPEATS, len(b.residues), generator=generator) for b in batches]
    measured: list[Shell] = []
    productions: list[Tensor] = []
    edges = np.linspace(0, 1, shells + 1).tolist()
    with flush_denormals():
        with torch.inference_mode():
            entropies = shell_entropies(batches, noise, edges)
            step(1)
            for k, (low, high) in enumerate(pairwise(edges)):
                theorem = integral_theorem(entropies.data[k], entropies.coarse[k])
                shell, production = _measure_shell(batches, noise, places, (low, high), theorem)
                measured.append(shell)
                productions.append(production)
                step(1)
        times = np.linspace(*REPLICA_TIMES, replica_times).tolist()
        rows = measure_replicas(
            denoiser, chains, times,
            replicas=replicas, steps=replica_steps, seed=seed, advance=advance,
        )  # fmt: skip
        parting = measure_speciation(denoiser, chains, seed=seed, advance=advance)
        kl = torch.cat([distance_from_prior(batch, noise, generator) for batch in batches])
        step(1)
    flow = batches[0].flow[:1]
    decided = decision_time(times, [row.same_fold for row in rows])
    speciation_time = float(mode_speciation_time(flow, flow.variance)[0, 1])
    return ThermoReport(
        shells=measured,
        speciation_time=speciation_time,
        speciation=mean_period([batches[0]._replace(flow=flow)], speciation_time),
        network_speciation=parting,
        trajectories=theorems_of(entropies),
        replicas=rows,
        fold_decided=decided,
        fold_decided_period=None if decided is None else mean_period(batches, decided),
        balance=_balance(torch.stack(productions).sum(0), kl),
        chains=len(chains),
        residues=sum(map(len, chains)),
    )


def _balance(integral: Float64[Tensor, "chains"], kl: Float64[Tensor, "chains"]) -> Balance:
    """Means and standard errors over chains."""

    def error(values: Tensor) -> float:
        return float(values.std() / len(values) ** 0.5)

    gap = kl - integral
    return Balance(
        integral=float(integral.mean()),
        integral_error=error(integral),
        kl=float(kl.mean()),
        kl_error=error(kl),
        gap=float(gap.mean()),
        gap_error=error(gap),
    )


def _measure_shell(
    batches: Sequence[ChainBatch],
    noise: NoiseSource,
    places: Sequence[Float[Tensor, "repeats chains"]],
    edges: tuple[float, float],
    theorem: Theorem,
) -> tuple[Shell, Float64[Tensor, "chains"]]:
    """`Shell` of one interval, and the entropy production of every chain."""
    import torch

    low, high = edges
    middle, repeats = (low + high) / 2, len(places[0])
    rates, losses = [], []
    for batch, place in zip(batches, places, strict=True):
        rates.append(entropy_production(batch, noise, low + (high - low) * place.double()))
        losses.append(loss_of_step(batch, noise, low, high, repeats))
    rate = torch.cat(rates) * (high - low)
    shell = Shell(
        u=middle,
        period=mean_period(batches, middle),
        entropy_production=float(rate.mean()),
        bound=float(torch.cat(losses).mean()),
        fluctuation=theorem.mean,
        fluctuation_error=theorem.error,
        fluctuation_bias=theorem.bias,
    )
    return shell, rate
