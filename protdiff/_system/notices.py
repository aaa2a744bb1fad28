"""Warnings of the package: one class, and how a caller collects them."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ProtdiffWarning", "collected", "warn"]


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
    warnings.warn(text, ProtdiffWarning, stacklevel=stacklevel + 1)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Context that keeps the texts of the package's warnings and shows none of them.

    Warnings of other packages are issued when the context ends.

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
    others: list[warnings.WarningMessage] = []

    def keep(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: object
    ) -> None:
        if not issubclass(category, ProtdiffWarning):
            others.append(warnings.WarningMessage(message, category, filename, lineno))
        elif str(message) not in texts:
            texts.append(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", ProtdiffWarning)
        warnings.showwarning = keep
        yield texts
    for item in others:
        warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
