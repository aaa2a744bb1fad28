"""Speciation: when the reverse process commits to one of several classes (docs/theory.md 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch

from .predictors import score_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from .process import Components, Denoise, Flow, PerComponent, Times

__all__ = [
    "THRESHOLD", "PathSpeciation", "gaussian_speciation_time", "mode_speciation_time",
    "path_speciation", "speciation_time", "top_eigenvalue",
]  # fmt: skip

#: Largest eigenvalue of c^½ ∇s c^½ from which on trajectories of the reverse process part.
THRESHOLD = -0.5
#: Times at which the closed form is looked for, before its interval is halved.
SCAN = 200


def mode_speciation_time(flow: Flow, variance: PerComponent | None = None) -> PerComponent:
    """u at which the data SNR λα²/σ² of each component is 1."""
    spread = flow.variance if variance is None else variance

    def signal(u: Times) -> PerComponent:
        k = flow.kernel(u)
        return spread * (k.alpha / k.sigma).square()

    return _bisect_rows(lambda u: signal(u) > 1, flow.mask.shape)


def _bisect_rows(above: Callable[[Times], Tensor], shape: tuple[int, ...]) -> PerComponent:
    """Largest u in [0, 1], element by element, of a condition that holds up to some u."""
    low, high = (torch.full(shape, v, dtype=torch.float64) for v in (0.0, 1.0))
    for _ in range(50):
        middle = (low + high) / 2
        # The condition takes one time per row, so it is evaluated column by column.
        holds = torch.stack([above(middle[:, d])[:, d] for d in range(shape[1])], 1)
        low, high = torch.where(holds, middle, low), torch.where(holds, high, middle)
    return low


def top_eigenvalue(
    denoise: Denoise,
    flow: Flow,
    u: float,
    iterations: int = 30,
    generator: torch.Generator | None = None,
    state: Components | None = None,
) -> float:
    """Largest eigenvalue of c^½ ∇s c^½, by Lanczos on products with the denoiser.

    Over -1/2 neighbouring trajectories of the reverse process part: the drift of a small distance δ
    between them is b(½ + c∇s)δ. Of a Jacobian that is not symmetric, such as a network's, the
    symmetric part counts: it is the rate at which |c^-½ δ| grows.

    Parameters
    ----------
    denoise : callable
    flow : Flow
        Of one chain.
    u : float
    iterations : int
        Products with the Jacobian, two backward passes each; fewer where the space is smaller.
    generator : torch.Generator, optional
        Of the first vector.
    state : Tensor, shape (1, D, 3), optional
        Where the Jacobian is taken; X = 0 by default, which means something for exact denoisers
        alone: a network has not seen it in training.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.flow import gaussian_oracle
    >>> flow = protdiff.flows.get("rg-harmonic", length=20)
    >>> k = flow.kernel(torch.tensor([0.4]))  # a Gaussian chain has -c/v
    >>> value = top_eigenvalue(gaussian_oracle(flow), flow, 0.4, iterations=60)
    >>> abs(value - float((-flow.prior / k.total)[flow.mask].max())) < 1e-9
    True
    """
    time = torch.tensor([float(u)], dtype=torch.float64)
    score, root, mask = (
        score_function(denoise, flow),
        flow.prior.sqrt()[..., None],
        flow.mask[..., None],
    )
    origin = torch.zeros(*flow.mask.shape, 3, dtype=torch.float64)
    if state is not None:
        origin = state.double()

    def product(v: Tensor) -> Tensor:
        """c^½ ∇s c^½ v."""
        result = torch.autograd.functional.jvp(lambda x: score(x, time), origin, root * v)
        return root * cast("Tensor", result[1])

    v = torch.randn(origin.shape, generator=generator, dtype=torch.float64).masked_fill(~mask, 0)
    basis: list[Tensor] = []
    images: list[Tensor] = []
    for _ in range(min(iterations, 3 * int(flow.mask.sum()))):
        for _ in range(2):  # the second time removes what rounding left
            for other in basis:
                v = v - (v * other).sum() * other
        if float(v.norm()) < 1e-10:
            break
        basis.append(v / v.norm())
        images.append(product(basis[-1]))
        v = images[-1]
    small = torch.stack(basis).flatten(1) @ torch.stack(images).flatten(1).T
    return float(torch.linalg.eigvalsh((small + small.T) / 2)[-1])


def speciation_time(
    denoise: Denoise, flow: Flow, threshold: float = THRESHOLD, halvings: int = 40, **options: Any
) -> float:
    """First time of the reverse process at which the largest eigenvalue passes -1/2.

    The effective potential of a trajectory at the centre then has a maximum instead of a minimum
    (Yu & Huang), in any basis. For exact denoisers: a network is not trained at X = 0, and its
    normalisation makes the Jacobian there meaningless; see `path_speciation`. The interval of times
    is halved `halvings` times; `options` are those of `top_eigenvalue`.
    """
    low, high = 0.0, 1.0
    for _ in range(halvings):
        middle = (low + high) / 2
        if top_eigenvalue(denoise, flow, middle, **options) > threshold:
            low = middle
        else:
            high = middle
    return (low + high) / 2


class PathSpeciation(NamedTuple):
    """Result of `path_speciation`.

    Attributes
    ----------
    time : float or None
        First u of the reverse process at which the largest eigenvalue passes -1/2; None if it does
        not on the whole path.
    times, eigenvalues : list of float
        Where it was looked for, from noise to data, and what was there.
    """

    time: float | None
    times: list[float]
    eigenvalues: list[float]


def path_speciation(
    denoise: Denoise,
    flow: Flow,
    clean: Components,
    epsilon: Components,
    *,
    step: float = 0.05,
    halvings: int = 4,
    **options: Any,
) -> PathSpeciation:
    """Where trajectories near αx + σε part first, with x and ε kept: speciation of a network.

    The Jacobian is taken at states that a network knows, noised data, and not at the centre. Steps
    of u from 1 down find the first interval at which the eigenvalue passes -1/2, which is then
    halved. For Gaussian data the result does not depend on the state: max(-c/v) = -1/2.

    Parameters
    ----------
    denoise, flow
        Of one chain.
    clean : Tensor, shape (1, D, 3)
    epsilon : Tensor, shape (1, D, 3)
        Standard normal numbers.
    step : float
        Of u.
    halvings : int
        Of the interval that was found.
    **options
        Of `top_eigenvalue`.

    Returns
    -------
    PathSpeciation
    """
    found: dict[float, float] = {}

    def parts(u: float) -> bool:
        state = flow.noise(clean.double(), torch.tensor([u], dtype=torch.float64), epsilon)
        found[u] = top_eigenvalue(denoise, flow, u, state=state, **options)
        return found[u] > THRESHOLD

    high, low = 1.0, 1.0
    while low > 0 and not parts(low):
        high, low = low, max(0.0, round(low - step, 9))
    if low == 0 and not parts(0.0):
        return _path(None, found)
    for _ in range(halvings if low < high else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if parts(middle) else (low, middle)
    return _path((low + high) / 2, found)


def gaussian_speciation_time(flow: Flow, variance: PerComponent | None = None) -> float | None:
    """What `path_speciation` finds for Gaussian data: largest u at which max(-c/v) passes -1/2.

    Parameters
    ----------
    flow : Flow
        Of one chain.
    variance : Tensor, shape (1, D), optional
        Of the data; the flow's λ by default.

    Returns
    -------
    float or None
        None if it never does: no component of the data is wider than √2 times the prior.

    Examples
    --------
    >>> import protdiff
    >>> gaussian_speciation_time(protdiff.flows.get("vp", length=20)) is None  # c = λ
    True
    """
    spread = flow.variance if variance is None else variance

    def parts(u: float) -> bool:
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        total = k.alpha**2 * spread + k.sigma**2
        return bool((-flow.prior / total)[flow.mask].max() > THRESHOLD)

    inside = [u / SCAN for u in range(SCAN, -1, -1) if parts(u / SCAN)]
    if not inside:
        return None
    low, high = inside[0], min(1.0, inside[0] + 1 / SCAN)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if parts(middle) else (low, middle)
    return low


def _path(time: float | None, found: dict[float, float]) -> PathSpeciation:
    times = sorted(found, reverse=True)
    return PathSpeciation(time, times, [found[u] for u in times])
