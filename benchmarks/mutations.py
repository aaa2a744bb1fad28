"""Ways to damage a file that ask for nothing of its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

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
