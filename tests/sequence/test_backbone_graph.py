"""Missing atoms and gaps on the way to the neighbour graph."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import protdiff
from protdiff.sequence.backbone_graph import carbonyl_oxygens, graph_of
from protdiff.sequence.graph import MAX_SEPARATION, SEPARATIONS

from ..conftest import ROOT


@pytest.mark.parametrize("name", ["1tpk.pdb", "1a8o.pdb.gz", "3nzd.cif"])
def test_oxygens_are_where_the_file_has_them(name):
    backbone = protdiff.read(ROOT / "data/examples" / name)
    part = backbone[backbone.mask.all(axis=1)]
    off = np.linalg.norm(carbonyl_oxygens(part.coords) - part.coords[:, 3], axis=1)
    inside = np.linalg.norm(part.coords[1:, 0] - part.coords[:-1, 2], axis=1) < 2
    assert off[:-1][inside].max() < 0.3


def test_a_missing_oxygen_hardly_changes_the_graph():
    whole = protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")
    mask = whole.mask.copy()
    mask[5:50:3, 3] = False
    rows, graph = graph_of(replace(whole, mask=mask))
    _, exact = graph_of(whole)
    assert len(rows) == len(whole) and torch.equal(graph.neighbours, exact.neighbours)
    assert (graph.features - exact.features).abs().max() < 0.2


def test_separations_along_chains_and_over_gaps():
    chain = protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[:24]
    gap = chain[np.r_[0:10, 15:24]]
    _, graph = graph_of(gap)
    to = {int(j): int(s) for j, s in zip(graph.neighbours[9], graph.separation[9], strict=True)}
    assert to[8] == MAX_SEPARATION - 1 and to[10] == MAX_SEPARATION + 6
    _, graph = graph_of(replace(chain, chain_ids=np.repeat(["A", "B"], 12)))
    across = graph.neighbours >= 12
    assert (graph.separation[:12][across[:12]] == SEPARATIONS - 1).all()
    assert (graph.separation[:12][~across[:12]] != SEPARATIONS - 1).all()
