"""Quick numerical checks of an installation, each with the largest error that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from ..network import Denoiser

__all__ = ["CheckResult", "check_equivariance", "check_sampler"]

#: Residues of the chains, and time u of the noisy one.
LENGTH, TIME = 48, 0.4
#: Euler angles of the rotation.
ROTATION = (0.3, 1.1, 2.0)


@dataclass(frozen=True)
class CheckResult:
    """An error, and the limit that it must stay under."""

    error: float
    limit: float

    @property
    def passed(self) -> bool:
        """False for NaN, too."""
        return self.error < self.limit


def check_equivariance(denoiser: Denoiser) -> CheckResult:
    """Largest difference in Å between rotating a noisy chain before and after denoising it."""
    import torch

    from ..network.quick_e3nn import o3

    generator = torch.Generator().manual_seed(0)
    flow, denoise = denoiser.bind([LENGTH])
    epsilon = torch.randn(1, 2 * LENGTH, 3, generator=generator, dtype=torch.float64)
    noisy = flow.prior_sample(epsilon)
    rotation = o3.angles_to_matrix(*torch.tensor(ROTATION, dtype=torch.float64))
    u = torch.tensor([TIME], dtype=torch.float64)
    with torch.inference_mode():
        error = denoise(noisy, u) @ rotation.T - denoise(noisy @ rotation.T, u)
    return CheckResult(float(error.abs().max()), 1e-3)


def check_sampler(denoiser: Denoiser) -> CheckResult:
    """Largest relative error of the variances after one sampler step with an exact denoiser.

    The step starts from the law of the Gaussian chain at time 1; the prior differs from it
    slightly.
    """
    import torch

    from ..flow import ancestral, gaussian_oracle, uniform_times

    flow = denoiser.recipe([LENGTH])
    before, after = (flow.kernel(torch.full((1,), u, dtype=torch.float64)).total for u in (1, 0))

    def variance(start: float, noise: float) -> Float64[Tensor, "components"]:
        """Square of the state after the step, for a start and a noise of given sizes."""
        states: list[Tensor] = []
        ancestral(
            gaussian_oracle(flow), flow, uniform_times(2),
            lambda: torch.full((1, 2 * LENGTH, 3), noise, dtype=torch.float64),
            start=start * before.sqrt()[..., None].expand(1, 2 * LENGTH, 3),
            callback=lambda _step, _u, x, _clean: states.append(x),
        )  # fmt: skip
        return states[-1][0, :, 0] ** 2

    # The state is linear in start and noise, so the squares for one without the other add up.
    drawn = (variance(1.0, 0.0) + variance(0.0, 1.0))[flow.mask[0]]
    exact = after[0][flow.mask[0]]
    return CheckResult(float((drawn / exact - 1).abs().max()), 1e-6)
