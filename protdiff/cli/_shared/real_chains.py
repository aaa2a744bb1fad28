"""Real chains of one length, for the verbs that measure weights on them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...structure.backbone import Backbone

__all__ = ["load_real_chains"]

#: Relative difference up to which lengths count as similar.
TOLERANCE = 0.1


def load_real_chains(data: Path, length: int, count: int) -> list[Backbone]:
    """Whole, unbroken chains of about this length, at most `count` of them, evenly chosen.

    Parameters
    ----------
    data : Path
        Data set or chain archive, of which the validation split is read, or a folder of
        structures.
    length : int
        Residues; 10 % more or less are taken.
    count : int

    Raises
    ------
    ValueError
        If there are fewer than two.
    """
    from ...dataset import is_dataset, read_chains

    if not data.is_dir():
        raise ValueError(f"--data {data}: not a folder of chains or structures")

    def fits(residues: int) -> bool:
        return abs(residues - length) <= TOLERANCE * length

    if is_dataset(data):
        stored = read_chains(data, "val", max_length=512)
        chains = [chain.backbone() for chain in stored if fits(len(chain.types))]
    else:
        chains = _chains_of_files(data, fits)
    if len(chains) < 2:
        raise ValueError(
            f"--data {data}: {counted(len(chains), 'unbroken chain')} within "
            f"{100 * TOLERANCE:.0f} % of {length} residues; choose another --length"
        )
    return chains[:: max(1, math.ceil(len(chains) / count))][:count]


def _chains_of_files(folder: Path, fits: Callable[[int], bool]) -> list[Backbone]:
    from ...structure.backbone import bonded_to_next
    from ...structure.io.read_write import read
    from .pairing import find_files

    chains: list[Backbone] = []
    for file in find_files([str(folder)], "--data"):
        backbone = read(file)
        for name in backbone.chains:
            chain = backbone.chain(name)
            if fits(len(chain)) and chain.mask.all() and bonded_to_next(chain).all():
                chains.append(chain)
    return chains
