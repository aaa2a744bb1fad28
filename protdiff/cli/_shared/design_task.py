"""The sequences of one structure, in this process or in several: files, and rows of the table."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._system.notices import collected, warn
from ...structure.io.members import path_text
from ...structure.io.paths import stem
from .flags import in_flags
from .residue_options import bias_of, fixed_of, known_residues, ranges_text, tied_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jaxtyping import Bool

    from ...sequence.designer import Design
    from ...structure.backbone import Backbone, Strings
    from .residue_options import BiasRow, Part

__all__ = ["COLUMNS", "TEMPERATURE", "DesignSettings", "DesignTask", "Row", "design_task"]

#: Default temperature of the draws.
TEMPERATURE = 0.1
#: Values of a row by column.
Row = dict[str, Any]
#: Columns of the table, one row per sequence, or per structure that could not be designed.
COLUMNS = (
    "design", "file", "number", "seed", "residues", "designed", "kept", "nats", "temperature",
    "sequence", "structure", "warning", "error",
)  # fmt: skip


@dataclass(frozen=True)
class DesignTask:
    """A structure that gets sequences.

    Parameters
    ----------
    file : Path
    name : str
        Of the design: its sequences are called NAME_0, NAME_1, …
    fixed : tuple of int, optional
        Rows that keep their type, besides those of the settings.
    tied : tuple of tuples of str
        Groups of chains that are copies, besides those of the settings.
    """

    file: Path
    name: str
    fixed: tuple[int, ...] = ()
    tied: tuple[tuple[str, ...], ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the file and of what else decides the sequences; empty if it is not there."""
        from ...analysis.folding.targets import motif_rows
        from ...structure.io.tar_listing import stored_bytes

        try:
            content = stored_bytes(self.file)
        except (OSError, ValueError):
            return ""
        given: list[tuple[int, str]] = []
        with suppress(ValueError):  # a table of the user that has this name
            given = motif_rows(self.file)
        more = repr((self.fixed, self.tied, given)) if self.fixed or self.tied or given else ""
        return hashlib.sha256(content + more.encode()).hexdigest()

    @property
    def suffix(self) -> str:
        """Suffix of the file, which its copies have, too."""
        return self.file.name[len(stem(self.file)) :]


@dataclass(frozen=True)
class DesignSettings:
    """What is the same for all structures."""

    num: int
    weights: Path
    weights_sha256: str
    temperature: float = TEMPERATURE
    seed: int = 0
    fixed: tuple[Part, ...] = ()
    omit: str = ""
    bias: tuple[BiasRow, ...] = ()
    bias_name: str = field(default="--bias", compare=False)
    tied: tuple[tuple[str, ...], ...] = ()
    keep_known: bool = False
    engine: str = "protdiff"
    mpnn_model: str = ""

    def recorded(self) -> dict[str, Any]:
        """What decides the sequences, as text by the name of the option."""
        values = asdict(self)
        del values["weights"], values["bias_name"]
        for name in ("fixed", "bias", "tied"):
            values[name] = repr(getattr(self, name)) if getattr(self, name) else ""
        return {name: str(value) for name, value in values.items()}


def design_task(task: DesignTask, settings: DesignSettings, folder: Path) -> list[Row]:
    """Write copies of a structure with the names of its sequences; rows of the table.

    Bad input gives one row with an error, and nothing is written.
    """
    import torch

    torch.set_num_threads(1)  # the last digits must not depend on the machine, nor on --jobs
    with collected() as texts:
        try:
            designs, kept = _designs(task, settings)
            copies = _write_copies(designs, task, folder)
        except ValueError as error:
            return [{"design": task.name, "file": path_text(task.file), "error": shown(str(error))}]
    joined = "; ".join(shown(text).replace("; ", ", ") for text in texts)
    same = {
        "design": task.name, "file": path_text(task.file), "residues": len(designs[0].backbone),
        "designed": int(designs[0].designed.sum()), "kept": kept,
        "temperature": settings.temperature, "warning": joined,
    }  # fmt: skip
    return [
        same | {
            "number": one.number, "seed": one.seed, "nats": f"{one.nats:.4f}",
            "sequence": chains_text(one.backbone), "structure": copy,
        }
        for one, copy in zip(designs, copies, strict=True)
    ]  # fmt: skip


def _write_copies(designs: Sequence[Design], task: DesignTask, folder: Path) -> list[str]:
    """Write copies in the format of their file, or as mmCIF where that cannot hold them; names."""
    from ...structure.io.read_write import write

    chain_ids, suffix = _form_of_copies(designs[0].backbone, task.suffix)
    names = [f"{task.name}_{one.number}{suffix}" for one in designs]
    for one, name in zip(designs, names, strict=True):
        write(replace(one.backbone, chain_ids=chain_ids), folder / name)
    return names


def _form_of_copies(backbone: Backbone, suffix: str) -> tuple[Strings, str]:
    """Chain ids and suffix with which copies can be written; a warning says what is new."""
    from ...structure.io.read_write import check_writable

    chain_ids = backbone.chain_ids
    try:
        check_writable(backbone, suffix)
    except ValueError:
        if new := _new_chain_ids(backbone.chains):
            chain_ids = np.array([new.get(chain, chain) for chain in chain_ids.tolist()])
            pairs = ", ".join(f"{chain!r} is {name}" for chain, name in new.items())
            warn(f"chains have other names in the copies, which files can hold: {pairs}")
        try:
            check_writable(replace(backbone, chain_ids=chain_ids), suffix)
        except ValueError as error:
            suffix = ".cif"
            warn(f"the copies are mmCIF files: {str(error).removesuffix('; write .cif instead')}")
    return chain_ids, suffix


def _new_chain_ids(chains: Sequence[str]) -> dict[str, str]:
    """Free letters for chain ids that no file can hold as protdiff writes them.

    Examples
    --------
    >>> _new_chain_ids(["A", "A'", "Ä", "C"])
    {"A'": 'B', 'Ä': 'D'}
    """
    from ...analysis.folding.fold_inputs import chain_names
    from ...structure.io.writers import is_cif_word

    free = (name for name in chain_names(2 * len(chains)) if name not in chains)
    return {chain: next(free) for chain in chains if not is_cif_word(chain)}


def shown(message: str) -> str:
    """A message of the library as one line, with the options of the command line."""
    return in_flags(" ".join(message.split()), "design")


def _designs(task: DesignTask, settings: DesignSettings) -> tuple[list[Design], str]:
    """Sequences of a structure, and the residues that keep their type as text."""
    from ...sequence.designer import design
    from ...structure.io.read_write import read

    backbone = read(task.file)
    fixed = fixed_of(backbone, settings.fixed)
    fixed[list(task.fixed)] = True
    if settings.keep_known:
        fixed |= _known(task.file, backbone)
    if fixed.all():
        remedy = "; name fewer in --fixed" if settings.fixed else ""
        remedy = "; leave --keep-known out" if settings.keep_known else remedy
        raise ValueError(f"every residue keeps its type, nothing is left to design{remedy}")
    tied = [*(tied_of(backbone, settings.tied) or []), *map(list, task.tied)]
    own = settings.engine == "protdiff"
    designs = design(
        backbone, settings.num, temperature=settings.temperature, fixed=fixed, omit=settings.omit,
        bias=bias_of(backbone, settings.bias, settings.bias_name), tied=tied or None,
        seed=settings.seed, weights=settings.weights if own else None,
        engine=settings.engine, mpnn_model=settings.mpnn_model or None,
    )  # fmt: skip
    if not designs[0].designed.any():
        raise ValueError("no residue with N, CA and C is left to design")
    return designs, ranges_text(backbone, fixed)


def _known(file: Path, backbone: Backbone) -> Bool[np.ndarray, " residues"]:
    """Residues whose type --keep-known keeps.

    Where `protdiff generate` says what of a chain an input gave, nothing is guessed from names.
    """
    from ...analysis.folding.targets import motif_of

    given = motif_of(file, backbone)
    if given is None:
        return known_residues(backbone)
    told = np.isin(backbone.chain_ids, backbone.chain_ids[given])
    known = given & (backbone.residue_names != "UNK")
    if not told.all():
        known[~told] = known_residues(backbone[~told])
    return known


def chains_text(backbone: Backbone) -> str:
    """Sequences of all chains in the order of the file, separated by slashes.

    Examples
    --------
    >>> from protdiff import Backbone
    >>> pair = Backbone.from_coords(np.zeros((5, 4, 3)), "MKLGS", chain_ids=list("AAABB"))
    >>> chains_text(pair)
    'MKL/GS'
    """
    letters = np.array(list(backbone.sequence))
    return "/".join("".join(letters[backbone.chain_ids == chain]) for chain in backbone.chains)
