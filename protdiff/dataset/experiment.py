"""Method and resolution that a structure file states."""

import gzip
import math
import re
from pathlib import Path

__all__ = ["METHODS", "experiment"]

#: Short name and what the PDB calls the method.
METHODS = {"x-ray": "X-RAY", "em": "ELECTRON MICROSCOPY", "nmr": "NMR", "model": "THEORETICAL"}
RESOLUTIONS = (
    ("refine", "ls_d_res_high"),
    ("em_3d_reconstruction", "resolution"),
    ("reflns", "d_resolution_high"),
)


def experiment(path):
    """Method ("x-ray", "em", "nmr", "model", "other", "" for unknown) and resolution in Å or NaN.

    Parameters
    ----------
    path : Path
        PDB, mmCIF or BinaryCIF, gzipped or not; one that `protdiff.read` takes.
    """
    name = path.name.lower()
    content = Path(path).read_bytes()
    if name.endswith(".gz"):
        content, name = gzip.decompress(content), name[:-3]
    if name.endswith((".pdb", ".ent")):
        head = content[: content.find(b"\nATOM")].decode(errors="replace")
        stated = " ".join(re.findall(r"^EXPDTA[ \d]*(.*)$", head, re.M))
        found = re.search(r"^REMARK   2 RESOLUTION\. +([0-9.]+)", head, re.M)
        return _short(stated), _number(found and found.group(1))
    block = _block(content, name)
    values = [_first(block, *place) for place in RESOLUTIONS]
    known = (x for x in map(_number, values) if not math.isnan(x))
    return _short(_first(block, "exptl", "method")), next(known, math.nan)


def _block(content, name):
    import io

    from biotite.structure.io.pdbx import BinaryCIFFile, CIFFile

    if name.endswith(".bcif"):
        return BinaryCIFFile.read(io.BytesIO(content)).block
    return CIFFile.read(io.StringIO(content.decode(errors="replace"))).block


def _first(block, category, column):
    """First value of a column as text, "" where it is not there."""
    if category in block and column in block[category]:
        return str(block[category][column].as_array(str, "")[0])
    return ""


def _short(stated):
    stated = stated.upper()
    if not stated.strip(" ?."):
        return ""
    return next((short for short, word in METHODS.items() if word in stated), "other")


def _number(text):
    try:
        value = float(text)
    except (TypeError, ValueError):
        return math.nan
    return value if value > 0 else math.nan
