"""Scores of a complex: DockQ, QS-score and lDDT of its interfaces, under the best chain mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .dockq import chain_contacts, dockq_table, native_interfaces
from .interface_lddt import atoms_of_model, interface_lddt
from .interface_mapping import MappedChains, best_mapping
from .paired_chain import paired_chain
from .qs_score import qs_contacts, qs_scores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Int

    from .complex_atoms import ComplexAtoms
    from .dockq import DockQTable, NativeInterface
    from .qs_score import QSContacts

    #: Residues that correspond, model first, by chain of the model and of the reference.
    Pairs = Mapping[tuple[int, int], Int[np.ndarray, "aligned 2"]]

__all__ = [
    "COMPLEX", "INTERFACE", "NO_INTERFACE", "ComplexScores", "InterfaceScores", "score_complex",
]  # fmt: skip

#: Column of a complex and what it says, in the order of a row.
COMPLEX = {
    "tm_complex": "TM-score by the length of all chains of the reference",
    "interface_chains": "paired chains of largest DockQ, MODEL:REFERENCE; so for all that follows",
    "contact_atoms": "atoms of contacts and iLDDT: heavy (side chains too) or backbone",
    "interfaces": "pairs of chains of the reference in contact",
    "interfaces_modelled": "those of which the model has both chains",
    "dockq": "DockQ, mean over the interfaces of the reference; 0 for those that the model lacks",
    "fnat": "share of the contacts of an interface that the model has; the same mean",
    "fnonnat": "share of the model's contacts that are not in the reference; mean of modelled ones",
    "irmsd": "rmsd of the residues of an interface, Å; mean of modelled ones",
    "lrmsd": "rmsd of the shorter chain, the longer one superposed, Å; mean of modelled ones",
    "qs_best": "QS-score of the residues that both structures have",
    "qs_global": "QS-score of all residues",
    "ilddt": "lDDT of the distances between chains alone",
}
#: Column of one interface and what it says.
INTERFACE = {
    "model_chain_1": "first chain of the model; empty if it lacks the interface",
    "model_chain_2": "second chain of the model",
    "reference_chain_1": "first chain of the reference",
    "reference_chain_2": "second chain of the reference",
    "native_contacts": "pairs of residues in contact in the reference",
    "model_contacts": "the same in the model, of residues that the reference has",
    "shared_contacts": "pairs in contact in both",
    "fnat": "shared / native contacts",
    "fnonnat": "share of the model's contacts that are not shared",
    "f1": "2 x shared / (native + model contacts)",
    "irmsd": "rmsd of the residues of the interface, Å",
    "lrmsd": "rmsd of the shorter chain, the longer one superposed, Å",
    "dockq": "DockQ",
    "qs_best": "QS-score of the residues that both structures have",
    "qs_global": "QS-score of all residues of the two chains",
    "ilddt": "lDDT of the distances between the two chains",
}
#: Pairs of chains of the model times interfaces that are compared, at most.
MOST_ENTRIES = 4_000_000
NO_INTERFACE = "no two chains of the reference are in contact: no DockQ"
UNPROVED = "too many ways to pair the chains: a better DockQ is not excluded"


class InterfaceScores(NamedTuple):
    """Scores of one interface of the reference; see `INTERFACE`."""

    model_chains: tuple[str, str] | None
    reference_chains: tuple[str, str]
    native_contacts: int
    model_contacts: int = 0
    shared_contacts: int = 0
    fnat: float = 0.0
    fnonnat: float = np.nan
    f1: float = 0.0
    irmsd: float = np.nan
    lrmsd: float = np.nan
    dockq: float = 0.0
    qs_best: float = np.nan
    qs_global: float = 0.0
    ilddt: float = 0.0

    def row(self) -> dict[str, str | int | float]:
        """The columns of `INTERFACE`."""
        return dict(
            zip(INTERFACE, [*(self.model_chains or ("", "")), *self.reference_chains, *self[2:]],
                strict=True)
        )  # fmt: skip


@dataclass(frozen=True)
class ComplexScores:
    """Scores of a complex; NaN where there is nothing to measure.

    Attributes
    ----------
    chains : tuple of (str, str)
        Paired chain ids of largest DockQ, model first.
    contact_atoms : {"heavy", "backbone"}
    interfaces : tuple of InterfaceScores
        All interfaces of the reference.
    tm, qs_best, qs_global, ilddt : float
        See `COMPLEX`.
    warnings : tuple of str
    """

    chains: tuple[tuple[str, str], ...]
    contact_atoms: str
    interfaces: tuple[InterfaceScores, ...]
    tm: float
    qs_best: float
    qs_global: float
    ilddt: float
    warnings: tuple[str, ...] = ()

    def mean(self, column: str) -> float:
        """Mean of a column of `INTERFACE`, over those interfaces that have a value."""
        values = [getattr(one, column) for one in self.interfaces]
        values = [value for value in values if np.isfinite(value)]
        return float(np.mean(values)) if values else np.nan

    def row(self) -> dict[str, str | int | float]:
        """The columns of `COMPLEX`."""
        means = ("dockq", "fnat", "fnonnat", "irmsd", "lrmsd")
        return {
            "tm_complex": self.tm,
            "interface_chains": ",".join(f"{a}:{b}" for a, b in self.chains),
            "contact_atoms": self.contact_atoms,
            "interfaces": len(self.interfaces),
            "interfaces_modelled": sum(one.model_chains is not None for one in self.interfaces),
            **{name: self.mean(name) for name in means},
            "qs_best": self.qs_best,
            "qs_global": self.qs_global,
            "ilddt": self.ilddt,
        }


def score_complex(
    model: ComplexAtoms,
    reference: ComplexAtoms,
    pairs: Pairs,
    start: Mapping[int, int],
    tm: float = np.nan,
) -> ComplexScores:
    """DockQ, QS-score and interface lDDT of a complex.

    Parameters
    ----------
    model, reference : ComplexAtoms
        Both with side chains, or none.
    pairs : dict
        Residues that correspond, for all chains that may.
    start : dict
        A mapping, chain of the model by chain of the reference, which others must exceed.
    tm : float
        What goes into the result.

    Returns
    -------
    ComplexScores
    """
    interfaces = native_interfaces(reference)
    mapped, tables = _mapped(interfaces, model, reference, pairs, start)
    partner = np.full(len(reference.chain), -1)
    for b, a in mapped.chains.items():
        partner[pairs[a, b][:, 1]] = pairs[a, b][:, 0]
    in_reference = np.full(len(model.chain), -1)
    in_reference[partner[partner >= 0]] = np.flatnonzero(partner >= 0)
    kept = interface_lddt(reference, atoms_of_model(model, reference, partner))
    contacts = qs_contacts(reference), qs_contacts(model)
    rows = []
    for interface, table in zip(interfaces, tables, strict=True):
        one = _interface(interface, table, mapped.chains, (model, reference))
        if one.model_chains is not None:
            own = _of_interface(contacts, interface, mapped.chains)
            best, every = qs_scores(*own, in_reference)
            part, total = kept[interface.first, interface.second]
            one = one._replace(qs_best=best, qs_global=every, ilddt=part / total)
        rows.append(one)
    best, every = qs_scores(*contacts, in_reference)
    total = sum(count for _, count in kept.values())
    return ComplexScores(
        tuple((model.chains[a], reference.chains[b]) for b, a in sorted(mapped.chains.items())),
        "heavy" if reference.side_chains else "backbone",
        tuple(rows),
        tm,
        best,
        every,
        sum(part for part, _ in kept.values()) / total if total else np.nan,
        tuple(_warnings(rows, mapped.proved)),
    )


def _mapped(
    interfaces: list[NativeInterface],
    model: ComplexAtoms,
    reference: ComplexAtoms,
    pairs: Pairs,
    start: Mapping[int, int],
) -> tuple[MappedChains, list[DockQTable]]:
    """The best mapping, and DockQ of each interface for the chains that may take its place."""
    entries = len(interfaces) * len(model.chains) ** 2
    if entries > MOST_ENTRIES:
        pairs = {(a, b): residues for (a, b), residues in pairs.items() if start.get(b) == a}
    paired = {
        (a, b): paired_chain(model, reference, b, residues) for (a, b), residues in pairs.items()
    }
    contacts = chain_contacts(model)
    tables = [dockq_table(interface, contacts, paired, reference) for interface in interfaces]
    mapped = best_mapping(interfaces, tables, start, len(model.chains))
    return mapped._replace(proved=mapped.proved and entries <= MOST_ENTRIES), tables


def _interface(
    interface: NativeInterface,
    table: DockQTable,
    chains: Mapping[int, int],
    atoms: tuple[ComplexAtoms, ComplexAtoms],
) -> InterfaceScores:
    """DockQ and what it is made of for the chains in the place of an interface."""
    model, reference = atoms
    names = reference.chains[interface.first], reference.chains[interface.second]
    native = len(interface.contacts.first)
    a, b = chains.get(interface.first), chains.get(interface.second)
    if a is None or b is None:
        return InterfaceScores(None, names, native)
    place = table.first.index(a), table.second.index(b)
    shared, modelled = int(table.shared[place]), int(table.modelled[place])
    return InterfaceScores(
        (model.chains[a], model.chains[b]),
        names,
        native,
        modelled,
        shared,
        float(table.fnat[place]),
        (modelled - shared) / modelled if modelled else 0.0,
        2 * shared / (native + modelled),
        float(table.irmsd[place]),
        float(table.lrmsd[place]),
        float(table.dockq[place]),
    )


def _of_interface(
    contacts: tuple[QSContacts, QSContacts], interface: NativeInterface, chains: Mapping[int, int]
) -> tuple[QSContacts, QSContacts]:
    """Contacts of an interface in reference and model."""
    a, b = interface.first, interface.second
    return contacts[0].of(a, b), contacts[1].of(chains[a], chains[b])


def _warnings(interfaces: list[InterfaceScores], proved: bool) -> list[str]:
    """What the user should know of the interfaces."""
    if not interfaces:
        return [NO_INTERFACE]
    missing = sum(one.model_chains is None for one in interfaces)
    remarks = [] if proved else [UNPROVED]
    if missing:
        remarks.append(f"{missing} of {len(interfaces)} interfaces not modelled: DockQ 0 there")
    return remarks
