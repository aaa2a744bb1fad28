"""benchmarks/sequence_recovery.py: what it counts."""

import numpy as np
import pytest

from protdiff.dataset import read_chains

from .conftest import ROOT


@pytest.fixture
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import sequence_recovery

        yield sequence_recovery


def test_counts(benchmark):
    counts = benchmark.Counts()
    counts.add("AAKX", "AGKK")  # X is not counted
    counts.add("D", "E")
    assert counts.recovery == 0.5
    composition = counts.composition()
    assert composition["natural"]["A"] == 50 and composition["drawn"]["A"] == 25
    assert composition["largest_difference_points"] == 25
    confusion = counts.confusion()
    assert confusion["aliphatic"]["glycine"] == 0.5 and confusion["negative"]["negative"] == 1
    assert sorted("".join(benchmark.CLASSES.values())) == sorted("ARNDCQEGHILKMFPSTWYV")


def test_stretches_lie_inside(benchmark):
    rng = np.random.default_rng(0)
    found = [benchmark.stretch(40, rng) for _ in range(500)]
    sizes = {s.stop - s.start for s in found}
    assert sizes == set(range(8, 13))
    assert min(s.start for s in found) == 5 and max(s.stop for s in found) == 35


def test_numbers_of_a_few_chains(benchmark, tiny_archive, tiny_types):
    chains = read_chains(tiny_archive, "val").take(np.arange(2)).compact()
    numbers = benchmark.measure(chains, tiny_types)
    assert numbers["chains"] == 2 and numbers["residues"] == chains.lengths[:2].sum()
    kinds = {"cold", "learned", "greedy", "noise", "stretch", "stretch_greedy"}
    assert numbers["recovery"].keys() == kinds
    assert numbers["composition"].keys() == {"cold", "learned"}
    assert 16 <= numbers["stretch_residues"] <= 24
    assert 15 < numbers["perplexity"] < 25  # random weights are near 20
