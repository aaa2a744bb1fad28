"""The configuration of a training run: a TOML file, read and checked."""

from __future__ import annotations

import difflib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
)  # fmt: skip

from .._system.reading import read_toml
from ..flow import BASES, cosine_modes
from ..flow.flow_choice import FlowChoice
from ..network import NetworkConfig
from ..sequence.network import SequenceConfig
from .packing_loss import PackingWeights
from .sequence_config import SequenceTraining

if TYPE_CHECKING:
    from os import PathLike

    from pydantic_core import ErrorDetails

__all__ = ["ConfigError", "TrainingConfig", "read_config"]


class ConfigError(ValueError):
    """A configuration that cannot be used; the message is one line."""


class TrainingConfig(BaseModel):
    """Everything a training run needs; unknown keys are errors.

    Parameters
    ----------
    data : path
        Folder of a data set (``protdiff data build``) or of a chain archive.
    out : path
        Folder of the run.
    cache : path, optional
        Folder that keeps the secondary structure of an archive; by default in `out`.
    initial : str, optional
        Weights to start from, by name or path; without it they are random.
    flow : str, dict or FlowChoice
        Name of the flow, a key of `protdiff.flow.zoo.FLOWS`, or a table of a name and what else.
    network : NetworkConfig or dict
        Sizes of the network.
    steps : int
        Steps of the whole run.
    warmup : int
        Steps in which the learning rate rises to `learning_rate`.
    decay : float
        Share of the steps, at the end, in which the rate falls to zero.
    learning_rate, weight_decay, clip : float
        Highest rate and weight decay of AdamW; largest norm of the gradient.
    ema : float
        Decay of the moving average of the weights per step.
    beads : int
        Beads in a batch of chains at full resolution.
    accumulate : int
        Batches per step in each process.
    full_share : float
        Share of the batches at full resolution; the others are decimated.
    link_share : float
        Share of the chains at full resolution whose times are where the links are decided; the
        others' are anywhere at full resolution.
    max_length : int
        Longer chains are left out, residues.
    sequence_share, structure_share : float
        Share of the chains whose residue types, or secondary structure, the network is shown.
    resolution : float
        Noise (Å) below which errors hardly count: that of experimental structures.
    overlap_weight, hydrogen_bond_weight : float
        Weights, in the loss, of the distances of backbone atoms that may overlap, and of the
        geometry of hydrogen bonds.
    seed : int
        Of all random choices.
    threads : int
        Compute threads; 0 for all cores.
    device : str
        auto, cpu, cuda or mps.
    precision : {"float32", "bf16"}
        Of the network's arithmetic; the weights are kept in float32.
    compile : bool
        Compile the network with `torch.compile`.
    log_every : int
        Steps per row of training.csv.
    checkpoint_minutes, validate_minutes : float
        Time between checkpoints, and between measurements on held-out chains.
    samples : int
        Backbones drawn and measured at every validation.
    patience : int
        Stop after this many validations without progress; 0 for never.
    tensorboard : bool
        Log for TensorBoard, too.

    Examples
    --------
    >>> config = TrainingConfig(data="chains", out="runs/mine", network={"layers": 4})
    >>> config.network.layers, config.network.scalars, config.steps
    (4, 128, 20000)
    """

    model_config = ConfigDict(extra="forbid")
    data: Path
    out: Path
    cache: Path | None = None
    initial: str | None = None
    flow: FlowChoice = FlowChoice()
    network: NetworkConfig = Field(NetworkConfig(), validate_default=True)
    steps: int = Field(20000, gt=0)
    warmup: int = Field(300, ge=0)
    decay: float = Field(0.3, ge=0, le=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    clip: float = Field(1.0, gt=0)
    ema: float = Field(0.999, gt=0, lt=1)
    beads: int = Field(1536, ge=256)
    accumulate: int = Field(1, gt=0)
    full_share: float = Field(0.65, ge=0, le=1)
    link_share: float = Field(0.0, ge=0, le=1)
    max_length: int = Field(256, ge=40, le=512)
    sequence_share: float = Field(0.2, ge=0, le=1)
    structure_share: float = Field(0.3, ge=0, le=1)
    resolution: float = Field(0.03, gt=0)
    overlap_weight: float = Field(0.0, ge=0)
    hydrogen_bond_weight: float = Field(0.0, ge=0)
    seed: int = Field(0, ge=0)
    threads: int = Field(0, ge=0)
    device: str = "cpu"
    precision: Literal["float32", "bf16"] = "float32"
    compile: bool = False
    log_every: int = Field(50, gt=0)
    checkpoint_minutes: float = Field(3, gt=0)
    validate_minutes: float = Field(10, gt=0)
    samples: int = Field(0, ge=0)
    patience: int = Field(0, ge=0)
    tensorboard: bool = False

    @field_validator("flow", mode="before")
    @classmethod
    def _a_name_is_a_flow(cls, value: object) -> object:
        """A name stands for the named flow as it is."""
        return {"name": value} if isinstance(value, str) else value

    @field_validator("flow")
    @classmethod
    def _there_is_such_a_flow(cls, value: FlowChoice) -> FlowChoice:
        """An unknown flow is an error before anything is read or written."""
        value.recipe()
        return value

    @field_serializer("flow")
    def _flow_as_it_is_given(self, value: FlowChoice) -> str | dict[str, Any]:
        """The name alone where nothing is changed, as in old model cards."""
        return {"name": value.name, **value.changes} if value.changes else value.name

    @field_validator("network")
    @classmethod
    def _features_are_fixed(cls, value: NetworkConfig) -> NetworkConfig:
        """The number of features of a residue follows from what batches hold."""
        if value.conditions != NetworkConfig.conditions:
            raise ValueError("`conditions` cannot be chosen")
        return value

    @field_validator("network")
    @classmethod
    def _other_bases_need_clocks(cls, value: NetworkConfig, info: ValidationInfo) -> NetworkConfig:
        """The network's own clock is that of a schedule over cosine modes."""
        flow = info.data.get("flow")
        basis = "cosine" if flow is None else flow.recipe().basis
        if BASES[basis].modes is not cosine_modes and not value.component_clocks:
            raise ValueError(f"a flow over {basis!r} needs `component_clocks` = true")
        return value

    @field_validator("link_share")
    @classmethod
    def _links_are_decided_at_a_time(cls, value: float, info: ValidationInfo) -> float:
        """Only RG flows decide the links at a time of their own."""
        flow = info.data.get("flow")
        if value and flow is not None and flow.recipe().schedule != "rg":
            raise ValueError(f"needs an RG flow, not {flow.title!r}")
        return value

    @field_validator("samples")
    @classmethod
    def _samples_have_atoms(cls, value: int, info: ValidationInfo) -> int:
        """N, C and O of samples are placed from link vectors."""
        flow = info.data.get("flow")
        if value and flow is not None and not flow.recipe().links:
            raise ValueError(f"needs a flow with link vectors, not {flow.title!r}")
        return value

    @property
    def packing(self) -> PackingWeights:
        """Weights of what packs in the loss."""
        return PackingWeights(self.overlap_weight, self.hydrogen_bond_weight)

    @property
    def cache_folder(self) -> Path:
        """Folder that keeps the secondary structure of an archive."""
        return self.cache or self.out / "cache"

    def recorded(self) -> dict[str, Any]:
        """What decides how a run goes on, as plain values for checkpoints and model cards.

        Folders are left out, and so is the number of condition features, which no run chooses.
        """
        fixed = {"conditions": True, "coarse": {"conditions"}}
        left_out = {"data": True, "out": True, "cache": True, "network": fixed}
        return self.model_dump(mode="json", exclude=left_out)


def read_config(path: str | PathLike[str]) -> TrainingConfig | SequenceTraining:
    """Read and check a TOML file; relative folders are relative to the working directory.

    A file with a table ``[sequence]`` is about the network of residue types, every other one about
    the network of the flow.

    Parameters
    ----------
    path : path

    Returns
    -------
    TrainingConfig or SequenceTraining

    Raises
    ------
    ConfigError
        With one line that names the key and, for an unknown one, the nearest valid key.
    """
    try:
        values = read_toml(path)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    kind = SequenceTraining if "sequence" in values else TrainingConfig
    try:
        return kind(**values)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_error(error.errors()[0], kind)}") from None


def _first_error(error: ErrorDetails, kind: type[BaseModel]) -> str:
    """Key and reason of an error in one line."""
    keys, message = list(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = list(kind.model_fields)
        if len(keys) > 1:
            tables = {"flow": FlowChoice, "network": NetworkConfig, "sequence": SequenceConfig}
            known = [field.name for field in fields(tables[keys[0]]) if field.name != "conditions"]
        near = difflib.get_close_matches(keys[-1], known, 1)
        message = "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    return f"{'.'.join(keys)}: {message}"
