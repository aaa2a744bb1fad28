"""Options in groups: a dataclass declares some, and every verb that needs them takes it whole."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

__all__ = ["examples", "grouped", "paragraphs"]


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


#: Commands that the help of a verb ends with.
EXAMPLES = {
    "generate": (
        "protdiff generate --length 60-120 --num 8 --out designs",
        'protdiff generate --motif x.pdb --contig "20-40,A53-66,20-40" --out motif',
        "protdiff generate --target x.pdb:B --hotspots B30 --length 70 --out bound",
        "protdiff generate --length 100 --trajectory every:2 --out watched",
        "protdiff generate --length 60-120 --num 100000 --out many --cluster slurm.toml",
        "protdiff generate --in ab.pdb --redesign H99-110 --codesign both --out loops",
        "protdiff generate --length 60 --num 20000 --archive designs.bcif.tar",
    ),
    "extend": (
        "protdiff extend chain.pdb --to 120 --num 4 --out extended",
        "protdiff extend complex.pdb --chain B --to 200 --end both --out longer",
    ),
    "design": (
        "protdiff design designs --num 8 --out sequences",
        "protdiff design scaffolds --keep-known --omit C",
        'protdiff design complex.pdb --fixed "A10-25,B:*" --temperature 0.2',
        "protdiff design designs --engine mpnn",
    ),
    "check": (
        "protdiff check designs sequences --fold esmfold",
        'protdiff check designs sequences --fold "chai-lab fold {fasta} {out}"',
        "protdiff check designs sequences --predictions colabfold_out",
    ),
    "merge": (
        "protdiff generate --length 60-120 --num 1000 --out designs --shard 3/16",
        "protdiff merge designs",
        "protdiff merge scores.*-of-16.csv --out scores.csv",
    ),
    "evaluate": (
        "protdiff evaluate designs",
        "protdiff evaluate designs --reference set --jobs 4",
    ),
    "report": (
        "protdiff report designs --out report.html",
        "protdiff report designs checked",
        "protdiff report scores.csv --structures 500",
    ),
    "audit": (
        "protdiff audit designs --train set --held-out set",
        "protdiff audit designs --train training --held-out others --out checked",
    ),
    "score": (
        "protdiff score designs --out quality.csv",
        "protdiff score predictions --reference native.pdb --out scores.csv",
        "protdiff score models --reference native.pdb --sort tm --top 3 --copy-to best",
        "protdiff score models --reference natives --chain A:B --superpose moved",
        "protdiff score designs --out quality.csv --cluster dask://host:8786",
    ),
    "train": (
        "protdiff data build structures --out set",
        "protdiff train training.toml",
    ),
    "finetune": (
        "protdiff finetune my_folder --out mine.safetensors --minutes 20",
        "protdiff generate --weights mine.safetensors --length 80 --num 8",
    ),
    "flow film": (
        "protdiff flow film design.pdb --out film.gif",
        "protdiff flow film design.pdb --out film.html",
        "protdiff flow film designs/trajectories/backbone_0000.pdb",
    ),
    "doctor": ("protdiff doctor", "protdiff doctor --weights my.safetensors"),
}


def examples(verb: str) -> str:
    """What the help of a verb ends with: each command is a paragraph of its own."""
    return "\n\n".join(("Examples:", *EXAMPLES[verb]))
