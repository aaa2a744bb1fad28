"""Options that take any number of values, as a shell pattern makes them, or a value or none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from typer.core import TyperCommand

__all__ = ["variadic"]


def variadic(option: str, optional: str = "", instead: str = "") -> type[TyperCommand]:
    """Command class in which every value after `option` belongs to it, up to the next option.

    Parameters
    ----------
    option : str
    optional, instead : str
        A flag, and the option that stands for it where the name of a column of scores follows:
        ``--rank tm`` is ``--sort tm``.
    """

    class Variadic(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if optional and optional in args:
                args = _with_value(args, optional, instead)
            out: list[str] = []
            many = False
            for arg, following in zip(args, [*args[1:], "--"], strict=False):
                if arg == option:
                    many = True
                    if following.startswith("-"):
                        ctx.fail(f"{option}: no value given")
                elif arg.startswith("-") and len(arg) > 1:
                    many = False
                    out.append(arg)
                else:
                    out += [option, arg] if many else [arg]
            return super().parse_args(ctx, out)

    return Variadic


def _with_value(args: Sequence[str], flag: str, instead: str) -> list[str]:
    """The arguments with another option for a flag that a column follows."""
    from .score_order import choices

    columns = choices()
    return [
        instead if arg == flag and following in columns else arg
        for arg, following in pairwise([*args, ""])
    ]
