"""Residue types for backbones."""

from typing import TYPE_CHECKING

from .._system.lazy import lazy_names

if TYPE_CHECKING:
    from .designer import Design, design

__all__ = ["Design", "design"]

__getattr__, __dir__ = lazy_names(__name__, {"Design": "designer", "design": "designer"})
