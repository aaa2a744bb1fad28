"""The secondary structure of the chains of a file, scored as strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...structure.backbone import RESIDUE_TYPES, THREE_TO_ONE, bonded_to_next
from ...structure.io.read_write import read
from ...structure.secondary_structure import STATES, dssp
from .alphabet import joint_weights
from .string_scores import score_string

if TYPE_CHECKING:
    from pathlib import Path

    from .string_model import StringModel

__all__ = ["STRINGS", "chain_strings"]

#: Columns of the table, with what they are.
STRINGS = {
    "file": "structure file",
    "chain": "chain id",
    "residues": "residues with N, CA, C and O",
    "nats": "-ln P per residue, given the length",
    "log_odds": "ln P minus that of a chain whose residues are independent, nats",
    "stretch": "the 12 residues that are least likely given the rest of the chain",
    "stretch_nats": "-ln P per residue of that stretch",
    "secondary_structure": "DSSP",
}


def chain_strings(path: Path, model: StringModel) -> list[dict[str, Any]]:
    """A row of `STRINGS` for every chain of a file.

    Raises
    ------
    ValueError
        If the file cannot be read, or no residue has all backbone atoms.
    """
    backbone = read(path)
    backbone = backbone[backbone.mask.all(1)]
    if not len(backbone):
        raise ValueError(f"{path}: no residue has N, CA, C and O; the strings are those of DSSP")
    starts = [0, *(np.flatnonzero(~bonded_to_next(backbone)) + 1).tolist()]
    letters = np.array(list(dssp(backbone.coords, backbone.residue_names, starts)))
    rows: list[dict[str, Any]] = []
    for chain in backbone.chains:
        here = backbone.chain_ids == chain
        names, states = backbone.residue_names[here], "".join(letters[here])
        symbols = torch.tensor([STATES.index(letter) for letter in states])
        types = [RESIDUE_TYPES.find(THREE_TO_ONE.get(name, "?")) for name in names]
        weights = joint_weights(torch.tensor(types), symbols)
        if model.alphabet == "ss":
            weights = torch.nn.functional.one_hot(symbols, len(STATES)).double()
        score = score_string(model, weights[None])
        ends = np.flatnonzero(here)[[score.first, score.first + score.size - 1]]
        span = "-".join(f"{backbone.residue_numbers[k]}{backbone.insertion_codes[k]}" for k in ends)
        rows.append(
            {
                "file": str(path), "chain": chain.strip() or "_", "residues": len(states),
                "nats": score.nats, "log_odds": score.log_odds, "stretch": span,
                "stretch_nats": score.stretch_nats, "secondary_structure": states,
            }
        )  # fmt: skip
    return rows
