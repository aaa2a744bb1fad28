"""Shards: the parts of one command that the jobs of an array do.

A shard writes a table of its own, such as manifest.3-of-16.csv, and beside it a record, see
`shard_records`. `protdiff merge` joins the tables of all shards.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

__all__ = [
    "MERGED",
    "Part",
    "Shard",
    "ShardOption",
    "digest_of",
    "parse_shard",
    "refuse_with_shard",
    "shard_tables",
    "without_shard",
]

Item = TypeVar("Item")
#: What to do about an option of the whole result.
MERGED = "leave it out; after protdiff merge, run the command with it and without --shard"
#: More shards than any array of jobs has.
MAX_SHARDS = 100_000


def check_shard(text: str | None) -> str | None:
    """The value of --shard; a ValueError, before any work, if it is none."""
    if text is not None:
        parse_shard(text)
    return text


#: The option of every verb that has shards.
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="K/N",
        callback=check_shard,
        help="Do the Kth of N equal parts, as a job of an array; protdiff merge joins them.",
    ),
]


@dataclass(frozen=True)
class Shard:
    """One of several equal parts of the work.

    Examples
    --------
    >>> shard = Shard(3, 16)
    >>> shard.beside(Path("designs/manifest.csv")).as_posix()
    'designs/manifest.3-of-16.csv'
    >>> Shard(1, 2).places([10, 40, 20, 30]), Shard(2, 2).places([10, 40, 20, 30])
    ([0, 1], [2, 3])
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def beside(self, table: Path) -> Path:
        """This shard's own table in place of the one of a whole run."""
        return table.with_name(f"{table.stem}.{self.number}-of-{self.count}{table.suffix}")

    def places(self, sizes: Sequence[int]) -> list[int]:
        """Places of this shard's part in a list of work, in order.

        The largest pieces are dealt to the shards in turn, there and back, and so on to the
        smallest: all shards have as many pieces, up to one, and pieces of all sizes.

        Parameters
        ----------
        sizes : sequence of int
            Size of every piece of work, such as the length of a chain.
        """
        order = sorted(range(len(sizes)), key=lambda place: (-sizes[place], place))
        mine = []
        for start in range(0, len(order), self.count):
            there = start // self.count % 2 == 0
            turn = self.number - 1 if there else self.count - self.number
            mine += order[start + turn : start + turn + 1]
        return sorted(mine)

    def part(self, sizes: Sequence[int], plan: str) -> Part:
        """This shard's part of a list of work of these sizes."""
        return Part(self, tuple(self.places(sizes)), len(sizes), plan)


def parse_shard(text: str) -> Shard:
    """The shard of a text such as "3/16".

    Examples
    --------
    >>> parse_shard("17/16")
    Traceback (most recent call last):
    ValueError: --shard 17/16: shards of 16 have the numbers 1 to 16
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if match is None:
        empty = "; the variable of the job array is empty" if text.startswith("/") else ""
        raise ValueError(f"--shard {text}: give a number and a count, such as 3/16{empty}")
    number, count = map(int, match.groups())
    if not 1 <= count <= MAX_SHARDS:
        raise ValueError(f"--shard {text}: there can be 1 to {MAX_SHARDS:,} shards")
    if not 1 <= number <= count:
        raise ValueError(f"--shard {text}: shards of {count} have the numbers 1 to {count}")
    return Shard(number, count)


def refuse_with_shard(shard: str | None, **options: tuple[Any, str]) -> None:
    """ValueError for options of the whole result, which a single shard does not have.

    Parameters
    ----------
    shard : str, optional
        The value of --shard; without it nothing is refused.
    options : (value, remedy) by name
        A value that is None or False was not given.
    """
    for name, (value, remedy) in options.items():
        if shard is not None and value not in (None, False):
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(f"{flag}: not with --shard, which has a part alone; {remedy}")


@dataclass(frozen=True)
class Part:
    """The part of a list of work that one shard does.

    Parameters
    ----------
    shard : Shard
    places : tuple of int
        Places in the whole list.
    total : int
        Length of the whole list.
    plan : str
        Digest of the whole list: shards of other lists do not belong together.
    """

    shard: Shard
    places: tuple[int, ...]
    total: int
    plan: str

    def of(self, items: Sequence[Item]) -> list[Item]:
        """The items of this part, of a list of all."""
        return [items[place] for place in self.places]


def shard_tables(
    table: Path, ending: str = "", names: Iterable[str] | None = None
) -> list[tuple[Shard, Path]]:
    """Shards whose tables are beside the one of a whole run, by count and number.

    Parameters
    ----------
    table : Path
    ending : str
        Look for files of these names with an ending, in place of the tables.
    names : iterable of str, optional
        Files beside the table, if that is known; else they are looked at.
    """
    text = rf"{re.escape(table.stem)}\.([0-9]+)-of-([0-9]+){re.escape(table.suffix + ending)}"
    pattern, found = re.compile(text), []
    if names is None:
        names = os.listdir(table.parent) if table.parent.is_dir() else ()
    for name in names:
        if match := pattern.fullmatch(name):
            shard = Shard(int(match[1]), int(match[2]))
            found.append((shard, table.with_name(name)))
    return sorted(found, key=lambda one: (one[0].count, one[0].number))


def digest_of(items: Iterable[object]) -> str:
    """SHA-256 of a list of work, by what names its pieces."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{item}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def without_shard(words: Sequence[str]) -> list[str]:
    """The words of a command line without the option, so that they are those of a whole run.

    Examples
    --------
    >>> without_shard(["generate", "--shard", "3/16", "--num", "9"])
    ['generate', '--num', '9']
    """
    value = {place + 1 for place, word in enumerate(words) if word == "--shard"}
    return [
        word
        for place, word in enumerate(words)
        if place not in value and word.partition("=")[0] != "--shard"
    ]
