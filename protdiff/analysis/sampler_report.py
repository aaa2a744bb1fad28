"""Where the errors of trained weights come from, band by band (docs/theory.md 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..structure.constants import BANDS
from .chain_batches import chain_components, noise_source
from .component_bands import ROWS, by_band, component_bands
from .noise_identities import NoiseIdentities, noise_identities, noise_moments
from .schedule_bound import ErrorRatios, compare_grids

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Bool, Float, Float64, Int64
    from torch import Tensor

    from ..network import Denoiser
    from ..structure.backbone import Backbone

__all__ = ["SamplerReport", "report_sampler"]

#: Keeps the fit of the recalibration solvable where there is nothing to fit.
RIDGE, SMALLEST = 1e-9, 1e-30


@dataclass(frozen=True)
class SamplerReport:
    """Result of `report_sampler`: nats per chain, by band of the modes and for the links.

    Attributes
    ----------
    bands : list of str
        Names of the rows of all lists below.
    start : list of float
        KL divergence of the noised data from what samplers start from. Closed form, of the
        Gaussian chain.
    steps : dict of int to list of float
        By number of network calls: KL divergence of what the sampler draws with the exact denoiser
        of the Gaussian chain, start included. Closed form. It says nothing of the network:
        `matched`, the default sampler, is made such that it vanishes.
    learned : list of float
        Likelihood bound that the network gains over the Gaussian chain.
    score : list of float
        Lower bound of the network's own error ½∫dSNR E|D_θ - D|²: what the best linear
        recalibration of its output per band and time would gain on chains that it was not fitted
        to. Negative where it loses there, that is, where the network's error has no such part.
    score_error : list of float
        Standard error of `score` over chains.
    noise : NoiseIdentities
        Identities of the noise predictor, which an exact denoiser fulfils.
    grids : dict of str to dict of int to float
        By grid of times and number of calls: nats per chain that the steps of a first-order sampler
        lose in the variational bound; see `protdiff.analysis.schedule_bound`. Empty if not wanted.
    chains, residues : int
        Numbers of those that were measured.
    """

    bands: list[str]
    start: list[float]
    steps: dict[int, list[float]]
    learned: list[float]
    score: list[float]
    score_error: list[float]
    noise: NoiseIdentities
    grids: dict[str, dict[int, float]]
    chains: int
    residues: int


def report_sampler(
    denoiser: Denoiser,
    chains: Sequence[Backbone],
    calls: Sequence[int] = (8, 16, 32),
    *,
    sampler: Callable[..., Tensor] | None = None,
    points: int = 21,
    schedules: bool = False,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> SamplerReport:
    """Split the error of samples from a denoiser into those of start, steps and score.

    Parameters
    ----------
    denoiser : Denoiser
    chains : sequence of Backbone
        Held-out, whole, unbroken, with all backbone atoms, of similar length; at least 4.
    calls : sequence of int
        Numbers of network calls to compare.
    sampler : callable, optional
        One of `protdiff.flow.SAMPLERS`; that of `protdiff.generate` by default.
    points : int
        Times of the integral over the flow, odd.
    schedules : bool
        Compare grids of times, too; seconds for each number of calls.
    seed : int
    advance : callable, optional
        Called with 1 for each of points + len(calls) parts.

    Returns
    -------
    SamplerReport

    Examples
    --------
    >>> from protdiff.network.weights import load_weights
    >>> report = report_sampler(load_weights(), chains, calls=(16, 32))  # doctest: +SKIP
    >>> sum(report.score)  # doctest: +SKIP
    1.6
    """
    import torch

    from ..flow import matched
    from ..network.numerics import flush_denormals

    step = advance or (lambda count: None)
    lengths = [len(chain) for chain in chains]
    median = sorted(lengths)[len(lengths) // 2]
    with torch.inference_mode(), flush_denormals():
        learned, gain, identities, ratios = _score_gains(denoiser, chains, points, seed, step)
        start, steps = _gaussian_errors(denoiser, median, calls, sampler or matched, step)
    grids = {}
    if schedules:
        flow = denoiser.recipe([median])
        grids = compare_grids(flow, calls, ratios, component_bands(flow, [median])[0])
    error = gain.std(0) / len(chains) ** 0.5
    return SamplerReport(
        bands=[*BANDS, "links"],
        start=start.tolist(),
        steps={n: values.tolist() for n, values in steps.items()},
        learned=learned.mean(0).tolist(),
        score=gain.mean(0).tolist(),
        score_error=error.tolist(),
        noise=identities,
        grids=grids,
        chains=len(chains),
        residues=sum(lengths),
    )


def _score_gains(
    denoiser: Denoiser,
    chains: Sequence[Backbone],
    points: int,
    seed: int,
    step: Callable[[int], None],
) -> tuple[
    Float64[Tensor, "chains rows"], Float64[Tensor, "chains rows"], NoiseIdentities, ErrorRatios
]:  # fmt: skip
    """Gains of the network over the Gaussian chain, and of a recalibration over the network.

    And the identities of its noise predictor, and its error over the Gaussian chain's, by band.
    """
    import torch

    from ..flow.sampler_error import score_error

    lengths = [len(chain) for chain in chains]
    flow, denoise = denoiser.bind(lengths)
    clean, band = chain_components(chains, max(lengths), flow.basis), component_bands(flow, lengths)
    noise, _ = noise_source(seed)
    times = torch.linspace(0, 1, points, dtype=torch.float64)
    learned: dict[float, Tensor] = {}
    recalibrated: dict[float, Tensor] = {}
    moments, ratios = [], []
    for u in times:
        now = u.expand(len(clean))
        k = flow.kernel(now)
        epsilon = noise(clean)
        noisy = flow.noise(clean, now, epsilon)
        gaussian, estimate = k.c_skip[..., None] * noisy, denoise(noisy, now)
        residual = clean - estimate
        before = (clean - gaussian).square().sum(-1)
        learned[float(u)] = before - residual.square().sum(-1)
        features = torch.stack([estimate - gaussian, gaussian], -1)
        recalibrated[float(u)] = _recalibration(residual, features, k.c_out, band)
        expected = (3 * flow.variance * k.sigma**2 / k.total).masked_fill(~flow.mask, 0)
        sums = [by_band(x, band).sum(0) for x in (residual.square().sum(-1), expected)]
        ratios.append(sums[0] / sums[1].clamp_min(SMALLEST))
        moments.append(noise_moments(flow, noisy, epsilon, estimate, now, band))
        step(1)
    totals = [
        by_band(score_error(flow, times, lambda u, t=table: t[float(u[0])]), band)
        for table in (learned, recalibrated)
    ]
    return (
        totals[0], totals[1], noise_identities(moments), ErrorRatios(times, torch.stack(ratios)),
    )  # fmt: skip


def _gaussian_errors(
    denoiser: Denoiser,
    length: int,
    calls: Sequence[int],
    sampler: Callable[..., Tensor],
    step: Callable[[int], None],
) -> tuple[Float64[Tensor, "rows"], dict[int, Float64[Tensor, "rows"]]]:
    """Errors of the start, and of start and steps by number of calls, for the Gaussian chain."""
    from ..flow import sampling_times
    from ..flow.sampler_error import initialisation_error, sampler_error

    flow = denoiser.recipe([length])
    band = component_bands(flow, [length])
    steps: dict[int, Float64[Tensor, "rows"]] = {}
    for count in calls:
        times = sampling_times(flow, count)
        steps[count] = by_band(sampler_error(sampler, flow, times), band)[0]
        step(1)
    return by_band(initialisation_error(flow), band)[0], steps


def _recalibration(
    residual: Float[Tensor, "chains components 3"],
    features: Float[Tensor, "chains components 3 features"],
    scale: Float64[Tensor, "chains components"],
    band: Int64[Tensor, "chains components"],
) -> Float64[Tensor, "chains components"]:
    """Squared error that a linear correction, fitted to the other half of the chains, removes.

    Everything is in units of `scale`, so that all components of a band weigh alike in the fit.
    """
    import torch

    scale = torch.where(band >= 0, scale, 1.0)[..., None]
    r, f = residual / scale, features / scale[..., None]
    gain = torch.zeros_like(r[..., 0])
    half = torch.arange(len(r)) % 2 == 0
    for b in range(ROWS):
        here = band == b
        for fit, apply in ((half, ~half), (~half, half)):
            rows, places = here & fit[:, None], here & apply[:, None]
            if not bool(rows.any()):
                continue
            left = r[places] - f[places] @ _fitted_weights(r, f, rows)
            gain[places] = (r[places].square() - left.square()).sum(-1)
    return gain * scale[..., 0].square()


def _fitted_weights(
    residual: Float[Tensor, "chains components 3"],
    features: Float[Tensor, "chains components 3 features"],
    rows: Bool[Tensor, "chains components"],
) -> Float[Tensor, "features"]:
    """Least-squares weights of the features in the residual."""
    import torch

    x, y = features[rows].reshape(-1, features.shape[-1]), residual[rows].flatten()
    size = float(y.square().sum() + SMALLEST)
    ridge = RIDGE * torch.eye(x.shape[1], dtype=x.dtype) * size
    return torch.linalg.solve(x.T @ x + ridge, x.T @ y)
