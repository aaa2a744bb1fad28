"""The command-line reference in Markdown, from the program itself.

Run as a script it prints the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

TITLE = """# Command line

Every command with its options, as the program describes them (`protdiff COMMAND --help`).
Exit codes: 0 on success, 2 for a request that cannot be met, 1 if some of many inputs failed.
"""

#: What values are called, by the type of an option.
KINDS = {str: "text", int: "integer", float: "number", Path: "path", bool: ""}


def plain(text: str | None) -> str:
    """One line of Markdown from a help text."""
    words = " ".join((text or "").split())
    return re.sub(r"([<|*])", r"\\\1", words)


def paragraphs(text: str | None) -> list[str]:
    """Markdown of a help text: paragraphs, and blocks of example commands as code."""
    blocks = []
    for block in re.split(r"\n\s*\n", (text or "").replace("\f", "").strip("\n ")):
        lines = [line for line in block.splitlines() if line.strip() not in ("", "\b")]
        commands = [re.match(r"\s*(\$ |protdiff |#|  )", line) for line in lines]
        if lines and all(commands):
            code = "\n".join(line.strip() for line in lines)
            blocks.append(f"```\n{code}\n```")
        elif lines:
            blocks.append(plain(" ".join(lines)))
    return blocks


def default(parameter: Any) -> str:
    """The default of an option, if it says something."""
    value = getattr(parameter.default, "value", parameter.default)
    if parameter.required or value is None or value == "" or isinstance(value, bool):
        return ""
    return f"`{value}`" if isinstance(value, (str, int, float, Path)) else ""


def value_of(parameter: Any) -> str:
    """What kind of value an option takes; nothing for a switch."""
    if getattr(parameter, "is_flag", False):
        return ""
    described = getattr(parameter, "type_descriptor", None)
    if parameter.name == "config":  # its values are those of all options
        return KINDS[Path]
    if described is None:  # older versions of typer describe types as click does
        choices = getattr(parameter.type, "choices", None)
        return " ".join(f"`{choice}`" for choice in choices or ()) or parameter.type.name
    kind = described.annotation
    kind = next(iter(get_args(kind)), kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " ".join(f"`{choice.value}`" for choice in kind)
    return KINDS.get(kind, str(kind))


def options(command: Any) -> Iterator[str]:
    """A table of the options of every panel, arguments first."""
    panels: dict[str, list[Any]] = {}
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or "--help" in parameter.opts:
            continue
        is_argument = parameter.param_type_name == "argument"
        panel = getattr(parameter, "rich_help_panel", None)
        title = "Arguments" if is_argument else (panel or "Options")
        panels.setdefault(title, []).append(parameter)
    for title in sorted(panels, key=lambda name: (name != "Arguments", name != "Options")):
        yield f"**{title}**\n"
        yield "| name | value | default | meaning |\n| --- | --- | --- | --- |"
        for parameter in panels[title]:
            if title == "Arguments":
                names = f"`{parameter.metavar or parameter.name.upper()}`"
            else:
                opts = [*parameter.opts, *parameter.secondary_opts]
                names = "<br>".join(f"`{name}`" for name in opts)
            meaning = plain(getattr(parameter, "help", ""))
            yield f"| {names} | {value_of(parameter)} | {default(parameter)} | {meaning} |"
        yield ""


def usage(command: Any, name: str) -> str:
    """The line that shows how a command is called."""
    words = [name]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            word = parameter.metavar or parameter.name.upper()
            if parameter.nargs == -1 and not word.endswith("..."):
                word += "..."
            words.append(word if parameter.required else f"[{word}]")
    return " ".join([*words, "[OPTIONS]"])


def section(command: Any, name: str, level: int) -> Iterator[str]:
    """A command and its subcommands."""
    if level > 1:
        yield f"{'#' * level} {name}\n"
    for block in paragraphs(command.help):
        yield block + "\n"
    commands = getattr(command, "commands", {})
    if not commands:
        yield f"```\n{usage(command, name)}\n```\n"
        yield from options(command)
    for block in paragraphs(getattr(command, "epilog", None)):
        yield block + "\n"
    for key, child in commands.items():
        if not child.hidden:
            yield from section(child, f"{name} {key}", level + 1)


def reference() -> str:
    """The page."""
    import typer

    from protdiff.cli.app import app

    return "\n".join([TITLE, *section(typer.main.get_command(app), "protdiff", 1)])


if __name__ == "__main__":
    print(reference())
