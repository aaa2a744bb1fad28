"""Method and resolution that a structure file states."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ..structure.io.bcif import unpacked
from ..structure.io.cif_text import first_values
from ..structure.io.content import read_bytes
from ..structure.io.encoding import decoded
from ..structure.io.members import as_path

if TYPE_CHECKING:
    import os

__all__ = ["METHODS", "Experiment", "experiment"]

#: Our short name of a method, and a word in what the PDB calls it.
METHODS = {"x-ray": "X-RAY", "em": "ELECTRON MICROSCOPY", "nmr": "NMR", "model": "THEORETICAL"}
#: Category and column of mmCIF files that may state the resolution, best first.
RESOLUTIONS = (
    ("refine", "ls_d_res_high"),
    ("em_3d_reconstruction", "resolution"),
    ("reflns", "d_resolution_high"),
)
METHOD = ("exptl", "method")
PLACES = (METHOD, *RESOLUTIONS)


class Experiment(NamedTuple):
    """How a structure was determined.

    Attributes
    ----------
    method : str
        "x-ray", "em", "nmr", "model", "simulation", "other", or "" for unknown.
    resolution : float
        Å; NaN for unknown.
    """

    method: str = ""
    resolution: float = math.nan


def experiment(path: str | os.PathLike[str]) -> Experiment:
    """Method and resolution that a structure file states, unknown where it states none.

    Parameters
    ----------
    path : path
        PDB, mmCIF or BinaryCIF, gzipped or not, that `protdiff.read` has read without an error.
    """
    with suppress(Exception):  # what is damaged states nothing; the atoms were read
        content, kind = read_bytes(as_path(path))
        if kind == "PDB":
            return _stated_in_pdb(content)
        values = _of_bcif(content) if kind == "BinaryCIF" else _of_cif(content)
        resolutions = (_positive(values.get(place, "")) for place in RESOLUTIONS)
        known = (value for value in resolutions if not math.isnan(value))
        return Experiment(_short_name(values.get(METHOD, "")), next(known, math.nan))
    return Experiment()


def _stated_in_pdb(content: bytes) -> Experiment:
    head = content[: content.find(b"\nATOM")].decode(errors="replace")
    stated = " ".join(re.findall(r"^EXPDTA[ \d]*(.*)$", head, re.M))
    resolution = re.search(r"^REMARK   2 RESOLUTION\. +([0-9.]+)", head, re.M)
    return Experiment(_short_name(stated), _positive(resolution[1] if resolution else ""))


def _of_cif(content: bytes) -> dict[tuple[str, str], str]:
    """First values of an mmCIF file, by category and column."""
    places = {f"_{category}.{column}": (category, column) for category, column in PLACES}
    found = first_values(decoded(content), places)
    return {places[tag]: value for tag, value in found.items()}


def _of_bcif(content: bytes) -> dict[tuple[str, str], str]:
    """The same of a BinaryCIF file; a column that is damaged has none."""
    file = unpacked(content, {category: {column} for category, column in PLACES})
    block = file[next(iter(file))]
    values: dict[tuple[str, str], str] = {}
    for category, column in PLACES:
        with suppress(Exception):
            values[category, column] = str(block[category][column].as_array(str, "")[0])
    return values


def _short_name(stated: str) -> str:
    """Our short name of a method as the PDB calls it; "" where nothing is stated."""
    stated = stated.upper()
    if not stated.strip(" ?."):
        return ""
    return next((short for short, word in METHODS.items() if word in stated), "other")


def _positive(text: str) -> float:
    """A positive number as text, NaN for anything else."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if value > 0 else math.nan
