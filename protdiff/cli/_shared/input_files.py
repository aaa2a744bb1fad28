"""Input files in the condition of a manifest: each is named with a digest of its content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["different", "input_text"]

#: Digits of a SHA-256 that tell the contents of a file apart.
DIGITS = 12
#: What `input_text` writes.
INPUT = re.compile(rf"\b(\w+)=(\S.*?) \1_sha256=([0-9a-f]{{{DIGITS}}})(?!\S)")


def input_text(name: str, value: object, path: Path) -> str:
    """The value of an option, and the digest of the file in it, for the manifest.

    Parameters
    ----------
    name : str
    value : object
        As it was given: the path, or a text that it is a part of.
    path : Path
    """
    from ...structure.io.tar_listing import stored_bytes

    text = f"{name}={value}"
    if path.exists() and not path.is_file():  # a pipe has been read, and cannot be read again
        return text
    return f"{text} {name}_sha256={hashlib.sha256(stored_bytes(path)).hexdigest()[:DIGITS]}"


def different(names: Sequence[str], one: Mapping[str, str], other: Mapping[str, str]) -> str:
    """Names of values that differ, for a message; of a condition, which input file has changed.

    Examples
    --------
    >>> one = {"condition": "motif=a.pdb motif_sha256=0123456789ab contig=9,A4"}
    >>> other = {"condition": "motif=a.pdb motif_sha256=ba9876543210 contig=9,A4"}
    >>> different(["seed", "condition"], one, other)
    'seed, another content of a.pdb'
    """
    changed = _changed_files(one.get("condition", ""), other.get("condition", ""))
    return ", ".join(changed if changed and name == "condition" else name for name in names)


def _changed_files(one: str, other: str) -> str:
    """Files of another content of two conditions, in words; empty if more than that differs."""
    if INPUT.sub(r"\1=\2", one) != INPUT.sub(r"\1=\2", other):
        return ""
    pairs = zip(INPUT.findall(one), INPUT.findall(other), strict=False)
    changed = [file for (_, file, digest), (*_, now) in pairs if digest != now]
    return f"another content of {' and '.join(changed)}" if changed else ""
