"""--config: the options of a command from a TOML file, and the file that a run leaves behind."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..._system.files import open_text, replacing
from ..._system.reading import read_toml

__all__ = ["RUN_FILE", "ConfigOption", "GivenOptions", "file_of"]

#: Where a context keeps the path of the file.
SOURCE = "protdiff.config"
#: What a run leaves in its folder.
RUN_FILE = "run.toml"
#: Options that are no keys of a file.
NO_KEYS = ("config", "help")
#: Options that say who does the work, and not what is made. Shards of one command share a file.
NOT_KEPT = ("jobs", "shard", "cluster")


@dataclass(frozen=True)
class GivenOptions:
    """The options of a command as they were given, on the command line or in a file."""

    context: typer.Context

    def write(self, folder: Path, name: str = RUN_FILE) -> None:
        """Write them into a folder; options that have their default are comments."""
        with replacing(folder / name) as temporary, open_text(temporary) as handle:
            handle.write(self.text())

    def text(self) -> str:
        """The TOML file that repeats the command."""
        from ... import __version__

        command, given, defaults = f"protdiff {self.context.info_name}", [], []
        for key, option in _keys(self.context).items():
            value = self.context.params.get(option.name)
            if key in NOT_KEPT or value is None or value == () or value == []:
                continue
            source = self.context.get_parameter_source(option.name)
            is_default = source is not None and source.name == "DEFAULT"
            line = f"{key} = {_toml(value)}"
            (defaults if is_default else given).append(line)
        header = [
            f"# protdiff {__version__}; {command} --config {RUN_FILE} repeats the run.",
            "# Relative paths start from the folder in which the command runs.",
        ]
        lines = header + given + ["", "# Defaults:"] + [f"# {line}" for line in defaults]
        return "\n".join(lines) + "\n"


def read_options(context: typer.Context, path: Path | None) -> GivenOptions | None:
    """Take options from a file where the command line does not give them.

    Raises
    ------
    ValueError
        Naming the file and the key, for a file that is no TOML, an unknown key or a value that the
        option does not take.
    """
    if context.resilient_parsing:  # the shell completes a line
        return None
    if path is not None:
        context.default_map = _values(context, path)
        context.meta[SOURCE] = path
    return GivenOptions(context)


#: The option of every verb that can be repeated from a file.
ConfigOption = Annotated[
    Any,
    typer.Option(
        "--config",
        parser=Path,
        metavar="FILE",
        is_eager=True,
        callback=read_options,
        help="TOML file with any of these options, by their long names; those of the command line "
        f"go first. A run leaves {RUN_FILE} in its folder.",
    ),
]


def file_of(error: Any) -> str:
    """What to put before the message of the parser: the file, if the value comes from one."""
    context, option = getattr(error, "ctx", None), getattr(error, "param", None)
    if context is None or option is None:
        return ""
    source = context.get_parameter_source(option.name)
    return f"--config {context.meta[SOURCE]}: " if source and source.name == "DEFAULT_MAP" else ""


def _values(context: typer.Context, path: Path) -> dict[str, Any]:
    """Values of a file by the name of the parameter."""
    where = f"--config {path}"
    try:
        table = read_toml(path)
    except ValueError as error:
        raise ValueError(f"--config {error}") from None
    keys, values = _keys(context), {}
    for key, value in table.items():
        option = keys.get(key.replace("_", "-"))
        if option is None:
            near = difflib.get_close_matches(key.replace("_", "-"), keys, 1)
            raise ValueError(
                f"{where}: {key}: unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
            )
        if option.name in values:
            raise ValueError(f"{where}: {key}: comes twice")
        values[option.name] = _checked(option, value, f"{where}: {key}")
    return values


def _checked(option: Any, value: Any, where: str) -> Any:
    """A value of a file, in a list if the option takes several."""
    several = option.multiple or option.nargs != 1
    if several and not isinstance(value, list):
        value = [value]
    elements = value if several else [value]
    flag = getattr(option, "is_flag", False)
    if any(isinstance(one, dict | list) or isinstance(one, bool) != flag for one in elements):
        kinds = "true or false" if flag else "a list of values" if several else "one value"
        raise ValueError(f"{where}: must be {kinds}")
    return value


def _keys(context: typer.Context) -> dict[str, Any]:
    """Options and arguments of a command by their long names."""
    keys = {}
    for option in context.command.params:
        long = [text.removeprefix("--") for text in option.opts if text.startswith("--")]
        keys[long[0] if long else str(option.metavar or option.name).strip(".[]").lower()] = option
    return {key: option for key, option in keys.items() if key not in NO_KEYS}


def _toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    plain = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else _escape(c) for c in plain) + '"'


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
