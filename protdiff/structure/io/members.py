"""Names of structures in archives: ``designs.bcif.tar::backbone_0007.bcif``.

As a path a member has a slash after the colons, so that its name and suffix are those of a file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["ARCHIVE", "as_path", "beside", "is_there", "member_path", "path_text", "split"]

#: How names of archives end.
ARCHIVE = ".tar"
MEMBER = re.compile(r"(.+?\.tar)::/?(.+)", re.IGNORECASE | re.DOTALL)


def split(path: str | os.PathLike[str]) -> tuple[Path, str] | None:
    """Archive and name of a member; None for other paths, and for a file of such a name.

    Examples
    --------
    >>> archive, name = split("out/designs.bcif.tar::backbone_0007.bcif")
    >>> archive.as_posix(), name
    ('out/designs.bcif.tar', 'backbone_0007.bcif')
    """
    text = os.fspath(path)
    match = MEMBER.fullmatch(text)
    if match is None or os.path.lexists(text):
        return None
    return Path(match[1]), match[2]


def member_path(archive: Path, name: str) -> Path:
    """Path of a member, whose last part is that of its name."""
    return Path(f"{archive}::", name)


def as_path(text: str | os.PathLike[str]) -> Path:
    """Path of a text that may name a member.

    Examples
    --------
    >>> as_path("designs.bcif.tar::backbone_0007.bcif").name
    'backbone_0007.bcif'
    """
    member = split(text)
    return Path(text) if member is None else member_path(*member)


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as a table or message shows it.

    Examples
    --------
    >>> path_text(member_path(Path("designs.bcif.tar"), "backbone_0007.bcif"))
    'designs.bcif.tar::backbone_0007.bcif'
    """
    member = split(path)
    return str(Path(path)) if member is None else f"{member[0]}::{member[1]}"


def is_there(path: Path) -> bool:
    """Whether a file, or the archive of a member, is there."""
    member = split(path)
    return (path if member is None else member[0]).is_file()


def beside(path: Path, name: str) -> Path:
    """A file beside a structure: in the folder of its archive if it is in one."""
    member = split(path)
    return (path if member is None else member[0]).parent / name
