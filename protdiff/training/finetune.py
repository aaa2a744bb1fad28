"""`finetune`: weights for a user's own structures, with what changed."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..structure.backbone import Backbone

__all__ = ["finetune", "portrait"]

#: Shortest chain to learn from, longest one.
SHORTEST, LONGEST = 24, 512


def finetune(
    structures,
    out,
    *,
    weights=None,
    hold_out=0.1,
    samples=24,
    stride=1,
    models="first",
    jobs=1,
    settings=None,
    report=lambda text: None,
    progress=None,
):
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
    stride, models, jobs
        See `protdiff.dataset.build.build_dataset`.
    settings : protdiff.training.adaptation.FinetuneSettings, optional
    report : callable
        Gets a line of text now and then.
    progress : callable, optional
        Called with the share that is done.

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
    """
    from ..dataset.filters import Limits
    from ..dataset.memory import chain_set
    from ..dataset.store import UNKNOWN
    from ..network.weights import find_weights
    from ..sampling.generate import generate
    from .adaptation import (
        FinetuneSettings,
        finetune_chains,
        for_one_sequence,
        hold_out_chains,
    )

    out, settings = Path(out), settings or FinetuneSettings()
    if out.suffix != ".safetensors" or not out.parent.is_dir():
        raise ValueError(f"{out}: must end in .safetensors and lie in a folder that exists")
    origin = find_weights(weights)
    chains, rejected = _chains(structures, stride, models, jobs)
    train, held_out, random = hold_out_chains(chains, hold_out, settings.seed)
    report(f"{len(train)} chains to learn from, {len(held_out)} held out")
    if random:
        report("all of one sequence: the frames held out are neighbours of those learned")
        settings = for_one_sequence(settings)
    numbers = {"chains": len(chains), "rejected": len(rejected)}
    draw = dict(
        length=_lengths(chains, samples), num=samples, seed=settings.seed, device=settings.device
    )
    rehearsal = None
    if samples:
        report(f"drawing {samples} backbones with the original weights")
        drawn = generate(weights=origin, **draw)
        numbers["before"] = portrait(drawn, chains, random)
        rehearsal, _ = chain_set(drawn, Limits(3, 2048, proper=False))
        rehearsal = replace(rehearsal, types=np.full_like(rehearsal.types, UNKNOWN))
    numbers |= finetune_chains(
        train, held_out, out, weights=origin, rehearsal=rehearsal, settings=settings,
        report=report, card=numbers, progress=progress,
    )  # fmt: skip
    if samples:
        report(f"drawing {samples} backbones with the new weights")
        numbers["after"] = portrait(generate(weights=out, **draw), chains, random)
    return numbers


def _chains(structures, stride, models, jobs):
    """`ChainSet` in memory of backbones or of inputs, and what was rejected."""
    from ..dataset import ChainSet
    from ..dataset.build import Reading, build_dataset
    from ..dataset.filters import Limits
    from ..dataset.memory import chain_set

    structures, limits = list(structures), Limits(SHORTEST, LONGEST)
    if all(isinstance(one, Backbone) for one in structures):
        return chain_set(structures, limits)
    with tempfile.TemporaryDirectory() as folder:
        summary = build_dataset(
            [str(one) for one in structures], Path(folder) / "set", limits=limits,
            reading=Reading(stride, models, identical=True, jobs=jobs),
        )  # fmt: skip
        chains = ChainSet.open(Path(folder) / "set").compact()
    return chains, [kind for kind, n in summary["rejected"].items() for _ in range(n)]


def _lengths(chains, count):
    """Lengths of samples: those of the chains at equal steps of their order."""
    order = np.sort(chains.lengths)
    return [int(n) for n in order[np.linspace(0, len(order) - 1, count).round().astype(int)]] or 64


def portrait(backbones, chains, ensemble=False):
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
        that is the same for sets of one size; helix, strand (DSSP), rg_ratio (median) of the
        backbones; the same of the chains; rmsd: median CA distance in Å to the nearest
        conformation.
    """
    from ..metrics.frechet import frechet_distance
    from ..metrics.population import describe, gather, real_population

    mine, theirs = (
        gather([describe(str(k), one) for k, one in enumerate(group)])
        for group in (backbones, [chain.backbone() for chain in chains])
    )
    spread = np.nanstd(real_population().descriptors, axis=0)
    used = np.isfinite(mine.descriptors).all(0) & np.isfinite(theirs.descriptors).all(0)
    used &= spread > 0
    one, two = (group.descriptors[:, used] / spread[used] for group in (mine, theirs))
    numbers = {"frechet": frechet_distance(one, two)}
    for key, group in (("", mine), ("user_", theirs)):
        numbers[f"{key}helix"] = float(group.column("dssp_helix").mean())
        numbers[f"{key}strand"] = float(group.column("dssp_strand").mean())
        numbers[f"{key}rg_ratio"] = float(np.median(group.column("rg_ratio")))
    if ensemble:
        numbers["rmsd"] = float(np.median(nearest_conformation(backbones, chains)))
    return numbers


def nearest_conformation(backbones, chains):
    """CA RMSD in Å of each backbone to the nearest chain of its length; NaN without one."""
    import torch

    from ..structure.superposition import rmsd

    traces = [torch.tensor(chain.backbone().ca) for chain in chains]
    out = []
    for backbone in backbones:
        ca = torch.tensor(backbone.ca)
        same = [trace for trace in traces if len(trace) == len(ca)]
        out.append(min((float(rmsd(ca, trace)) for trace in same), default=float("nan")))
    return np.array(out)
