"""The spectrum of real chains that the package ships."""

from __future__ import annotations

import json
from functools import cache

from .._system.resources import data_file
from .spectrum import MeasuredSpectrum

__all__ = ["real_spectrum"]


@cache
def real_spectrum() -> MeasuredSpectrum:
    """λ(k, N) of real chains (data/spectrum.json, made by benchmarks/fit_spectrum.py)."""
    table = json.loads(data_file("spectrum.json").read_text())
    return MeasuredSpectrum(
        tuple(table["log_momenta"]),
        tuple(table["log_lengths"]),
        tuple(map(tuple, table["correction"])),
    )
