"""Features of a few beads for the tests of single layers."""

import torch

SCALARS, VECTORS, HEADS = 6, 5, 2
IRREPS = f"{SCALARS}x0e + {VECTORS}x1e"
#: float64: sums of about 50 products of numbers of order one round to 1e-13.
TOLERANCE = 1e-11


def split(features):
    """Scalars (..., S) and vectors (..., 3, V) of e3nn's flat features (..., S + 3V)."""
    return features[..., :SCALARS], features[..., SCALARS:].unflatten(-1, (-1, 3)).mT


def flat(s, v):
    """The inverse of `split`."""
    return torch.cat([s, v.mT.flatten(-2)], -1)


def attention_inputs(size=7):
    features = torch.randn(1, size, SCALARS + 3 * VECTORS, dtype=torch.float64)
    x = 2 * torch.randn(1, size, 3, dtype=torch.float64)
    bias = torch.randn(HEADS, 1, size, size, dtype=torch.float64)
    return features, x, bias
