"""Which beads attend to which: all to all in short chains, blocks of beads to their keys in long.

A block of `BLOCK_SIZE` consecutive beads shares `KEYS_PER_BLOCK` keys: the beads that are nearest
to any bead of the block. Attention stays a matrix product, while the number of pairs grows in
proportion to the number of beads. Tensors of pairs have one row per block. Where all beads attend
to all, a chain is one block, and the argument `keys` of these functions is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

__all__ = [
    "BLOCK_SIZE",
    "KEYS_PER_BLOCK",
    "attends_in_blocks",
    "block_keys",
    "from_blocks",
    "gather_keys",
    "into_blocks",
    "separations",
]

BLOCK_SIZE = 32
KEYS_PER_BLOCK = 128


def attends_in_blocks(beads: int) -> bool:
    """Whether chains of this many beads attend in blocks; in shorter ones it would save nothing."""
    return beads > BLOCK_SIZE + KEYS_PER_BLOCK


def block_keys(
    x: Float[Tensor, "batch beads 3"], mask: Bool[Tensor, "batch beads"]
) -> Int[Tensor, "batch blocks keys"] | None:
    """Keys of every block in order along the chain; None where all beads attend to all."""
    if not attends_in_blocks(x.shape[1]):
        return None
    far = torch.finfo(x.dtype).max
    dx, dy, dz = (a[:, :, None] - a[:, None] for a in x.detach().unbind(-1))
    square = dx.square() + dy.square() + dz.square()
    square = square.masked_fill(~(mask[:, None] & mask[:, :, None]), far)
    padding = -x.shape[1] % BLOCK_SIZE
    square = torch.nn.functional.pad(square, (0, 0, 0, padding), value=far)
    nearest = square.unflatten(1, (-1, BLOCK_SIZE)).amin(2).topk(KEYS_PER_BLOCK, largest=False)
    return nearest.indices.sort().values


def into_blocks(
    tensor: Float[Tensor, "heads batch beads features"],
    keys: Int[Tensor, "batch blocks keys"] | None,
) -> Float[Tensor, "heads rows queries features"]:
    """The queries of every block, zero in the padding of the last one."""
    if keys is None:
        return tensor
    tensor = torch.nn.functional.pad(tensor, (0, 0, 0, -tensor.shape[2] % BLOCK_SIZE))
    return tensor.unflatten(2, (-1, BLOCK_SIZE)).flatten(1, 2)


def from_blocks(
    tensor: Float[Tensor, "heads rows queries features"],
    keys: Int[Tensor, "batch blocks keys"] | None,
    size: int,
) -> Float[Tensor, "heads batch {size} features"]:
    """The beads of all blocks: the inverse of `into_blocks`."""
    if keys is None:
        return tensor
    return tensor.unflatten(1, keys.shape[:2]).flatten(2, 3)[:, :, :size]


def gather_keys(
    tensor: Float[Tensor, "heads batch beads features"],
    keys: Int[Tensor, "batch blocks keys"] | None,
) -> Float[Tensor, "heads rows keys features"]:
    """The keys of every block."""
    if keys is None:
        return tensor
    heads, batch, size, width = tensor.shape
    start = torch.arange(batch, device=tensor.device)[:, None, None] * size
    rows = (keys + start).flatten()
    return tensor.flatten(1, 2).index_select(1, rows).view(heads, -1, keys.shape[-1], width)


def separations(
    size: int,
    keys: Int[Tensor, "batch blocks keys"] | None,
    device: torch.device | None = None,
) -> Int[Tensor, "rows queries keys"]:
    """Index of the key minus index of the query along the chain.

    (1, M, M) where all beads attend to all: it is the same for every chain.
    """
    index = torch.arange(size, device=device)
    if keys is None:
        return (index[None] - index[:, None])[None]
    query = torch.arange(keys.shape[1] * BLOCK_SIZE, device=device).view(-1, BLOCK_SIZE, 1)
    return (keys[:, :, None] - query).flatten(0, 1)
