"""Energies: any differentiable function of the CA positions, and the usual restraints.

The law of the clean data given the noisy state, N(D, C), times exp(-E) has its mode where
½ |z|² + E(ca(D + C^½ z)) is smallest. A few L-BFGS steps from z = 0 find it: exact for quadratic
energies, bounded for steep ones, and, as C shrinks from the fold to the detail, an energy first
moves what is still open.
"""

import torch

from .base import AGAIN, Condition, ca_of
from .bonds import HELD_FROM, Bonds

__all__ = ["Contacts", "Energy", "RadiusOfGyration", "Repulsion"]

#: Function values per call of an energy, at most; they cost little beside the network's.
EVALUATIONS = 12


class Energy(Condition):
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
    >>> flat = Energy(lambda ca: (ca[:, 2] ** 2).mean())  # a pancake in the plane z = 0
    """

    again = AGAIN

    def __init__(self, function, weight=1.0, name=None):
        if not callable(function):
            raise TypeError(f"energy {function!r}: is not a function")
        self.function, self.weight = function, float(weight)
        self.name = name or getattr(function, "__name__", type(function).__name__)

    def energy(self, ca, spread):
        """E of the positions; `spread` is their rms uncertainty in Å."""
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

    def felt(self, clean, variance, u):
        """Whether it acts at this time, on this estimate."""
        return True

    def __call__(self, clean, variance, u):
        return self.together([self], clean, variance, u)

    @staticmethod
    def together(energies, clean, variance, u):
        """The estimate that several energies make in one sum."""
        return lowered(energies, clean, variance, u)


def _blame(energies, parts, ca):
    """Which energy it is whose gradient is not finite."""
    gradients = [torch.autograd.grad(value, ca, retain_graph=True)[0] for value in parts]
    names = [e.name for e, g in zip(energies, gradients, strict=True) if not g.isfinite().all()]
    return (
        f"energy {', '.join(names)}: its gradient is not finite; take care of square roots and "
        "divisions at zero"
    )


def strain(energies, clean, variance, u):
    """Sum of the energies that are felt, in kT."""
    n = len(clean) // 2
    spread = float((3 * variance[:n].sum() / n).sqrt())
    felt = [energy for energy in energies if energy.felt(clean, variance, u)]
    return sum(float(energy.energy(ca_of(clean), spread)) for energy in felt)


def lowered(energies, clean, variance, u):
    """Mode of N(clean, variance) times exp(-E) for the sum of the energies that are felt."""
    energies = [energy for energy in energies if energy.felt(clean, variance, u)]
    if not energies:
        return clean
    n = len(clean) // 2
    with torch.inference_mode(False), torch.enable_grad():
        clean, width = clean.detach().clone(), variance.clone().sqrt()[:, None]
        spread = float((3 * variance[:n].sum() / n).sqrt())
        bonds = Bonds(clean, width[:, 0].square()) if u < HELD_FROM else None
        z = torch.zeros_like(clean, requires_grad=True)
        optimizer = torch.optim.LBFGS(
            [z], max_iter=EVALUATIONS, max_eval=EVALUATIONS, line_search_fn="strong_wolfe"
        )

        def moved():
            return clean + (bonds.turned(width * z) if bonds else width * z)

        def closure():
            optimizer.zero_grad()
            ca = ca_of(moved())
            parts = [energy.energy(ca, spread) for energy in energies]
            value = sum(parts, 0.5 * z.square().sum())
            value.backward(retain_graph=True)
            if not bool(z.grad.isfinite().all()):
                raise ValueError(_blame(energies, parts, ca))
            return value

        optimizer.step(closure)
        made = moved().detach()
        return bonds.kept(made) if bonds else made


class Repulsion(Energy):
    """Keep CA atoms (separation 3 or more) apart: excluded volume.

    Parameters
    ----------
    radius : float
        Distance in Å below which pairs repel; real chains have next to none under 3.8.
    stiffness : float
        kT per Å².
    """

    def __init__(self, radius=4.0, stiffness=10.0):
        self.radius, self.stiffness, self.name = radius, stiffness, "repulsion"

    def energy(self, ca, spread):
        first, second = torch.triu_indices(len(ca), len(ca), 3)
        squares = (ca[first] - ca[second]).square().sum(-1) + 2 * spread**2
        return self.stiffness / 2 * overlap(squares, self.radius)

    def felt(self, clean, variance, u):
        n = len(clean) // 2  # otherwise no pair is known to be near
        return 6 * float(variance[:n].sum() / n) <= self.radius**2


class Room(Energy):
    """Keep pairs of CA atoms apart between two times, by their estimates alone.

    Estimates are nearer each other than places that are still open, so this makes room early.

    Parameters
    ----------
    first, second : Tensor of int
        Residues of the pairs, from 0.
    radius : float
        Å.
    stiffness : float
        kT per Å².
    times : (float, float)
    """

    name = "room"

    def __init__(self, first, second, radius, stiffness, times):
        self.first, self.second = first, second
        self.radius, self.stiffness, self.times = radius, stiffness, times

    def felt(self, clean, variance, u):
        return self.times[0] <= u < self.times[1]

    def energy(self, ca, spread):
        squares = (ca[self.first] - ca[self.second]).square().sum(-1)
        return self.stiffness / 2 * overlap(squares, self.radius)


def overlap(squares, radius):
    """Sum of the squared overlap of spheres at the given squared distances, Å²."""
    near = squares[squares < radius**2]
    return (radius - near.clamp_min(1e-6).sqrt()).square().sum()


class Contacts(Energy):
    """Pairs of residues at given CA distances.

    Parameters
    ----------
    pairs : sequence of (int, int, float, float)
        Residues from 1, CA distance and tolerance in Å: anything within the tolerance is free.
    stiffness : float
        kT per Å² beyond it.
    """

    def __init__(self, pairs, stiffness=10.0):
        self.pairs = [(int(i), int(j), float(d), float(t)) for i, j, d, t in pairs]
        columns = list(zip(*self.pairs, strict=True))
        self.first, self.second = (torch.tensor(c) - 1 for c in columns[:2])
        self.distance, self.tolerance = (torch.tensor(c).double() for c in columns[2:])
        self.stiffness, self.name = stiffness, "contacts"

    def settle(self, length, rng):
        for i, j, *_ in self.pairs:
            if not (1 <= i <= length and 1 <= j <= length):
                raise ValueError(
                    f"contact {i}-{j}: the chain has {length} residues; number them 1 to {length}"
                )
        return self

    def energy(self, ca, spread):
        squares = (ca[self.first] - ca[self.second]).square().sum(-1)
        free = 0.8 * self.tolerance
        # Too far: by the estimates alone. They are near each other while places are uncertain, so
        # nothing is pulled that may yet come near. Too near: only if uncertainty does not explain
        # it. The expected distance in both would make the chain collapse before it has a fold.
        far = (squares + 1e-6).sqrt() - self.distance - free
        near = self.distance - free - (squares + 2 * spread**2).sqrt()
        return self.stiffness / 2 * (far.clamp_min(0).square() + near.clamp_min(0).square()).sum()


class RadiusOfGyration(Energy):
    """Radius of gyration of the CA atoms.

    Parameters
    ----------
    target : float
        Å.
    precision : float
        Relative standard deviation.
    """

    def __init__(self, target, precision=0.005):
        if not target > 0:
            raise ValueError(f"radius of gyration {target}: must be positive, in Å")
        self.target, self.precision, self.name = target, precision, "radius of gyration"

    def energy(self, ca, spread):
        rg = ((ca - ca.mean(0)).square().sum(-1).mean() + spread**2).sqrt()
        return 0.5 * ((rg / self.target - 1) / self.precision) ** 2
