"""State of a training run: network, moving average, optimiser, counters; saved and restored."""

import math

import torch

from ..flows import recipe as named_recipe
from ..network import Denoiser, NetworkConfig
from ..network.numerics import pick_device
from ..weights import find_weights, load_weights, save_weights
from .checkpoint import read_checkpoint, write_checkpoint
from .config import ConfigError
from .logs import LOGS, forget_after
from .ranks import device_of

__all__ = ["Run"]


class Run:
    """State of a run: denoiser, its moving average, optimiser, counters; saved and restored."""

    def __init__(self, config):
        self.config, self.step, self.chains, self.seconds = config, 0, 0, 0.0
        #: Lowest loss on held-out chains, and validations since.
        self.best, self.stale = math.inf, 0
        recipe = named_recipe(config.flow)
        torch.manual_seed(config.seed)
        self.device = device_of(pick_device(config.device))
        self.denoiser = Denoiser(NetworkConfig(**config.network.model_dump()), recipe)
        self.denoiser.to(self.device)
        if config.precision == "bf16":
            self.denoiser.network.use_bf16()
        if config.compile:
            self.denoiser.network.compile()
        if config.initial:
            path = find_weights(config.initial)
            self.load(load_weights(path).state_dict(), path, new=".previous")
        self.average = {k: v.clone() for k, v in self.denoiser.state_dict().items()}
        decayed = [p for p in self.denoiser.parameters() if p.ndim >= 2]
        other = [p for p in self.denoiser.parameters() if p.ndim < 2]
        groups = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": other, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))

    def load(self, tensors, origin, new=None):
        """Take over the tensors of a denoiser of the same sizes; those named `new` may lack."""
        own = self.denoiser.state_dict()
        fresh = {name: value for name, value in own.items() if new and new in name}
        try:
            self.denoiser.load_state_dict(fresh | tensors)
        except RuntimeError:
            raise ConfigError(
                f"{origin}: made with other [network] sizes; choose another `out`, or the old sizes"
            ) from None

    def update_average(self):
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.denoiser.state_dict().items():
                self.average[name].lerp_(value, 1 - decay)

    def save(self):
        """Write the checkpoint, then the averaged weights."""
        names = {p: n for n, p in self.denoiser.named_parameters()}
        moments = {
            f"{key}.{names[parameter]}": torch.as_tensor(value)
            for parameter, state in self.optimiser.state.items()
            for key, value in state.items()
        }
        parts = {"model": self.denoiser.state_dict(), "average": self.average, "adam": moments}
        progress = {
            "step": self.step, "chains": self.chains, "seconds": round(self.seconds, 1),
            "best": self.best, "stale": self.stale,
        }  # fmt: skip
        write_checkpoint(self.config.out, parts, progress)
        self.save_average("ema.safetensors")

    def save_average(self, name):
        """Write the averaged weights."""
        network = self.denoiser.network.config
        save_weights(self.config.out / name, self.average, network, self.denoiser.recipe)

    def averaged(self):
        """A denoiser with the averaged weights."""
        current = Denoiser(self.denoiser.network.config, self.denoiser.recipe)
        current.load_state_dict(self.average)
        return current.to(self.device).eval().requires_grad_(False)

    def restore(self):
        """Continue from the newest checkpoint, if there is one."""
        found = read_checkpoint(self.config.out, ("model", "average", "adam"))
        if found is None:
            return
        parts, progress = found
        self.load(parts["model"], self.config.out)
        device = self.device
        self.average = {k: v.to(device) for k, v in parts["average"].items()}
        for name, parameter in self.denoiser.named_parameters():
            keys = ("step", "exp_avg", "exp_avg_sq")
            state = {k: parts["adam"].get(f"{k}.{name}") for k in keys}
            if state["step"] is not None:
                self.optimiser.state[parameter] = {
                    k: v if k == "step" else v.to(device) for k, v in state.items()
                }
        self.step, self.chains, self.seconds = (progress[k] for k in ("step", "chains", "seconds"))
        self.best, self.stale = progress.get("best", math.inf), progress.get("stale", 0)
        for log in LOGS:
            forget_after(self.config.out / log, self.step)
