"""Freed memory is used again, and not given back page by page."""

import subprocess
import sys

import pytest

from protdiff._system.allocator import keep_freed_memory

#: Page faults of blocks of 16 MB that are filled and freed, one after the other.
FAULTS = """
import resource, sys
from protdiff._system.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(3):
    bytearray(16_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    bytearray(b"1") * 16_000_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not keep_freed_memory(), reason="the C library has no such limits")
def test_pages_are_cleared_once(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")  # as dask's nannies do
    faults = {
        how: int(subprocess.check_output([sys.executable, "-c", FAULTS, how]))
        for how in ("keep", "give back")
    }
    assert faults["keep"] < 5_000 < 50_000 < faults["give back"]
