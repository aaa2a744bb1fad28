"""Options of sequence design that `protdiff design` and `generate` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .design_task import TEMPERATURE, DesignSettings
from .residue_options import omitted, parse_fixed, parse_tied, read_bias

if TYPE_CHECKING:
    from .engine_options import EngineOptions

__all__ = ["ConstraintOptions"]


@dataclass(frozen=True)
class ConstraintOptions:
    """What the sequences have to obey."""

    fixed: Annotated[
        str | None, typer.Option(help="Residues that keep their type: A10-25,B:* (all of B).")
    ] = None
    keep_known: Annotated[
        bool,
        typer.Option(
            "--keep-known",
            help="Keep residues that an input gave, by the residues.csv of generate; elsewhere "
            "those that have a name, which ALA, GLY or UNK is not where most of a chain is it.",
        ),
    ] = False
    omit: Annotated[str, typer.Option(help="Types not to draw, one-letter codes: CM.")] = ""
    bias: Annotated[
        Path | None,
        typer.Option(
            help="CSV file, columns letter,nats or chain,number,letter,nats: what is added to "
            "log-probabilities."
        ),
    ] = None
    tied: Annotated[
        str | None,
        typer.Option(help="Chains that are copies, with one sequence: A,B,C, or A,C|B,D."),
    ] = None

    def settings(
        self,
        num: int,
        engine: EngineOptions,
        weights: str | None,
        seed: int,
        temperature: float = TEMPERATURE,
    ) -> DesignSettings:
        """All options as the work needs them; ValueError for what makes no sense."""
        from ...network.weights import file_digest

        if not 0 <= temperature <= 10:
            raise ValueError(f"--temperature {temperature:g}: must lie between 0 and 10")
        fixed = () if self.fixed is None else tuple(parse_fixed(self.fixed))
        bias = () if self.bias is None else tuple(read_bias(self.bias))
        tied = () if self.tied is None else tuple(map(tuple, parse_tied(self.tied)))
        path = engine.find(weights)
        return DesignSettings(
            num, path, file_digest(path), temperature, seed, fixed, omitted(self.omit), bias,
            f"--bias {self.bias}", tied, self.keep_known, engine.engine.value,
            engine.mpnn_model or "",
        )  # fmt: skip
