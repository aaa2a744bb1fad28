"""What can be asked of a sample; every request is a condition, and conditions add up."""

from .base import Condition, Sum, ca_of, conditioned, second_pass
from .energy import Contacts, Energy, RadiusOfGyration, Repulsion
from .motif import Motif
from .redesign import Redesign
from .symmetry import Symmetry
from .variation import KeepFold, KeepFragments, PartialFlow

__all__ = [
    "Condition", "Contacts", "Energy", "KeepFold", "KeepFragments", "Motif", "PartialFlow",
    "RadiusOfGyration", "Redesign", "Repulsion", "Sum", "Symmetry", "ca_of", "conditioned",
    "second_pass",
]  # fmt: skip
