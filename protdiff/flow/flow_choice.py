"""A flow as users choose it: a named one, perhaps with other values of some of its fields."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from .zoo import FLOWS, SHIPPED, recipe

if TYPE_CHECKING:
    from .chain_flow import ChainFlow

__all__ = ["FlowChoice"]

#: Fields that only some schedules have.
OF_SCHEDULES = {
    "regulator": ("rg",),
    "profile": ("vp",),
    "steepness": ("gud",),
    "clip": ("gud",),
    "resolution": ("vp", "ve", "gud"),
    "signal_first": ("rg", "gud"),
    "signal_last": ("rg", "vp", "ve", "gud"),
}


@dataclass(frozen=True)
class FlowChoice:
    """A named flow and its changes: the table ``[flow]``, and the options of ``flow show``.

    Parameters
    ----------
    name : str
        Key of `protdiff.flow.zoo.FLOWS`.
    schedule, regulator, prior, basis, profile, steepness, clip, resolution, links, signal_first,
    signal_last : optional
        As in `ChainFlow`; None leaves the value of the named flow.

    Examples
    --------
    >>> from protdiff.flow.flow_choice import FlowChoice
    >>> choice = FlowChoice("gud", steepness=4, basis="haar")
    >>> choice.title, choice.recipe().steepness
    ('gud, basis = haar, steepness = 4', 4)
    """

    #: For pydantic, where this is part of a configuration.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str = SHIPPED
    schedule: str | None = None
    regulator: str | None = None
    prior: str | None = None
    basis: str | None = None
    profile: str | None = None
    steepness: float | None = None
    clip: bool | None = None
    resolution: float | None = None
    links: bool | None = None
    signal_first: float | None = None
    signal_last: float | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """Fields that are given."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: value for key, value in values.items() if key != "name" and value is not None}

    @property
    def title(self) -> str:
        """Name and changes in one line."""
        return ", ".join([self.name, *(f"{key} = {value}" for key, value in self.changes.items())])

    def recipe(self) -> ChainFlow:
        """The recipe.

        Raises
        ------
        ValueError
            For an unknown name or value, or for a field that the schedule does not have.
        """
        if self.name in FLOWS:
            schedule = self.schedule or FLOWS[self.name].changes.get("schedule", "rg")
            for key in self.changes.keys() & OF_SCHEDULES.keys():
                if schedule not in OF_SCHEDULES[key]:
                    owners = " or ".join(OF_SCHEDULES[key])
                    raise ValueError(f"`{key}`: goes with `schedule` {owners}, not {schedule}")
        return recipe(self.name, **self.changes)
