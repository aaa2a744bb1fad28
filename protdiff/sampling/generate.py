"""`protdiff.generate`: backbones from Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from .._system.torch_settings import single_precision
from .broken_bonds import warn_of_samples
from .counts import check_counts
from .draw import draw
from .frame_choice import FrameChoice
from .plan import Texts, plan_requests
from .settings import SamplingOptions, SamplingSettings

if TYPE_CHECKING:
    from ..conditioning.base import Condition, Correction
    from ..structure.backbone import Backbone
    from ..structure.trajectory import Trajectory
    from .sample import Sample

__all__ = ["GenerateOptions", "generate", "trajectories"]


class GenerateOptions(SamplingOptions, total=False):
    """Keyword arguments of `generate`."""

    seed: int
    sequence: str | None
    secondary_structure: str | None
    blueprint: str | None
    condition: Condition | Correction | None
    window: int | None
    weights: str | PathLike[str] | None
    device: str
    jobs: int


def generate(
    length: int | Sequence[int] | None = None,
    num: int = 1,
    *,
    seed: int = 0,
    sequence: str | None = None,
    secondary_structure: str | None = None,
    blueprint: str | None = None,
    condition: Condition | Correction | None = None,
    window: int | None = None,
    weights: str | PathLike[str] | None = None,
    device: str = "auto",
    jobs: int = 1,
    **sampling: Unpack[SamplingOptions],
) -> list[Backbone]:
    """Generate protein backbones.

    Parameters
    ----------
    length : int, range or sequence of int, optional
        Residues: one length for all, a range to draw from, or lengths taken in turn. May be left
        out when `sequence` or `secondary_structure` is given.
    num : int
        Number of backbones.
    seed : int
        Sample i of a seed is the same whatever `num` and `batch_size` are.
    sequence : str, optional
        One-letter codes, X for "not given".
    secondary_structure : str, optional
        H, E and C per residue, - for "not given", ? for a state that is drawn for every sample, as
        real proteins have it.
    blueprint : {"helical", "strand", "mixed"}, optional
        Fold class of the states that are drawn; without `secondary_structure`, all of them are.
    condition : Condition or callable, optional
        Condition that the backbones meet, see `protdiff.conditioning`, or a plain function
        ``(clean, variance, u) -> clean``; several may be added with ``+``. It may fix the length.
    window : int, optional
        Chains longer than this, of up to 4096 residues, are drawn coarse first and then in windows
        of so many residues, see `protdiff.sampling.InteriorPlan`. Needs less memory.
    weights : str or path, optional
        Name of shipped weights, or a .safetensors file.
    device : {"auto", "cpu", "cuda", "mps"}
    jobs : int
        Processes that draw batches side by side, on a CPU; 0 for as many as there is work for, up
        to the number of cores. The backbones are the same for every number. A script that uses it
        needs ``if __name__ == "__main__":``, as always with processes.
    **sampling
        Fields of `protdiff.sampling.SamplingSettings`: `steps`, `sampler`, `diffusion`, `churn`,
        `temperature`, `guidance`, `batch_size`, `law`, `times`.

    Returns
    -------
    list of Backbone
        In order of their sample number.

    Raises
    ------
    ValueError
        For lengths outside 8-2048, unknown letters, texts that do not fit the length, and a window
        that does not fit the length or comes with a condition.

    Warns
    -----
    ProtdiffWarning
        If bonds are broken, as with too few `steps`.

    Examples
    --------
    >>> import protdiff
    >>> [backbone] = protdiff.generate(length=40, steps=10, seed=1)
    >>> backbone.coords.shape
    (40, 4, 3)
    """
    samples = _samples(
        length, num, None, seed=seed, sequence=sequence, secondary_structure=secondary_structure,
        blueprint=blueprint, condition=condition, window=window, weights=weights, device=device,
        jobs=jobs, **sampling,
    )  # fmt: skip
    return [sample.backbone for sample in samples]


def trajectories(
    length: int | Sequence[int] | None = None,
    num: int = 1,
    *,
    every: int = 1,
    noisy: bool = False,
    **options: Unpack[GenerateOptions],
) -> list[Trajectory]:
    """Generate protein backbones, and keep how each takes shape.

    Parameters
    ----------
    length, num, **options
        As in `generate`, which draws the same backbones.
    every : int
        Keep the first step and every so many after it.
    noisy : bool
        Keep the noisy chain, not the estimate of the structure without noise.

    Returns
    -------
    list of Trajectory
        In order of their sample number. The frames of each are superposed on the last, which is the
        backbone. `protdiff.structure.io.write_trajectory` writes them.

    Raises
    ------
    ValueError
        As `generate`, and where no atom moves.

    Examples
    --------
    >>> import protdiff
    >>> [trajectory] = protdiff.trajectories(length=40, steps=10, every=3, seed=1)
    >>> trajectory.coords.shape
    (4, 40, 4, 3)
    """
    samples = _samples(length, num, FrameChoice(every, noisy), **options)
    kept = [sample.trajectory for sample in samples]
    return [trajectory for trajectory in kept if trajectory is not None]


def _samples(
    length: int | Sequence[int] | None,
    num: int,
    frames: FrameChoice | None,
    *,
    seed: int = 0,
    sequence: str | None = None,
    secondary_structure: str | None = None,
    blueprint: str | None = None,
    condition: Condition | Correction | None = None,
    window: int | None = None,
    weights: str | PathLike[str] | None = None,
    device: str = "auto",
    jobs: int = 1,
    **sampling: Unpack[SamplingOptions],
) -> list[Sample]:
    """Samples in order of their number, with the frames that are chosen."""
    from ..conditioning import base
    from ..network.numerics import pick_device
    from ..network.weights import load_weights

    check_counts(num=num, seed=seed, jobs=jobs)
    settings = SamplingSettings(**sampling)
    if condition is not None and not isinstance(condition, base.Condition):
        condition = base.Sum(condition)
    texts = Texts(
        sequences=() if sequence is None else [_one_text("sequence", sequence)],
        structure=secondary_structure and _one_text("secondary_structure", secondary_structure),
        blueprint=blueprint,
    )
    with single_precision():
        requests = plan_requests(
            num, seed, length=length, texts=texts, condition=condition, window=window
        )
        denoiser = load_weights(weights, pick_device(device))
        drawn = {
            sample.request.index: sample
            for batch in draw(denoiser, requests, settings, seed=seed, jobs=jobs, frames=frames)
            for sample in batch
        }
    samples = [drawn[index] for index in range(num)]
    warn_of_samples(samples, settings, stacklevel=3)
    return samples


def _one_text(name: str, letters: Iterable[str]) -> str:
    """Letters as one text in capitals; ValueError for several texts, which would be one chain."""
    letters = list(letters)
    if any(len(letter) != 1 for letter in letters):
        raise ValueError(f"`{name}`: is one text for all backbones; draw for each of several alone")
    return "".join(letters).upper()
