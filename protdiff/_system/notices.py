"""Warnings of the package: one class, and how a caller collects them."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ProtdiffWarning", "collected", "warn"]

#: Where the texts of warnings go while they are collected.
_TEXTS: ContextVar[list[str] | None] = ContextVar("texts of warnings", default=None)


class ProtdiffWarning(UserWarning):
    """What was skipped, guessed, dropped or left as it was.

    Every warning of the package has this class. The command line shows them on stderr or in a
    column of its tables.

    Examples
    --------
    >>> import warnings, protdiff
    >>> warnings.simplefilter("error", protdiff.ProtdiffWarning)  # doctest: +SKIP
    """


def warn(text: str, stacklevel: int = 1) -> None:
    """Issue a `ProtdiffWarning`.

    Parameters
    ----------
    text : str
        One line: which file, residue or option, and what was done with it.
    stacklevel : int
        1 for the function that calls this one, 2 for its caller, and so on.
    """
    texts = _TEXTS.get()
    if texts is None:
        warnings.warn(text, ProtdiffWarning, stacklevel=stacklevel + 1)
    elif text not in texts:
        texts.append(text)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Context that keeps the texts of the package's warnings and shows none of them.

    It is that of one thread: several may collect at once, which the module `warnings` could not.
    Warnings of other packages are issued as ever.

    Yields
    ------
    list of str
        Texts of the warnings so far, each once, in order.

    Examples
    --------
    >>> from protdiff._system.notices import collected, warn
    >>> with collected() as texts:
    ...     warn("x.pdb: 2 residues without CA")
    ...     warn("x.pdb: 2 residues without CA")
    >>> texts
    ['x.pdb: 2 residues without CA']
    """
    texts: list[str] = []
    before = _TEXTS.set(texts)
    try:
        yield texts
    finally:
        _TEXTS.reset(before)
