"""The likelihood of one unbroken piece of a chain, by each method of `log_likelihood`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..structure.backbone import RESIDUE_TYPES
from ..structure.constants import BANDS, band_index
from ..structure.peptide import link_vectors

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Float64
    from torch import Tensor

    from ..flow import Flow
    from ..network import Denoiser

__all__ = ["ESTIMATORS", "Estimate", "FlowPiece", "Piece", "prepare"]

#: Steps of the importance-weighted estimate, which needs short ones, per step of the others.
IWAE_STEPS = 4
#: Evaluations of the denoiser per Runge-Kutta step.
RUNGE_KUTTA_CALLS = 4


@dataclass(frozen=True)
class Piece:
    """An unbroken piece of a chain.

    Attributes
    ----------
    coords : ndarray, shape (residues, 4, 3)
        N, CA, C, O in Å.
    has_links : bool
        Are all backbone atoms there, and so the peptide links known?
    sequence : sequence of str, optional
        One letter per residue.
    """

    coords: Float[np.ndarray, "residues 4 3"]
    has_links: bool
    sequence: list[str] | None = None


@dataclass(frozen=True)
class FlowPiece:
    """A piece as the flow sees it, in a batch of one, with a denoiser bound to it.

    Attributes
    ----------
    flow : Flow
    denoise : callable
    clean : Tensor, shape (1, components, 3)
        Modes of the trace, and links.
    last : float
        Time u of the resolved end, where the integral over scales stops.
    resolution : float
        Noise σ/α of the finest mode of the trace there, Å.
    generator : torch.Generator
    """

    flow: Flow
    denoise: Callable[..., Tensor]
    clean: Float64[Tensor, "1 components 3"]
    last: float
    resolution: float
    generator: torch.Generator

    @property
    def length(self) -> int:
        """Number of residues."""
        return self.clean.shape[1] // 2

    def noise(self) -> Float64[Tensor, "1 components 3"]:
        """Standard normal numbers."""
        import torch

        return torch.randn(self.clean.shape, generator=self.generator, dtype=torch.float64)

    def by_residue(
        self, x: Float64[Tensor, "batch components 3"]
    ) -> Float64[Tensor, "batch residues 6"]:
        """Orthonormal map of components to residues: trace, and link to the next residue."""
        import torch

        from ..flow import to_coords

        n = self.length
        return torch.cat([to_coords(x[:, :n], [n] * len(x), self.flow.basis), x[:, n:]], -1)

    def gaussian_log_density(self, smoothed: bool) -> float:
        """ln p of the Gaussian chain, for the piece itself or smoothed by the noise at `last`."""
        import torch

        from ..flow.likelihood import gaussian_log_density

        variance = self.flow.variance
        if smoothed:
            k = self.flow.kernel(torch.tensor([self.last], dtype=torch.float64))
            variance = k.total / k.alpha.square()
        return float(gaussian_log_density(self.clean, variance, self.flow.mask).sum())

    def resolved_state(self) -> tuple[Float64[Tensor, "1 components 3"], float]:
        """State at `last` that is the piece itself without noise, and ln |dstate/dpiece|."""
        import torch

        k = self.flow.kernel(torch.tensor([self.last], dtype=torch.float64))
        log_alpha = k.alpha.log().masked_fill(~self.flow.mask, 0)
        return k.alpha[..., None] * self.clean, 3 * float(log_alpha.sum())


class Estimate(NamedTuple):
    """ln p of a piece, in nats.

    Attributes
    ----------
    value, error : float
        The standard error is NaN where there is none.
    gaussian : float
        ln p of the Gaussian chain.
    calls : int
        Evaluations of the denoiser.
    gain : dict of str to float
        What the network adds, by band and by "links"; empty for methods without a breakdown.
    residues : ndarray, shape (residues,), or None
        Nats of every residue.
    """

    value: float
    error: float
    gaussian: float
    calls: int
    gain: dict[str, float]
    residues: Float64[np.ndarray, "residues"] | None


def prepare(
    denoiser: Denoiser, piece: Piece, resolution: float, seed: int | list[int]
) -> FlowPiece:
    """Bind a denoiser to a piece; the resolution in Å is made coarser if the piece has no links."""
    import torch

    from ..flow import BASES, trace_components
    from ..network.condition_features import condition_features
    from ..network.parametrisation import ACTIVE_SIGNAL

    n = len(piece.coords)
    full = denoiser.recipe([n])
    if not BASES[full.basis].centroid:
        raise ValueError(
            f"`weights`: their flow is over {full.basis!r}, in which the centroid of a chain is no "
            "component of its own, so chains have no density; take weights of another flow"
        )
    mask = full.mask.clone()
    mask[:, n:] &= piece.has_links
    flow = replace(full, mask=mask)
    links = torch.zeros(1, n, 3, dtype=torch.float64)
    if piece.has_links:
        links[0, :-1] = torch.from_numpy(link_vectors(piece.coords))
    modes = trace_components(torch.tensor(piece.coords[None, :, 1]), [n], full.basis)
    clean = torch.cat([modes, links], 1).masked_fill(~mask[..., None], 0)
    last = _time_of_noise(flow, n - 1, resolution)
    if not piece.has_links:
        # The network was trained to see links wherever they are above the noise.
        last = max(last, _time_of_signal(full, n, ACTIVE_SIGNAL))
    kernel = flow.kernel(torch.tensor([last], dtype=torch.float64))
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    sequence = piece.sequence
    types = [RESIDUE_TYPES.find(letter) for letter in sequence] if sequence else None
    _, denoise = denoiser.bind([n], condition_features([types], [None], n), flow)
    return FlowPiece(
        flow=flow,
        denoise=denoise,
        clean=clean,
        last=last,
        resolution=float((kernel.sigma / kernel.alpha)[0, n - 1]),
        generator=torch.Generator().manual_seed(int(state) >> 1),
    )


def variational_bound(piece: FlowPiece, steps: int, samples: int) -> Estimate:
    """Continuous-time lower bound, split by band and by residue."""
    import torch

    from ..flow.elbo import Quadrature, elbo
    from ..network.numerics import flush_denormals

    with torch.inference_mode(), flush_denormals():
        bound = elbo(
            piece.denoise, piece.flow, piece.clean, piece.noise,
            quadrature=Quadrature(steps, samples, piece.last), generator=piece.generator,
            project=piece.by_residue,
        )  # fmt: skip
    n = piece.length
    modes, links = bound.gain[0, :n].numpy(), bound.gain[0, n:]
    band = np.append(-1, band_index(n))  # mode 0 is the centroid, in no band
    gain = {name: float(modes[band == k].sum()) for k, name in enumerate(BANDS)}
    return Estimate(
        value=float(bound.total[0]),
        error=float(bound.error[0]),
        gaussian=piece.gaussian_log_density(smoothed=False),
        calls=bound.calls,
        gain=gain | {"links": float(links.sum())},
        residues=None if bound.by_place is None else bound.by_place[0].numpy(),
    )


def importance_weighted(piece: FlowPiece, steps: int, samples: int) -> Estimate:
    """ln of the mean weight of paths of the forward process.

    Burda, Grosse & Salakhutdinov, arXiv 1509.00519.
    """
    import torch

    from ..flow.likelihood import path_weights
    from ..network.numerics import flush_denormals

    state, log_volume = piece.resolved_state()
    times = torch.linspace(1, piece.last, IWAE_STEPS * steps + 1, dtype=torch.float64)
    with torch.inference_mode(), flush_denormals():
        paths = [
            path_weights(piece.denoise, piece.flow, state, times, piece.noise, "analytic").sum()
            for _ in range(samples)
        ]
    log_weights = torch.stack(paths)
    # The largest weight may outweigh all others: the spread in nats is the honest error.
    error = float(log_weights.std()) if samples > 1 else float("nan")
    value = float(log_weights.logsumexp(0)) - np.log(samples) + log_volume
    gaussian = piece.gaussian_log_density(smoothed=True)
    return Estimate(value, error, gaussian, IWAE_STEPS * steps * samples, {}, None)


def probability_flow(piece: FlowPiece, steps: int, samples: int) -> Estimate:
    """Density by the probability-flow ODE; its error, of the divergence, is not estimated.

    Song et al., arXiv 2011.13456.
    """
    import torch

    from ..flow.likelihood import ode_log_density
    from ..network.numerics import flush_denormals

    state, log_volume = piece.resolved_state()
    times = torch.linspace(1, piece.last, steps + 1, dtype=torch.float64)
    with flush_denormals():
        density = ode_log_density(
            piece.denoise, piece.flow, state, times, probes=samples, generator=piece.generator
        )
    gaussian = piece.gaussian_log_density(smoothed=True)
    value = float(density[0]) + log_volume
    return Estimate(value, float("nan"), gaussian, RUNGE_KUTTA_CALLS * steps, {}, None)


#: By the name of the method.
ESTIMATORS: dict[str, Callable[[FlowPiece, int, int], Estimate]] = {
    "elbo": variational_bound,
    "iwae": importance_weighted,
    "ode": probability_flow,
}


def _largest_time(holds: Callable[[float], bool]) -> float:
    """Largest u in [0, 1] of a condition that holds up to some u, by bisection; 0 if none."""
    low, high = 0.0, 1.0
    if not holds(low):
        return 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _time_of_noise(flow: Flow, component: int, noise: float) -> float:
    """Time at which the noise σ/α of a component reaches a value in Å."""
    import torch

    def is_finer(u: float) -> bool:
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        return float((k.sigma / k.alpha)[0, component]) < noise

    return _largest_time(is_finer)


def _time_of_signal(flow: Flow, component: int, signal: float) -> float:
    """First time at which the share α² of signal in a component is under a value."""
    import torch

    def is_stronger(u: float) -> bool:
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        return float(k.alpha[0, component]) ** 2 >= signal

    return _largest_time(is_stronger) + 1e-9
