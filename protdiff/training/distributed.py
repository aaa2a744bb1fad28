"""Several processes that train together, started by ``torchrun`` or by Slurm's ``srun``."""

import os
import re

import torch

__all__ = ["agree", "average_gradients", "device_of", "join_group", "leave_group", "total"]


def join_group():
    """Rank and number of the processes of this run; one unless a launcher started several."""
    _ask_slurm()
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not torch.distributed.is_initialized():
        # Gradients travel between GPUs where they are; the few numbers on the CPU by gloo.
        gpus = torch.cuda.is_available() and torch.distributed.is_nccl_available()
        torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    return (torch.distributed.get_rank(), world) if world > 1 else (0, 1)


def _ask_slurm():
    """Tell torch what ``srun`` says of this process; a batch script's own shell has no step."""
    said = os.environ
    if "WORLD_SIZE" in said or int(said.get("SLURM_STEP_NUM_TASKS", 1)) == 1:
        return
    # "node[07-09,12],other3" begins with node07.
    first = re.match(r"([^,\[]+)(?:\[(\w+))?", said["SLURM_STEP_NODELIST"])
    said["RANK"], said["LOCAL_RANK"] = said["SLURM_PROCID"], said["SLURM_LOCALID"]
    said["WORLD_SIZE"] = said["SLURM_STEP_NUM_TASKS"]
    said.setdefault("MASTER_ADDR", first[1] + (first[2] or ""))
    said.setdefault("MASTER_PORT", str(20000 + int(said["SLURM_JOB_ID"]) % 20000))


def device_of(name):
    """The device of this process: every one on a machine has a GPU of its own."""
    local = os.environ.get("LOCAL_RANK")
    if name != "cuda" or local is None:
        return name
    return f"cuda:{int(local) % max(1, torch.cuda.device_count())}"  # srun may show one alone


def leave_group():
    """Wait for all processes, then part: one that ends early would take those that still write."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def average_gradients(denoiser):
    """Mean of the gradients over all processes, in one message."""
    gradients = [p.grad for p in denoiser.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def total(values):
    """Sum of a tensor over all processes."""
    if torch.distributed.is_initialized():
        torch.distributed.all_reduce(values)
    return values


def agree(answer):
    """The answer of the first process, to a question of yes or no, on all of them."""
    if not torch.distributed.is_initialized():
        return answer
    flag = torch.tensor([float(answer)])
    torch.distributed.broadcast(flag, 0)
    return bool(flag[0])
