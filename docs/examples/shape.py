"""A shape target: fill an ellipsoid. `--energy docs/examples/shape.py:ellipsoid`."""

import torch

HALF_AXES = torch.tensor([24.0, 12.0, 12.0], dtype=torch.float64)  # Å


def ellipsoid(ca):
    """Half a kT per squared unit outside, for every CA."""
    inside = ((ca - ca.mean(0)) / HALF_AXES).square().sum(-1)
    return 5 * (inside - 1).clamp_min(0).square().sum()
