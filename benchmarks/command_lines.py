"""Command lines of every verb, taken from the program itself, with values that are mutated.

A line begins as one that works: small files, short chains, few steps. Then further options are
added, and values, order and number of the words are changed. Nothing names a place outside of the
folder that a line runs in.
"""

from __future__ import annotations

import enum
import inspect
import random
import re
import typing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hostile_values import FILES, MISUSED, NUMBERS, OF_NAME, PLAUSIBLE, START, TEXTS, garbage


@dataclass(frozen=True)
class Parameter:
    """An option or an argument of a verb; an argument has no flags."""

    name: str
    flags: tuple[str, ...]
    kind: type
    takes_value: bool
    required: bool


@cache
def verbs() -> dict[str, tuple[Parameter, ...]]:
    """Parameters of every verb of the program."""
    from typer.main import get_command

    from protdiff.cli.app import app

    found: dict[str, tuple[Parameter, ...]] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*words, name))
        if not hasattr(command, "commands"):
            hints = typing.get_type_hints(inspect.unwrap(command.callback), include_extras=True)
            found[" ".join(words)] = tuple(
                _parameter(item, _type_of(hints[item.name]))
                for item in command.params
                if item.name in hints
            )

    walk(get_command(app), ())
    return found


def _parameter(item: Any, kind: type) -> Parameter:
    flags = (*item.opts, *item.secondary_opts) if item.param_type_name == "option" else ()
    takes_value = not getattr(item, "is_flag", False)
    return Parameter(item.name, flags, kind, takes_value, bool(item.required))


def _type_of(hint: Any) -> type:
    """The type of a value: int of `Annotated[list[int] | None, ...]`."""
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint
    inner = [part for part in typing.get_args(hint) if part is not type(None)]
    return _type_of(inner[0]) if inner else str


def plausible(parameter: Parameter, rng: random.Random) -> str:
    """A value that the parameter may well have."""
    if parameter.name in PLAUSIBLE:
        return rng.choice(PLAUSIBLE[parameter.name])
    if issubclass(parameter.kind, enum.Enum):
        return rng.choice([str(item.value) for item in parameter.kind])
    if issubclass(parameter.kind, Path):
        return rng.choice(FILES)
    return {int: "2", float: "0.5"}.get(parameter.kind, "x")


def hostile(parameter: Parameter | None, rng: random.Random) -> str:
    """A value that hardly fits."""
    action = rng.random()
    if parameter is not None and parameter.name in OF_NAME and action < 0.6:
        return garbage(rng) if rng.random() < 0.15 else rng.choice(OF_NAME[parameter.name])
    if parameter is not None and issubclass(parameter.kind, (int, float)) and action < 0.7:
        return rng.choice(NUMBERS)
    if parameter is not None and issubclass(parameter.kind, Path) and action < 0.7:
        return rng.choice((*FILES, *MISUSED))
    if action < 0.8:
        return rng.choice((*TEXTS, *NUMBERS, *FILES, *MISUSED))
    return garbage(rng)


def written(parameter: Parameter, value: str, rng: random.Random) -> list[str]:
    """An option or argument as words."""
    if not parameter.flags:
        return [value]
    flag = rng.choice(parameter.flags)
    if not parameter.takes_value:
        return [flag]
    return [f"{flag}={value}"] if rng.random() < 0.1 else [flag, value]


def demands_work(words: list[str]) -> bool:
    """Whether a line has a number of three digits, or takes every structure of its folder."""
    return any(re.search(r"\d{3}|[²³٠-٩]|[1-9]e\d|^(\./?)?$", word) for word in words)


def command_line(verb: str, seed: int) -> list[str]:
    """The words after `protdiff`; the same for a seed."""
    rng = random.Random(f"{verb} {seed}")
    known = {parameter.name: parameter for parameter in verbs()[verb]}
    parts: list[list[str]] = []
    start = dict(rng.choice(START.get(verb, ({},))))
    for name, parameter in known.items():
        if name in start or parameter.required:
            value = start.pop(name, None)
            parts.append(written(parameter, value or plausible(parameter, rng), rng))
    more = [parameter for parameter in known.values() if parameter.flags]
    for parameter in rng.sample(more, min(len(more), rng.choice((0, 0, 1, 1, 2, 3)))):
        parts.append(written(parameter, plausible(parameter, rng), rng))
    for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 2, 2, 3))):
        parts = _mutated(parts, list(known.values()), rng)
    words = [*verb.split(), *(word for part in parts for word in part)]
    if rng.random() < 0.03:
        words = _other_words(words, rng)
    return [re.sub(r"(^|=)\.\.$", r"\1.", word.replace("\0", "")) for word in words]


def _mutated(parts: list[list[str]], known: list[Parameter], rng: random.Random) -> list[list[str]]:
    """The options and arguments of a line with one change."""
    parts, action = [list(part) for part in parts], rng.random()
    flags = {flag: parameter for parameter in known for flag in parameter.flags}
    if action < 0.45 and known:  # a value, of any parameter
        parameter = rng.choice(known)
        same = [k for k, part in enumerate(parts) if flags.get(part[0]) is parameter]
        new = written(parameter, hostile(parameter, rng), rng)
        arguments = [k for k, part in enumerate(parts) if len(part) == 1 and part[0] not in flags]
        place = same or ([] if parameter.flags else arguments)
        if place:
            parts[rng.choice(place)] = new
        else:
            parts.append(new)
    elif action < 0.75 and parts:  # a value that is there
        part = rng.choice(parts)
        part[-1] = hostile(flags.get(part[0]), rng)
    elif action < 0.8 and parts:
        parts.remove(rng.choice(parts))
    elif action < 0.85 and parts:
        parts += [rng.choice(parts)] * rng.choice((1, 1, 30))
    elif action < 0.9:
        rng.shuffle(parts)
    elif action < 0.95:
        parts.insert(rng.randrange(len(parts) + 1), [hostile(None, rng)])
    elif known:  # an option of this or another verb, without its value or with a strange end
        verb = rng.choice(list(verbs().values()))
        flag = rng.choice([flag for item in verb for flag in item.flags] or ["--out"])
        parts.append([flag + rng.choice(("", "", "=", "s", "-", "\u00e9", "=" + "9" * 50))])
    return parts


def _other_words(words: list[str], rng: random.Random) -> list[str]:
    """Two verbs, no verb, half a word, options of the program itself."""
    other = rng.choice(list(verbs())).split()
    program = ["--max-file-mb", rng.choice((*NUMBERS, "1", "600"))]
    return rng.choice(
        (
            [*other, *words], [*words, *other], [*program, *words], words[1:], words[:1],
            [words[0][:-1], *words[1:]], [words[0].upper(), *words[1:]], ["--", *words],
            ["--version", *words], [*words, "--help"], [*words, "--version"], [], other[:1],
            [hostile(None, rng), *words],
        )
    )  # fmt: skip
