"""Ways to damage a structure file, and the judgement on what the package makes of one."""

from __future__ import annotations

import gzip
import random
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What a cell may hold by mistake.
CELLS = (
    "", " ", ".", "?", "******", "nan", "inf", "-inf", "1e308", "-1e308", "99999999.999", "0",
    "-1", "9" * 30, "-" * 8, "A000", "zzzz", "271a", "1.2.3", "'", '"', ";", "#", "_atom_site.id",
    "loop_", "data_", "ATOM", "HETATM", "TER", "END", "MODEL", "CA", "N", "UNK", "\t", "\0", "é",
)  # fmt: skip


def flip_bytes(content: bytes, rng: random.Random) -> bytes:
    """A few bytes are others."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 30))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(content: bytes, rng: random.Random) -> bytes:
    """The file ends or begins in the middle."""
    place = rng.randrange(len(content) + 1)
    return rng.choice((content[:place], content[place:]))


def repeat_block(content: bytes, rng: random.Random) -> bytes:
    """Some lines are there twice, are missing, or have changed places."""
    lines = content.splitlines(keepends=True) or [b""]
    size = min(rng.choice((1, 2, 10, 100, len(lines))), len(lines))
    first, second = (rng.randrange(len(lines) - size + 1) for _ in range(2))
    block, action = lines[first : first + size], rng.choice(("twice", "missing", "moved"))
    if action != "twice":
        del lines[first : first + size]
    if action != "missing":
        lines[second:second] = block
    return b"".join(lines)


def shuffle_lines(content: bytes, rng: random.Random) -> bytes:
    """The order of all lines, or of some, is another."""
    lines = content.splitlines(keepends=True)
    start = rng.choice((0, rng.randrange(len(lines) or 1)))
    part = lines[start : start + rng.choice((5, 50, len(lines)))]
    rng.shuffle(part)
    return b"".join([*lines[:start], *part, *lines[start + len(part) :]])


def shift_columns(content: bytes, rng: random.Random) -> bytes:
    """Lines have a character more or less somewhere."""
    lines = content.splitlines(keepends=True) or [b""]
    for _ in range(rng.choice((1, 5, len(lines)))):
        k, place = rng.randrange(len(lines)), rng.randrange(80)
        extra, gap = rng.choice(((b" ", 0), (b"", 1), (b"\t", 1), (b"7", 0)))
        lines[k] = lines[k][:place] + extra + lines[k][place + gap :]
    return b"".join(lines)


def change_cells(content: bytes, rng: random.Random) -> bytes:
    """Cells of some rows hold something else: words of a line, or columns of a PDB record."""
    lines = content.splitlines() or [b""]
    cell, place = rng.choice(CELLS).encode(), rng.randrange(80)
    width = rng.choice((1, 4, 6, 8))
    for _ in range(rng.choice((1, 5, len(lines)))):
        k = rng.randrange(len(lines))
        words = lines[k].split(b" ")
        if rng.random() < 0.5:
            words[place % len(words)] = cell
            lines[k] = b" ".join(words)
        else:
            field = cell[:width].rjust(width)
            lines[k] = lines[k][:place] + field + lines[k][place + width :]
    return b"\n".join([*lines, b""])


def change_line_ends(content: bytes, rng: random.Random) -> bytes:
    """Line ends, byte order marks and encodings of other systems."""
    text = content.decode("latin-1")
    text = text.replace("\n", rng.choice(("\r\n", "\r", "\n\n", "\n", " ")))
    encoding = rng.choice(("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "utf-8"))
    return text.encode(encoding)


KINDS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bytes": flip_bytes,
    "cut": cut,
    "blocks": repeat_block,
    "order": shuffle_lines,
    "columns": shift_columns,
    "cells": change_cells,
    "line ends": change_line_ends,
}


def mutated(files: list[Path], seed: int) -> tuple[str, bytes, str]:
    """Name, content and kinds of the mutation with this seed."""
    rng = random.Random(seed)
    path = rng.choice(files)
    content, name = path.read_bytes(), path.name
    packed = name.lower().endswith(".gz")
    whole = packed and rng.random() < 0.7  # or else the packed bytes are changed
    if whole:
        content = gzip.decompress(content)
    kinds = rng.choices(list(KINDS), k=rng.choice((1, 1, 1, 2, 3)))
    for kind in kinds:
        content = KINDS[kind](content, rng) if content else content
    if whole or (not packed and rng.random() < 0.1):
        content = gzip.compress(content, 1, mtime=0)
        name = name if packed else name + ".gz"
        if rng.random() < 0.1:
            content = flip_bytes(content, rng)
    return name, content, " + ".join(kinds)


def judged(path: Path) -> tuple[str, str]:
    """Verdict on one file, and what was said about it."""
    import numpy as np

    from protdiff import ProtdiffWarning, read, score

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            backbone = read(path)
            quality = score(path).quality
        except ValueError as error:
            text = str(error)
            clear = text.startswith(f"{path}: ") and "\n" not in text and len(text) < 400
            return ("refused" if clear else "unclear message"), text
        except Exception as error:
            return type(error).__name__, str(error)
    if not np.isfinite(backbone.coords[backbone.mask]).all() or any(
        np.isinf(value) for value in quality.values()
    ):
        return "infinite numbers", str(quality)
    for item in caught:
        if not issubclass(item.category, ProtdiffWarning):
            return item.category.__name__, str(item.message)
        if not str(item.message).startswith(f"{path}: ") or "\n" in str(item.message):
            return "unclear warning", str(item.message)
    return ("read with a warning" if caught else "read"), f"{len(backbone)} residues"
