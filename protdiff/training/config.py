"""The configuration of a training run, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)  # fmt: skip

from ..flow import BASES, cosine_modes
from ..flow.flow_choice import FlowChoice
from ..network import NetworkConfig
from .component_weights import Weighting
from .packing_loss import PackingWeights
from .time_laws import TimeLaw

if TYPE_CHECKING:
    from ..flow import ChainFlow

__all__ = ["TrainingConfig", "decimates"]


def decimates(recipe: ChainFlow, network: NetworkConfig) -> bool:
    """Whether chains are decimated at coarse times; only RG flows of cosine modes can be."""
    return network.decimate and recipe.schedule == "rg" and recipe.basis == "cosine"


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
    times : TimeLaw or dict
        Law of the times.
    loss : {"resolution", "unit", "likelihood", "shell"}
        Weight of a component's squared error, in units of that of the Gaussian chain. "resolution":
        α²σ²/(σ² + r²), and errors of distances are added. "unit": 1, as EDM has it. "likelihood":
        that of the bound of the log-likelihood, so that the loss is its gap in nats per degree of
        freedom. "shell": RGDM's, of the flow "rgdm-shell" alone.
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
    times: TimeLaw = TimeLaw()
    loss: Literal["resolution", "unit", "likelihood", "shell"] = "resolution"
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

    @model_validator(mode="after")
    def _times_and_loss_fit_the_flow(self) -> TrainingConfig:
        """What is drawn by level of decimation has no law of its own over all times."""
        recipe = self.flow.recipe()
        if (recipe.schedule == "shell") != (self.loss == "shell"):
            raise ValueError('loss "shell": goes with the flow "rgdm-shell", and it with no other')
        if recipe.schedule == "shell" and (self.network.self_conditioning or self.link_share):
            raise ValueError("flow rgdm-shell: has no self_conditioning, and no link_share")
        if self.times.law == "lognormal" and recipe.schedule not in ("vp", "ve"):
            raise ValueError(
                f"times.law: lognormal needs a flow of `schedule` vp or ve, not {recipe.schedule}"
            )
        if self.times.law == "clock" and self.loss != "likelihood":
            return self
        what = f"times.law {self.times.law}" if self.times.law != "clock" else "loss likelihood"
        if decimates(recipe, self.network):
            raise ValueError(f"{what}: needs network.decimate = false with an RG flow")
        if self.link_share:
            raise ValueError(f"{what}: needs link_share = 0")
        return self

    @model_validator(mode="after")
    def _only_one_loss_has_distances(self) -> TrainingConfig:
        """Distances of atoms are no part of the losses of the papers."""
        if self.loss != "resolution" and (self.overlap_weight or self.hydrogen_bond_weight):
            raise ValueError(
                f"loss {self.loss}: has no distances, so overlap_weight and hydrogen_bond_weight "
                "must be 0"
            )
        return self

    @property
    def weighting(self) -> Weighting:
        """Weight of the components in the loss."""
        return Weighting(self.loss, self.resolution)

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
