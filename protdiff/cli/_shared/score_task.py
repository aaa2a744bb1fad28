"""The work behind one row of `protdiff score`, in this process or in several."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..._system.notices import collected, warn
from ...structure.io.members import path_text
from .chains_alone import chains_alone, confidence_alone
from .flags import in_flags

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from jaxtyping import Float

    from ...analysis.structure_likelihood import Likelihood
    from ...metrics.comparison import Normalization, Scores
    from ...metrics.confidence.predicted import Confidence, PlddtSource
    from ...metrics.scores import Alignment, Atoms
    from ...structure.backbone import Backbone
    from .pairing import Task

__all__ = [
    "RESIDUE_PAIRS", "Details", "LikelihoodOptions", "Row", "RowOptions", "detail_columns",
    "score_task",
]  # fmt: skip

#: Values of a row by column.
Row = dict[str, Any]
#: Rows of the residues or interfaces of a structure, by the end of the name of their table.
Details = dict[str, list[Row]]

RESIDUE_COLUMNS = (
    "model", "reference", "model_chain", "model_number", "model_residue", "reference_chain",
    "reference_number", "reference_residue", "distance", "lddt", "nats", "plddt",
)  # fmt: skip
#: What a row has besides its columns: pLDDT and lDDT of the residues that have both, for a summary.
RESIDUE_PAIRS = "pLDDT and lDDT of residues"
#: Values that the field of a B-factor in a PDB file can hold.
MIN_B_FACTOR, MAX_B_FACTOR = -99.99, 999.99


@dataclass(frozen=True)
class LikelihoodOptions:
    """How the likelihood of a model is computed."""

    method: str
    samples: int
    sequence: str  # "auto" (that of the file), "none" or letters
    weights: Path
    weights_sha256: str
    color: Path | None  # folder for copies with nats per residue as B-factors


@dataclass(frozen=True)
class RowOptions:
    """What is the same for all rows."""

    alignment: Alignment
    chains: list[tuple[str, str]] | None
    normalize: Normalization
    quality: bool
    details: tuple[str, ...]  # "residues", "interfaces": what has a table of its own
    superpose: Path | None  # folder for the models moved onto their references
    likelihood: LikelihoodOptions | None
    plddt: PlddtSource | None = None  # None without confidences
    atoms: Atoms = "all"
    alone: tuple[str, ...] | None = None  # chains that are scored, without a reference


def detail_columns(kind: str) -> list[str]:
    """Columns of the table of residues or interfaces."""
    if kind == "residues":
        return list(RESIDUE_COLUMNS)
    from ...metrics.confidence.interface_confidence import PAIR_CONFIDENCE
    from ...metrics.interfaces.complex_scores import INTERFACE

    return ["model", "reference", *INTERFACE, *PAIR_CONFIDENCE]


def score_task(task: Task, options: RowOptions) -> tuple[Row, Details]:
    """Row of one task, and its rows of residues and interfaces; bad input: a row with an error."""
    import torch

    torch.set_num_threads(1)
    reference = "" if task.reference is None else path_text(task.reference)
    row: Row = {"model": path_text(task.model), "reference": reference}
    if task.error:
        return row | {"error": task.error}, {}
    details: Details = {}
    with collected() as texts:
        try:
            details = _score(task, options, row)
        except ValueError as error:
            # What was computed before the error, as the likelihood, is in the row already.
            row["error"] = " ".join(in_flags(str(error), "score").split())
    row["warning"] = joined_warnings(texts, task)
    return row, details


def joined_warnings(texts: list[str], task: Task) -> str:
    """Warnings of a row, which names the files itself, in one text."""
    out = []
    for text in texts:
        for what, path in (("model", task.model), ("reference", task.reference)):
            text = text if path is None else text.replace(f"{path_text(path)}: ", f"{what}: ")
        out.append(text.replace("; ", ", "))
    return "; ".join(out)


def _score(task: Task, options: RowOptions, row: Row) -> Details:
    """Fill the row of one task, and return its details; ValueError for bad input."""
    from ...metrics.scores import atoms_of_reference, backbone_of, read_given, score
    from ...structure.io.read_write import write

    given = read_given(task.model, options.atoms)
    whole = backbone_of(given)
    if options.alone is not None:
        given = chains_alone(given, options.alone)
        row["chains"] = ",".join(options.alone)
    model, other, reference = backbone_of(given), None, None
    if task.reference is not None:
        other = read_given(task.reference, atoms_of_reference(given))
        reference = backbone_of(other)
    chains = options.chains
    if chains is not None and reference is not None:
        chains = [_chain_ids(pair, model, reference) for pair in chains]
    scores = score(
        given, other, alignment=options.alignment, chains=chains,
        normalize=options.normalize, with_quality=options.quality,
    )  # fmt: skip
    row |= scores.row()
    if options.quality:
        from ...metrics.verdict import verdict

        row |= verdict(row, len(model.chains)).row()
    nats = None
    if options.likelihood is not None:
        likelihood = _log_likelihood(model, options.likelihood)
        row |= likelihood.row() | _relative(likelihood, model, options.likelihood)
        nats = likelihood.residues
        if options.likelihood.color is not None:
            write(_colored(model, nats), options.likelihood.color / task.model.name)
    if options.superpose is not None:
        write(scores.superpose(model), options.superpose / task.model.name)
    confidence = _confidence(task, whole, options, scores, row)
    details: Details = {}
    if "residues" in options.details:
        details["residues"] = residue_rows(row, model, reference, scores, nats, confidence.residues)
    if "interfaces" in options.details and scores.interfaces is not None:
        names = {name: row[name] for name in ("model", "reference")}
        details["interfaces"] = [
            names | one.row() | confidence.of_pair(one.model_chains).row()
            for one in scores.interfaces.interfaces
        ]
    return details


def _confidence(
    task: Task, whole: Backbone, options: RowOptions, scores: Scores, row: Row
) -> Confidence:
    """Fill the columns of confidence, unless they are left out, and return it.

    A file of confidence that is damaged leaves them empty and is the error of the row, whose other
    columns hold.
    """
    from ...metrics.confidence.predicted import Confidence, model_confidence

    if options.plddt is None:
        return Confidence()
    try:
        found = model_confidence(task.model, whole, options.plddt)
    except ValueError as error:
        found = Confidence()
        row["error"] = " ".join(in_flags(str(error), "score").split())
    for text in found.warnings:
        warn(f"{path_text(task.model)}: {text}")
    if options.alone is not None:
        found = confidence_alone(found, whole, options.alone)
    row |= found.row()
    if found.residues is not None and scores.pairs is not None:
        row[RESIDUE_PAIRS] = (found.residues[scores.pairs[:, 0]], scores.residue_lddt)
    return found


def _chain_ids(pair: tuple[str, str], model: Backbone, reference: Backbone) -> tuple[str, str]:
    """Chain ids of a pair of --chain, in which ``_`` stands for a blank one."""
    first, second = (
        "" if name == "_" and name not in backbone.chains else name
        for name, backbone in zip(pair, (model, reference), strict=True)
    )
    return first, second


def _log_likelihood(model: Backbone, options: LikelihoodOptions) -> Likelihood:
    from ...analysis import log_likelihood
    from ...network.weights import load_same_weights

    denoiser = load_same_weights(options.weights, options.weights_sha256)
    sequence = _given_sequence(model, options)
    return log_likelihood(
        denoiser, model, method=options.method, samples=options.samples,
        sequence=None if sequence == "none" else sequence,
    )  # fmt: skip


def _given_sequence(model: Backbone, options: LikelihoodOptions) -> str:
    """Residue types that the network is given, or "none"."""
    return known_letters(model) if options.sequence == "auto" else options.sequence


def _relative(
    likelihood: Likelihood, model: Backbone, options: LikelihoodOptions
) -> dict[str, float]:
    """The column of `RELATIVE`."""
    from ...analysis.relative_likelihood import RELATIVE, relative_likelihood

    has_sequence = _given_sequence(model, options) != "none"
    value = relative_likelihood(likelihood, model, options.weights_sha256, has_sequence)
    return dict.fromkeys(RELATIVE, value)


def known_letters(model: Backbone) -> str:
    """Sequence for the network, X for placeholders in chains without one; "none" if all are."""
    import numpy as np

    from ...metrics.named_residues import has_sequence, unnamed

    letters = np.array(list(model.sequence))
    for chain in model.chains:
        rows = model.chain_ids == chain
        if not has_sequence(model[rows]):
            letters[rows] = np.where(unnamed(model[rows]), "X", letters[rows])
    return "none" if (letters == "X").all() else "".join(letters.tolist())


def _colored(model: Backbone, values: Float[np.ndarray, "residues"]) -> Backbone:
    """The model with values in place of its B-factors, 0 where there is none."""
    import numpy as np

    return replace(model, b_factors=np.nan_to_num(values).clip(MIN_B_FACTOR, MAX_B_FACTOR))


def residue_rows(
    row: Row,
    model: Backbone,
    reference: Backbone | None,
    scores: Scores,
    nats: Float[np.ndarray, "residues"] | None,
    plddt: Float[np.ndarray, "residues"] | None = None,
) -> list[Row]:
    """One row per pair of residues, or per residue of the model without a reference."""
    pairs = [(i, None) for i in range(len(model))]
    distance = lddt = [float("nan")] * len(model)
    if scores.pairs is not None and scores.distance is not None and scores.residue_lddt is not None:
        pairs, distance = scores.pairs.tolist(), scores.distance.tolist()
        lddt = scores.residue_lddt.tolist()
    rows = []
    for (i, j), gap, local in zip(pairs, distance, lddt, strict=True):
        values = [
            row["model"],
            row["reference"],
            *_residue(model, i),
            *_residue(reference, j),
            gap,
            local,
            float("nan") if nats is None else float(nats[i]),
            float("nan") if plddt is None else float(plddt[i]),
        ]
        rows.append(dict(zip(RESIDUE_COLUMNS, values, strict=True)))
    return rows


def _residue(backbone: Backbone | None, k: int | None) -> tuple[str, str, str]:
    """Chain, number and name of a residue, empty where there is none."""
    if backbone is None or k is None:
        return "", "", ""
    number = f"{backbone.residue_numbers[k]}{backbone.insertion_codes[k]}"
    return str(backbone.chain_ids[k]), number, str(backbone.residue_names[k])
