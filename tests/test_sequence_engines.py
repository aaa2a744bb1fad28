"""benchmarks/sequence_engines.py: what it counts."""

import numpy as np
import pytest

import protdiff
from protdiff.structure import dssp

from .conftest import ROOT
from .sequence.mpnn_package import utilities


@pytest.fixture
def benchmark():
    utilities()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import sequence_engines

        yield sequence_engines


def test_tally(benchmark):
    tally = benchmark.Tally(nats=[np.array([1.0, 2.0]), np.array([3.0, 4.0])], read=[0.5, 0.7])
    tally.counts.add("AAAA", "AAAK")
    numbers = tally.numbers(np.eye(20)[0])  # nature is all alanine
    assert numbers["mpnn_nats"] == 2.5 and numbers["mpnn_nats_of_best"] == 2.0
    assert numbers["recovery"] == 0.75 and numbers["structure_read"] == pytest.approx(0.6)
    assert numbers["composition"]["K"] == 25 and numbers["composition_difference_points"] == 25
    assert numbers["composition_differs_most_in"] == "A"


def test_nats_are_those_of_the_first_residue_whatever_the_order(benchmark):
    """One residue has one order, so it is judged as it was drawn."""
    backbone = protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[:1]
    designs = protdiff.design(backbone, 3, temperature=1, engine="mpnn")
    nats = benchmark.mpnn_nats(backbone, [one.sequence for one in designs], 0)
    np.testing.assert_allclose(nats, [one.nats for one in designs], atol=1e-4)


def test_unknown_residues_are_not_judged(benchmark):
    backbone = protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[:2]
    [half] = benchmark.mpnn_nats(backbone, ["AX"], 0)
    [first] = benchmark.mpnn_nats(backbone, ["AW"], 0)
    assert np.isfinite(half) and half != first


def test_the_reader_reads_a_real_chain(benchmark):
    backbone = protdiff.read(ROOT / "data/examples/1a8o.pdb.gz")
    backbone = backbone[backbone.mask.all(1)]
    states = dssp(backbone.coords, backbone.residue_names.tolist())
    reader = protdiff.network.weights.load_weights().reader
    share = benchmark.read_share(reader, [backbone.sequence], states)
    poly = benchmark.read_share(reader, ["G" * len(backbone)], states)
    assert share > 0.7 and share > poly


def test_numbers_of_a_few_chains(benchmark, tiny_archive, tiny_types, monkeypatch):
    monkeypatch.setattr(benchmark, "SEQUENCES", 2)
    chains = benchmark.held_out(tiny_archive, 2, ["val"])
    assert all(60 <= len(chain) <= 200 for chain in chains)
    natural = np.full(20, 0.05)
    numbers = benchmark.measure(chains[:1], natural, tiny_types, with_native=True)
    assert numbers["native"]["recovery"] == 1 and numbers["backbones"] == 1
    assert numbers["mpnn"]["mpnn_nats"] < numbers["protdiff"]["mpnn_nats"]  # random weights
    samples = benchmark.measure(chains[:1], natural, tiny_types, with_native=False)
    assert samples.keys() == {"backbones", "protdiff", "mpnn"}
    assert "recovery" not in samples["mpnn"]
