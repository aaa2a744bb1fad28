"""Options of `protdiff generate` that say how residue types are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .constraint_options import ConstraintOptions
from .design_task import TEMPERATURE
from .engine_options import Engine, EngineOptions
from .flags import calling

if TYPE_CHECKING:
    from .design_task import DesignSettings

__all__ = ["NO_TYPE_OPTIONS", "TypeOptions"]

TYPES = "Residue types"


@dataclass(frozen=True)
class TypeOptions:
    """How many sequences are drawn, with which network, and at which temperature."""

    sequences: Annotated[
        int,
        typer.Option(
            min=0, help="Sequences per backbone, into OUT/sequences.", rich_help_panel=TYPES
        ),
    ] = 0
    type_weights: Annotated[
        str | None,
        typer.Option(
            help="Weights of residue types: shipped ones by name, or a .safetensors file. For "
            "--sequences and --codesign.",
            rich_help_panel=TYPES,
        ),
    ] = None
    type_temperature: Annotated[
        float,
        typer.Option(
            help="0: the likeliest types; 1: as diverse as in nature.", rich_help_panel=TYPES
        ),
    ] = TEMPERATURE

    def __post_init__(self) -> None:
        if not 0 <= self.type_temperature <= 10:
            raise ValueError(
                f"--type-temperature {self.type_temperature:g}: must lie between 0 and 10"
            )

    def settings(self, engine: EngineOptions, seed: int) -> DesignSettings | None:
        """What `protdiff design` needs for the sequences; None for none."""
        if not self.sequences:
            if engine != EngineOptions():
                raise ValueError("--engine and --mpnn-model: draw sequences, so give --sequences")
            return None
        # ProteinMPNN has weights of its own; those of --type-weights are for --codesign then.
        weights = self.type_weights if engine.engine is Engine.protdiff else None
        with calling("weights", "--type-weights"):
            return ConstraintOptions().settings(
                self.sequences, engine, weights, seed, self.type_temperature
            )

    def weights_file(self) -> tuple[tuple[str, str], ...]:
        """The file of the weights of the types, and its SHA-256."""
        from ...network.weights import file_digest
        from ...sequence.sequence_weights import find_sequence_weights

        with calling("weights", "--type-weights"):
            path = find_sequence_weights(self.type_weights).absolute()
            return ((str(path), file_digest(path)),)

    def weights_text(self) -> str:
        """The weights of the types in words that tell two files apart, for the manifest."""
        from ...network.weights import file_digest
        from ...sequence.sequence_weights import find_sequence_weights, load_sequence_network

        with calling("weights", "--type-weights"):
            path = find_sequence_weights(self.type_weights)
            load_sequence_network(path)  # those of another network are an error before any work
        temperature = f" type_temperature={self.type_temperature:g}"
        return f" type_weights={path.stem}:{file_digest(path)}{temperature}"


NO_TYPE_OPTIONS = TypeOptions()
