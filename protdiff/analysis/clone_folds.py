"""Do clones have one fold? The classes of the cloning curve for proteins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Float64
    from torch import Tensor

    Traces = Float[Tensor, "clones chains residues 3"]

__all__ = ["SAME_FOLD", "share_of_fold"]

#: TM-score from which on two chains have one fold (Xu & Zhang, doi 10.1093/bioinformatics/btq066),
#: and stride of the search for it.
SAME_FOLD, TM_STRIDE = 0.5, 8


def share_of_fold(traces: Traces, lengths: Sequence[int]) -> Float64[Tensor, " chains"]:
    """Share of the pairs of clones whose TM-score, residue by residue, is at least 0.5.

    Parameters
    ----------
    traces : Tensor, shape (C, B, N, 3)
        CA of C clones of B chains, Å, padded to N residues.
    lengths : sequence of int
        Of the chains.
    """
    import torch

    from ..flow.clones import agreement
    from ..metrics.search import search

    def same(first: Tensor, second: Tensor) -> Tensor:
        return torch.tensor(
            [
                search(x[:n], y[:n], n, stride=TM_STRIDE).tm >= SAME_FOLD
                for x, y, n in zip(first, second, lengths, strict=True)
            ]
        )

    return agreement(traces, same)
