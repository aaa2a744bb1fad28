"""The thermodynamics of trained weights, measured on real chains (docs/theory.md 7)."""

from dataclasses import dataclass

import numpy as np

from .geometry import link_vectors

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
        "kl", the distance of real chains from the fixed point by the probability flow's density,
        with its "error" over chains. Equal for an exact denoiser.
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
    denoiser, chains, *, shells=20, repeats=2, replica_times=6, replica_steps=25, seed=0,
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
    """
    import torch

    from .flow.thermo import mode_speciation_time
    from .network.numerics import flush_denormals

    lengths = [len(chain) for chain in chains]
    size, step = max(lengths), advance or (lambda count: None)
    flow, denoise = denoiser.bind(lengths)
    clean = _components(chains, size)
    generator = torch.Generator().manual_seed(seed)

    def noise():
        return torch.randn(clean.shape, generator=generator, dtype=torch.float64)

    residues = torch.tensor(lengths, dtype=torch.float64)
    found, replicas = [], []
    with flush_denormals():
        with torch.inference_mode():
            edges = torch.linspace(0, 1, shells + 1, dtype=torch.float64)
            for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
                found.append(_shell(flow, denoise, clean, noise, residues, low, high, repeats))
                step(1)
            for u in np.linspace(0.25, 0.9, replica_times).tolist():
                replicas.append(_replicas(flow, denoise, clean, noise, residues, u, replica_steps))
                step(1)
        kl = _distance_from_prior(flow, denoise, clean, noise, generator) / residues
        step(1)
    snr_one = float(mode_speciation_time(flow[[0]], flow.variance[[0]])[0, 1])
    return ThermoReport(
        shells=found,
        speciation=_period(flow[[0]], snr_one),
        replicas=replicas,
        balance={
            "integral": sum(shell.entropy_production for shell in found),
            "kl": float(kl.mean()),
            "error": float(kl.std() / len(kl) ** 0.5),
        },
        chains=len(chains),
        residues=sum(lengths),
    )  # fmt: skip


def _components(chains, size):
    """Components (B, 2·size, 3) of chains."""
    import torch

    from .flow import stack_modes

    ca, links = torch.zeros(2, len(chains), size, 3, dtype=torch.float64)
    for row, chain in enumerate(chains):
        n = len(chain)
        ca[row, :n] = torch.tensor(chain.ca)
        links[row, : n - 1] = torch.from_numpy(link_vectors(chain.coords))
    modes = stack_modes([len(chain) for chain in chains], size) @ ca
    modes[:, 0] = 0
    return torch.cat([modes, links], 1)


def _period(flow, u):
    """2π/Λ(u), mean over the chains of the flow; residues."""
    import torch

    time = torch.full((len(flow.mask),), float(u), dtype=torch.float64)
    return float(2 * np.pi * torch.exp(-flow.schedule.log_cutoff(time)).mean())


def _shell(flow, denoise, clean, noise, residues, low, high, repeats):
    """`Shell` of one interval."""
    import torch

    from .flow.thermo import entropy_production_rate

    batch, moment = len(clean), clean.square().sum(-1)

    def at(u):
        return torch.full((batch,), u, dtype=torch.float64)

    middle, error = at((low + high) / 2), 0.0
    for _ in range(repeats):
        gap = clean - denoise(flow.noise(clean, middle, noise()), middle)
        error = error + gap.square().sum(-1) / repeats
    rate = entropy_production_rate(flow, middle, error, moment)
    # The ancestral sampler on states of the forward process: one step over the interval for the
    # bound, a tenth of it for the theorem, whose mean of exponentials needs small losses.
    loss, _ = _step(flow, denoise, clean, noise, at(low), at(high), repeats)
    tenth = (high - low) / 20
    s, u = at((low + high) / 2 - tenth), at((low + high) / 2 + tenth)
    _, ratios = _step(flow, denoise, clean, noise, s, u, repeats)

    def per_residue(value):
        return float((value.sum(1) / residues).mean()) * (high - low)

    return Shell(
        u=(low + high) / 2,
        period=_period(flow, (low + high) / 2),
        entropy_production=per_residue(rate),
        bound=float((loss / residues).mean()),
        fluctuation=float(ratios.mean()) if len(ratios) else 1.0,
        fluctuation_error=float(ratios.std() / len(ratios) ** 0.5) if len(ratios) > 1 else 0.0,
    )


def _step(flow, denoise, clean, noise, s, u, repeats):
    """KL of one ancestral step from u to s, given the chain, and draws of p/q by component."""
    import torch

    at_s = flow.kernel(s)
    h = (flow.gamma(u) - flow.gamma(s)) / 2
    moves = flow.mask & (h > 1e-9)
    gain = -torch.expm1(-2 * h)
    width = torch.where(moves, at_s.sigma.square() * gain, 1.0)
    scale = torch.where(moves, at_s.alpha * gain / width.sqrt(), 0.0)[..., None]
    ratios, loss = [], 0.0
    for _ in range(repeats):
        gap = scale * (clean - denoise(flow.noise(clean, u, noise()), u))
        half = 0.5 * gap.square().sum(-1)
        ratios.append((-half - (gap * noise()).sum(-1)).exp()[moves])
        loss = loss + half.sum(1) / repeats
    return loss, torch.cat(ratios)


def _distance_from_prior(flow, denoise, clean, noise, generator):
    """ln p - ln prior of data at u = 0 by the probability flow that ends in the prior; (B,)."""
    import torch

    from .flow.likelihood import gaussian_log_density, ode_log_density

    state = flow.noise(clean, torch.zeros(len(clean), dtype=torch.float64), noise())
    times = torch.linspace(1, 0, FLOW_STEPS + 1, dtype=torch.float64)
    density = ode_log_density(denoise, flow, state, times, generator=generator)
    return density - gaussian_log_density(state, flow.prior, flow.mask).sum(1)


def _replicas(flow, denoise, clean, noise, residues, u, steps):
    """Replica and truth distances of the CA trace at one time."""
    from .flow.samplers import sde_2m
    from .flow.thermo import replica_distances

    size = clean.shape[1] // 2
    between, truth = (
        distance[:, :size].sum(1) / residues
        for distance in replica_distances(
            denoise, flow, clean, u, noise, steps=steps, sampler=sde_2m
        )
    )
    gap = float(between.mean() / truth.mean() - 1)
    # Error of a ratio of means over chains.
    spread = (between - (1 + gap) * truth).std() / truth.mean() / len(truth) ** 0.5
    return {
        "u": u, "period": _period(flow, u), "between": float(between.mean().sqrt()),
        "to_truth": float(truth.mean().sqrt()), "gap": gap, "gap_error": float(spread),
    }  # fmt: skip
