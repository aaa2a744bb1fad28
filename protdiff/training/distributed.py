"""Several processes that train together, started by ``torchrun`` or by Slurm's ``srun``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import torch
import torch.distributed

if TYPE_CHECKING:
    from jaxtyping import Shaped
    from torch import Tensor, nn

__all__ = ["agree", "average_gradients", "device_of", "join_group", "leave_group", "total"]


def join_group() -> tuple[int, int]:
    """Rank and number of the processes of this run; one unless a launcher started several."""
    take_over_slurm()
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not torch.distributed.is_initialized():
        # Gradients travel between GPUs where they are; the few numbers on the CPU by gloo.
        gpus = torch.cuda.is_available() and torch.distributed.is_nccl_available()
        torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    return (torch.distributed.get_rank(), world) if world > 1 else (0, 1)


def take_over_slurm() -> None:
    """Give torch the variables it needs from those of ``srun``, if that started this process.

    The shell of a batch script has no step of its own, and is left alone.
    """
    variables = os.environ
    if "WORLD_SIZE" in variables or int(variables.get("SLURM_STEP_NUM_TASKS", 1)) == 1:
        return
    # "node[07-09,12],other3" begins with node07.
    first = re.match(r"([^,\[]+)(?:\[(\w+))?", variables["SLURM_STEP_NODELIST"])
    if first is None:
        raise ValueError("the environment variable SLURM_STEP_NODELIST names no node")
    variables["RANK"], variables["LOCAL_RANK"] = (
        variables["SLURM_PROCID"],
        variables["SLURM_LOCALID"],
    )
    variables["WORLD_SIZE"] = variables["SLURM_STEP_NUM_TASKS"]
    variables.setdefault("MASTER_ADDR", first[1] + (first[2] or ""))
    variables.setdefault("MASTER_PORT", str(20000 + int(variables["SLURM_JOB_ID"]) % 20000))


def device_of(name: str) -> str:
    """Device of this process: every process on a machine gets its own GPU."""
    local = os.environ.get("LOCAL_RANK")
    if name != "cuda" or local is None:
        return name
    # srun may show every process its own GPU alone, as number 0.
    return f"cuda:{int(local) % max(1, torch.cuda.device_count())}"


def leave_group() -> None:
    """Wait for all processes, then leave: one that ends early would abort those still writing."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def average_gradients(module: nn.Module) -> None:
    """Mean of the gradients over all processes, in one message."""
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def total(values: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
    """Sum of a tensor over all processes, in place."""
    if torch.distributed.is_initialized():
        torch.distributed.all_reduce(values)
    return values


def agree(answer: bool) -> bool:
    """The first process's answer to a yes-or-no question, in all processes."""
    if not torch.distributed.is_initialized():
        return answer
    flag = torch.tensor([float(answer)])
    torch.distributed.broadcast(flag, 0)
    return bool(flag[0])
