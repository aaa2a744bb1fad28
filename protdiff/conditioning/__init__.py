"""Conditions on samples: motifs, redesigns, symmetry, energies; several of them add up."""

from .base import Condition, SampleCondition, Sum, ca_of
from .codesign import CoDesign
from .compose import conditioned, second_pass
from .energy import Energy
from .motif import Motif
from .redesign import Redesign
from .restraints import Contacts, RadiusOfGyration, Repulsion
from .symmetry import Symmetry
from .target import Target
from .variation import KeepFold, KeepFragments, PartialFlow

__all__ = [
    "CoDesign", "Condition", "Contacts", "Energy", "KeepFold", "KeepFragments", "Motif",
    "PartialFlow", "RadiusOfGyration", "Redesign", "Repulsion", "SampleCondition", "Sum",
    "Symmetry", "Target", "ca_of", "conditioned", "second_pass",
]  # fmt: skip
