"""Damaged files are read, or refused with one clear line; more in benchmarks/fuzz_files.py."""

import importlib
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Mutations of each kind, some seconds in all.
COUNTS = {
    "structures": 40, "data-sets": 40, "archives": 50, "weights": 20, "toml": 60, "csv": 60,
    "tar": 30, "parquet": 30,
}  # fmt: skip


@pytest.fixture(scope="module")
def fuzz_files():
    """The module of that name in the folder benchmarks/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("fuzz_files")


@pytest.fixture(scope="module")
def bench(fuzz_files, tmp_path_factory):
    return fuzz_files.Bench(tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("kind", list(COUNTS))
def test_damaged_files(bench, fuzz_files, kind):
    assert set(COUNTS) == set(fuzz_files.KINDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the right files
        bench.of_kind(kind)
    outcomes = [bench.outcome(kind, seed) for seed in range(COUNTS[kind])]
    for outcome in outcomes:
        assert outcome.verdict.startswith(("read", "refused")), outcome
    assert {outcome.verdict.partition(" ")[0] for outcome in outcomes} == {"read", "refused"}


def test_a_seed_makes_the_same_once_more(bench):
    assert bench.outcome("toml", 7) == bench.outcome("toml", 7)
