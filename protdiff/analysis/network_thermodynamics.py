"""The thermodynamics of trained weights, measured on real chains (docs/theory.md 7)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .replicas import chain_batches, mean_period, measure_replicas, noise_source

__all__ = ["Shell", "ThermoReport", "measure_thermodynamics"]


#: Runge-Kutta steps of the probability flow.
FLOW_STEPS = 24


@dataclass(frozen=True)
class Shell:
    """One interval of the flow, numbers per residue and averaged over chains.

    Attributes
    ----------
    u : float
        Middle of the interval.
    period : float
        2π/Λ there, residues: the scale at which structure is made.
    entropy_production : float
        Nats per residue of real chains. A lower bound on it for a denoiser that is not exact.
    bound : float
        Nats per residue of the variational bound that one step over the interval spends: the
        information that it supplies about the chain, and what the denoiser loses.
    fluctuation, fluctuation_error : float
        Mean of p/q over components of a small step. It is 1 for any denoiser (fluctuation
        theorem): a check of the arithmetic.
    """

    u: float
    period: float
    entropy_production: float
    bound: float
    fluctuation: float
    fluctuation_error: float


@dataclass(frozen=True)
class ThermoReport:
    """What `measure_thermodynamics` found.

    Attributes
    ----------
    shells : list of Shell
        From data to noise.
    speciation : float
        Period at which mode 1 of a Gaussian chain has a data SNR of 1: the fold is decided.
    replicas : list of dict
        Per time: u, period, between and to_truth (rms distance per residue, Å), and gap,
        between² / to_truth² - 1, which is 0 for a calibrated denoiser, with its error.
    balance : dict
        Total entropy production, nats per residue, two ways: "integral" over the shells, and
        "kl", the distance of real chains from the fixed point by the probability flow's density;
        and their "gap", kl - integral. Each with its standard error ("integral_error", …) over
        chains, which includes the noise, the times of the integral, and the estimated divergence.
        Both are lower bounds of the truth; see `measure_thermodynamics`.
    chains, residues : int
        Measured on.
    """

    shells: list
    speciation: float
    replicas: list
    balance: dict
    chains: int
    residues: int


def measure_thermodynamics(
    denoiser, chains, *, shells=20, repeats=6, replica_times=6, replica_steps=25, seed=0,
    advance=None,
):  # fmt: skip
    """Measure a denoiser's flow on real chains of one length.

    Parameters
    ----------
    denoiser : Denoiser
    chains : list of Backbone
        Whole, unbroken, with all backbone atoms, of similar length.
    shells : int
        Equal intervals of u.
    repeats : int
        Noise draws per chain and interval.
    replica_times, replica_steps : int
        Times at which replicas branch, and network calls per replica.
    seed : int
    advance : callable, optional
        Called with 1 for each of shells + replica_times + 1 parts.

    Returns
    -------
    ThermoReport

    Notes
    -----
    What the integral lacks of the true entropy production is the error of the score along the
    flow, ∫ ½ b c E|s - s_θ|² du; what the distance from the fixed point lacks is the divergence of
    real chains from the probability flow's law. The two are equal for every denoiser that is exact
    for some law, whichever: their gap measures how far the network is from any.
    """
    import torch

    from ..flow.thermodynamics import mode_speciation_time
    from ..network.numerics import flush_denormals

    step = advance or (lambda count: None)
    batches, (noise, generator) = chain_batches(denoiser, chains), noise_source(seed)
    # One place in all shells, at random for each chain and draw: unbiased, and nearly noiseless.
    places = [torch.rand(repeats, len(b.residues), generator=generator) for b in batches]
    found, rates = [], []
    with flush_denormals():
        with torch.inference_mode():
            edges = np.linspace(0, 1, shells + 1).tolist()
            for low, high in pairwise(edges):
                shell, rate = _shell(batches, noise, places, low, high, repeats)
                found.append(shell)
                rates.append(rate)
                step(1)
        times = np.linspace(0.25, 0.9, replica_times).tolist()
        replicas = measure_replicas(
            denoiser, chains, times, steps=replica_steps, seed=seed, advance=advance
        )
        kl = torch.cat([_distance_from_prior(batch, noise, generator) for batch in batches])
        step(1)
    flow = batches[0].flow[[0]]
    snr_one = float(mode_speciation_time(flow, flow.variance)[0, 1])
    integral, balance = torch.stack(rates).sum(0), {}
    for name, values in (("integral", integral), ("kl", kl), ("gap", kl - integral)):
        balance[name] = float(values.mean())
        balance[f"{name}_error"] = float(values.std() / len(values) ** 0.5)
    return ThermoReport(
        shells=found,
        speciation=mean_period([batches[0]._replace(flow=flow)], snr_one),
        replicas=replicas,
        balance=balance,
        chains=len(chains),
        residues=sum(map(len, chains)),
    )


def _shell(batches, noise, places, low, high, repeats):
    """`Shell` of one interval, and the entropy production of every chain."""
    import torch

    middle, tenth = (low + high) / 2, (high - low) / 20
    rates, losses, ratios = [], [], []
    for batch, place in zip(batches, places, strict=True):
        rates.append(_entropy_production(batch, noise, low + (high - low) * place.double()))
        # The ancestral sampler on states of the forward process: one step over the interval for
        # the bound, a tenth of it for the theorem, whose mean of exponentials needs small losses.
        losses.append(_step(batch, noise, low, high, repeats)[0])
        ratios.append(_step(batch, noise, middle - tenth, middle + tenth, repeats)[1])
    rate, ratios = torch.cat(rates) * (high - low), torch.cat(ratios)
    shell = Shell(
        u=middle,
        period=mean_period(batches, middle),
        entropy_production=float(rate.mean()),
        bound=float(torch.cat(losses).mean()),
        fluctuation=float(ratios.mean()) if len(ratios) else 1.0,
        fluctuation_error=float(ratios.std() / len(ratios) ** 0.5) if len(ratios) > 1 else 0.0,
    )
    return shell, rate


def _entropy_production(batch, noise, times):
    """Nats per residue and unit of u, mean over times (R, B); (B,)."""
    from ..flow.thermodynamics import entropy_production_rate

    flow, denoise, clean, residues = batch
    total, moment = 0.0, clean.square().sum(-1)
    for u in times:
        k, noisy = flow.kernel(u), flow.noise(clean, u, noise(clean))
        error = (clean - denoise(noisy, u)).square().sum(-1)
        # The Gaussian chain's error, known exactly, takes out most of the noise.
        error = error - (clean - k.c_skip[..., None] * noisy).square().sum(-1)
        error = error + (1 - k.alpha * k.c_skip).square() * moment + 3 * (k.c_skip * k.sigma) ** 2
        total = total + entropy_production_rate(flow, u, error, moment).sum(1)
    return total / len(times) / residues


def _step(batch, noise, s, u, repeats):
    """KL per residue of one ancestral step from u to s, given the chain; p/q by component."""
    import torch

    flow, denoise, clean, residues = batch
    s, u = batch.at(s), batch.at(u)
    at_s = flow.kernel(s)
    h = (flow.gamma(u) - flow.gamma(s)) / 2
    moves = flow.mask & (h > 1e-9)
    gain = -torch.expm1(-2 * h)
    width = torch.where(moves, at_s.sigma.square() * gain, 1.0)
    scale = torch.where(moves, at_s.alpha * gain / width.sqrt(), 0.0)[..., None]
    ratios, loss = [], 0.0
    for _ in range(repeats):
        gap = scale * (clean - denoise(flow.noise(clean, u, noise(clean)), u))
        half = 0.5 * gap.square().sum(-1)
        ratios.append((-half - (gap * noise(clean)).sum(-1)).exp()[moves])
        loss = loss + half.sum(1) / repeats
    return loss / residues, torch.cat(ratios)


def _distance_from_prior(batch, noise, generator):
    """ln p - ln prior per residue of data at u = 0, by the probability flow; (B,)."""
    import torch

    from ..flow.likelihood import gaussian_log_density, ode_log_density

    flow, denoise, clean, residues = batch
    state = flow.noise(clean, batch.at(0), noise(clean))
    times = torch.linspace(1, 0, FLOW_STEPS + 1, dtype=torch.float64)
    density = ode_log_density(denoise, flow, state, times, generator=generator)
    return (density - gaussian_log_density(state, flow.prior, flow.mask).sum(1)) / residues
