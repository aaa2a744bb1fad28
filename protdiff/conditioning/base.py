"""What a condition is: a correction of the clean estimate of one chain.

A condition is called as ``condition(clean, variance, u) -> clean``. `clean` (2N, 3) holds the
cosine modes of the CA trace, then one vector per peptide link; `variance` (2N,) is the posterior
variance per coordinate that the Gaussian chain has at time u (1: noise, 0: data). Samplers see
conditions only as part of the denoiser, so every sampler works with every condition.

Conditions are immutable. What one of them has to remember while a sample is drawn is kept by the
object that `Condition.for_sample` returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..flow import cosine_modes
from ..structure.backbone import THREE_TO_ONE

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from ..structure.backbone import Backbone
    from .given import Start, TypedRegion

__all__ = ["Condition", "Function", "SampleCondition", "Stage", "Sum", "ca_of", "types_of"]


def ca_of(clean: Float[Tensor, "components 3"]) -> Float[Tensor, "residues 3"]:
    """CA positions in Å of the components of a chain; differentiable.

    Parameters
    ----------
    clean : Tensor, shape (2N, 3)

    Returns
    -------
    Tensor, shape (N, 3)

    Examples
    --------
    >>> import torch
    >>> ca_of(torch.zeros(20, 3, dtype=torch.float64)).shape
    torch.Size([10, 3])
    """
    n = len(clean) // 2
    return cosine_modes(n).mT @ clean[:n]


def types_of(names: Iterable[str]) -> str | None:
    """One letter per residue name; None if all are alanine, the name of residues without a type."""
    names = list(names)
    if all(name == "ALA" for name in names):
        return None
    return "".join(THREE_TO_ONE[name] for name in names)


class Stage(Enum):
    """Order in which several conditions act: a later one may overrule the earlier ones."""

    SOFT = 1
    #: Energies act together, in one sum.
    ENERGY = 2
    #: Exact conditions come last, so that nothing moves what they impose.
    EXACT = 3


class Correction(Protocol):
    """Any function of a clean estimate, its variance and the time; may be added to a condition."""

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]: ...


class SampleCondition:
    """A condition while one sample is drawn.

    Attributes
    ----------
    stage : Stage
    keeps_fold : bool
        The fold itself is given, so all that is left open is drawn at a low temperature.
    redraws_part : bool
        Most of the chain is given, and several answers are wanted for the rest.
    second_pass : float
        Time of the flow to which the result is noised, to flow back a second time; 0 for no
        second pass.
    written : ndarray of bool or True
        Residues of the drawn chain that are left after `finish`; True for all.
    other_chains : bool
        `finish` puts chains of an input beside the one that is drawn.
    adds_chains : str
        Parameter that makes an assembly of the finished chain; empty if none does.
    region : TypedRegion or None
        Residues whose types are drawn, too.
    draws_types, moves_atoms : bool
        What is drawn: by default the backbone alone.
    """

    stage: Stage = Stage.SOFT
    keeps_fold: bool = False
    redraws_part: bool = False
    second_pass: float = 0.0
    written: Bool[np.ndarray, " residues"] | bool = True
    other_chains: bool = False
    adds_chains: str = ""
    region: TypedRegion | None = None
    draws_types: bool = False
    moves_atoms: bool = True

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        raise NotImplementedError(f"{type(self).__name__} does not say how it corrects an estimate")

    @classmethod
    def correct_together(
        cls,
        conditions: Sequence[SampleCondition],
        clean: Float[Tensor, "components 3"],
        variance: Float[Tensor, " components"],
        u: float,
    ) -> Float[Tensor, "components 3"]:
        """Estimate after the corrections of several conditions of one stage, in turn."""
        for condition in conditions:
            clean = condition(clean, variance, u)
        return clean

    def start(self) -> Start | None:
        """The input to start from; None to start from noise."""
        return None

    def finish(self, backbone: Backbone) -> Backbone:
        """The backbone as the user gets it: names, numbers, place, further chains."""
        return backbone

    def assembly(self, backbone: Backbone, written: Bool[np.ndarray, " residues"]) -> Backbone:
        """What `adds_chains` makes of the finished chain, which has these residues of the drawn."""
        return backbone

    def residues(self) -> list[tuple[int, str, str, str]]:
        """Kept residues: (place in the finished chain from 0, input chain, number, name)."""
        return []

    def met(self, backbone: Backbone) -> dict[str, str]:
        """What the finished backbone meets, in columns of a manifest."""
        return {}

    def sequence(self) -> str | None:
        """Residue types that the condition knows, X for others; None if it knows none."""
        return None


class Condition(SampleCondition):
    """Base of all conditions. A plain function ``(clean, variance, u) -> clean`` may be added.

    Examples
    --------
    >>> class Flat(Condition):
    ...     def __call__(self, clean, variance, u):
    ...         return clean * clean.new_tensor([1.0, 1.0, 0.5])
    >>> both = Flat() + (lambda clean, variance, u: clean)
    >>> len(both.parts)
    2
    """

    @property
    def length_note(self) -> str:
        """What an error about a length says of those that the condition allows; may be empty."""
        return ""

    def lengths(self, wanted: Sequence[int] | None = None) -> Sequence[int] | None:
        """Those of the wanted lengths (None: of all) that can be met; None if all can."""
        return wanted

    def for_sample(self, length: int, rng: np.random.Generator) -> SampleCondition:
        """The condition of one sample; what the condition leaves open is drawn with `rng`."""
        return self

    def __add__(self, other: SampleCondition | Correction) -> Sum:
        return Sum(self, other)

    def __radd__(self, other: SampleCondition | Correction) -> Sum:
        return Sum(other, self)


class Function(Condition):
    """A plain function ``(clean, variance, u) -> clean`` as a condition."""

    def __init__(self, function: Correction) -> None:
        self.function = function

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return self.function(clean, variance, u)


def _as_condition(value: SampleCondition | Callable[..., object]) -> SampleCondition:
    if isinstance(value, SampleCondition):
        return value
    if not callable(value):
        raise TypeError(f"{value!r} is not a condition: it cannot be called")
    return Function(value)  # pyright: ignore[reportArgumentType]


def _check_assembly(parts: Sequence[SampleCondition]) -> None:
    """ValueError for what an assembly of copies, or a chain with its target, cannot hold."""
    adding = [part.adds_chains for part in parts if part.adds_chains]
    if "target" in adding:
        if len(adding) > 1 or any(p.stage is Stage.EXACT or p.draws_types for p in parts):
            raise ValueError("`target`: one chain, all new; leave out motif, input and `symmetry`")
        return
    if any(part.other_chains for part in parts):
        raise ValueError(
            "`symmetry`: copies a single chain, and the input has more than the one that is "
            "redrawn; give a file of that chain alone"
        )
    if len(adding) > 1:
        raise ValueError("`symmetry`: there are two; give one")
    if any(part.draws_types for part in parts):
        raise ValueError(
            "`symmetry`: types are drawn for one chain alone; use `mode` structure, then draw one "
            "sequence for all copies (protdiff design --tied)"
        )


class Sum(Condition):
    """Several conditions, what ``a + b`` makes: soft ones, energies in one sum, exact ones."""

    def __init__(self, *parts: SampleCondition | Correction) -> None:
        conditions = [_as_condition(part) for part in parts]
        self.parts: tuple[SampleCondition, ...] = tuple(
            inner
            for condition in conditions
            for inner in (condition.parts if isinstance(condition, Sum) else (condition,))
        )
        if any(part.adds_chains for part in self.parts):
            _check_assembly(self.parts)
        if len(self.parts) > 1 and not all(part.moves_atoms for part in self.parts):
            raise ValueError("`mode` sequence: no atom moves; leave out what would move some")
        self.keeps_fold = any(part.keeps_fold for part in self.parts)
        self.redraws_part = any(part.redraws_part for part in self.parts)
        self.second_pass = max(part.second_pass for part in self.parts)
        self.region = next(filter(None, (part.region for part in self.parts)), None)
        self.draws_types = any(part.draws_types for part in self.parts)
        self.moves_atoms = all(part.moves_atoms for part in self.parts)

    def lengths(self, wanted: Sequence[int] | None = None) -> Sequence[int] | None:
        for part in self.parts:
            if isinstance(part, Condition):
                wanted = part.lengths(wanted)
        return wanted

    @property
    def length_note(self) -> str:
        return "".join(part.length_note for part in self.parts if isinstance(part, Condition))

    def for_sample(self, length: int, rng: np.random.Generator) -> Sum:
        return Sum(*(
            part.for_sample(length, rng) if isinstance(part, Condition) else part
            for part in self.parts
        ))  # fmt: skip

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        for stage in Stage:
            group = [part for part in self.parts if part.stage is stage]
            if group:
                clean = group[0].correct_together(group, clean, variance, u)
        return clean

    def start(self) -> Start | None:
        return next(filter(None, (part.start() for part in self.parts)), None)

    def finish(self, backbone: Backbone) -> Backbone:
        written = np.ones(len(backbone), bool)
        for part in self.parts:
            if not part.adds_chains:
                backbone = part.finish(backbone)
                written = written & part.written
        for part in self.parts:
            if part.adds_chains:
                backbone = part.assembly(backbone, written)
        return backbone

    def residues(self) -> list[tuple[int, str, str, str]]:
        return [row for part in self.parts for row in part.residues()]

    def met(self, backbone: Backbone) -> dict[str, str]:
        return dict(pair for part in self.parts for pair in part.met(backbone).items())

    def sequence(self) -> str | None:
        return next(filter(None, (part.sequence() for part in self.parts)), None)
