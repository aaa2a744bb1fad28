"""Options in groups: a dataclass declares some, and every verb that needs them takes it whole."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

__all__ = ["grouped", "paragraphs"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the fields of its dataclass parameters as parameters of its own.

    typer reads options off a function's signature. Here a parameter whose type is a dataclass
    stands for its fields, in their order; the command gets the dataclass.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Size:
    ...     width: int = 2
    ...     height: int = 3
    >>> @grouped
    ... def area(size: Size, scale: int = 1):
    ...     print(size.width * size.height * scale)
    >>> area(width=5, height=3, scale=2)
    30
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[type, list[str]]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if not (inspect.isclass(kind) and is_dataclass(kind)):
            parameters.append(parameter.replace(annotation=kind))
            continue
        types = get_type_hints(kind, include_extras=True)
        groups[name] = kind, [field.name for field in fields(kind)]
        for field in fields(kind):
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            parameters.append(
                inspect.Parameter(
                    field.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=default,
                    annotation=types[field.name],
                )
            )

    @wraps(command)
    def flat(**values: Any) -> None:
        for name, (kind, names) in groups.items():
            values[name] = kind(**{field: values.pop(field) for field in names if field in values})
        command(**values)

    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    flat.__signature__ = inspect.Signature(keyword)  # pyright: ignore[reportAttributeAccessIssue]
    flat.__annotations__ = {p.name: p.annotation for p in keyword}
    del flat.__wrapped__  # pyright: ignore[reportAttributeAccessIssue]
    return flat


def paragraphs(command: Callable[..., None]) -> Callable[..., None]:
    """The command with every paragraph of its help on one line, to be wrapped by the terminal."""
    text = inspect.cleandoc(command.__doc__ or "")
    command.__doc__ = re.sub(r"(?<!\n)\n(?!\n)", " ", text)
    return command
