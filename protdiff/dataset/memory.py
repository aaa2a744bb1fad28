"""A data set of backbones that are in memory."""

import numpy as np

from .filters import Limits, Record, Rejected, judge
from .split import cluster_identical
from .store import TABLE, ChainSet, sequence_hash

__all__ = ["chain_set"]


def chain_set(backbones, limits=None):
    """Chains of some backbones; each chain's longest unbroken segment.

    Parameters
    ----------
    backbones : sequence of Backbone
    limits : Limits, optional

    Returns
    -------
    chains : ChainSet
    rejected : list of Rejected
        Chains that are not in it, and why; see `judge`.

    Raises
    ------
    ValueError
        If none is.
    """
    found = [
        judge(f"{number}_{name}", backbone.chain(name), limits or Limits())
        for number, backbone in enumerate(backbones)
        for name in backbone.chains
    ]
    records = [one for one in found if isinstance(one, Record)]
    rejected = [one for one in found if isinstance(one, Rejected)]
    if not records:
        why = f"; the first: {rejected[0].name}: {rejected[0].reason}" if rejected else ""
        raise ValueError(f"no chain was kept, {len(rejected)} rejected{why}")
    table = np.zeros(len(records), TABLE)
    table["length"] = [len(record.coords) for record in records]
    table["start"] = np.cumsum([0, *table["length"][:-1]])
    for row, record in enumerate(records):
        table["name"][row] = record.name.encode()
        table["sequence"][row] = sequence_hash(record.types)
        for key, value in record.values.items():
            table[key][row] = value
    table["cluster"] = cluster_identical(table)
    arrays = (np.concatenate([record[k] for record in records]) for k in (1, 2, 3))
    return ChainSet(*arrays, table), rejected
