"""`finetune`: weights for a user's structures, with a comparison of samples before and after."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from .._system.files import ensure_writable, temporary_folder
from .._system.locks import one_writer
from .._system.notices import warn
from .._system.torch_settings import single_precision
from .._system.words import counted, either
from ..structure.backbone import Backbone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike
    from typing import Unpack

    from ..dataset import ChainSet
    from ..dataset.build import Reading
    from .finetune_settings import FinetuneSettings

__all__ = ["finetune"]

#: Residues of the chains to learn from.
MIN_LENGTH, MAX_LENGTH = 24, 512
#: Warnings about inputs that are shown one by one.
WARNINGS_SHOWN = 5


class ReadingOptions(TypedDict, total=False):
    """Options of `finetune` that `protdiff.dataset.build.Reading` describes."""

    stride: int
    models: str
    jobs: int


def finetune(
    structures: str | PathLike[str] | Sequence[Backbone] | Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    weights: str | PathLike[str] | None = None,
    hold_out: float = 0.1,
    samples: int = 24,
    settings: FinetuneSettings | None = None,
    report: Callable[[str], object] = lambda text: None,
    progress: Callable[[float], object] | None = None,
    **reading: Unpack[ReadingOptions],
) -> dict[str, Any]:
    """Fine-tune the shipped weights to some structures.

    Parameters
    ----------
    structures : list of Backbone, or str or path or list of these
        Backbones, or inputs as for ``protdiff data build``: files, folders, patterns.
    out : str or path
        The .safetensors file to write: adapters, or all weights if ``settings.rank`` is None.
    weights : str or path, optional
        Weights to start from.
    hold_out : float
        Share of the chains that are not learned from: the loss is measured on them.
    samples : int
        Backbones to draw before and after, for the comparison, at least 2. Those drawn before are
        also what the network rehearses, so that it does not forget; on every fourth of them, which
        is not rehearsed, is measured what it forgot. 0: no comparison and no rehearsals.
    settings : protdiff.training.finetune_settings.FinetuneSettings, optional
    report : callable
        Gets a line of text now and then.
    progress : callable, optional
        Called after every step with the share of the training that is done.
    **reading
        `stride`, `models` and `jobs`: how files are read, see `protdiff.dataset.build.Reading`.

    Returns
    -------
    dict
        chains, rejected: numbers of chains; steps, minutes, kept_step, loss_before, loss_after,
        loss_change, others_change, bands_before, bands_after: see `finetune_chains`; before, after:
        the samples of the original and the new weights, see `protdiff.training.portrait`. All but
        `after` and `minutes` are stored in the file, too.

    Raises
    ------
    ValueError
        If no chain can be used, there are too few to hold out any, a number is out of range,
        adapters of `weights` could not be loaded from `out`, or another process is writing `out`.
    OSError
        If `out` cannot be written. This, too, is found out before any work.

    Warns
    -----
    ProtdiffWarning
        If chains are left out, or if the original weights are better than all that came after, so
        that they are written.

    Examples
    --------
    >>> import protdiff
    >>> numbers = protdiff.finetune(["my/designs/*.pdb"], "mine.safetensors")  # doctest: +SKIP
    >>> backbones = protdiff.generate(100, weights="mine.safetensors")  # doctest: +SKIP
    """
    from ..dataset.build import Reading
    from ..network.weights import find_weights
    from .finetune_settings import FinetuneSettings

    out, settings = Path(out), settings or FinetuneSettings()
    if samples == 1 or samples < 0:
        raise ValueError(f"`samples` {samples}: a comparison needs at least 2; 0 for none")
    if not 0 < hold_out < 1:
        raise ValueError(f"`hold_out` {hold_out}: must be a share of the chains, such as 0.1")
    if settings.keep and not samples:
        raise ValueError(
            f"`keep` {settings.keep:g}: what is rehearsed are `samples`, and those are 0"
        )
    origin = find_weights(weights)
    check_place(out, origin, adapters=settings.rank is not None)
    with one_writer(out), single_precision():
        read = _read_chains(structures, Reading(identical=True, **reading))
        return _finetune(read, out, origin, hold_out, samples, settings, report, progress)


def _finetune(
    read: tuple[ChainSet, Counter[str]],
    out: Path,
    origin: Path,
    hold_out: float,
    samples: int,
    settings: FinetuneSettings,
    report: Callable[[str], object],
    progress: Callable[[float], object] | None,
) -> dict[str, Any]:
    """The steps of `finetune` once chains are read."""
    from ..sampling.generate import generate
    from .adaptation import finetune_chains
    from .chain_groups import ChainGroups, hold_out_chains
    from .finetune_settings import for_one_sequence
    from .portrait import portrait

    chains, rejected = read
    train, held_out, ensemble = hold_out_chains(chains, hold_out, settings.seed)
    report(f"{counted(len(train), 'chain')} to learn from, {len(held_out)} held out")
    if rejected:
        kinds = ", ".join(f"{kind} {count}" for kind, count in rejected.most_common())
        left = rejected.total()
        all_chains = counted(left + len(chains), "chain")
        warn(f"{left} of {all_chains} {either(left, 'is', 'are')} left out: {kinds}")
    if ensemble:
        report("all of one sequence: the frames held out are neighbours of those learned")
        settings = for_one_sequence(settings)
    numbers: dict[str, Any] = {"chains": len(chains), "rejected": rejected.total()}
    lengths = _sample_lengths(chains, samples)

    def draw(weights: Path) -> list[Backbone]:
        return generate(
            lengths, num=samples, seed=settings.seed, device=settings.device, weights=weights
        )

    rehearsal = others = None
    if samples:
        report(f"drawing {counted(samples, 'backbone')} with the original weights")
        drawn = draw(origin)
        numbers["before"] = portrait(drawn, chains, ensemble)
        others = _without_types(drawn[::4])
        rehearsal = _without_types([item for k, item in enumerate(drawn) if k % 4])
    numbers |= finetune_chains(
        ChainGroups(train, held_out, rehearsal, others), out, weights=origin, settings=settings,
        report=report, card=numbers, progress=progress,
    )  # fmt: skip
    if samples:
        report(f"{out} is written; drawing {counted(samples, 'backbone')} with it")
        numbers["after"] = portrait(draw(out), chains, ensemble)
    return numbers


def check_place(out: Path, origin: Path, adapters: bool) -> None:
    """Refuse a place from which the new weights could not be loaded, or where none can be written.

    Parameters
    ----------
    out : Path
        File to write.
    origin : Path
        Weights to start from.
    adapters : bool
        The file will hold adapters: they need the original weights when they are loaded.

    Raises
    ------
    ValueError, OSError
    """
    from ..network.weights import ADAPTERS, WeightsError, base_digest, find_base, read_metadata

    if out.suffix != ".safetensors" or not out.parent.is_dir():
        raise ValueError(f"{out}: must end in .safetensors and lie in a folder that exists")
    if adapters:
        if out.exists() and out.samefile(origin):
            raise ValueError(f"{out}: adapters need the weights in this file; give another `out`")
        if read_metadata(origin)["format"] == ADAPTERS:
            raise ValueError(
                f"{origin}: holds adapters, and adapters of adapters cannot be loaded; make whole "
                "weights of them first: protdiff weights merge"
            )
        try:
            find_base(out, {"name": origin.stem, "sha256": base_digest(origin)})
        except WeightsError:
            raise ValueError(
                f"{out}: adapters of {origin} are loaded only from its own folder; write them there"
            ) from None
    ensure_writable(out)


def _read_chains(
    structures: str | PathLike[str] | Iterable[Backbone | str | PathLike[str]], reading: Reading
) -> tuple[ChainSet, Counter[str]]:
    """Chains of backbones, or of files and other inputs; and how many were rejected by kind."""
    from ..dataset import ChainSet
    from ..dataset.build import build_dataset, listed_warnings
    from ..dataset.filters import Limits
    from ..dataset.memory import chain_set

    if isinstance(structures, (str, os.PathLike)):
        structures = [structures]
    structures, limits = list(structures), Limits(MIN_LENGTH, MAX_LENGTH)
    backbones = [item for item in structures if isinstance(item, Backbone)]
    if len(backbones) == len(structures):
        chains, rejected = chain_set(backbones, limits)
        return chains, Counter(item.kind for item in rejected)
    with temporary_folder() as folder:
        dataset = folder / "set"
        inputs = [str(item) for item in structures]
        summary = build_dataset(inputs, dataset, limits=limits, reading=reading)
        chains, texts = ChainSet.open(dataset).compact(), listed_warnings(dataset)
    for text in texts[:WARNINGS_SHOWN]:
        warn(text)
    if (more := len(texts) - WARNINGS_SHOWN) > 0:
        warn(f"{counted(more, 'more warning')} about inputs; a data set lists them")
    return chains, Counter(summary["rejected"])


def _without_types(backbones: list[Backbone]) -> ChainSet:
    """Chains of samples without their residue types, which are all ALA and mean nothing."""
    from ..dataset.filters import Limits
    from ..dataset.memory import chain_set
    from ..dataset.store import UNKNOWN

    chains, _ = chain_set(backbones, Limits(3, 2048, proper=False))
    return replace(chains, types=np.full_like(chains.types, UNKNOWN))


def _sample_lengths(chains: ChainSet, count: int) -> list[int]:
    """Lengths of samples: evenly spaced quantiles of the lengths of the chains."""
    order = np.sort(chains.lengths)
    return [int(n) for n in order[np.linspace(0, len(order) - 1, count).round().astype(int)]]
