"""Longer chains: new residues at the ends of a structure, window after window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from .._system.torch_settings import single_precision
from .batching import residues_at_once
from .broken_bonds import warn_of_samples
from .counts import check_counts, check_num
from .draw import draw
from .extension import Extension
from .plan import Request, resolved
from .sample import Sample, network_calls
from .settings import DEFAULTS, SamplingOptions, SamplingSettings
from .window import seed_of_window

if TYPE_CHECKING:
    from ..network import Denoiser
    from ..structure.backbone import Backbone

__all__ = ["draw_extensions", "extend", "extension_calls", "together"]


def extend(
    source: Backbone | str | PathLike[str],
    to: int,
    num: int = 1,
    *,
    chain: str | None = None,
    end: str = "C",
    seed: int = 0,
    weights: str | PathLike[str] | None = None,
    device: str = "auto",
    **sampling: Unpack[SamplingOptions],
) -> list[Backbone]:
    """Extend a chain by new residues at its ends; all that is in the structure stays.

    Parameters
    ----------
    source : Backbone or str or path
        The structure, or a file of it. Chains that do not grow are obstacles.
    to : int
        Residues that the chain has in the end.
    num : int
        Number of structures.
    chain : str, optional
        Which chain grows; needed if there are several.
    end : {"C", "N", "both"}
        Where it grows. "both": half of the residues at either end, the odd one at C.
    seed : int
    weights : str or path, optional
        Name of shipped weights, or a .safetensors file.
    device : {"auto", "cpu", "cuda", "mps"}
    **sampling
        Fields of `protdiff.sampling.SamplingSettings`.

    Returns
    -------
    list of Backbone
        All chains of the source. New residues continue its residue numbers, and are alanine.

    Raises
    ------
    ValueError
        See `Extension`; and for a negative `num` or `seed`, or more than a million structures.

    Warns
    -----
    ProtdiffWarning
        If bonds are broken, as with too few `steps`.

    Examples
    --------
    >>> import protdiff
    >>> [short] = protdiff.generate(length=20, steps=12)
    >>> [longer] = protdiff.extend(short, to=24, steps=12)
    >>> len(longer)
    24
    """
    from ..network.numerics import pick_device
    from ..network.weights import load_weights
    from ..structure.backbone import Backbone
    from ..structure.io.read_write import read

    check_counts(num=num, seed=seed)
    check_num(num)
    settings = SamplingSettings(**sampling)
    backbone = source if isinstance(source, Backbone) else read(source)
    extension = Extension(backbone, to, chain, end)
    with single_precision():
        denoiser = load_weights(weights, pick_device(device))
        drawn = draw_extensions(denoiser, extension, range(num), settings, seed=seed)
        samples = [sample for group in drawn for sample in group]
    warn_of_samples(samples, settings, stacklevel=2)
    return [sample.backbone for sample in samples]


def extension_calls(extension: Extension, settings: SamplingSettings) -> int:
    """Network calls for one structure."""
    from ..conditioning.placed_redesign import PlacedRedesign

    per_window = network_calls(settings, PlacedRedesign)
    return len(extension.windows()) * per_window


def draw_extensions(
    denoiser: Denoiser,
    extension: Extension,
    indices: Sequence[int],
    settings: SamplingSettings = DEFAULTS,
    *,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> Iterator[list[Sample]]:
    """Draw extensions of a chain; one list for all that go through the network together.

    Parameters
    ----------
    denoiser : Denoiser
    extension : Extension
    indices : sequence of int
        Numbers of the samples: with the seed they fix the random numbers.
    settings : SamplingSettings
        `steps` network calls per window and sample; the second pass of a redesign adds two fifths.
    seed : int
    advance : callable, optional
        Called with the number of chains after every network call.
    """
    for group in together(extension, indices, denoiser.device, settings):
        yield _extended(denoiser, extension, group, settings, seed, advance)


def together(
    extension: Extension,
    indices: Sequence[int],
    device: object,
    settings: SamplingSettings = DEFAULTS,
) -> list[Sequence[int]]:
    """Samples of `draw_extensions` that go through the network together, by their numbers."""
    residues = min(extension.window, extension.to)
    count = max(1, residues_at_once(device, settings) // residues)
    return [indices[first : first + count] for first in range(0, len(indices), count)]


def _extended(
    denoiser: Denoiser,
    extension: Extension,
    indices: Sequence[int],
    settings: SamplingSettings,
    seed: int,
    advance: Callable[[int], None] | None,
) -> list[Sample]:
    """One list of samples, window after window."""
    from ..conditioning import Redesign

    start, chain = extension.grown()
    samples = {i: Sample(extension.request(i), start, 0, 0.0) for i in indices}
    for number, window in enumerate(extension.windows()):
        rows = chain[window.start : window.stop]
        cuts = [(a - window.start, b - window.start) for a, b in window.new]
        window_seed = seed if number == 0 else seed_of_window(seed, number)
        requests: list[Request] = []
        for i, before in samples.items():
            redesign = Redesign.at(before.backbone, rows, cuts, "`source`")
            requests.append(resolved(Request(i, redesign.lengths()[0]), redesign, window_seed))
        for batch in draw(denoiser, requests, settings, seed=window_seed, advance=advance):
            for drawn in batch:
                before = samples[drawn.request.index]
                samples[drawn.request.index] = Sample(
                    before.request,
                    drawn.backbone,
                    before.calls + drawn.calls,
                    before.seconds + drawn.seconds,
                )
    return list(samples.values())
