"""A data set of backbones that are in memory."""

import numpy as np

from .judge import Limits, Record, judge
from .split import cluster_identical
from .store import TABLE, ChainSet, sequence_hash

__all__ = ["chain_set"]


def chain_set(backbones, limits=None):
    """Chains of some backbones as a `ChainSet`; each chain's longest unbroken segment.

    Parameters
    ----------
    backbones : sequence of Backbone
    limits : Limits, optional
        3 to 2048 residues, if left out.

    Raises
    ------
    ValueError
        If a chain is rejected; see `judge`.
    """
    limits = limits or Limits(3, 2048)
    records = []
    for number, backbone in enumerate(backbones):
        for chain in backbone.chains:
            found = judge(f"{number}_{chain}", backbone.chain(chain), limits)
            if not isinstance(found, Record):
                raise ValueError(f"structure {number}, chain {chain}: {found.reason}")
            records.append(found)
    if not records:
        raise ValueError("no structures")
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
    return ChainSet(*arrays, table)
