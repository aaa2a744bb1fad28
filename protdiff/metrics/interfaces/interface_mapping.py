"""Which chain of a model takes the place of which chain of the reference: the largest sum of DockQ.

The sum goes over pairs of chains, so the choices depend on each other: a quadratic assignment.
Branch and bound solves it. Chains of the reference get their chains one after the other, neighbours
of assigned ones first. A branch ends when a bound of all that is open cannot reach the best sum
found: each open interface gets its best pair of chains, first alone, then with each pair of chains
used once (a linear assignment, which the Hungarian method solves). For a model that resembles the
reference the bounds are tight, and few branches remain.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Float

    from .dockq import DockQTable, NativeInterface

__all__ = ["MappedChains", "best_mapping"]

#: Linear assignments that bound branches, at most: some seconds for rings of 24 chains.
MOST_BOUNDS = 2_000
#: A sum of DockQ must exceed the best one by more than this, so that equal ones keep the first.
MARGIN = 1e-9


class MappedChains(NamedTuple):
    """Chain of the model by chain of the reference, and whether no other choice is better."""

    chains: dict[int, int]
    proved: bool


def best_mapping(
    interfaces: Sequence[NativeInterface],
    tables: Sequence[DockQTable],
    start: Mapping[int, int],
    chains: int,
) -> MappedChains:
    """Chains of the model in the places of the reference with the largest sum of DockQ.

    Parameters
    ----------
    interfaces : list of NativeInterface
    tables : list of DockQTable
        Of each interface.
    start : dict
        A mapping, chain of the model by chain of the reference. It is the result if none is
        better; chains without an interface keep what it gives them, if that is free.
    chains : int
        Number of chains of the model.

    Returns
    -------
    MappedChains
    """
    if not interfaces:
        return MappedChains(dict(start), True)
    search = Branches(interfaces, tables, chains)
    search.improve({a: start.get(a, chains) for a in search.order})
    search.extend({}, 0.0)
    found = {a: i for a, i in search.best.items() if i < chains}
    used = set(found.values())
    rest = {a: i for a, i in start.items() if a not in search.best and i not in used}
    return MappedChains(found | rest, search.bounds < MOST_BOUNDS)


class Branches:
    """Search for the best mapping; the number of chains of the model stands for no chain."""

    def __init__(
        self, interfaces: Sequence[NativeInterface], tables: Sequence[DockQTable], chains: int
    ) -> None:
        self.none, self.bounds = chains, 0
        self.best: dict[int, int] = {}
        self.best_sum = -1.0
        self.values = {
            (one.first, one.second): _dense(table, chains)
            for one, table in zip(interfaces, tables, strict=True)
        }
        # Both ways round, so that the chain at hand is always the row.
        self.beside: dict[int, dict[int, Float[np.ndarray, "first second"]]] = {}
        for (a, b), value in self.values.items():
            self.beside.setdefault(a, {})[b] = value
            self.beside.setdefault(b, {})[a] = value.T
        self.order = _neighbours_first(self.beside)
        self.most = {
            (a, b): value.max(1) for a, others in self.beside.items() for b, value in others.items()
        }

    def total(self, chosen: Mapping[int, int]) -> float:
        """Sum of DockQ of a whole mapping; negative if it is not allowed."""
        return sum(float(value[chosen[a], chosen[b]]) for (a, b), value in self.values.items())

    def improve(self, chosen: dict[int, int]) -> None:
        """Take a mapping as the best one, with pairs of chains exchanged while that helps."""
        self.best, self.best_sum = chosen, self.total(chosen)
        better = True
        while better:
            better = False
            for a, b in combinations(self.order, 2):
                other = self.best | {a: self.best[b], b: self.best[a]}
                total = self.total(other)
                if total > self.best_sum + MARGIN:
                    self.best, self.best_sum, better = other, total, True

    def extend(self, chosen: dict[int, int], total: float) -> None:
        """Look at all that a part of a mapping can become."""
        if len(chosen) == len(self.order):
            if total > self.best_sum + MARGIN:
                self.best, self.best_sum = dict(chosen), total
            return
        chain = self.order[len(chosen)]
        gain, hope = np.zeros(self.none + 1), np.zeros(self.none + 1)
        for other, value in self.beside[chain].items():
            if other in chosen:
                gain += value[:, chosen[other]]
            else:
                hope += self.most[chain, other]
        gain[[i for i in chosen.values() if i < self.none]] = -np.inf
        rest = self.open_sum(chosen, chain)
        for i in np.argsort(-(gain + hope), kind="stable").tolist():
            if self.bounds >= MOST_BOUNDS:
                return
            if total + gain[i] + hope[i] + rest <= self.best_sum + MARGIN:
                return
            further = chosen | {chain: i}
            if total + gain[i] + self.assigned_bound(further) > self.best_sum + MARGIN:
                self.extend(further, total + float(gain[i]))

    def open_sum(self, chosen: Mapping[int, int], chain: int) -> float:
        """Bound of the open interfaces that `chain` has no part in, each alone."""
        out = 0.0
        for (a, b), value in self.values.items():
            if chain in (a, b) or (a in chosen and b in chosen):
                continue
            if a in chosen:
                out += self.most[a, b][chosen[a]]
            elif b in chosen:
                out += self.most[b, a][chosen[b]]
            else:
                out += value.max()
        return out

    def assigned_bound(self, chosen: Mapping[int, int]) -> float:
        """Bound of all open interfaces, with each pair of chains of the model used once."""
        from scipy.optimize import linear_sum_assignment

        self.bounds += 1
        taken = [i for i in chosen.values() if i < self.none]
        rows = []
        for (a, b), value in self.values.items():
            if a in chosen and b in chosen:
                continue
            free = value[:-1, :-1].clip(0)
            one, other = chosen.get(a), chosen.get(b)
            if one == self.none or other == self.none:
                continue
            kept = np.zeros_like(free)
            if one is not None:
                kept[one] = free[one]
                kept[:, taken] = 0
            elif other is not None:
                kept[:, other] = free[:, other]
                kept[taken] = 0
            else:
                kept = free.copy()
                kept[taken] = kept[:, taken] = 0
            rows.append(np.maximum(kept, kept.T)[np.triu_indices(self.none, 1)])
        if not rows:
            return 0.0
        worth = np.stack(rows)
        return float(worth[linear_sum_assignment(worth, maximize=True)].sum())


def _dense(table: DockQTable, chains: int) -> Float[np.ndarray, "chains+1 chains+1"]:
    """DockQ by numbers of chains, the last of which stands for none; -inf where not allowed."""
    value = np.full((chains + 1, chains + 1), -np.inf)
    value[np.ix_(table.first, table.second)] = np.where(table.dockq < 0, -np.inf, table.dockq)
    value[[*table.first, chains], chains] = 0
    value[chains, [*table.second, chains]] = 0
    return value


def _neighbours_first(beside: Mapping[int, Mapping[int, object]]) -> list[int]:
    """Chains in an order in which each has the most interfaces with those before it."""
    order: list[int] = []
    left = sorted(beside)
    while left:
        chain = max(left, key=lambda a: (sum(b in order for b in beside[a]), len(beside[a]), -a))
        order.append(chain)
        left.remove(chain)
    return order
