"""Models of complexes made from crystal structures: moved, jittered, renamed, incomplete."""

from __future__ import annotations

import csv
import string
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from protdiff import read, write
from protdiff.structure.backbone import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from protdiff import Backbone

__all__ = ["KINDS", "Pair", "antibody_pairs", "write_pairs"]

#: What is done to a complex.
KINDS = ("pose", "swapped", "gaps", "pose, swapped, gaps", "chain missing", "two copies")
#: Residues of a stretch that is cut out, and residues from the ends that are kept.
STRETCH, MARGIN = (2, 9), 8


@dataclass(frozen=True)
class Pair:
    """A model and its reference."""

    name: str
    kind: str
    model: Backbone
    reference: Backbone


def rotation(rng: np.random.Generator, degrees: float | None = None) -> np.ndarray:
    """A rotation about a random axis; any rotation by default."""
    if degrees is None:
        q, r = np.linalg.qr(rng.normal(size=(3, 3)))
        q = q * np.sign(np.diag(r))
        return q * np.linalg.det(q)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    cross = np.cross(np.eye(3), axis)
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def moved(part: Backbone, turn: np.ndarray, shift: np.ndarray) -> Backbone:
    """A backbone turned about its centre and shifted."""
    center = np.nanmean(part.ca, axis=0)
    return replace(part, coords=(part.coords - center) @ turn + center + shift)


def jittered(part: Backbone, rng: np.random.Generator, size: float) -> Backbone:
    """A backbone with noise that is smooth along the chain, and a little on each atom."""
    noise = rng.normal(size=(len(part), 1, 3))
    smooth = np.apply_along_axis(np.convolve, 0, noise[:, 0], np.ones(9) / 3, mode="same")
    return replace(
        part,
        coords=part.coords
        + size * smooth[:, None]
        + 0.1 * size * rng.normal(size=part.coords.shape),
    )


def with_gaps(part: Backbone, rng: np.random.Generator) -> Backbone:
    """A chain without one to three stretches of residues."""
    kept = np.ones(len(part), dtype=bool)
    for _ in range(int(rng.integers(1, 4))):
        size = int(rng.integers(*STRETCH))
        if len(part) > 2 * MARGIN + size:
            start = int(rng.integers(MARGIN, len(part) - MARGIN - size))
            kept[start : start + size] = False
    return part[kept]


def numbered(part: Backbone) -> Backbone:
    """A chain with numbers from 1, without insertion codes."""
    numbers, none = np.arange(1, len(part) + 1), np.full(len(part), "")
    return replace(part, residue_numbers=numbers, insertion_codes=none)


def renamed(parts: list[Backbone], names: str) -> list[Backbone]:
    """Chains by other names."""
    return [
        replace(part, chain_ids=np.full(len(part), name))
        for part, name in zip(parts, names, strict=True)
    ]


def changed(kind: str, sides: list[list[Backbone]], rng: np.random.Generator) -> list[Backbone]:
    """Chains of a model: `sides` are the two partners, each a list of chains."""
    size = float(rng.uniform(0.1, 0.8))
    turn, shift = rotation(rng, float(rng.gamma(2, 6))), rng.normal(scale=1.5, size=3)
    first, second = (joined(side) for side in sides)
    if "pose" in kind or kind == "two copies":
        second = moved(second, turn, shift)
    parts = [side[side.chain_ids == name] for side in (first, second) for name in side.chains]
    parts = [jittered(part, rng, size) for part in parts]
    if "gaps" in kind:
        parts = [with_gaps(part, rng) for part in parts]
    if kind == "chain missing":
        del parts[int(rng.integers(len(parts)))]
    return parts


def antibody_pairs(data: Path, count: int, seed: int = 0) -> Iterator[Pair]:
    """Models of antibodies on their antigens, of all kinds in turn.

    Parameters
    ----------
    data : Path
        Folder with ``antibodies.csv`` and its files.
    count : int
        How many; complexes come more than once if there are fewer.
    seed : int
        Of what is done to them.
    """
    with (data / "antibodies.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    for k in range(count):
        row, kind = rows[k % len(rows)], KINDS[(k + k // len(rows)) % len(KINDS)]
        rng = np.random.default_rng([seed, k])
        whole = read(data / row["file"])
        sides = [
            [numbered(whole.chain(name)) for name in row[f"{what}_chains"].split()]
            for what in ("antibody", "antigen")
        ]
        native = [part for side in sides for part in side]
        few, many = len(native) < 3, len(native) > 3
        if (kind == "chain missing" and few) or (kind == "two copies" and many):
            kind = "pose"
        parts = changed(kind, sides, rng)
        if kind == "two copies":
            native, parts = doubled(native, parts, rng)
        names = string.ascii_uppercase[: len(parts)]
        if "swapped" in kind or kind == "two copies":
            order = rng.permutation(len(parts))
            parts = renamed([parts[i] for i in order], names)
        model = joined(parts)
        model = moved(model, rotation(rng), rng.normal(scale=20, size=3))
        yield Pair(f"{k:03d}_{row['file'].split('.')[0]}", kind, model, joined(native))


def doubled(
    native: list[Backbone], parts: list[Backbone], rng: np.random.Generator
) -> tuple[list[Backbone], list[Backbone]]:
    """Two copies of a complex side by side, each model with noise of its own."""
    names = string.ascii_uppercase[: 2 * len(native)]
    ca = joined(native).ca
    width = np.nanmax(ca[:, 0]) - np.nanmin(ca[:, 0])
    turn = np.diag([-1.0, -1.0, 1.0])
    out = []
    for chains, size in ((native, 0.0), (parts, 0.3)):
        copy = [
            replace(
                part, coords=(part.coords - ca.mean(0)) @ turn + ca.mean(0) + [0.9 * width, 0, 0]
            )
            for part in chains
        ]
        both = [jittered(part, rng, size) for part in [*chains, *copy]]
        out.append(renamed(both, names))
    return out[0], out[1]


def write_pairs(pairs: Iterator[Pair], folder: Path) -> list[dict[str, str]]:
    """PDB files of pairs; their names, kinds and paths."""
    out = []
    for pair in pairs:
        paths = [folder / f"{pair.name}_{what}.pdb" for what in ("model", "reference")]
        for side, path in zip((pair.model, pair.reference), paths, strict=True):
            write(side, path)
        out.append({"name": pair.name, "kind": pair.kind, "model": str(paths[0]),
                    "reference": str(paths[1])})  # fmt: skip
    return out
