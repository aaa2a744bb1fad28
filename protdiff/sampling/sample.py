"""One batch of backbones from noise: the reverse flow, one random generator per sample."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .alternation import alternating
from .guidance import guidance_of
from .plan import Request
from .settings import DEFAULTS, SamplingSettings
from .temperature import least_power, temperatures

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..conditioning.base import SampleCondition
    from ..flow import Flow
    from ..network import Denoiser
    from ..structure.backbone import Backbone
    from ..structure.trajectory import Trajectory
    from .frame_choice import FrameChoice

    Noise = Callable[[], Float[Tensor, "batch components 3"]]
    Denoise = Callable[
        [Float[Tensor, "batch components 3"], Float[Tensor, " batch"]],
        Float[Tensor, "batch components 3"],
    ]
    StepCallback = Callable[
        [int, float, Float[Tensor, "batch components 3"], Float[Tensor, "batch components 3"]], None
    ]

__all__ = ["Sample", "network_calls", "noise_source", "sample"]

#: Å from the centroid that no chain of 4096 residues reaches, even stretched out.
MAX_EXTENT = 8000.0
#: Å; a component of an estimate beyond it is no chain, and no sampler finds back.
MAX_ESTIMATE = 1e3 * MAX_EXTENT


@dataclass(frozen=True)
class Sample:
    """A generated backbone, with its network calls and its share of the batch's time (seconds).

    The trajectory that led to it is there if frames were chosen.
    """

    request: Request
    backbone: Backbone
    calls: int
    seconds: float
    trajectory: Trajectory | None = None


def network_calls(
    settings: SamplingSettings,
    condition: SampleCondition | type[SampleCondition] | None = None,
) -> int:
    """Calls of the structure network that one sample takes.

    Parameters
    ----------
    settings : SamplingSettings
    condition : SampleCondition, optional
        That of the sample, or its class: it may want a second pass, or move no atom.
    """
    from ..conditioning.compose import second_pass_calls

    if condition is not None and not condition.moves_atoms:
        return 0
    passes = [settings.steps]
    if condition is not None and condition.second_pass:
        passes.append(second_pass_calls(settings.steps, condition.second_pass))
    # Heun's rule looks ahead in every step: two calls for each time but the last.
    return sum(2 * n - 1 if settings.sampler == "heun" else n for n in passes)


def sample(
    denoiser: Denoiser,
    requests: Sequence[Request],
    settings: SamplingSettings = DEFAULTS,
    *,
    seed: int = 0,
    times: Float[Tensor, " steps"] | None = None,
    callback: StepCallback | None = None,
    advance: Callable[[int], None] | None = None,
    frames: FrameChoice | None = None,
) -> list[Sample]:
    """Draw one batch of backbones.

    Parameters
    ----------
    denoiser : Denoiser
    requests : sequence of Request
    settings : SamplingSettings
    seed : int
    times : Tensor, shape (steps,), optional
        Grid from 1 down, in place of the `sampling_times` of the flow.
    callback : callable, optional
        Called with (step, u, noisy, clean estimate) at every time.
    advance : callable, optional
        Called with the number of chains after every network call.
    frames : FrameChoice, optional
        Frames to keep for trajectories; the samples are the same with and without.

    Returns
    -------
    list of Sample
        In the order of the requests.

    Raises
    ------
    ValueError
        If the flow has no link vectors, from which N, C and O are placed, or if there are
        conditions, which act on cosine modes, and the flow is over another basis.
    """
    import torch

    from ..conditioning import conditioned, second_pass
    from ..flow import BASES, cosine_modes, sampling_times, to_coords
    from ..network.numerics import flush_denormals
    from .batch_state import BatchState
    from .frames import Recorder

    if not denoiser.recipe.links:
        # Links of length zero would put N, C and O on the line between CA atoms.
        raise ValueError(
            "`weights`: their flow has no link vectors, so N, C and O cannot be placed; take "
            'weights of a flow that has them, such as "rg-harmonic"'
        )
    basis = denoiser.recipe.basis
    if BASES[basis].modes is not cosine_modes and any(item.condition for item in requests):
        raise ValueError(
            f"`weights`: their flow is over {basis!r}, and conditions act on cosine modes; draw "
            "without conditions, or take weights of a flow over cosine modes"
        )
    guidance = guidance_of(denoiser, settings)
    began = time.perf_counter()
    flow = denoiser.recipe([request.length for request in requests])
    batch = BatchState(requests, flow, seed)
    _, denoise = denoiser.bind(
        batch.lengths, batch.features, flow, remember=True, guidance=guidance
    )
    denoise = conditioned(_checked(denoise, settings), flow, batch.lengths, batch.conditions)
    denoise, calls = _counted(alternating(denoise, batch.types, batch.estimate), advance)
    walk = _sampler(settings, flow)
    recorder = None if frames is None else Recorder(batch, frames)
    with torch.inference_mode(), flush_denormals():
        noise = noise_source(requests, batch.size, seed)
        start, passes = batch.start(noise), [batch.until]
        grid = sampling_times(flow, settings.steps, batch.until, settings.times)
        if times is not None:
            grid = batch.until * times
        least = [least_power(request, settings.law) for request in requests]
        options = {
            "temperature": temperatures(flow, least, settings),
            "callback": _both(callback, recorder),
        }
        clean = walk(denoise, flow, grid, noise, start=start, **options)
        second, extra = second_pass(len(grid), batch.conditions)
        if extra:
            second = min(second, batch.until)
            passes.append(second)
            start = flow.noise(clean, torch.full((len(clean),), second), noise())
            grid = sampling_times(flow, extra, second, settings.times)
            clean = walk(denoise, flow, grid, noise, start=start, **options)
        ca = to_coords(clean[:, : batch.size], batch.lengths, flow.basis)
        _check_extent(float(ca.abs().max()), settings)
        backbones = batch.backbones(clean, passes)
        trajectories = recorder.trajectories(backbones) if recorder else [None] * len(backbones)
    seconds = (time.perf_counter() - began) / len(requests)
    return [
        Sample(request, backbone, calls(), seconds, trajectory)
        for request, backbone, trajectory in zip(requests, backbones, trajectories, strict=True)
    ]


def _both(first: StepCallback | None, second: StepCallback | None) -> StepCallback | None:
    """A callback that calls both of those that are there."""
    if first is None or second is None:
        return first or second

    def both(
        index: int,
        u: float,
        noisy: Float[Tensor, "batch components 3"],
        clean: Float[Tensor, "batch components 3"],
    ) -> None:
        first(index, u, noisy, clean)
        second(index, u, noisy, clean)

    return both


def _check_extent(largest: float, settings: SamplingSettings, limit: float = MAX_EXTENT) -> None:
    """ValueError if the sampler has diverged."""
    if not largest < limit:  # NaN fails the comparison, too
        raise ValueError(
            f"`sampler` {settings.sampler_label}: has diverged with these weights; use more "
            "`steps`, or another sampler"
        )


def _checked(denoise: Denoise, settings: SamplingSettings) -> Denoise:
    """The denoiser; ValueError if an estimate is beyond all measure, as no condition can use it."""

    def checked(
        x: Float[Tensor, "batch components 3"], u: Float[Tensor, " batch"]
    ) -> Float[Tensor, "batch components 3"]:
        clean = denoise(x, u)
        _check_extent(float(clean.abs().max()), settings, MAX_ESTIMATE)
        return clean

    return checked


def _counted(
    denoise: Denoise, advance: Callable[[int], None] | None
) -> tuple[Denoise, Callable[[], int]]:
    """The denoiser, and a function that says how often it has been called."""
    calls = 0

    def counted(
        x: Float[Tensor, "batch components 3"], u: Float[Tensor, " batch"]
    ) -> Float[Tensor, "batch components 3"]:
        nonlocal calls
        calls += 1
        clean = denoise(x, u)
        if advance is not None:
            advance(len(x))
        return clean

    return counted, lambda: calls


def _sampler(settings: SamplingSettings, flow: Flow) -> Callable[..., Tensor]:
    """The sampler that the settings name, with its `diffusion` or `churn` bound."""
    from functools import partial

    from ..flow import SAMPLERS, VE, multistep
    from ..flow.samplers import edm_churn

    if settings.diffusion is not None:
        return partial(multistep, diffusion=settings.diffusion)
    if settings.churn is not None:
        if not isinstance(flow.schedule, VE):
            raise ValueError(
                "`churn`: is defined for variance-exploding flows alone, and these weights have "
                "another; use `sampler` multistep with a `diffusion` above 1 for more noise"
            )
        return partial(SAMPLERS["heun"], churn=edm_churn(flow.schedule, settings.churn))
    return SAMPLERS[settings.sampler]


def noise_source(requests: Sequence[Request], size: int, seed: int) -> Noise:
    """Function that returns standard normal numbers (B, 2·size, 3), one generator per sample.

    Every sample draws numbers for its own length only, so neither the batch nor its padding can
    change them.
    """
    import torch

    generators = []
    for request in requests:
        sequence = np.random.SeedSequence(seed, spawn_key=(request.index,))
        state = sequence.generate_state(2, np.uint32)
        generators.append(torch.Generator().manual_seed(int(state[0]) << 32 | int(state[1])))

    def noise() -> Float[Tensor, "batch components 3"]:
        out = torch.zeros(len(requests), 2 * size, 3, dtype=torch.float64)
        for row, request, generator in zip(out, requests, generators, strict=True):
            n = request.length
            draw = torch.randn(2, n, 3, generator=generator, dtype=torch.float64)
            row[:n], row[size : size + n] = draw
        return out

    return noise
