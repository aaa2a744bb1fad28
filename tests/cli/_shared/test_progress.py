"""Progress where the output goes into a file: lines now and then, none for short work."""

import pytest

from protdiff.cli._shared import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(progress, "FIRST_LINE", 10.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_short_work_is_silent(clock, capsys):
    with progress.progress_bar(3, "scoring", "structures") as advance:
        for _ in range(3):
            clock[0] += 3
            advance(1)
    assert capsys.readouterr() == ("", "")


def test_long_work_says_how_far_it_is_every_half_minute(clock, capsys):
    with progress.progress_bar(20, "scoring", "structures") as advance:
        for _ in range(20):
            clock[0] += 6
            advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "scoring: 2 of 20 structures, about 2 min left",
        "scoring: 7 of 20 structures, about 1 min left",
        "scoring: 12 of 20 structures, about 48 s left",
        "scoring: 17 of 20 structures, about 18 s left",
    ]


def test_a_total_may_be_unknown_or_a_share(clock, capsys):
    for total, unit in ((None, "inputs"), (100, "%")):
        with progress.progress_bar(total, "reading", unit) as advance:
            clock[0] += 20
            advance(40)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["reading: 40 inputs", "reading: 40 %, about 30 s left"]
