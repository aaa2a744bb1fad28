"""How values show themselves in notebooks: which function of the package draws which type.

Values live in rooms that may not import the pictures of them. The package itself, which knows all
rooms, names a function for every type (`shown_by`), and nothing is imported until a notebook shows
such a value.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["mimebundle", "shown_by"]

#: "module:function" by the name of a type.
_FUNCTIONS: dict[str, str] = {}


def shown_by(functions: Mapping[str, str]) -> None:
    """Name the functions that draw values.

    Parameters
    ----------
    functions : dict of str to str
        "module:function" by the name of a type; the function takes a value and returns what
        ``_repr_mimebundle_`` does, without the plain text.
    """
    _FUNCTIONS.update(functions)


def mimebundle(value: object) -> dict[str, Any]:
    """What a value's ``_repr_mimebundle_`` returns: text/html, image/png, or nothing.

    A terminal shows texts only, and gets them at once: there nothing is drawn.
    """
    home = _FUNCTIONS.get(type(value).__name__)
    if home is None or _terminal():
        return {}
    module, _, function = home.partition(":")
    return getattr(import_module(module), function)(value)


def _terminal() -> bool:
    """Whether this is IPython in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "text/html" not in shell.display_formatter.active_types
