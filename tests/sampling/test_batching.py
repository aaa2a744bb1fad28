"""Batches of requests: nothing is lost, and little is padding."""

from hypothesis import given
from hypothesis import strategies as st

from protdiff.sampling.batching import batches
from protdiff.sampling.plan import Request
from protdiff.sampling.settings import SamplingSettings


@given(
    st.lists(st.integers(8, 300), min_size=1, max_size=30),
    st.none() | st.integers(1, 9),
    st.sampled_from([("cpu", 800), ("cuda:1", 16384)]),
)
def test_batches_lose_nothing(lengths, batch_size, device):
    requests = [Request(i, n) for i, n in enumerate(lengths)]
    device, most = device
    made = list(batches(requests, device, SamplingSettings(batch_size=batch_size)))
    assert sorted(r.index for b in made for r in b) == list(range(len(lengths)))
    for batch in made:
        padded = len(batch) * max(r.length for r in batch)
        assert len(batch) <= batch_size if batch_size else len(batch) == 1 or padded <= most
