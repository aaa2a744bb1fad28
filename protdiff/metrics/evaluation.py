"""A set of designs beside real chains: distributions, diversity and novelty in one call."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .._system.notices import warn
from .._system.words import counted, either
from ..structure.backbone import Backbone
from ..structure.io.members import path_text
from ..structure.io.paths import find_files
from ..structure.io.read_write import read
from .diversity import Diversity, pair_count
from .diversity import diversity as diversity_of
from .frechet import frechet_with_floor
from .pairwise_tm import candidates, nearest_known
from .population import (
    Population,
    Structures,
    band_ratios,
    compare_columns,
    match_lengths,
    nearest_lengths,
    real_population,
)
from .structural import load_tmtools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from jaxtyping import Float, Int

    from .pairwise_tm import StructuralAlignment

    #: What `evaluate` takes for a set of structures.
    AnyStructures = (
        Structures | Backbone | str | os.PathLike[str] | Iterable[Backbone | str | os.PathLike[str]]
    )

__all__ = ["Evaluation", "evaluate"]

ALIGNMENTS = ("structure", "tmalign")


class Progress(Protocol):
    """``progress(total, what)``: a context of a function that takes how many more are done."""

    def __call__(
        self, total: int | None, what: str, /
    ) -> AbstractContextManager[Callable[[int], object] | None]: ...


@dataclass(frozen=True)
class Evaluation:
    """Result of `evaluate`.

    Attributes
    ----------
    numbers : dict
        designs, real_chains, columns, modes, frechet and, where computed, diversity and novelty;
        see `population`, `frechet`, `diversity` and `pairwise_tm`. Plain numbers, ready for JSON.
    designs, real : Population
    matched : ndarray of int, shape (designs, neighbours)
        Real chains that stand beside each design.
    diversity : Diversity or None
        TM-scores between designs.
    max_tm : dict of str to ndarray
        Largest TM-score to a known structure, of "designs" and of "held_out" real chains.
    nearest : list of str
        Name of the known structure nearest to each design.
    """

    numbers: dict[str, Any]
    designs: Population
    real: Population
    matched: Int[np.ndarray, "designs neighbours"]
    diversity: Diversity | None = None
    max_tm: dict[str, Float[np.ndarray, "structures"]] = field(default_factory=lambda: {})
    nearest: list[str] = field(default_factory=lambda: [])

    @property
    def pairwise_tm(self) -> Float[np.ndarray, "n n"] | None:
        """TM-scores between designs, shape (n, n); None unless all pairs were aligned."""
        return None if self.diversity is None else self.diversity.matrix


def evaluate(
    designs: AnyStructures,
    real: Population | AnyStructures | None = None,
    *,
    known: AnyStructures | None = None,
    diversity: int | None = None,
    alignment: StructuralAlignment = "structure",
    jobs: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Compare a set of designs with real chains of the same lengths.

    Parameters
    ----------
    designs : folder, Backbone or file, or sequence of the last two, or Structures
        Files may have CA atoms only.
    real : the same or Population, optional
        Real chains; by default the numbers of the 2,000 chains that the package ships.
    known : as `designs`, optional
        Known structures, for novelty: how near is the nearest one? If `real` has structures, they
        must be unrelated to the known ones: as many as there are designs, of like lengths, show
        what novelty real chains have.
    diversity : int, optional
        Designs, from the first on, that are all aligned with one another; 0: none. Left out: all
        pairs of up to 14 designs, and 100 random pairs of more.
    alignment : {"structure", "tmalign"}
        How they are aligned; "tmalign" is faster and needs the package tmtools.
    jobs : int
        Processes; 0 for one per core.
    seed : int
        Of the random choices among real chains.
    progress : callable, optional
        ``progress(total, what)`` gives a context of an ``advance(count)`` function.

    Returns
    -------
    Evaluation

    Warns
    -----
    ProtdiffWarning
        If designs have several chains.

    Raises
    ------
    ValueError
        If a file cannot be read (`FileError`), a set is empty, the alignment is unknown, or a
        number is negative.

    Examples
    --------
    >>> from protdiff import Backbone, evaluate
    >>> turn, rise = np.radians(100) * np.arange(40), 1.5 * np.arange(40)
    >>> coords = np.full((40, 4, 3), np.nan)
    >>> coords[:, 1] = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), rise], -1)
    >>> helices = [Backbone.from_coords(coords[:length]) for length in (30, 40)]
    >>> result = evaluate(helices)
    >>> result.numbers["columns"]["psea_helix"]["mean"] > 0.9
    True
    >>> result.numbers["diversity"]["clusters"]
    1
    """
    for name, number in (("diversity", diversity or 0), ("jobs", jobs), ("seed", seed)):
        if number < 0:
            raise ValueError(f"`{name}` {number}: must be at least 0")
    if alignment not in ALIGNMENTS:
        raise ValueError(f"`alignment` {alignment!r}: must be one of {', '.join(ALIGNMENTS)}")
    if alignment == "tmalign":
        load_tmtools()
    show = progress or _no_progress
    structures = _structures(designs, "designs")
    _warn_of_assemblies(structures.backbones)
    population, held_out = _real_chains(real)
    matched = match_lengths(structures.population, population)
    numbers: dict[str, Any] = {
        "designs": len(structures),
        "real_chains": len(population),
        "columns": compare_columns(structures.population, population, matched),
        "modes": band_ratios(structures.population, population, matched),
        "frechet": frechet_with_floor(structures.population, population, seed),
    }
    max_tm: dict[str, Float[np.ndarray, "structures"]] = {}
    nearest: list[str] = []
    pairs, _ = pair_count(len(structures), diversity)
    found: Diversity | None = None
    if pairs:
        with show(pairs, "diversity") as advance:
            found = diversity_of(
                structures.backbones, diversity,
                alignment=alignment, jobs=jobs, seed=seed, advance=advance,
            )  # fmt: skip
        numbers["diversity"] = found.numbers
    if known is not None:
        targets = _structures(known, "known")
        groups = {"designs": structures}
        if held_out is not None:
            groups["held_out"] = held_out[alike_lengths(structures, held_out, seed)]
        for title, group in groups.items():
            chosen = candidates(group, targets)
            with show(sum(map(len, chosen)), f"novelty of {title.replace('_', ' ')}") as advance:
                max_tm[title], index = nearest_known(
                    group, targets, alignment, jobs, advance, chosen
                )
            if title == "designs":
                nearest = [targets.population.names[k] if k >= 0 else "" for k in index.tolist()]
        numbers["novelty"] = {title: summary(values) for title, values in max_tm.items()}
    return Evaluation(
        numbers, structures.population, population, matched, found, max_tm, nearest
    )  # fmt: skip


def _warn_of_assemblies(backbones: Sequence[Backbone]) -> None:
    """Say so if designs have several chains: what they stand beside has one."""
    several = sum(len(backbone.chains) > 1 for backbone in backbones)
    if several:
        warn(
            f"{several} of {counted(len(backbones), 'design')} {either(several, 'has', 'have')} "
            "several chains, which count as one chain of all their residues, and stand beside "
            "single chains",
            stacklevel=3,
        )


def _no_progress(total: int | None, what: str, /) -> AbstractContextManager[None]:
    return nullcontext()


def _real_chains(
    real: Population | AnyStructures | None,
) -> tuple[Population, Structures | None]:
    """Numbers of the real chains, and the chains themselves if there are any."""
    if real is None:
        return real_population(), None
    if isinstance(real, Population):
        return real, None
    structures = _structures(real, "real")
    return structures.population, structures


def _structures(given: AnyStructures, what: str) -> Structures:
    """`Structures` of whatever stands for a set of structures."""
    if isinstance(given, Structures):
        return given
    if isinstance(given, Backbone):
        given = [given]
    elif isinstance(given, (str, os.PathLike)):
        given = find_files([os.fspath(given)], what)
    names: list[str] = []
    backbones: list[Backbone] = []
    for k, item in enumerate(given):
        if isinstance(item, Backbone):
            names.append(str(k))
            backbones.append(item)
        else:
            names.append(path_text(item))
            backbones.append(read(item, ca_only=True))
    if not backbones:
        raise ValueError(f"`{what}`: no structures given")
    return Structures.of(names, backbones)


def alike_lengths(designs: Structures, real: Structures, seed: int) -> list[int]:
    """For each design a real chain of near length, none twice while there are enough."""
    rng = np.random.default_rng(seed)
    lengths = real.population.lengths + rng.random(len(real))  # breaks ties at random
    return nearest_lengths(designs.population.lengths, lengths)


def summary(values: Float[np.ndarray, "values"]) -> dict[str, int | float]:
    """Count, mean, median and largest of the values that are not missing."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {"count": 0}
    return {
        "count": len(values),
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "largest": float(values.max()),
    }
