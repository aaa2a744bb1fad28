"""The training configuration: a TOML file, checked."""

import difflib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..flow.zoo import SHIPPED

__all__ = ["ConfigError", "TrainingConfig", "read_config"]


class ConfigError(ValueError):
    """A configuration that cannot be used; the message is one line."""


class NetworkSizes(BaseModel):
    """Sizes of the score network; see `protdiff.network.NetworkConfig`."""

    model_config = ConfigDict(extra="forbid")
    scalars: int = Field(128, gt=0)
    vectors: int = Field(32, gt=0)
    layers: int = Field(8, gt=0)
    heads: int = Field(8, gt=0)
    hidden: int = Field(256, gt=0)
    products: int = Field(16, gt=0)
    embedding: int = Field(48, gt=0)
    decimate: bool = True
    self_conditioning: bool = False


class TrainingConfig(BaseModel):
    """Everything a training run needs; unknown keys are errors.

    `flow`: name of the flow, key of `protdiff.flow.zoo.FLOWS`; `initial`: weights to start from, by
    name or path (random ones if left out); `data`: folder of the chain archive; `out`: folder of
    the run; `steps`: length of the run; `beads`: beads per full-resolution batch; `full_share`:
    share of batches at full resolution; `sequence_share`, `structure_share`: share of chains whose
    residue types or secondary structure the network sees; `resolution`: Å below which noise does
    not count.
    """

    model_config = ConfigDict(extra="forbid")
    data: Path
    out: Path
    cache: Path | None = None
    initial: str | None = None
    flow: str = SHIPPED
    network: NetworkSizes = NetworkSizes()
    steps: int = Field(20000, gt=0)
    warmup: int = Field(300, ge=0)
    decay: float = Field(0.3, ge=0, le=1, description="share of the steps with a falling rate")
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    clip: float = Field(1.0, gt=0)
    ema: float = Field(0.999, gt=0, lt=1)
    beads: int = Field(1536, ge=256)
    accumulate: int = Field(1, gt=0, description="batches per step in each process")
    full_share: float = Field(0.65, ge=0, le=1)
    max_length: int = Field(256, ge=40, le=512)
    sequence_share: float = Field(0.2, ge=0, le=1)
    structure_share: float = Field(0.3, ge=0, le=1)
    resolution: float = Field(0.03, gt=0)
    seed: int = Field(0, ge=0)
    threads: int = Field(0, ge=0, description="compute threads; 0: all cores")
    device: str = "cpu"
    precision: Literal["float32", "bf16"] = "float32"
    compile: bool = False
    log_every: int = Field(50, gt=0)
    checkpoint_minutes: float = Field(3, gt=0)
    validate_minutes: float = Field(10, gt=0)
    samples: int = Field(0, ge=0, description="drawn and measured at every validation")
    patience: int = Field(0, ge=0, description="validations without progress; 0: no early stop")
    tensorboard: bool = False


def read_config(path):
    """Read and check a TOML file; relative folders are relative to the working directory.

    Raises
    ------
    ConfigError
        With one line that names the key and, for an unknown one, the nearest valid key.
    """
    try:
        values = tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file ({error})") from None
    try:
        return TrainingConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        message = first["msg"]
        if first["type"] == "extra_forbidden":
            model = NetworkSizes if len(first["loc"]) > 1 else TrainingConfig
            near = difflib.get_close_matches(str(first["loc"][-1]), model.model_fields, 1)
            message = "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
        raise ConfigError(f"{path}: {key}: {message}") from None
