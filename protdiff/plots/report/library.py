"""plotly.js, which draws the report, out of the package plotly; it is inlined in every page."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["ensure_library", "library_code"]

MISSING = "the report is drawn by plotly, which is not installed: pip install 'protdiff[report]'"


def ensure_library() -> None:
    """ValueError with the command that installs it if plotly is not there; imports nothing."""
    if find_spec("plotly") is None:
        raise ValueError(MISSING)


def library_code() -> str:
    """The JavaScript of plotly.

    Raises
    ------
    ValueError
        If it is not installed.
    """
    ensure_library()
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()
