"""Public names of a package that are imported on first use, so that the program starts at once."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, str], modules: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package.

    Its modules are there by their names, too, whether something has imported them before or not.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : dict of str to str
        Module of every public name, relative to the package. Names with two underscores are not
        listed by `dir`.
    modules : dict of str to str, optional
        Public names that are whole modules, with the module of each, relative to the package.
    """
    renamed = modules or {}

    def get(name: str) -> Any:
        if name in homes:
            return getattr(import_module(f"{package}.{homes[name]}"), name)
        if name in renamed:
            return import_module(f"{package}.{renamed[name]}")
        if not name.startswith("_") and find_spec(f"{package}.{name}"):
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted(name for name in [*homes, *renamed] if not name.startswith("__"))

    return get, names
