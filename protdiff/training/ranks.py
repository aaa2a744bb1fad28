"""Several processes that train together, started by ``torchrun``."""

import os

import torch

__all__ = ["agree", "average_gradients", "join_group", "leave_group", "total"]


def join_group():
    """Rank and number of the processes of this run; one unless started by ``torchrun``."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo")
    return (torch.distributed.get_rank(), world) if world > 1 else (0, 1)


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
