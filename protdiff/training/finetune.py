"""`finetune`: weights for a user's own structures, with what changed."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from ..structure.backbone import Backbone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike
    from typing import Unpack

    from jaxtyping import Float

    from ..dataset import ChainSet
    from ..dataset.build import Reading
    from .adaptation import FinetuneSettings

__all__ = ["finetune", "portrait"]

#: Residues of the chains to learn from.
MIN_LENGTH, MAX_LENGTH = 24, 512


class ReadingOptions(TypedDict, total=False):
    """Options of `finetune` that `protdiff.dataset.build.Reading` describes."""

    stride: int
    models: str
    jobs: int


def finetune(
    structures: Sequence[Backbone] | Sequence[str | PathLike[str]],
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
    structures : list of Backbone, or of str or path
        Backbones, or inputs as for ``protdiff data build``.
    out : str or path
        The .safetensors file to write: adapters, or all weights if ``settings.rank`` is None.
    weights : str or path, optional
        Weights to start from.
    hold_out : float
        Share of the chains that only measure.
    samples : int
        Backbones to draw before and after, for the comparison; those before are also what the
        network must not forget. 0: neither.
    settings : protdiff.training.adaptation.FinetuneSettings, optional
    report : callable
        Gets a line of text now and then.
    progress : callable, optional
        Called with the share that is done.
    **reading
        `stride`, `models` and `jobs`: how files are read, see `protdiff.dataset.build.Reading`.

    Returns
    -------
    dict
        chains, rejected; steps, minutes, loss_before, loss_after, bands_before, bands_after (on
        the chains held out); before and after, see `portrait`. All but `after` and `minutes` are
        stored in the file, too.

    Raises
    ------
    ValueError
        If no chain can be used, or the file cannot be written.

    Examples
    --------
    >>> import protdiff
    >>> numbers = protdiff.finetune(["my/designs/*.pdb"], "mine.safetensors")  # doctest: +SKIP
    >>> backbones = protdiff.generate(100, weights="mine.safetensors")  # doctest: +SKIP
    """
    from ..dataset.build import Reading
    from ..network.weights import find_weights
    from ..sampling.generate import generate
    from .adaptation import (
        ChainGroups,
        FinetuneSettings,
        finetune_chains,
        for_one_sequence,
        hold_out_chains,
    )

    out, settings = Path(out), settings or FinetuneSettings()
    if out.suffix != ".safetensors" or not out.parent.is_dir():
        raise ValueError(f"{out}: must end in .safetensors and lie in a folder that exists")
    origin = find_weights(weights)
    chains, n_rejected = _read_chains(structures, Reading(identical=True, **reading))
    train, held_out, ensemble = hold_out_chains(chains, hold_out, settings.seed)
    report(f"{len(train)} chains to learn from, {len(held_out)} held out")
    if ensemble:
        report("all of one sequence: the frames held out are neighbours of those learned")
        settings = for_one_sequence(settings)
    numbers: dict[str, Any] = {"chains": len(chains), "rejected": n_rejected}
    lengths = _sample_lengths(chains, samples)

    def draw(weights: Path) -> list[Backbone]:
        return generate(
            lengths, num=samples, seed=settings.seed, device=settings.device, weights=weights
        )

    rehearsal = None
    if samples:
        report(f"drawing {samples} backbones with the original weights")
        drawn = draw(origin)
        numbers["before"] = portrait(drawn, chains, ensemble)
        rehearsal = _without_types(drawn)
    numbers |= finetune_chains(
        ChainGroups(train, held_out, rehearsal), out, weights=origin, settings=settings,
        report=report, card=numbers, progress=progress,
    )  # fmt: skip
    if samples:
        report(f"drawing {samples} backbones with the new weights")
        numbers["after"] = portrait(draw(out), chains, ensemble)
    return numbers


def _read_chains(
    structures: Iterable[Backbone | str | PathLike[str]], reading: Reading
) -> tuple[ChainSet, int]:
    """Chains, in memory, of backbones or of inputs, and the number of chains rejected."""
    from ..dataset import ChainSet
    from ..dataset.build import build_dataset
    from ..dataset.filters import Limits
    from ..dataset.memory import chain_set

    structures, limits = list(structures), Limits(MIN_LENGTH, MAX_LENGTH)
    backbones = [item for item in structures if isinstance(item, Backbone)]
    if len(backbones) == len(structures):
        chains, rejected = chain_set(backbones, limits)
        return chains, len(rejected)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "set"
        inputs = [str(item) for item in structures]
        summary = build_dataset(inputs, place, limits=limits, reading=reading)
        chains = ChainSet.open(place).compact()
    return chains, sum(summary["rejected"].values())


def _without_types(backbones: list[Backbone]) -> ChainSet:
    """Chains of samples, as they are; their residue types mean nothing."""
    from ..dataset.filters import Limits
    from ..dataset.memory import chain_set
    from ..dataset.store import UNKNOWN

    chains, _ = chain_set(backbones, Limits(3, 2048, proper=False))
    return replace(chains, types=np.full_like(chains.types, UNKNOWN))


def _sample_lengths(chains: ChainSet, count: int) -> list[int]:
    """Lengths of samples: those of the chains at equal steps of their order."""
    order = np.sort(chains.lengths)
    return [int(n) for n in order[np.linspace(0, len(order) - 1, count).round().astype(int)]]


def portrait(
    backbones: Sequence[Backbone], chains: ChainSet, ensemble: bool = False
) -> dict[str, float]:
    """What kind of structures these are, beside the chains that the weights were tuned to.

    Parameters
    ----------
    backbones : list of Backbone
    chains : ChainSet
    ensemble : bool
        The chains are conformations of one sequence: give the distance to the nearest one, too.

    Returns
    -------
    dict of str to float
        frechet: Fréchet distance on descriptors in units of real chains' spread, with a bias
        that is the same for sets of one size; helix, strand (shares by DSSP), rg_ratio (median)
        of the backbones; the same of the chains, with the prefix ``user_``; rmsd: median CA
        distance in Å to the nearest conformation.
    """
    from ..metrics.frechet import frechet_distance
    from ..metrics.population import describe, gather, real_population

    drawn, tuned = (
        gather([describe(str(number), item) for number, item in enumerate(group)])
        for group in (backbones, [chain.backbone() for chain in chains])
    )
    spread = np.nanstd(real_population().descriptors, axis=0)
    used = np.isfinite(drawn.descriptors).all(0) & np.isfinite(tuned.descriptors).all(0)
    used &= spread > 0
    scaled = (group.descriptors[:, used] / spread[used] for group in (drawn, tuned))
    numbers = {"frechet": frechet_distance(*scaled)}
    for prefix, group in (("", drawn), ("user_", tuned)):
        numbers[f"{prefix}helix"] = float(group.column("dssp_helix").mean())
        numbers[f"{prefix}strand"] = float(group.column("dssp_strand").mean())
        numbers[f"{prefix}rg_ratio"] = float(np.median(group.column("rg_ratio")))
    if ensemble:
        numbers["rmsd"] = float(np.median(nearest_conformation(backbones, chains)))
    return numbers


def nearest_conformation(
    backbones: Sequence[Backbone], chains: ChainSet
) -> Float[np.ndarray, " backbones"]:
    """CA RMSD (Å) of each backbone to the nearest chain of its length; NaN without one."""
    import torch

    from ..structure.superposition import rmsd

    traces = [torch.tensor(chain.backbone().ca) for chain in chains]
    distances: list[float] = []
    for backbone in backbones:
        ca = torch.tensor(backbone.ca)
        same = [trace for trace in traces if len(trace) == len(ca)]
        distances.append(min((float(rmsd(ca, trace)) for trace in same), default=float("nan")))
    return np.array(distances)
