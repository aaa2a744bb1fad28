"""Parts of a list of work: all of it, once, and equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protdiff.cli._shared.shards import Shard, without_shard


@given(st.lists(st.integers(8, 2048), max_size=60), st.integers(1, 20))
def test_every_place_is_of_one_shard(sizes, count):
    parts = [Shard(number, count).places(sizes) for number in range(1, count + 1)]
    assert sorted(place for part in parts for place in part) == list(range(len(sizes)))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("order", ["as drawn", "sorted", "by turns"])
def test_shards_have_equal_work(order):
    """Sums of 16 shards of 1600 lengths differ by a tenth of a chain, in any order of the list."""
    sizes = np.random.default_rng(0).integers(20, 500, 1600)
    if order != "as drawn":
        sizes = np.sort(sizes)
    if order == "by turns":
        sizes = np.stack([sizes[:800], sizes[:799:-1]], 1).ravel()
    sums = [sizes[Shard(number, 16).places(sizes.tolist())].sum() for number in range(1, 17)]
    assert max(sums) - min(sums) <= (500 - 20) / 10


def test_a_command_line_without_its_shard():
    whole = ["generate", "--num", "3"]
    assert without_shard([*whole, "--shard=1/2"]) == without_shard(["--shard", "1/2", *whole])
    assert without_shard(whole) == whole
