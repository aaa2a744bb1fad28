"""Sequences written as the programs that fold them want to read them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, product
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from ..._system.files import open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
    """FASTA, a record per chain, whose title says that there is no alignment of sequences."""
    return _by_chain(target, ">{}|protein|empty")


def boltz_server(target: Target) -> str:
    """The same for ``--use_msa_server``, by which Boltz looks for an alignment."""
    return _by_chain(target, ">{}|protein")


def boltz_yaml(target: Target, alignment: str = "      msa: empty\n") -> str:
    """What `boltz` says as YAML, which the authors of Boltz prefer: they call FASTA deprecated."""
    chains = zip(chain_names(len(target.chains)), target.chains, strict=True)
    parts = (
        f'  - protein:\n      id: "{name}"\n      sequence: "{letters}"\n{alignment}'
        for name, letters in chains
    )
    return "version: 1\nsequences:\n" + "".join(parts)


def boltz_yaml_server(target: Target) -> str:
    """The same for ``--use_msa_server``."""
    return boltz_yaml(target, alignment="")


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


class Format(NamedTuple):
    """How a program reads sequences.

    Attributes
    ----------
    text : callable
        What a file says of a target.
    suffix : str
    one_a_file : bool
        Whether a file holds one target; a folder of files then stands for several.
    """

    text: Callable[[Target], str]
    suffix: str = ".fasta"
    one_a_file: bool = True


#: Formats by name.
FORMATS = {
    "plain": Format(plain, one_a_file=False),
    "boltz": Format(boltz),
    "boltz-server": Format(boltz_server),
    "boltz-yaml": Format(boltz_yaml, ".yaml"),
    "boltz-yaml-server": Format(boltz_yaml_server, ".yaml"),
    "chai": Format(chai),
    "separate": Format(separate),
}


def write_inputs(targets: Sequence[Target], folder: Path, format: str) -> Path:
    """Write targets into a folder; the file that has them all, or else the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = FORMATS[format]
    if len(targets) > 1 and not kind.one_a_file:
        path = folder / f"sequences{kind.suffix}"
        with open_text(path) as handle:
            handle.writelines(map(kind.text, targets))
        return path
    paths = [folder / f"{target.name}{kind.suffix}" for target in targets]
    for path, target in zip(paths, targets, strict=True):
        with open_text(path) as handle:
            handle.write(kind.text(target))
    return paths[0] if len(paths) == 1 else folder
