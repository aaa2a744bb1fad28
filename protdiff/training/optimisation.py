"""Parts that all training shares: learning rate, a step of the optimiser, the moving average."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torch import Tensor, nn

__all__ = [
    "MovingAverage", "adam_tensors", "adamw", "averaged_in_place", "learning_rate",
    "load_adam_tensors", "take_step",
]  # fmt: skip

#: What AdamW keeps of every parameter.
ADAM_STATE = ("step", "exp_avg", "exp_avg_sq")


def learning_rate(highest: float, rise: float, fall: float) -> float:
    """Rate of a step: a linear rise, then constant, then a linear fall to zero.

    Parameters
    ----------
    highest : float
    rise : float
        Share of the rise that is done; 1 or more when it is over.
    fall : float
        Share of the fall that is left; 1 or more before it begins.

    Examples
    --------
    >>> [learning_rate(0.1, step / 2, (10 - step) / 5) for step in (1, 4, 9, 10)]
    [0.05, 0.1, 0.020000000000000004, 0.0]
    """
    return highest * min(1.0, rise, max(0.0, fall))


def adamw(parameters: Iterable[nn.Parameter], weight_decay: float) -> torch.optim.AdamW:
    """AdamW with the momenta used here; only matrices decay, not biases and scales."""
    kinds: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for parameter in parameters:
        kinds[parameter.ndim >= 2].append(parameter)
    groups = [
        {"params": kinds[True], "weight_decay": weight_decay},
        {"params": kinds[False], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))


def take_step(
    optimiser: torch.optim.Optimizer, parameters: Sequence[nn.Parameter], rate: float, clip: float
) -> None:
    """Clip the norm of the gradient, and change the parameters at this rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    torch.nn.utils.clip_grad_norm_(parameters, clip)
    optimiser.step()


def adam_tensors(
    optimiser: torch.optim.Optimizer, named: Iterable[tuple[str, nn.Parameter]]
) -> dict[str, Tensor]:
    """State of AdamW by name, ``exp_avg.PARAMETER`` and so on, for a checkpoint."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in named}
    return {
        f"{key}.{names[parameter]}": torch.as_tensor(value)
        for parameter, state in optimiser.state.items()
        for key, value in state.items()
    }


def load_adam_tensors(
    optimiser: torch.optim.Optimizer,
    named: Iterable[tuple[str, nn.Parameter]],
    tensors: Mapping[str, Tensor],
) -> None:
    """Give AdamW the state of `adam_tensors`; parameters without a stored state start afresh."""
    for name, parameter in named:
        if f"step.{name}" not in tensors:
            continue
        state = {key: tensors[f"{key}.{name}"] for key in ADAM_STATE}
        # AdamW keeps its counter on the host.
        optimiser.state[parameter] = {
            key: value if key == "step" else value.to(parameter.device)
            for key, value in state.items()
        }


class MovingAverage:
    """Exponential moving average of the parameters of a module, starting from what they are.

    The count of updates is a Python number: one on an accelerator would be waited for at every
    step, as `torch.optim.swa_utils.AveragedModel` does.

    Parameters
    ----------
    module : nn.Module
    decay : float
        Weight of the average against the new parameters; update n has min(decay, (1+n)/(10+n)),
        so that the random first weights are soon forgotten.
    updates : int
        Updates that the average has had before.

    Attributes
    ----------
    module : nn.Module
        A copy with the averaged parameters.
    updates : int

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(1, 1, bias=False)
    >>> average = MovingAverage(layer, decay=0.9)
    >>> _ = layer.weight.data.add_(11)
    >>> average.update(layer)  # the first update has 9/11 of the new parameters
    >>> round(float((average.module.weight - layer.weight).detach()), 4)
    -2.0
    """

    def __init__(self, module: nn.Module, decay: float, updates: int = 0):
        self.module = deepcopy(module).requires_grad_(False)
        self.decay, self.updates = decay, updates

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take the parameters that the module has now into the average."""
        self.updates += 1
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        averages: list[Tensor] = list(self.module.parameters())
        parameters: list[Tensor] = list(module.parameters())
        torch._foreach_lerp_(averages, parameters, weight)  # pyright: ignore[reportPrivateImportUsage]


@contextmanager
@torch.no_grad()
def averaged_in_place(average: MovingAverage, parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """Context in which the parameters have their averaged values."""
    current = [parameter.clone() for parameter in parameters]
    for parameter, value in zip(parameters, average.module.parameters(), strict=True):
        parameter.copy_(value)
    try:
        yield
    finally:
        for parameter, value in zip(parameters, current, strict=True):
            parameter.copy_(value)
