"""Parameters of the library as the command line calls them.

Messages of the library name parameters in backticks. What a verb calls them stands here, in one
place. A word in backticks that is not here stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["calling", "in_flags", "naming"]

#: Parameters that are options of the same name.
SAME_NAME = (
    "batch_size", "chain", "churn", "contacts", "contig", "device", "diffusion", "end", "format",
    "guidance", "length", "length_change", "name", "num", "out", "overlap", "rg", "sampler",
    "scale", "seed", "sequence", "steps", "strength", "symmetry", "temperature", "to", "weights",
    "window", "jobs", "stride", "models", "samples", "reference", "alignment", "minutes", "keep",
    "hold_out", "fixed", "omit", "bias", "tied", "engine", "mpnn_model", "batch", "chunk_size",
    "fold", "predictions", "blueprint", "trajectory", "plddt", "cluster", "target", "hotspots",
)  # fmt: skip
#: Parameters that the command line calls something else.
OTHER_NAME = {
    "mode": "--codesign",
    "regions": "--redesign",
    "secondary_structure": "--ss",
    "source": "--in",
    "rank": "--lora-rank",
    "confidence": "--no-confidence",
}
#: The same for single verbs.
OF_VERB = {
    "extend": {"source": "FILE"},
    "generate": {"chains": "--target FILE:CHAIN"},
    "check": {"designs": "DESIGNS"},
    # Those of a flow; other verbs have such words for other things.
    "flow": {
        name: f"--{name.replace('_', '-')}"
        for name in (
            "schedule", "regulator", "prior", "basis", "profile", "steepness", "clip", "resolution",
            "links", "signal_first", "signal_last",
        )
    },
}  # fmt: skip
#: Verbs without such options: what they name in backticks are keys of a configuration file.
WITHOUT_FLAGS = ("train",)
PARAMETER = re.compile(r"`([a-z][a-z_]*)`")


def in_flags(message: str, verb: str = "") -> str:
    """A message of the library with the flags of the command line for its parameters.

    Examples
    --------
    >>> in_flags("`length_change` -5: removes all of `regions`")
    '--length-change -5: removes all of --redesign'
    """
    if verb in WITHOUT_FLAGS:
        return message
    special = OTHER_NAME | OF_VERB.get(verb, {})

    def flag(match: re.Match[str]) -> str:
        name = match[1]
        if name in special:
            return special[name]
        return f"--{name.replace('_', '-')}" if name in SAME_NAME else match[0]

    return PARAMETER.sub(flag, message)


@contextmanager
def naming(option: str) -> Iterator[None]:
    """Put the option, and what it came from, before the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


@contextmanager
def calling(parameter: str, option: str) -> Iterator[None]:
    """Name an option in the message of a ValueError, where a verb has another one of that name."""
    try:
        yield
    except ValueError as error:
        raise type(error)(str(error).replace(f"`{parameter}`", option)) from None
