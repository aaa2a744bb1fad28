"""The version of the code that runs, which manifests and weights files name.

A release is a tag such as ``v0.2.0`` of the repository, and nothing else holds the number. An
installed package has its version in its metadata. In a checkout the metadata are as old as the last
installation, so git names the commit: 12 commits after v0.2.0 it is ``0.2.1.dev12+g1a2b3c4d5``, as
hatch-vcs says when it builds the package, and changes that no commit has are named by a digest.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

from .resources import PACKAGE

__all__ = ["__version__", "checkout_version", "installed_version"]

#: Seconds that git may take; a network file system can be slow.
GIT_LIMIT = 10


def installed_version() -> str:
    """The version in the metadata of the installed package; 0+unknown if there are none."""
    try:
        return metadata.version("protdiff")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def checkout_version(folder: Path) -> str | None:
    """Version of the package in a checkout, from git; None if git cannot tell.

    Parameters
    ----------
    folder : Path
        Root of the checkout. A folder somewhere inside of a repository is none: the package may
        lie there in an environment of another project.
    """
    if not (folder / ".git").exists():
        return None
    try:
        commit = _git(folder, "rev-parse", "--short=9", "HEAD").strip()
        nearest = ("describe", "--tags", "--abbrev=0", "--match=v[0-9]*")
        tag = _git(folder, *nearest, or_else="").strip()
        since = [f"{tag}..HEAD"] if tag else ["HEAD"]
        distance = int(_git(folder, "rev-list", "--count", *since))
        changes = _git(folder, "diff", "--no-ext-diff", "HEAD", "--", "protdiff", "weights", "data")
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    digest = hashlib.sha256(changes.encode()).hexdigest()[:8] if changes else ""
    return _named(tag.removeprefix("v"), distance, commit, digest)


def _named(release: str, distance: int, commit: str, changes: str) -> str:
    """The release itself, or a development version on the way from it to the next one."""
    if release and not distance and not changes:
        return release
    numbers = re.match(r"(.*?)(\d+)$", release)
    coming = f"{numbers[1]}{int(numbers[2]) + 1}" if numbers else "0.1"
    changed = f".changes.{changes}" if changes else ""
    return f"{coming}.dev{distance}+g{commit}{changed}"


def _git(folder: Path, *arguments: str, or_else: str | None = None) -> str:
    """Output of a git command; `or_else`, if given, where it fails."""
    # Inside a hook of git these variables name another repository or index.
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    result = subprocess.run(
        ["git", "-C", folder, *arguments],
        capture_output=True, check=or_else is None, timeout=GIT_LIMIT, env=environment,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    return result.stdout if result.returncode == 0 or or_else is None else or_else


#: Found when this module is imported, which `protdiff.__version__` does at its first use.
__version__ = checkout_version(PACKAGE.parent) or installed_version()
