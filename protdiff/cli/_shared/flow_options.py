"""Options of a flow: a named one, and other values of its fields."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...flow.flow_choice import FlowChoice

__all__ = ["FlowOptions"]

PANEL = "Changes of the flow"


def _option(text: str, *names: str) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=PANEL)


@dataclass(frozen=True)
class FlowOptions:
    """Fields of a flow that may be changed, by the names of the table ``[flow]``."""

    schedule: Annotated[str | None, _option("rg, rgdm, shell, vp, ve or gud.")] = None
    regulator: Annotated[
        str | None, _option("How modes dissolve, rg: lognormal, rational or heat.")
    ] = None
    prior: Annotated[
        str | None, _option("measured, calibrated, rgdm, harmonic or unit (white noise).")
    ] = None
    basis: Annotated[str | None, _option("cosine, laplacian, haar or identity (residues).")] = None
    profile: Annotated[str | None, _option("Law of vp: log_snr, linear or cosine.")] = None
    steepness: Annotated[
        float | None,
        _option("gud: 0 for plain diffusion, large for one component after the other; 1/softness."),
    ] = None
    clip: Annotated[bool | None, _option("gud: the sequential form.", "--clip/--no-clip")] = None
    resolution: Annotated[float | None, _option("Noise at u = 0, vp, ve and gud; Å.")] = None
    links: Annotated[
        bool | None, _option("Vectors of peptide links, for N, C and O.", "--links/--no-links")
    ] = None
    signal_first: Annotated[float | None, _option("α² of the links at u = 0, rg and gud.")] = None
    signal_last: Annotated[
        float | None, _option("Signal left of the slowest mode at u = 1; not rgdm.")
    ] = None

    def choice(self, name: str) -> FlowChoice:
        """The choice of a named flow, or of the flow of a TOML file, with these changes."""
        from ...flow.flow_choice import FlowChoice

        given = {key: value for key, value in asdict(self).items() if value is not None}
        if not name.endswith(".toml"):
            return FlowChoice(name, **given)
        from ...training.config import TrainingConfig
        from ...training.config_file import read_config

        config = read_config(name)
        if not isinstance(config, TrainingConfig):
            raise ValueError(f"{name}: is about the network of residue types, which has no flow")
        return replace(config.flow, **given)
