"""What shards say of themselves: of which command they are a part, and what of it is their own.

The record of a shard is beside its table, such as manifest.3-of-16.csv.shard. By it shards of other
options are refused, and `protdiff merge` knows what is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..._system.files import write_json
from ..._system.locks import shard_writer
from ..._system.reading import read_json
from ..._system.words import counted, either
from .input_files import different
from .shards import Part, Shard, parse_shard, shard_tables

__all__ = ["Record", "agreed", "at_work", "finish_removal", "remove_shards", "unfinished"]

#: What a record begins with, and how its name ends.
FORMAT, RECORD = "protdiff-shard-1", ".shard"
#: How the name of a table ends with which shards that are in it are being removed.
MARK = ".merged"
#: Shards that a message names.
MAX_SHOWN = 20


@contextmanager
def at_work(
    part: Part,
    table: Path,
    verb: str,
    options: Mapping[str, str],
    *,
    folder: bool = True,
    check: Callable[[], object] = lambda: None,
) -> Iterator[None]:
    """Context in which this process is a shard, and its record is beside its table.

    A shard that ends without a table leaves no record.

    Parameters
    ----------
    part : Part
    table : Path
        The table of a whole run.
    verb : str
    options : dict of str
        What decides the results, by the name of the option.
    folder : bool
        Whether the shards have the whole folder of the table, or the table alone.
    check : callable, optional
        What is called before the record is written, while no other shard starts.

    Raises
    ------
    ValueError
        If another process is this shard, or has the folder for itself; or shards of another
        command are there.
    """
    shard, own = part.shard, part.shard.beside(table)
    record = Record(shard, verb, dict(options), part)
    target = table.parent if folder else table

    def begin(names: Sequence[str]) -> None:
        check()
        record.begin(table, names)

    with shard_writer(target, shard.number, shard.count, begin):
        try:
            yield
        finally:
            if not own.exists():
                Record.path(part.shard, table).unlink(missing_ok=True)


@dataclass(frozen=True)
class Record:
    """What a shard says of itself."""

    shard: Shard
    verb: str
    options: dict[str, str]
    part: Part

    def begin(self, table: Path, names: Iterable[str]) -> None:
        """Write the record beside the shard's table; ValueError if others there forbid it.

        Parameters
        ----------
        table : Path
        names : iterable of str
            Files beside it, those of all shards among them.
        """
        finish_removal(table)
        # One is enough: every other was compared with one when it began.
        other = next(Record.each_of(table, names), None)
        if other is not None and (difference := self.difference(other)):
            raise ValueError(
                f"{self.shard.beside(table)}: shard {other.shard} there is of a command with "
                f"other options ({difference}); choose another `out`, or finish and merge that"
            )
        self.write(table)

    @staticmethod
    def path(shard: Shard, table: Path) -> Path:
        """Where the record of a shard is."""
        own = shard.beside(table)
        return own.with_name(own.name + RECORD)

    def write(self, table: Path) -> None:
        """Write the record beside the table of the shard."""
        values = {
            "format": FORMAT, "verb": self.verb, "shard": str(self.shard), "plan": self.part.plan,
            "total": self.part.total, "places": list(self.part.places), "options": self.options,
        }  # fmt: skip
        write_json(self.path(self.shard, table), values)

    @staticmethod
    def read(path: Path) -> Record:
        """The record in a file.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        ValueError
            If it is none of this version of the package.
        """
        try:
            found = read_json(path)
            if found["format"] != FORMAT:
                raise ValueError
            shard = parse_shard(found["shard"])
            places = tuple(map(int, found["places"]))
            part = Part(shard, places, int(found["total"]), str(found["plan"]))
            return Record(shard, str(found["verb"]), dict(found["options"]), part)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError):
            raise ValueError(
                f"{path}: not the record of a shard of this version of protdiff; run the shard "
                "once more, in another folder"
            ) from None

    @staticmethod
    def each_of(table: Path, names: Iterable[str] | None = None) -> Iterator[Record]:
        """Records of all shards of a table, by count and number; see `shard_tables`."""
        for _, path in shard_tables(table, RECORD, names):
            with suppress(FileNotFoundError):  # of a shard that has just ended without a table
                yield Record.read(path)

    @staticmethod
    def all_of(table: Path) -> list[Record]:
        """The same as a list."""
        return list(Record.each_of(table))

    def difference(self, other: Record) -> str:
        """What differs from another shard, whatever their numbers: names of options, or files."""
        if self.verb != other.verb:
            return f"protdiff {other.verb}"
        names = [name for name in self.options if other.options.get(name) != self.options[name]]
        names += [name for name in other.options if name not in self.options]
        if not names and self.part.total != other.part.total:
            return f"{counted(self.part.total, 'result')}, there {other.part.total}"
        if not names and self.part.plan != other.part.plan:
            return "other lengths, sequences or files"
        return different(names, self.options, other.options)


def agreed(table: Path) -> list[Record]:
    """Records of all shards of a table, which are of one command.

    Raises
    ------
    ValueError
        If there are none, or two are of different commands.
    """
    records = Record.all_of(table)
    if not records:
        raise ValueError(f"{table}: no shards of it are there; --shard writes them")
    for other in records[1:]:
        if difference := records[0].difference(other):
            raise ValueError(
                f"{table.parent}: shards {records[0].shard} and {other.shard} were made with "
                f"different options ({difference}); run one of them with those of the other, in "
                "another folder"
            )
    return records


def unfinished(records: Sequence[Record], lacking: set[int], what: str) -> str:
    """Which shards are to be run before a merge, in words.

    Parameters
    ----------
    records : list of Record
    lacking : set of int
        Places in the whole list of work whose results are not there.
    what : str
        What a result is, such as "backbone".
    """
    count = Counter(one.shard.count for one in records).most_common(1)[0][0]
    mine = {one.shard.number: one.part.places for one in records if one.shard.count == count}
    words = []
    for number in range(1, count + 1):
        if number not in mine:
            words.append(f"{number} (missing)")
        elif left := lacking.intersection(mine[number]):
            done = len(mine[number]) - len(left)
            words.append(f"{number} (unfinished, {done} of {len(mine[number])})")
    shown = ", ".join(words[:MAX_SHOWN]) + (" …" if len(words) > MAX_SHOWN else "")
    return (
        f"{counted(len(lacking), what)} of {records[0].part.total} not there; run "
        f"{either(len(words), 'shard', 'shards')} {shown} of {count}, then merge"
    )


def remove_shards(table: Path, *others: str, details: tuple[str, ...] = ()) -> None:
    """Remove the tables and records of shards, whose rows the whole tables have.

    A mark is there for so long: if this process is killed, shards that are half removed must not
    look like unfinished ones, see `finish_removal`.

    Parameters
    ----------
    table : Path
        The whole table, beside which the records are.
    *others : str
        Names of other tables beside it.
    details : tuple of str, optional
        Ends of the names of tables beside that of each shard.
    """
    names, mark = (*others, table.name), table.with_name(table.name + MARK)
    if not shard_tables(table, RECORD) and not any(map(shard_tables, map(table.with_name, names))):
        mark.unlink(missing_ok=True)
        return
    write_json(mark, {"format": FORMAT, "tables": others, "details": details})
    for name in names:
        for _, path in shard_tables(table.with_name(name)):
            for ending in details:
                path.with_name(path.stem + ending).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
    for _, path in shard_tables(table, RECORD):
        path.unlink(missing_ok=True)
    mark.unlink()


def finish_removal(table: Path) -> None:
    """Remove what a process that was killed in `remove_shards` has left; for its only writer."""
    mark = table.with_name(table.name + MARK)
    if not mark.exists():
        return
    try:
        found = read_json(mark)
        names, details = list(found["tables"]), tuple(found["details"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"{mark}: not of this version of protdiff; remove it") from None
    if table.is_file():
        remove_shards(table, *names, details=details)
    mark.unlink(missing_ok=True)
