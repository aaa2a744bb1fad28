"""Where generated structures go: into a file each, or all into one archive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ...structure.io.members import member_path, path_text
from ...structure.io.paths import is_structure, stem
from .options import ARCHIVES
from .shards import shard_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .shards import Shard

__all__ = ["Store"]


@dataclass(frozen=True)
class Store:
    """The structures in a folder of output.

    Parameters
    ----------
    out : Path
    archive : str, optional
        Name of the archive in it; without one every structure has a file.
    shard : Shard, optional
        Who writes: a shard has an archive of its own.
    """

    out: Path
    archive: str | None = None
    shard: Shard | None = None

    @property
    def whole(self) -> Path:
        """The archive of a whole run."""
        assert self.archive is not None
        return self.out / self.archive

    @property
    def own(self) -> Path:
        """The archive of this process."""
        first, rest = self._parts()
        return self.whole if self.shard is None else Path(f"{self.shard.beside(first)}{rest}")

    @property
    def place(self) -> Path:
        """What another verb is given to read all structures of this process."""
        return self.out if self.archive is None else self.own

    def _parts(self) -> tuple[Path, str]:
        """The archive's name up to the format, and the rest: shards come before the format."""
        found = ARCHIVES.fullmatch(self.whole.name)
        assert found is not None
        rest = self.whole.name[found.end(1) :]
        return self.whole.with_name(self.whole.name.removesuffix(rest)), rest

    def of_shards(self) -> list[Path]:
        """The archives of all shards that are there."""
        return [] if self.archive is None else [path for _, path in shard_tables(*self._parts())]

    def readable(self) -> list[Path]:
        """Archives of which this process uses what is there: not those of its fellows."""
        found = [self.whole] if self.whole.exists() else []
        for shard, path in shard_tables(*self._parts()):
            if self.shard is None or shard.count != self.shard.count or shard == self.shard:
                found.append(path)
        return found

    @cached_property
    def members(self) -> Mapping[str, Path]:
        """Archives by the names of the structures in them, when this process begins.

        Raises
        ------
        ValueError
            If one cannot be read.
        """
        from ...structure.io.tar_writer import whole_names

        found: dict[str, Path] = {}
        for archive in self.readable() if self.archive is not None else ():
            found |= dict.fromkeys(whole_names(archive), archive)
        return found

    def path(self, file: str) -> Path:
        """Where a structure can be read when all have been written."""
        return self.out / file if self.archive is None else member_path(self.own, file)

    def is_there(self, file: str) -> bool:
        """Whether something of the name of a structure is there."""
        return (self.out / file).exists() or file in self.members

    def is_whole(self, file: str) -> bool:
        """Whether an earlier run has written a structure."""
        path = self.out / file
        return file in self.members or (path.is_file() and path.stat().st_size > 0)

    def check(self, known: Collection[str], planned: Collection[str], remedy: str) -> None:
        """ValueError if structures are not of this command, or not where or as this run puts them.

        Parameters
        ----------
        known : collection of str
            Files that the manifests list.
        planned : collection of str
            Files of this run.
        remedy : str
        """
        from ...structure.io.tar_listing import listing_of

        for file, archive in self.members.items():
            if file not in known:
                raise ValueError(
                    f"{archive}: holds {file}, which is not in the manifest, so it is not of this "
                    f"command; {remedy}"
                )
        for file in sorted(planned) if self.archive is not None else ():
            if file in known and (self.out / file).exists():
                raise ValueError(
                    f"{self.out / file}: was written without --archive; leave it out, or {remedy}"
                )
        for archive in self._other_archives():
            names = listing_of(archive).names
            if found := set(names) & set(planned) & set(known):
                raise ValueError(
                    f"{archive}: has {min(found)} already; give --archive {archive.name}, or "
                    f"{remedy}"
                )
            self._check_formats((member_path(archive, name) for name in names), planned, remedy)
        self._check_formats(sorted(self.out.glob("[!.]*")), planned, remedy)

    def _check_formats(self, there: Iterable[Path], planned: Collection[str], remedy: str) -> None:
        """ValueError if a planned structure is there in another format: it would count twice."""
        files = {stem(Path(file)): file for file in planned}
        for path in filter(is_structure, there):
            file = files.get(stem(path), path.name)
            if file != path.name:
                format = file.removeprefix(f"{stem(path)}.")
                option = f"--archive {self.archive}" if self.archive else f"--format {format}"
                raise ValueError(
                    f"{path_text(path)}: is there, and {option} would add {file}, the same name "
                    f"in another format; {remedy}"
                )

    def _other_archives(self) -> list[Path]:
        """Archives in the folder that are none of this run and its shards."""
        own = set() if self.archive is None else {self.whole, *self.of_shards()}
        there = self.out.glob("[!.]*.tar") if self.out.is_dir() else ()
        return sorted(path for path in there if ARCHIVES.fullmatch(path.name) and path not in own)

    def writer(self) -> Callable[[Mapping[str, bytes]], None]:
        """A function that writes structures, contents by file."""
        from ...structure.io.structure_bytes import write_bytes
        from ...structure.io.tar_writer import appender

        if self.archive is not None:
            return appender(self.own)

        def write(contents: Mapping[str, bytes]) -> None:
            for file, content in contents.items():
                write_bytes(self.out / file, content)

        return write

    def finish(self) -> None:
        """Put an archive in order; that of a whole run has then what shards have left, too."""
        from ...structure.io.tar_writer import join_archives, whole_names

        if self.archive is None:
            return
        sources = [self.own] if self.shard is not None else self.readable()
        sources = [path for path in sources if path.exists()]
        if sources:
            names = {name for source in sources for name in whole_names(source)}
            join_archives(self.own, sources, names)
        if self.shard is None:
            self.remove_shards()

    def remove_shards(self) -> None:
        """Remove the archives of shards, whose structures the whole one has."""
        for path in self.of_shards():
            path.unlink(missing_ok=True)
