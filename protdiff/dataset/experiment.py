"""Method and resolution that a structure file states."""

from __future__ import annotations

import gzip
import io
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
    """Method and resolution that a structure file states.

    Parameters
    ----------
    path : path
        PDB, mmCIF or BinaryCIF, gzipped or not, that `protdiff.read` has read without an error.
    """
    path = Path(path)
    name = path.name.lower()
    content = path.read_bytes()
    if name.endswith(".gz"):
        content, name = gzip.decompress(content), name[:-3]
    if name.endswith((".pdb", ".ent")):
        head = content[: content.find(b"\nATOM")].decode(errors="replace")
        stated = " ".join(re.findall(r"^EXPDTA[ \d]*(.*)$", head, re.M))
        resolution = re.search(r"^REMARK   2 RESOLUTION\. +([0-9.]+)", head, re.M)
        return Experiment(_short_name(stated), _positive(resolution[1] if resolution else ""))
    block = _block(content, name)
    values = [_positive(_first_value(block, *place)) for place in RESOLUTIONS]
    known = (value for value in values if not math.isnan(value))
    return Experiment(_short_name(_first_value(block, "exptl", "method")), next(known, math.nan))


def _block(content: bytes, name: str) -> Any:
    """First data block of an mmCIF or BinaryCIF file."""
    from biotite.structure.io.pdbx import BinaryCIFFile, CIFFile

    if name.endswith(".bcif"):
        return BinaryCIFFile.read(io.BytesIO(content)).block
    return CIFFile.read(io.StringIO(content.decode(errors="replace"))).block


def _first_value(block: Any, category: str, column: str) -> str:
    """First value of a column as text, "" where there is none."""
    if category in block and column in block[category]:
        return str(block[category][column].as_array(str, "")[0])
    return ""


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
