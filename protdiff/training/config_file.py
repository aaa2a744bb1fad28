"""Configurations of training runs, read from TOML files; what is wrong is said in one line."""

from __future__ import annotations

import difflib
from dataclasses import fields
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from .._system.reading import read_toml
from ..flow.flow_choice import FlowChoice
from ..network import NetworkConfig
from ..sequence.network import SequenceConfig
from .config import TrainingConfig
from .sequence_config import SequenceTraining
from .time_laws import TimeLaw

if TYPE_CHECKING:
    from os import PathLike

    from pydantic_core import ErrorDetails

__all__ = ["ConfigError", "read_config"]


class ConfigError(ValueError):
    """A configuration that cannot be used; the message is one line."""


def read_config(path: str | PathLike[str]) -> TrainingConfig | SequenceTraining:
    """Read and check a TOML file; relative folders are relative to the working directory.

    A file with a table ``[sequence]`` is about the network of residue types, every other one about
    the network of the flow.

    Parameters
    ----------
    path : path

    Returns
    -------
    TrainingConfig or SequenceTraining

    Raises
    ------
    ConfigError
        With one line that names the key and, for an unknown one, the nearest valid key.
    """
    try:
        values = read_toml(path)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    kind = SequenceTraining if "sequence" in values else TrainingConfig
    try:
        return kind(**values)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_error(error.errors()[0], kind)}") from None


def _first_error(error: ErrorDetails, kind: type[BaseModel]) -> str:
    """Key and reason of an error in one line."""
    keys, message = list(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = list(kind.model_fields)
        if len(keys) > 1:
            tables = {
                "flow": FlowChoice, "network": NetworkConfig, "sequence": SequenceConfig,
                "times": TimeLaw,
            }  # fmt: skip
            known = [field.name for field in fields(tables[keys[0]]) if field.name != "conditions"]
        near = difflib.get_close_matches(keys[-1], known, 1)
        message = "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    return ": ".join(part for part in (".".join(keys), message) if part)
