"""The work behind one row of `protdiff score`, in this process or in several."""

import multiprocessing
import os
from functools import cache
from typing import NamedTuple

__all__ = ["RESIDUE_COLUMNS", "Options", "mapped", "score_task"]

RESIDUE_COLUMNS = (
    "model", "reference", "model_chain", "model_number", "model_residue", "reference_chain",
    "reference_number", "reference_residue", "distance", "lddt", "nats",
)  # fmt: skip


class Options(NamedTuple):
    """What is the same for all rows."""

    alignment: str
    chains: list | None
    normalize: str
    quality: bool
    per_residue: bool
    superpose: object  # folder or None
    likelihood: str | None
    samples: int
    sequence: str  # "auto", "none" or letters
    weights: object  # path of the weights
    color: object  # folder or None


def score_task(task, options):
    """Row of one task, and its rows of residues; never raises for bad input."""
    import torch

    from ...metrics.scores import score
    from ...structure.io.read_write import read, write

    torch.set_num_threads(1)
    row = {"model": str(task.model), "reference": str(task.reference or "")}
    if task.error:
        return row | {"error": task.error}, []
    try:
        model = read(task.model, ca_only=True)
        reference = None if task.reference is None else read(task.reference, ca_only=True)
        scores = score(
            model, reference, alignment=options.alignment, chains=options.chains,
            normalize=options.normalize, with_quality=options.quality,
        )  # fmt: skip
        row |= scores.row()
        nats = None
        if options.likelihood is not None:
            found = _log_likelihood(model, options)
            row, nats = row | found.row(), found.residues
            if options.color is not None:
                write(colored(model, nats), options.color / task.model.name)
        if options.superpose is not None:
            write(scores.superpose(model), options.superpose / task.model.name)
    except ValueError as error:
        return row | {"error": " ".join(str(error).split())}, []
    residues = []
    if options.per_residue:
        residues = residue_rows(row, model, reference, scores, nats)
    return row, residues


@cache
def _denoiser(weights):
    from ...network.weights import load_weights

    return load_weights(weights, "cpu")


def _log_likelihood(model, options):
    """`Likelihood` of a model."""
    from ...analysis import log_likelihood

    sequence = options.sequence
    if sequence == "auto":  # designs without a sequence are all alanine, or all glycine
        sequence = model.sequence if len(set(model.sequence) - set("X")) > 1 else "none"
    return log_likelihood(
        _denoiser(options.weights), model, method=options.likelihood, samples=options.samples,
        sequence=None if sequence == "none" else sequence,
    )  # fmt: skip


def colored(model, values):
    """The model with values in place of its B-factors, 0 where there is none."""
    import numpy as np

    from ...structure.backbone import Backbone

    arrays = (getattr(model, name) for name in Backbone.__slots__[:-1])
    return Backbone(*arrays, np.nan_to_num(values).clip(-99.99, 999.99))


def residue_rows(row, model, reference, scores, nats):
    """One row per pair of residues, or per residue of the model without a reference."""
    import numpy as np

    nan = np.full(len(model), np.nan)
    if reference is None:
        pairs, distance, lddt = [(i, None) for i in range(len(model))], nan, nan
    else:
        pairs, distance, lddt = scores.pairs.tolist(), scores.distance, scores.residue_lddt
    nats, out = nan if nats is None else nats, []
    for (i, j), *numbers in zip(pairs, distance.tolist(), lddt.tolist(), strict=True):
        values = [row["model"], row["reference"]]
        for backbone, k in ((model, i), (reference, j)):
            if k is None:
                values += ["", "", ""]
                continue
            number = f"{backbone.residue_numbers[k]}{backbone.insertion_codes[k]}"
            values += [str(backbone.chain_ids[k]), number, str(backbone.residue_names[k])]
        values += [*numbers, float(nats[i])]
        out.append(dict(zip(RESIDUE_COLUMNS, values, strict=True)))
    return out


class mapped:
    """Context that yields ``map(work, tasks)`` in order, in one process or several."""

    def __init__(self, work, tasks, jobs):
        self.work, self.tasks, self.pool = work, tasks, None
        self.jobs = min(jobs or os.cpu_count() or 1, len(tasks))

    def __enter__(self):
        if self.jobs <= 1:
            return map(self.work, self.tasks)
        self.pool = multiprocessing.get_context("spawn").Pool(self.jobs)
        return self.pool.imap(self.work, self.tasks, chunksize=4)

    def __exit__(self, *_):
        if self.pool is not None:
            self.pool.terminate()
