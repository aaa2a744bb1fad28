"""The picture of generated structures: what is new in them, what was kept, and other chains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...structure.io.paths import stem
from .progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Int

    from ...conditioning import SampleCondition
    from ...sampling.plan import Request
    from ...structure.backbone import Backbone

__all__ = ["draw_designs"]

#: Structures in a picture, at most.
MAX_DRAWN = 16


def draw_designs(planned: Mapping[Path, Request], picture: Path) -> str:
    """Draw the first structures, and say in words what the picture shows.

    Parameters
    ----------
    planned : dict of Path to Request
        Requests by file.
    picture : Path
        File to write: .png, .svg or .pdf.
    """
    from ...plots.ribbons import plot_backbones
    from ...structure.io.read_write import read

    files = list(planned)[:MAX_DRAWN]
    backbones, roles = [], []
    for file in files:
        backbone = read(file)
        whole = backbone.mask.all(1)
        backbones.append(backbone[whole])
        roles.append(roles_of(backbone, planned[file].condition)[whole])
    with progress_bar(len(files), "drawing", "backbones") as advance:
        titles = [stem(file) for file in files]
        plot_backbones(backbones, picture, titles, roles=roles, advance=advance)
    which = f" of the first {len(files)} of {len(planned)}" if len(planned) > len(files) else ""
    colours = (
        ""
        if all((role == 0).all() for role in roles)
        else ("; blue to red: new, dark: kept, grey: other chains")
    )
    return f"picture{which}: {picture}{colours}"


def roles_of(backbone: Backbone, condition: SampleCondition | None) -> Int[np.ndarray, " residues"]:
    """What every residue of a finished structure is, for `plot_backbones`.

    Parameters
    ----------
    backbone : Backbone
    condition : SampleCondition, optional
        That it was drawn with.
    """
    from ...plots.ribbons import KEPT, NEW, OTHER

    roles = np.full(len(backbone), NEW)
    if condition is None:
        return roles
    if any(part.adds_chains == "target" for part in getattr(condition, "parts", (condition,))):
        roles[backbone.chain_ids != backbone.chain_ids[0]] = OTHER  # the new chain comes first
        return roles
    if not (kept := condition.residues()):
        return roles
    places = np.array([place for place, *_ in kept])
    inside = np.flatnonzero(backbone.chain_ids == kept[0][1])
    if _has_numbers(backbone, inside, kept):  # a redesign leaves the file's chains and numbers
        roles[:] = OTHER
        roles[inside] = NEW
        roles[inside[places]] = KEPT
        return roles
    copy = np.full(int((backbone.chain_ids == backbone.chain_ids[0]).sum()), NEW)
    copy[places] = KEPT
    return np.resize(copy, len(backbone))  # once for each symmetric copy


def _has_numbers(
    backbone: Backbone, inside: Int[np.ndarray, " chain"], kept: list[tuple[int, str, str, str]]
) -> bool:
    """Whether kept residues have the numbers of the input at their places in a chain."""
    if not len(inside) or max(place for place, *_ in kept) >= len(inside):
        return False
    return all(
        f"{backbone.residue_numbers[row]}{backbone.insertion_codes[row]}" == number
        for row, (_, _, number, _) in zip(inside[[place for place, *_ in kept]], kept, strict=True)
    )
