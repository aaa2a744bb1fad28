"""A film as a page of HTML: the fold can be turned while it appears; nothing is loaded."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._system.files import open_text, replacing
from ...analysis.films import FINEST
from ..report.stored_structure import packed
from .film_shape import COLORS, PAUSE, UNRESOLVED, look_of, moving_time, pieces_of_film, viewed

if TYPE_CHECKING:
    from os import PathLike

    from ...analysis.films import Film

__all__ = ["film_data", "write_film_page"]

PLOTS = Path(__file__).parents[1]
TEMPLATE = "film/template/film.html"
#: Scripts of the page, in the order in which they use one another.
SCRIPTS = (
    "report/template/data.js", "report/template/ribbon.js", "notebook/template/turntable.js",
    "film/template/film.js",
)  # fmt: skip
#: Å per unit of the coordinates, and the largest number of units.
UNIT, MOST_UNITS = 0.01, 32_000


def write_film_page(film: Film, path: str | PathLike[str]) -> None:
    """Write a film as a page that opens without a network, whole or not at all.

    Parameters
    ----------
    film : Film
    path : str or path-like
    """
    # What is in a script tag ends at the first </script>, whatever it belongs to.
    data = json.dumps(film_data(film), separators=(",", ":")).replace("<", "\\u003c")
    shorter = "noise" if film.noisy else "smoothed away"
    parts = {
        "title": html.escape(film.title or "A fold that appears"),
        "data": data,
        "note": "Drag or use the arrow keys to turn the fold; double-click or Home turns it back. "
        f"The wave is the finest that is resolved: what is shorter is {shorter}.",
        "scripts": "(() => {\n"
        + "".join((PLOTS / name).read_text(encoding="utf-8") for name in SCRIPTS)
        + "})();",
    }
    template = (PLOTS / TEMPLATE).read_text(encoding="utf-8")
    # In one pass: what is filled in may itself look like a place to be filled.
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)
    with replacing(path) as temporary, open_text(temporary) as handle:
        handle.write(text)


def film_data(film: Film) -> dict[str, Any]:
    """What the script of the page is given, as plain values."""
    traces = viewed(film)
    unit = max(UNIT, float(np.abs(traces).max()) / MOST_UNITS)
    chains = film.backbone.chain_ids.tolist()
    return {
        "chains": chains,
        "length": film.longest,
        "finest": FINEST,
        "unknown": UNRESOLVED,
        "periods": [round(float(p), 3) if np.isfinite(p) else None for p in film.periods],
        "modes": [film.modes(frame) for frame in range(len(film))],
        "looks": [[round(x, 3) for x in look_of(film, frame)] for frame in range(len(film))],
        "pieces": [
            {
                "rows": piece.rows.tolist(),
                "states": piece.states,
                "colors": piece.colors.round(3).tolist(),
            }
            for piece in pieces_of_film(film)
        ],
        "unit": unit,
        "traces": packed(traces, unit),
        "stops": list(COLORS),
        "moving": moving_time(len(film)),
        "pause": PAUSE,
    }
