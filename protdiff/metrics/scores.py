"""Score a model against a reference: correspondence, superposition, and every number."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..structure.backbone import Backbone
from ..structure.io.read_write import read
from .comparison import Normalization, Scores, compare
from .complexes import pair_chains
from .correspondence import align_identity, align_numbers, align_sequences
from .quality import quality
from .structural import align_structures, align_tmalign

if TYPE_CHECKING:
    from jaxtyping import Int

    from .correspondence import Aligner

__all__ = ["ALIGNMENTS", "NORMALIZATIONS", "score"]

#: How residues correspond.
Alignment = Literal["sequence", "identity", "number", "structure", "tmalign"]

ALIGNMENTS: dict[str, Aligner] = {
    "sequence": align_sequences,
    "identity": align_identity,
    "number": align_numbers,
    "structure": align_structures,
    "tmalign": align_tmalign,
}
#: Alignments that expect the same protein in model and reference.
SAME_PROTEIN = ("sequence", "identity", "number")
NORMALIZATIONS = ("reference", "model", "shorter")
#: Sequence identity under which these alignments get a warning.
LOW_IDENTITY = 0.3


def score(
    model: Backbone | str | os.PathLike[str],
    reference: Backbone | str | os.PathLike[str] | None = None,
    *,
    alignment: Alignment = "sequence",
    chains: Sequence[tuple[str, str]] | None = None,
    normalize: Normalization = "reference",
    with_quality: bool = True,
) -> Scores:
    """Compare a model with a reference, and measure how it looks beside real proteins.

    Parameters
    ----------
    model, reference : Backbone, str or os.PathLike
        A backbone or a structure file, which may have CA atoms only. Without a reference only the
        quality columns are there.
    alignment : {"sequence", "identity", "number", "structure", "tmalign"}
        How residues correspond; see `correspondence` and `structural`. "tmalign" needs tmtools,
        and takes TM-score and superposition from it (one pair of chains).
    chains : list of (str, str), optional
        Chain ids to pair, model first. The best pairing by default.
    normalize : {"reference", "model", "shorter"}
        Whose length divides TM-score and GDT.
    with_quality : bool
        Compute the quality columns of the model.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If a file cannot be read (`FileError`), nothing is aligned, or an option is unknown.

    Examples
    --------
    >>> import protdiff
    >>> turn, rise = np.radians(100) * np.arange(40), 1.5 * np.arange(40)
    >>> coords = np.full((40, 4, 3), np.nan)
    >>> coords[:, 1] = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), rise], -1)
    >>> helix = protdiff.Backbone.from_coords(coords)
    >>> scores = protdiff.score(helix[:30], helix, alignment="number")
    >>> scores.aligned, round(scores.tm, 3), scores.rmsd < 1e-6
    (30, 0.75, True)
    >>> scores.quality["right_handed"]
    1.0
    """
    if normalize not in NORMALIZATIONS:
        raise ValueError(f"`normalize` {normalize!r}: must be one of {', '.join(NORMALIZATIONS)}")
    if alignment not in ALIGNMENTS:
        raise ValueError(f"`alignment` {alignment!r}: must be one of {', '.join(ALIGNMENTS)}")
    model = _backbone(model)
    columns = quality(model) if with_quality else {}
    warnings = _ca_only_warning("model", model)
    if reference is None:
        return Scores(quality=columns, warnings=tuple(warnings))
    reference = _backbone(reference)
    warnings += _ca_only_warning("reference", reference)
    rows, model_seen = _with_ca("model", model)
    reference_rows, reference_seen = _with_ca("reference", reference)
    if alignment == "tmalign":
        several = max(len(model.chains), len(reference.chains)) > 1
        if several if chains is None else len(chains) > 1:
            raise ValueError('`alignment` "tmalign" compares two chains; choose one pair')
    by_sequence = alignment in SAME_PROTEIN
    paired = pair_chains(
        model_seen, reference_seen, ALIGNMENTS[alignment], chains, by_sequence
    )  # fmt: skip
    i, j = paired.residues.T
    pairs = np.stack([rows[i], reference_rows[j]], -1)
    scores = compare(model, reference, pairs, paired.chains, normalize, alignment == "tmalign")
    if scores.identity < LOW_IDENTITY and by_sequence:
        warnings.append(f"sequence identity {100 * scores.identity:.0f} %: the same protein?")
    return replace(scores, quality=columns, warnings=(*warnings, *paired.warnings))


def _backbone(given: Backbone | str | os.PathLike[str]) -> Backbone:
    return given if isinstance(given, Backbone) else read(os.fspath(given), ca_only=True)


def _ca_only_warning(what: str, backbone: Backbone) -> list[str]:
    if backbone.mask.all(axis=1).any():
        return []
    return [f"{what} of CA only: backbone columns are empty"]


def _with_ca(what: str, backbone: Backbone) -> tuple[Int[np.ndarray, "residues"], Backbone]:
    """Residues that have a CA: their indices, and the backbone of them."""
    rows = np.flatnonzero(backbone.mask[:, 1])
    if not len(rows):
        raise ValueError(f"the {what} has no CA atoms")
    return rows, backbone if len(rows) == len(backbone) else backbone[rows]
