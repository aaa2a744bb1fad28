"""benchmarks/memorisation.py: training sets are nested, and no held-out chain is among them."""

import numpy as np
import pytest

from protdiff.dataset import read_chains

from .conftest import ROOT


@pytest.fixture
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import memorisation

        yield memorisation


def rows_of(folder, split):
    chains = read_chains(folder, split, globular=False)
    return {chain.name: chain.coords.tobytes() for chain in chains}


def test_larger_sets_hold_smaller_ones(benchmark, tiny_archive, tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "OUT", tmp_path)
    monkeypatch.setattr(benchmark, "MIN_LENGTH", 45)
    monkeypatch.setattr(benchmark, "MAX_LENGTH", 60)
    small, large = (benchmark.make_set(tiny_archive, size) for size in (1, 2))
    for split in ("train", "val"):
        inner, outer = rows_of(small, split), rows_of(large, split)
        assert len(inner) == 1 and len(outer) == 2 and inner.items() <= outer.items()
    assert not rows_of(large, "train").keys() & rows_of(large, "val").keys()
    lengths = read_chains(large).lengths
    assert lengths.min() >= 45 and lengths.max() <= 60
    assert not np.any(read_chains(large, globular=False).table["extended"])
    with pytest.raises(SystemExit, match="not the 2000 of two sets"):
        benchmark.make_set(tiny_archive, 1000)
