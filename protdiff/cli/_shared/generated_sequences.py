"""Sequences for the backbones that `protdiff generate` has just made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...structure.io.paths import stem
from .design_task import DesignTask

if TYPE_CHECKING:
    from jaxtyping import Bool

    from ...sampling.plan import Request
    from ...structure.backbone import Backbone
    from .condition_options import ConditionOptions

__all__ = ["task_of_request"]


def task_of_request(
    path: Path, request: Request, given: ConditionOptions, letters: bool
) -> DesignTask:
    """What is designed of a generated file: all but the types that its request knows.

    Parameters
    ----------
    path : Path
    request : Request
        Residues that its condition keeps, of a motif or around a redesign, keep their type.
    given : ConditionOptions
        Symmetric copies are tied.
    letters : bool
        Whether the letters of `request.sequence` are the user's, and so keep their place.
    """
    from ...structure.io.read_write import read

    backbone = read(path)
    known = np.zeros(request.length, bool)
    if letters and request.sequence is not None:
        known = np.array([letter != "X" for letter in request.sequence])
    kept = [] if request.condition is None else request.condition.residues()
    tied: tuple[tuple[str, ...], ...] = ()
    if given.redesign is not None:
        fixed = _around(backbone, kept, known)
    else:
        known[[place for place, *_ in kept]] = True
        fixed = np.resize(known, len(backbone))  # once per copy
        if given.symmetry is None:  # beside the chain is its target
            fixed[request.length :] = True
        if given.symmetry is not None and len(backbone.chains) > 1:
            tied = (backbone.chains,)
    return DesignTask(path, stem(path), tuple(np.flatnonzero(fixed).tolist()), tied)


def _around(
    backbone: Backbone, kept: list[tuple[int, str, str, str]], known: Bool[np.ndarray, " residues"]
) -> Bool[np.ndarray, " residues"]:
    """Residues of a redesigned file that keep their type: all but the new ones without a letter."""
    chain = kept[0][1]
    old = {number for _, _, number, _ in kept}
    numbers = [
        f"{number}{code}"
        for number, code in zip(backbone.residue_numbers, backbone.insertion_codes, strict=True)
    ]
    inside = backbone.chain_ids == chain
    fixed = ~inside | np.array([number in old for number in numbers])
    if known.any():
        if inside.sum() != len(known):
            raise ValueError(
                "--sequences: --sequence has letters for residues that the file lacks; "
                "run protdiff design with --fixed on the generated files"
            )
        fixed[inside] |= known
    return fixed
