"""A data set of backbones that are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .filters import Limits, Record, Rejected, judge
from .set_writer import name_bytes
from .split import cluster_identical
from .store import TABLE, ChainSet, sequence_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..structure.backbone import Backbone

__all__ = ["chain_set"]


def chain_set(
    backbones: Iterable[Backbone], limits: Limits | None = None
) -> tuple[ChainSet, list[Rejected]]:
    """A data set of some backbones: the longest unbroken segment of each chain.

    Parameters
    ----------
    backbones : iterable of Backbone
    limits : Limits, optional

    Returns
    -------
    chains : ChainSet
    rejected : list of Rejected
        Chains that are not in it, and why; see `judge`.

    Raises
    ------
    ValueError
        If every chain is rejected.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> from protdiff.dataset.filters import Limits
    >>> from protdiff.structure.peptide import place_backbone
    >>> turn = np.radians(100) * np.arange(24)
    >>> trace = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(24)], 1)
    >>> helix = Backbone.from_coords(place_backbone(trace, np.tile([0.0, 0.0, 1.0], (23, 1))))
    >>> chains, rejected = chain_set([helix, helix[:9]], Limits(min_length=10))
    >>> [(chain.name, round(float(chain.row["helix"]), 1)) for chain in chains]
    [('0_A', 0.9)]
    >>> rejected[0].reason
    'longest unbroken segment has 9 of 9 residues, under 10'
    """
    judged = [
        judge(f"{number}_{name}", backbone.chain(name), limits or Limits())
        for number, backbone in enumerate(backbones)
        for name in backbone.chains
    ]
    records = [result for result in judged if isinstance(result, Record)]
    rejected = [result for result in judged if isinstance(result, Rejected)]
    if not records:
        why = f"; the first: {rejected[0].name}: {rejected[0].reason}" if rejected else ""
        raise ValueError(f"no chain was kept, {len(rejected)} rejected{why}")
    table = np.zeros(len(records), TABLE)
    table["length"] = [len(record.coords) for record in records]
    table["start"] = np.cumsum([0, *table["length"][:-1]])
    for row, record in enumerate(records):
        table["name"][row] = name_bytes(record.name)
        table["sequence"][row] = sequence_hash(record.types)
        for key, value in record.values.items():
            table[key][row] = value
    table["cluster"] = cluster_identical(table)
    coords = np.concatenate([record.coords for record in records])
    types = np.concatenate([record.types for record in records])
    structure = np.concatenate([record.structure for record in records])
    return ChainSet(coords, types, structure, table), rejected
