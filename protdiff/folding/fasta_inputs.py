"""Sequences written as the programs that fold them want to read them."""

from __future__ import annotations

from itertools import islice, product
from string import ascii_uppercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .targets import Target

__all__ = ["FORMATS", "write_inputs"]


def chain_names(count: int) -> Iterator[str]:
    """A, B, … Z, AA, AB, …

    Examples
    --------
    >>> list(chain_names(28))[-3:]
    ['Z', 'AA', 'AB']
    """
    letters = (
        "".join(part) for size in (1, 2, 3) for part in product(ascii_uppercase, repeat=size)
    )
    return islice(letters, count)


def plain(target: Target) -> str:
    """One record, chains separated by a colon: ColabFold and ESMFold."""
    return f">{target.name}\n{':'.join(target.chains)}\n"


def boltz(target: Target) -> str:
    """A record per chain, whose title says that there is no alignment of sequences."""
    return _by_chain(target, ">{}|protein|empty")


def boltz_server(target: Target) -> str:
    """The same for ``--use_msa_server``, by which Boltz looks for an alignment."""
    return _by_chain(target, ">{}|protein")


def chai(target: Target) -> str:
    """A record per chain with a name of its own."""
    return _by_chain(target, ">protein|name={}")


def separate(target: Target) -> str:
    """A record per chain, called after the target: OpenFold."""
    if len(target.chains) == 1:
        return plain(target)
    return _by_chain(target, f">{target.name}_{{}}")


def _by_chain(target: Target, title: str) -> str:
    names = chain_names(len(target.chains))
    records = zip(names, target.chains, strict=True)
    return "".join(f"{title.format(name)}\n{letters}\n" for name, letters in records)


#: Formats by name.
FORMATS: dict[str, Callable[[Target], str]] = {
    "plain": plain,
    "boltz": boltz,
    "boltz-server": boltz_server,
    "chai": chai,
    "separate": separate,
}
#: Formats whose files hold one target each; a folder of them stands for several.
ONE_A_FILE = ("boltz", "boltz-server", "chai", "separate")


def write_inputs(targets: Sequence[Target], folder: Path, format: str) -> Path:
    """Write targets into a folder; the file that has them all, or else the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = FORMATS[format]
    if len(targets) > 1 and format not in ONE_A_FILE:
        path = folder / "sequences.fasta"
        path.write_text("".join(map(text, targets)), encoding="utf-8")
        return path
    paths = [folder / f"{target.name}.fasta" for target in targets]
    for path, target in zip(paths, targets, strict=True):
        path.write_text(text(target), encoding="utf-8")
    return paths[0] if len(paths) == 1 else folder
