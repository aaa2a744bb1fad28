"""Ribbons in notebooks, to be turned with the mouse; a picture of them where scripts are off."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.words import counted
from ...structure.backbone import Backbone
from ...structure.constants import DRAWN_BREAK
from ..ribbon_shape import N_TO_C_STOPS
from .still import still_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import ndarray

__all__ = ["MOST", "Gallery", "backbone_bundle"]

#: Backbones that are drawn, at most; more would make a notebook large and slow.
MOST = 24
#: Residues that a chain of a picture needs.
MIN_RESIDUES = 4
#: Pixels that one backbone, and each of several, is wide.
ALONE, IN_GRID = 420, 220
#: Scripts of the report, and the one that draws in notebooks.
SCRIPTS = ("report/template/data.js", "report/template/ribbon.js", "notebook/template/turntable.js")
FRAME = "display:flex;flex-wrap:wrap;gap:8px;background:white;color:#212429;padding:4px"


@dataclass(frozen=True)
class Gallery:
    """Backbones that a notebook shows side by side; what `protdiff.show` returns for them.

    Attributes
    ----------
    backbones : tuple of Backbone
    titles : tuple of str
        One for each; may be empty.

    Examples
    --------
    >>> import numpy as np
    >>> import protdiff
    >>> Gallery((protdiff.Backbone.from_coords(np.zeros((5, 4, 3))),), ("zeros",))
    zeros: Backbone(5 residues, chains 'A')
    """

    backbones: tuple[Backbone, ...]
    titles: tuple[str, ...]

    def __repr__(self) -> str:
        pairs = zip(self.titles, self.backbones, strict=True)
        return "\n".join(f"{title}: {backbone}" if title else str(backbone)
                         for title, backbone in pairs)  # fmt: skip

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.backbones, self.titles)


def backbone_bundle(backbone: Backbone) -> dict[str, Any]:
    """What a notebook shows of a backbone, by MIME type."""
    return bundle([backbone], [""])


def bundle(backbones: Sequence[Backbone], titles: Sequence[str]) -> dict[str, Any]:
    """text/html and image/png of backbones; empty if there is nothing to draw."""
    whole = [(_drawable(b), title) for b, title in zip(backbones, titles, strict=True)]
    kept = [(backbone, title) for backbone, title in whole if len(backbone)]
    if not kept:
        return {}
    notes = [f"{counted(len(whole) - len(kept), 'backbone')} without a chain of {MIN_RESIDUES} CA "
             "atoms left out"] if len(kept) < len(whole) else []  # fmt: skip
    if len(kept) > MOST:
        notes.append(f"the first {MOST} of {len(kept)} are drawn")
    kept = kept[:MOST]
    captions = [f"{title} · {_size(b)}" if title else _size(b) for b, title in kept]
    width = ALONE if len(kept) == 1 else IN_GRID
    png = still_picture([backbone for backbone, _ in kept], captions, width)
    picture = base64.b64encode(png).decode("ascii")
    text = _html([b for b, _ in kept], captions, width, picture, "; ".join(notes))
    return {"text/html": text, "image/png": picture}


def _drawable(backbone: Backbone) -> Backbone:
    """The residues that have a CA, of chains of which enough have one."""
    seen: ndarray[Any, Any] = backbone.mask[:, 1].copy()
    for name in backbone.chains:
        rows = seen & (backbone.chain_ids == name)
        if rows.sum() < MIN_RESIDUES:
            seen &= ~rows
    return backbone[seen]


def _html(
    backbones: Sequence[Backbone], captions: Sequence[str], width: int, picture: str, note: str
) -> str:
    """The picture, and the script that puts ribbons in its place."""
    from ..report.stored_structure import stored_ribbon

    data = {
        "structures": [
            {"caption": caption, **stored_ribbon(backbone)}
            for backbone, caption in zip(backbones, captions, strict=True)
        ],
        "stops": N_TO_C_STOPS,
        "longest": DRAWN_BREAK,
        "width": width,
    }
    stored = html.escape(json.dumps(data, separators=(",", ":")))
    text = (
        f'<div style="{FRAME}"><img alt="{html.escape("Ribbons: " + ", ".join(captions))}" '
        f'style="max-width:100%" src="data:image/png;base64,{picture}">'
        f'<span data-protdiff="{stored}"></span></div>'
    )
    if note:
        text += f"<p>{html.escape(note)}</p>"
    return f"{text}\n<script>{_scripts()}</script>"


def _size(backbone: Backbone) -> str:
    chains = len(backbone.chains)
    return counted(len(backbone), "residue") + (f" in {chains} chains" if chains > 1 else "")


@cache
def _scripts() -> str:
    """One function, so that the scripts of several outputs do not meet."""
    folder = Path(__file__).parents[1]
    parts = [(folder / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return "(() => {\n" + "".join(parts) + "})();"
