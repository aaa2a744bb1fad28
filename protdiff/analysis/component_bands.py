"""Components of chains by band: periods of the modes, and the links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..structure.constants import BANDS, band_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float64, Int64
    from torch import Tensor

    from ..flow import Flow

__all__ = ["LINKS", "ROWS", "by_band", "component_bands"]

#: Index of the links, after those of the bands of modes; and number of both.
LINKS = len(BANDS)
ROWS = LINKS + 1


def component_bands(flow: Flow, lengths: Sequence[int]) -> Int64[Tensor, "chains components"]:
    """Band of every mode, `LINKS` for the links, -1 for components that do not exist."""
    import torch

    from ..flow import BASES, cosine_modes

    chains, components = flow.mask.shape
    if BASES[flow.basis].modes is not cosine_modes:
        edges = torch.tensor(list(BANDS.values())[:-1], dtype=torch.float64)
        band = torch.bucketize(2 * torch.pi / flow.momenta, edges)
        band[:, components // 2 :] = LINKS
        return band.masked_fill(~flow.mask, -1)
    band = torch.full((chains, components), -1)
    for row, n in enumerate(lengths):
        band[row, 1:n] = torch.from_numpy(band_index(n))
    band[:, components // 2 :] = LINKS
    return band.masked_fill(~flow.mask, -1)


def by_band(
    values: Float64[Tensor, "chains components"], band: Int64[Tensor, "chains components"]
) -> Float64[Tensor, "chains rows"]:
    """Sums over the components of each band, and over the links."""
    import torch

    return torch.stack([values.masked_fill(band != b, 0).sum(1) for b in range(ROWS)], 1)
