"""How many samples are drawn, and other numbers that cannot be negative."""

from __future__ import annotations

__all__ = ["check_counts", "check_num"]

#: Samples of one plan, which is held in memory.
MAX_NUM = 1_000_000


def check_counts(**counts: int) -> None:
    """ValueError for a negative one of some parameters, by name.

    Examples
    --------
    >>> check_counts(num=-1)
    Traceback (most recent call last):
    ValueError: `num` -1: must be at least 0
    """
    for name, value in counts.items():
        if value < 0:
            raise ValueError(f"`{name}` {value}: must be at least 0")


def check_num(num: int) -> None:
    """ValueError for more samples than are drawn at a time.

    Examples
    --------
    >>> check_num(10**9)
    Traceback (most recent call last):
    ValueError: `num` 1000000000: at most 1,000,000 at a time; draw more with other seeds
    """
    if num > MAX_NUM:
        raise ValueError(f"`num` {num}: at most {MAX_NUM:,} at a time; draw more with other seeds")
