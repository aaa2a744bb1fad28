"""The spectrum of real chains that the package ships."""

import json
from functools import cache
from pathlib import Path

from .spectrum import MeasuredSpectrum

__all__ = ["real_spectrum"]


@cache
def real_spectrum():
    """λ(k, N) of real chains (data/spectrum.json, made by benchmarks/fit_spectrum.py)."""
    package = Path(__file__).parents[1]
    for folder in (package / "_data", package.parent / "data"):
        if (folder / "spectrum.json").is_file():
            table = json.loads((folder / "spectrum.json").read_text())
            return MeasuredSpectrum(
                tuple(table["log_momenta"]),
                tuple(table["log_lengths"]),
                tuple(map(tuple, table["correction"])),
            )
    raise FileNotFoundError("data/spectrum.json is missing from this installation")
