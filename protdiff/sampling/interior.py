"""Chains that are too long for one window: the coarse waves of the whole chain, then windows.

The flow of the whole chain goes on while the network sees it as no more beads than a window has
residues. What it has drawn by then, noise included, is cut into the windows of an `InteriorPlan`,
and each of them goes on from there, around the residues that are there already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .interior_plan import InteriorPlan
from .plan import Request
from .sample import Sample, network_calls, sample
from .settings import DEFAULTS, SamplingSettings
from .window import seed_of_window

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..network import Denoiser
    from .frame_choice import FrameChoice
    from .window import Window

    Grid = Float[Tensor, " steps"]

__all__ = ["calls_with_windows", "coarse_end", "sample_with_windows"]

#: Halvings of the interval in which the end of the coarse pass lies.
HALVINGS = 30


@dataclass(frozen=True, eq=False)
class CoarsePass:
    """What the coarse pass has drawn of some chains of N residues.

    Parameters
    ----------
    state : Tensor, shape (B, 2N, 3)
        Noisy components at its last time.
    ca : ndarray, shape (B, N, 3)
        CA positions of the clean estimate, Å.
    samples : list of Sample
        Its network calls and seconds.
    """

    state: Float[Tensor, "batch components 3"]
    ca: Float[np.ndarray, "batch residues 3"]
    samples: list[Sample]


def coarse_end(denoiser: Denoiser, length: int, window: int) -> float:
    """The last time of the flow at which a chain is shown by at most `window` beads.

    Raises
    ------
    ValueError
        If there is none.
    """
    from ..flow import RG

    flow = denoiser.recipe([length])

    def is_coarse(u: float) -> bool:
        return denoiser.beads(u, [length], flow)[0] <= window

    if not isinstance(flow.schedule, RG) or not is_coarse(1.0):
        raise ValueError(
            "`window`: needs weights of an RG flow that see a long chain as few beads while it "
            "folds; leave it out, or take other `weights`"
        )
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_coarse(middle) else (middle, high)
    return high


def _grids(
    denoiser: Denoiser, plan: InteriorPlan, settings: SamplingSettings, times: Grid | None = None
) -> tuple[Grid, list[Grid]]:
    """Times of the coarse pass, and of every window from where that ended, each of its own flow."""
    import torch

    from ..flow import sampling_times
    from ..flow.windows import time_in_window

    if settings.sampler == "rgdm":
        # The coarse pass would end with modes at rest that are still noise at this time.
        raise ValueError(
            "`sampler` rgdm: adds no noise in its last step, so windows cannot go on from there; "
            "take ancestral, or leave out `window`"
        )
    whole, end = denoiser.recipe([plan.length]), coarse_end(denoiser, plan.length, plan.window)
    grid = sampling_times(whole, settings.steps, density=settings.times) if times is None else times
    coarse = torch.cat([grid[grid > end], grid.new_tensor([end])])
    fine: list[Grid] = []
    for window in plan.windows():
        start = time_in_window(whole, end, denoiser.recipe([window.stop - window.start]))
        fine.append(torch.cat([grid.new_tensor([start]), grid[grid < start]]))
    return coarse, fine


def calls_with_windows(denoiser: Denoiser, request: Request, settings: SamplingSettings) -> int:
    """Network calls for the sample of a request, in windows or at once."""
    if request.window is None:
        return network_calls(settings, request.condition)
    coarse, fine = _grids(denoiser, _plan(request), settings)
    return sum(network_calls(replace(settings, steps=len(grid))) for grid in (coarse, *fine))


def _plan(request: Request) -> InteriorPlan:
    assert request.window is not None
    return InteriorPlan(request.length, request.window)


def sample_with_windows(
    denoiser: Denoiser,
    requests: Sequence[Request],
    settings: SamplingSettings = DEFAULTS,
    *,
    seed: int = 0,
    times: Grid | None = None,
    advance: Callable[[int], None] | None = None,
    frames: FrameChoice | None = None,
) -> list[Sample]:
    """Draw one batch as `protdiff.sampling.sample.sample`, some of its chains in windows."""
    groups: dict[int, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.length if request.window else 0, []).append(request)
    drawn: dict[int, Sample] = {}
    for length, group in groups.items():
        if length:
            samples = _in_windows(denoiser, group, settings, seed, times, advance)
        else:
            samples = sample(
                denoiser, group, settings, seed=seed, times=times, advance=advance, frames=frames
            )
        drawn |= {one.request.index: one for one in samples}
    return [drawn[request.index] for request in requests]


def _in_windows(
    denoiser: Denoiser,
    requests: Sequence[Request],
    settings: SamplingSettings,
    seed: int,
    times: Grid | None,
    advance: Callable[[int], None] | None,
) -> list[Sample]:
    """Draw chains of one length."""
    from ..structure.backbone import Backbone

    plan = _plan(requests[0])
    coarse_grid, fine = _grids(denoiser, plan, settings, times)
    coarse = _coarse_pass(denoiser, requests, settings, seed, coarse_grid, advance)
    coords = np.full((len(requests), plan.length, 4, 3), np.nan)
    passes = [coarse.samples]
    for number, (window, grid) in enumerate(zip(plan.windows(), fine, strict=True), start=1):
        parts = [
            _part(request, window, float(grid[0]), state, trace, row)
            for request, state, trace, row in zip(
                requests, coarse.state, coarse.ca, coords, strict=True
            )
        ]
        drawn = sample(
            denoiser, parts, replace(settings, steps=len(grid)),
            seed=seed_of_window(seed, number), times=grid / grid[0], advance=advance,
        )  # fmt: skip
        for row, one in zip(coords, drawn, strict=True):
            _keep(row, window, one.backbone.coords)
        passes.append(drawn)
    return [
        Sample(
            request,
            Backbone.from_coords(row - row[:, 1].mean(0), request.sequence),
            sum(one.calls for one in own),
            sum(one.seconds for one in own),
        )
        for request, row, *own in zip(requests, coords, *passes, strict=True)
    ]


def _coarse_pass(
    denoiser: Denoiser,
    requests: Sequence[Request],
    settings: SamplingSettings,
    seed: int,
    grid: Grid,
    advance: Callable[[int], None] | None,
) -> CoarsePass:
    """Flow the whole chains down a grid of times."""
    from ..flow import to_coords

    length = requests[0].length
    last: dict[str, Tensor] = {}

    def remember(
        index: int,
        u: float,
        noisy: Float[Tensor, "batch components 3"],
        clean: Float[Tensor, "batch components 3"],
    ) -> None:
        last.update(noisy=noisy, clean=clean)

    samples = sample(
        denoiser, requests, replace(settings, steps=len(grid)),
        seed=seed, times=grid, callback=remember, advance=advance,
    )  # fmt: skip
    ca = to_coords(last["clean"][:, :length], [length] * len(requests), denoiser.recipe.basis)
    return CoarsePass(last["noisy"], ca.numpy(), samples)


def _part(
    request: Request,
    window: Window,
    time: float,
    state: Float[Tensor, "components 3"],
    ca: Float[np.ndarray, "residues 3"],
    coords: Float[np.ndarray, "residues 4 3"],
) -> Request:
    """The request for a window of a chain, of which some residues have coordinates already."""
    from ..conditioning.placed_window import PlacedWindow
    from ..flow.windows import window_state

    inside = slice(window.start, window.stop)
    others = np.delete(coords[:, 1], inside, 0)
    condition = PlacedWindow(
        window_state(state, window.start, window.stop),
        time,
        coords[inside],
        ca[inside].mean(0),
        others[np.isfinite(others[:, 0])],
    )
    sequence, structure = (text and text[inside] for text in (request.sequence, request.structure))
    return Request(request.index, window.stop - window.start, sequence, structure, condition)


def _keep(
    coords: Float[np.ndarray, "residues 4 3"],
    window: Window,
    drawn: Float[np.ndarray, "window 4 3"],
) -> None:
    """Put what is new of a window into its chain."""
    there = np.isfinite(coords[:, 1, 0])
    for first, last in window.new:
        coords[first:last] = drawn[first - window.start : last - window.start]
        # The link beside a new residue is new: C and O before it, N after it.
        if first > 0 and there[first - 1]:
            coords[first - 1, 2:] = drawn[first - 1 - window.start, 2:]
        if last < len(coords) and there[last]:
            coords[last, 0] = drawn[last - window.start, 0]
