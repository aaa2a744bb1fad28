"""Which beads attend to which: all to all in short chains, blocks of beads to neighbours in long.

A block of `BLOCK` consecutive beads shares its `KEYS` keys, those nearest to any of its beads, so
attention stays a product of matrices while its pairs grow in proportion to the beads. Rows are
blocks from here on: one row per chain where all attend to all (`keys` is None).
"""

import torch

__all__ = ["BLOCK", "KEYS", "attended", "blocks", "is_long", "joined", "keyed", "separations"]

BLOCK, KEYS = 32, 128


def is_long(beads):
    """Do chains of so many beads attend in blocks? Below, blocks would save nothing."""
    return beads > BLOCK + KEYS


def attended(x, mask):
    """Keys of every block.

    Parameters
    ----------
    x : Tensor, shape (B, M, 3)
    mask : Tensor, shape (B, M), bool

    Returns
    -------
    Tensor, shape (B, C, KEYS), int64, or None
        Along the chain in each block; None where all beads attend to all.
    """
    if not is_long(x.shape[1]):
        return None
    x, far = x.detach(), torch.finfo(x.dtype).max
    square = sum((a[:, :, None] - a[:, None]).square() for a in x.unbind(-1))
    square = square.masked_fill(~(mask[:, None] & mask[:, :, None]), far)
    padding = -x.shape[1] % BLOCK
    square = torch.nn.functional.pad(square, (0, 0, 0, padding), value=far)
    nearest = square.unflatten(1, (-1, BLOCK)).amin(2).topk(KEYS, largest=False)
    return nearest.indices.sort().values


def blocks(tensor, keys):
    """Queries (H, B·C, BLOCK, F) of a tensor (H, B, M, F), zero in the padding."""
    if keys is None:
        return tensor
    tensor = torch.nn.functional.pad(tensor, (0, 0, 0, -tensor.shape[2] % BLOCK))
    return tensor.unflatten(2, (-1, BLOCK)).flatten(1, 2)


def keyed(tensor, keys):
    """Keys (H, B·C, KEYS, F) of a tensor (H, B, M, F)."""
    if keys is None:
        return tensor
    heads, batch, size, width = tensor.shape
    start = torch.arange(batch, device=tensor.device)[:, None, None] * size
    rows = (keys + start).flatten()
    return tensor.flatten(1, 2).index_select(1, rows).view(heads, -1, keys.shape[-1], width)


def joined(tensor, keys, size):
    """(H, B, M, F) of its blocks (H, B·C, BLOCK, F): the inverse of `blocks`."""
    if keys is None:
        return tensor
    return tensor.unflatten(1, keys.shape[:2]).flatten(2, 3)[:, :, :size]


def separations(size, keys, device=None):
    """Places of the key minus the query along the chain; (1, M, M) or (B·C, BLOCK, KEYS)."""
    place = torch.arange(size, device=device)
    if keys is None:
        return (place[None] - place[:, None])[None]
    query = torch.arange(keys.shape[1] * BLOCK, device=device).view(-1, BLOCK, 1)
    return (keys[:, :, None] - query).flatten(0, 1)
