"""Weights of the components in the training loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64
    from torch import Tensor

    from ..flow import Flow

__all__ = ["Weighting", "chain_loss", "component_weight"]

#: Added to the sum of a chain's weights that divides its loss: chains that show fewer components
#: than that count less.
FEW_COMPONENTS = 4.0


class Weighting(NamedTuple):
    """How the squared errors of components are weighed.

    Parameters
    ----------
    kind : str
        "resolution", "unit", "likelihood" or "shell"; see `component_weight`.
    resolution : float
        r, in Å for modes; the same number for unit link vectors.
    """

    kind: str = "resolution"
    resolution: float = 0.03


def component_weight(
    flow: Flow,
    u: Float64[Tensor, " batch"],
    active: Bool[Tensor, "batch components"],
    weighting: Weighting,
    density: Float64[Tensor, " batch"] | None = None,
) -> Float64[Tensor, "batch components"]:
    """Weight of every component's squared error of the output F, zero where it is not active.

    "resolution": α²σ²/(σ² + r²), bounded by 1; it vanishes for pure noise, like the likelihood's
    weight, and for noise below the resolution r of experimental structures.

    "unit": 1, as in EDM (arXiv 2206.00364), where F is preconditioned alike.

    "likelihood": ½ γ' α²λ/(α²λ + σ²), by which the integral over times of the squared errors of F
    is that of ½ dSNR E|x₀ - D|², the gap of the evidence lower bound in nats (arXiv 2106.02808;
    docs/theory.md 4). Divided by the density of the time that was drawn, if it is given.

    "shell": RGDM's mean squared error of coloured noise (arXiv 2501.09064), of which F is the white
    one: σ² (N + 3)/(M + 3) with M modes in the shell, the centroid's place among them.

    Parameters
    ----------
    flow : Flow
    u : Tensor, shape (batch,)
    active : Tensor, shape (batch, components), bool
    weighting : Weighting
    density : Tensor, shape (batch,), optional
        Of u over [0, 1]; counts for the likelihood alone.
    """
    if weighting.kind == "unit":
        return active.double()
    kernel = flow.kernel(u)
    if weighting.kind == "shell":
        modes = flow.mask.sum(1, keepdim=True) + 1  # N: the centroid is masked
        # Its momentum counts as that of the slowest mode.
        inside = active.sum(1, keepdim=True) + active[:, 1:2]
        return kernel.sigma**2 * active * ((modes + 3) / (inside + 3))
    if weighting.kind == "resolution":
        noise = kernel.sigma**2
        return kernel.alpha**2 * noise / (noise + weighting.resolution**2) * active
    signal = kernel.alpha * kernel.c_skip  # α²λ / (α²λ + σ²)
    weight = 0.5 * flow.rate(u) * signal * active
    return weight if density is None else weight / density[:, None]


def chain_loss(
    error: Float[Tensor, "batch components"],
    weight: Float[Tensor, "batch components"],
    kind: str = "resolution",
    count: Float[Tensor, " batch"] | None = None,
) -> Float[Tensor, ""]:
    """Weighted sum over the components of each chain over a normalisation; mean over chains.

    With "resolution" the sum is divided by that of the weights plus `FEW_COMPONENTS`: a chain that
    shows one or two modes at the noise level teaches little and counts little. With others it is
    divided by `count`, the components of each chain.
    """
    total = (weight * error).sum(1)
    if kind == "resolution" or count is None:
        return (total / (weight.sum(1) + FEW_COMPONENTS)).mean()
    return (total / count).mean()
