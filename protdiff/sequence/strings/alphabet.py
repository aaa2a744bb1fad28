"""Letters of strings and the symbols that stand for them.

The alphabet "ss" is the secondary structure, H, E and C. "joint" has a symbol for every pair of a
residue type and a state: 3 * type + state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ...structure.backbone import RESIDUE_TYPES
from ...structure.secondary_structure import STATES

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["ALPHABETS", "OPEN", "from_symbols", "joint_weights", "to_symbols"]

#: Alphabets and the number of their symbols.
ALPHABETS = {"ss": len(STATES), "joint": len(STATES) * len(RESIDUE_TYPES)}
#: Letters that leave a state open.
OPEN = "?-X"


def to_symbols(text: str, name: str = "`text`") -> Int[Tensor, " length"]:
    """Symbols of secondary structure; -1 for ?, - and X, which leave it open.

    Raises
    ------
    ValueError
        For other letters; the message begins with the name.

    Examples
    --------
    >>> to_symbols("CHH?E").tolist()
    [2, 0, 0, -1, 1]
    """
    text = text.upper()
    bad = next((p for p, letter in enumerate(text) if letter not in STATES + OPEN), None)
    if bad is not None:
        raise ValueError(
            f"{name}: unknown letter {text[bad]!r} at position {bad + 1}; use H, E and C, and ? "
            "for what is to be filled in"
        )
    return torch.tensor([STATES.find(letter) for letter in text], dtype=torch.long)


def from_symbols(symbols: Int[Tensor, " length"]) -> str:
    """Letters of secondary structure.

    Examples
    --------
    >>> import torch
    >>> from_symbols(torch.tensor([2, 0, 0]))
    'CHH'
    """
    return "".join(STATES[symbol] for symbol in symbols.tolist())


def joint_weights(
    types: Int[Tensor, " length"], states: Int[Tensor, " length"]
) -> Float[Tensor, "length symbols"]:
    """Site weights of the joint alphabet; a type or a state of -1 is left open."""
    known = [
        (values[:, None] == torch.arange(count)) | (values[:, None] < 0)
        for values, count in ((types, len(RESIDUE_TYPES)), (states, len(STATES)))
    ]
    return (known[0][:, :, None] & known[1][:, None]).flatten(1).double()
