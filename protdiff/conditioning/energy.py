"""Energies: any differentiable function of the CA positions, minimised together.

The law of the clean data given the noisy state, N(D, C), times exp(-E) has its mode where
½ |z|² + E(ca(D + C^½ z)) is smallest. A few L-BFGS steps from z = 0 find it: exact for quadratic
energies, bounded for steep ones. As C shrinks, first for the fold and then for the detail, an
energy moves only what is still uncertain.
"""

# Some methods of torch have no complete types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from .base import Condition, SampleCondition, Stage, ca_of
from .bonds import HELD_FROM, Bonds

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    EnergyFunction = Callable[[Float[Tensor, "residues 3"], float], Float[Tensor, ""]]

__all__ = ["SECOND_PASS", "Energy", "Potential", "minimised", "overlap", "total_energy"]

#: Most evaluations of the energies per network call; they cost little beside the network's.
MAX_EVALUATIONS = 12
#: Time from which conditions that move a chain while it folds take a second pass. It removes most
#: clashes: of eight samples of the motif problem 1prw_four, six had clashes after one pass, one
#: after two.
SECOND_PASS = 0.4


class Potential(Condition):
    """Base of energies of the CA positions, in units of kT.

    Attributes
    ----------
    name : str
        How errors call it.
    """

    stage = Stage.ENERGY
    second_pass = SECOND_PASS
    name: str = "energy"

    def energy(self, ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
        """Energy of CA positions (Å) whose rms uncertainty is `spread` (Å)."""
        raise NotImplementedError(f"{type(self).__name__} has no energy")

    def energy_at(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> EnergyFunction | None:
        """The energy as a function of positions and spread at this time; None while it is off."""
        return self.energy

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return minimised([self], clean, variance, u)

    @classmethod
    def correct_together(
        cls,
        conditions: Sequence[SampleCondition],
        clean: Float[Tensor, "components 3"],
        variance: Float[Tensor, " components"],
        u: float,
    ) -> Float[Tensor, "components 3"]:
        energies = [condition for condition in conditions if isinstance(condition, Potential)]
        return minimised(energies, clean, variance, u)


class Energy(Potential):
    """Bias samples by exp(-E), E in units of kT.

    Parameters
    ----------
    function : callable
        ``function(ca)`` with the estimated CA positions (N, 3) in Å, a float64 Tensor; returns
        a scalar Tensor. Differentiated by autograd.
    weight : float
        Factor of the function.
    name : str, optional
        How errors call it.

    Examples
    --------
    >>> flat = Energy(lambda ca: (ca[:, 2] ** 2).mean(), name="pancake")
    >>> flat.name
    'pancake'
    """

    def __init__(
        self,
        function: Callable[[Float[Tensor, "residues 3"]], Float[Tensor, ""]],
        weight: float = 1.0,
        name: str | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(f"energy {function!r}: is not a function")
        self.function, self.weight = function, float(weight)
        self.name = name or getattr(function, "__name__", type(function).__name__)

    def energy(self, ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
        value = self.function(ca)
        problem = None
        if not torch.is_tensor(value) or value.ndim or not value.is_floating_point():
            problem = "must return a scalar tensor"
        elif not bool(value.isfinite()):
            problem = f"returned {value.item()}; it must be finite wherever the chain is"
        elif not value.requires_grad:
            problem = "has no gradient; compute it from its argument with torch operations"
        if problem:
            raise ValueError(f"energy {self.name}: {problem}")
        return self.weight * value


def overlap(squares: Float[Tensor, ...], radius: float) -> Float[Tensor, ""]:
    """Sum of the squared overlap (Å²) of spheres at the given squared distances (Å²)."""
    near = squares[squares < radius**2]
    return (radius - near.clamp_min(1e-6).sqrt()).square().sum()


def _active(
    energies: Sequence[Potential],
    clean: Float[Tensor, "components 3"],
    variance: Float[Tensor, " components"],
    u: float,
) -> tuple[list[str], list[EnergyFunction]]:
    """Names and functions of the energies that act at this time."""
    functions = [(energy.name, energy.energy_at(clean, variance, u)) for energy in energies]
    active = [(name, function) for name, function in functions if function is not None]
    return [name for name, _ in active], [function for _, function in active]


def _spread(variance: Float[Tensor, " components"]) -> float:
    """Root-mean-square uncertainty (Å) of the CA positions."""
    n = len(variance) // 2
    return float((3 * variance[:n].sum() / n).sqrt())


def total_energy(
    energies: Sequence[Potential],
    clean: Float[Tensor, "components 3"],
    variance: Float[Tensor, " components"],
    u: float,
) -> float:
    """Sum of the energies that act at this time, in kT."""
    _, functions = _active(energies, clean, variance, u)
    spread = _spread(variance)
    return sum(float(function(ca_of(clean), spread)) for function in functions)


def _blame(
    names: Sequence[str],
    values: Sequence[Float[Tensor, ""]],
    ca: Float[Tensor, "residues 3"],
) -> str:
    """Message that names the energies whose gradients are not finite."""
    gradients = [torch.autograd.grad(value, ca, retain_graph=True)[0] for value in values]
    bad = [name for name, g in zip(names, gradients, strict=True) if not g.isfinite().all()]
    return (
        f"energy {', '.join(bad)}: its gradient is not finite; take care of square roots and "
        "divisions at zero"
    )


def own_frame(clean: Float[Tensor, "components 3"]) -> Float[Tensor, "3 3"]:
    """Axes (rows) that turn with a chain: its first three modes, made orthonormal.

    The length of the first step of L-BFGS is a sum over coordinates. In these axes it is the same
    for every orientation of the chain.
    """
    axes, upper = torch.linalg.qr(clean[1:4].mT)
    signs = torch.where(upper.diagonal() < 0, -1.0, 1.0).to(clean.dtype)
    return (axes * signs).mT


def minimised(
    energies: Sequence[Potential],
    clean: Float[Tensor, "components 3"],
    variance: Float[Tensor, " components"],
    u: float,
) -> Float[Tensor, "components 3"]:
    """Mode of N(clean, variance) times exp(-E), for the sum E of the energies that act now."""
    names, functions = _active(energies, clean, variance, u)
    if not functions:
        return clean
    with torch.inference_mode(False), torch.enable_grad():
        clean, width = clean.detach().clone(), variance.clone().sqrt()[:, None]
        spread = _spread(variance)
        bonds = Bonds(clean, width[:, 0].square()) if u < HELD_FROM else None
        frame = own_frame(clean)
        z = torch.zeros_like(clean, requires_grad=True)
        optimizer = torch.optim.LBFGS(
            [z], max_iter=MAX_EVALUATIONS, max_eval=MAX_EVALUATIONS, line_search_fn="strong_wolfe"
        )

        def moved() -> Float[Tensor, "components 3"]:
            change = width * (z @ frame)
            return clean + (bonds.turned(change) if bonds else change)

        def closure() -> Float[Tensor, ""]:
            optimizer.zero_grad()
            ca = ca_of(moved())
            values = [function(ca, spread) for function in functions]
            value = sum(values, 0.5 * z.square().sum())
            value.backward(retain_graph=True)
            if z.grad is None or not bool(z.grad.isfinite().all()):
                raise ValueError(_blame(names, values, ca))
            return value

        optimizer.step(closure)  # pyright: ignore[reportArgumentType]
        estimate = moved().detach()
        return bonds.kept(estimate) if bonds else estimate
