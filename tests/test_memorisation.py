"""benchmarks/memorisation.py: its training sets, and one small run from chains to the table."""

import json

import numpy as np
import pytest

from protdiff.dataset import read_chains

from .conftest import ROOT, TINY


@pytest.fixture
def benchmark(tmp_path):
    """The module, with a folder of its own and pieces that small structures have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import memorisation

        patch.setattr(memorisation, "OUT", tmp_path)
        patch.setattr(memorisation, "MIN_LENGTH", 45)
        patch.setattr(memorisation, "MAX_LENGTH", 60)
        yield memorisation


def rows_of(folder, split):
    chains = read_chains(folder, split, globular=False)
    return {chain.name: chain.coords.tobytes() for chain in chains}


def test_larger_sets_hold_smaller_ones(benchmark, tiny_archive):
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


def test_from_chains_to_the_table(benchmark, tiny_archive, monkeypatch, tmp_path):
    """Two training steps; what was measured is kept, and other settings are not mixed with it."""
    import results
    import small_runs
    import theory_tables

    sizes = ("scalars", "vectors", "layers", "heads", "hidden", "products", "embedding")
    monkeypatch.setattr(small_runs, "NETWORK", {name: getattr(TINY, name) for name in sizes})
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(benchmark, "SIZES", (2,))
    monkeypatch.setattr(benchmark, "CALLS", 3)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["benchmarks/memorisation.py", *words])
        benchmark.main()

    words = ("--data", str(tiny_archive), "--steps", "2", "--samples", "5")
    run(*words, "--only", "2")
    assert not (tmp_path / "results").exists()
    run(*words)
    monkeypatch.setattr(benchmark, "audited", None)  # it is not called a second time
    run(*words)
    found = json.loads((tmp_path / "results" / "memorisation.json").read_text())
    row = found["numbers"]["sets"]["2"]
    assert found["weights"]["name"] == "rg-base" and found["command"].endswith("--samples 5")
    # A network that has hardly begun is the Gaussian chain's denoiser: no chain is near to it.
    assert row["to_train"] > 5 and row["copies"] == 0 and 0 <= row["auc"] <= 1
    for name in ("train", "held_out"):
        assert row[name]["bands"]["modes_<4"] == pytest.approx(1, abs=0.05)
    assert "| 2 | " in theory_tables.memorisation()
    monkeypatch.setattr(benchmark, "SIZES", (1, 2))
    run(*words, "--only", "1", "--learning-rate", "0.01")
    with pytest.raises(SystemExit, match="not trained alike"):
        run(*words)
