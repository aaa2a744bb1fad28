"""Names that tell apart: labels that come twice get a suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["UniqueNames", "unique_names"]


class UniqueNames:
    """Gives every name once: the second `x` is `x_2`, the third `x_3`.

    Parameters
    ----------
    reserved : iterable of str
        Names that no suffix may lead to, because they are to come.

    Examples
    --------
    >>> names = UniqueNames()
    >>> [names.new(text) for text in ("x", "y", "x")]
    ['x', 'y', 'x_2']
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self.reserved = set(reserved)
        self.times: dict[str, int] = {}

    def new(self, name: str) -> str:
        """The name, with a suffix if it was there before."""
        if name not in self.times:
            self.times[name] = 1
            return name
        while True:
            self.times[name] += 1
            label = f"{name}_{self.times[name]}"
            if label not in self.times and label not in self.reserved:
                self.times[label] = 1
                return label


def unique_names(names: Iterable[str]) -> list[str]:
    """The names in their order, those that come twice with a suffix.

    Examples
    --------
    >>> unique_names(["x", "x", "x_2", "y"])
    ['x', 'x_3', 'x_2', 'y']
    """
    names = list(names)
    unique = UniqueNames(names)
    return [unique.new(name) for name in names]
