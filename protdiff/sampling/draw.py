"""Draw the samples of any number of requests, batch after batch, or batches side by side."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .._system.processes import mapped, process_count, start_early
from .alternation import designed_alone
from .batching import batches
from .interior import sample_with_windows
from .plan import Request
from .sample import Sample
from .settings import DEFAULTS, SamplingSettings
from .weights_at_hand import WEIGHTS
from .window import NO_FRAMES

if TYPE_CHECKING:
    from pathlib import Path

    from jaxtyping import Float
    from torch import Tensor

    from ..network import Denoiser
    from .frame_choice import FrameChoice

__all__ = ["SameWeights", "can_be_sent", "draw", "drawn", "start_processes_early"]

#: Batches that a process must have to be worth its start, which takes as long as one batch.
LEAST_BATCHES = 2
#: What a process imports before it draws; the last one reads the weights.
MODULES = (
    "protdiff.conditioning",
    "protdiff.network",
    "protdiff.sampling.batch_state",
    "protdiff.sampling.weights_at_hand",
)


class SameWeights(NamedTuple):
    """A network by its file, for processes that read it: as `load_same_weights`."""

    path: Path
    digest: str
    device: str = "cpu"


def draw(
    denoiser: Denoiser,
    requests: Sequence[Request],
    settings: SamplingSettings = DEFAULTS,
    *,
    seed: int = 0,
    times: Float[Tensor, " steps"] | None = None,
    advance: Callable[[int], None] | None = None,
    jobs: int = 1,
    frames: FrameChoice | None = None,
    weights: SameWeights | None = None,
) -> Iterator[list[Sample]]:
    """Draw the samples of the requests; one list per batch, longest chains first.

    On a CPU every process computes with one thread: a second one gains nothing, and the last digits
    would depend on the machine.

    Parameters
    ----------
    denoiser : Denoiser
    requests : sequence of Request
    settings : SamplingSettings
    seed : int
        Sample i of a seed is the same whatever the batches are, up to the rounding of sums, which
        depends on the size of a batch: at times 0.001 Å in a file.
    times : Tensor, shape (steps,), optional
        Grid from 1 down, in place of the flow's own.
    advance : callable, optional
        Called with the number of chains after every network call; with several processes after
        every batch, with all its calls.
    jobs : int
        Processes that draw batches side by side, on a CPU; 0 for as many as there is work for, up
        to the number of cores. The samples are the same for every number.
    frames : FrameChoice, optional
        Frames to keep for trajectories; the samples are the same with and without.
    weights : SameWeights, optional
        File of the denoiser: several processes read it, in place of a copy sent to each.

    Raises
    ------
    ValueError
        If `jobs` is more than 1 for what a single process must draw, or frames are chosen where no
        atom moves or chains are drawn in windows.
    """
    if any(request.condition and not request.condition.moves_atoms for request in requests):
        if frames is not None:
            raise ValueError("`trajectory`: types alone are drawn, and no atom moves; leave it out")
        yield _sequences_alone(requests, seed)
        return
    if frames is not None and any(request.window for request in requests):
        raise ValueError(NO_FRAMES)
    from ..network.numerics import one_thread

    todo = list(batches(requests, denoiser.device, settings))
    jobs = _processes(denoiser, todo, jobs)
    if jobs == 1:
        for batch in todo:
            with one_thread(denoiser.device):
                samples = sample_with_windows(
                    denoiser, batch, settings,
                    seed=seed, times=times, advance=advance, frames=frames,
                )  # fmt: skip
            yield samples
        return
    work = partial(drawn, weights or denoiser, settings, seed, times, frames)
    with mapped(work, todo, jobs) as results:
        for samples in results:
            if advance is not None:
                advance(sum(sample.calls for sample in samples))
            yield samples


def start_processes_early(
    requests: Sequence[Request], settings: SamplingSettings, jobs: int, weights: str
) -> None:
    """Begin what the processes of `draw` import and read, if there will be any on a CPU.

    This process imports and reads the same, in the same time.

    Parameters
    ----------
    requests, settings, jobs
        As in `draw`.
    weights : str
        Name or path, "" for the default ones.
    """
    todo = list(batches(requests, "cpu", settings))
    moves = all(request.condition is None or request.condition.moves_atoms for request in requests)
    if moves and _count(todo, jobs) > 1 and can_be_sent(todo):
        start_early(MODULES, {WEIGHTS: weights})


def _count(todo: Sequence[Sequence[Request]], jobs: int) -> int:
    """Processes for batches that can be drawn in any of them."""
    return process_count(jobs, len(todo), LEAST_BATCHES)


def _processes(denoiser: Denoiser, todo: Sequence[Sequence[Request]], jobs: int) -> int:
    """How many processes draw the batches."""
    reason = ""
    if str(denoiser.device) != "cpu":
        reason = "only a CPU is shared by processes; leave it out"
    elif not can_be_sent(todo):
        reason = "the condition holds a function that cannot be sent to other processes; use 1"
    if not reason:
        return _count(todo, jobs)
    if jobs > 1:
        raise ValueError(f"`jobs` {jobs}: {reason}")
    return 1


def can_be_sent(todo: Sequence[Sequence[Request]]) -> bool:
    """Whether batches can go to another process: functions of a user's file cannot."""
    try:
        sent = pickle.dumps([batch[0] for batch in todo])
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    # What a notebook defines has a name in a module that no other process can import.
    return hasattr(sys.modules["__main__"], "__file__") or b"__main__" not in sent


def drawn(
    denoiser: Denoiser | SameWeights,
    settings: SamplingSettings,
    seed: int,
    times: Float[Tensor, " steps"] | None,
    frames: FrameChoice | None,
    batch: Sequence[Request],
) -> list[Sample]:
    """Samples of one batch, in a process of its own or on another machine.

    Parameters
    ----------
    denoiser : Denoiser or SameWeights
    settings, seed, times, frames
        As in `draw`.
    batch : sequence of Request
    """
    from ..network.numerics import one_thread
    from ..network.weights import load_same_weights

    if isinstance(denoiser, SameWeights):
        denoiser = load_same_weights(*denoiser)
    with one_thread(denoiser.device):
        return sample_with_windows(denoiser, batch, settings, seed=seed, times=times, frames=frames)


def _sequences_alone(requests: Sequence[Request], seed: int) -> list[Sample]:
    """Samples of requests that move no atom; the structure network is not called."""
    began = time.perf_counter()
    designed = list(designed_alone(requests, seed))
    seconds = (time.perf_counter() - began) / len(requests)
    return [Sample(request, backbone, 0, seconds) for request, backbone in designed]
