"""Messages of the library in the words of the command line."""

import pytest

from protdiff.cli._shared.flags import in_flags, naming


@pytest.mark.parametrize(
    ("message", "verb", "expected"),
    [
        ("`length` 7: must lie", "generate", "--length 7: must lie"),
        ("`length_change` 2: x", "generate", "--length-change 2: x"),
        ("`regions`: no chain C", "generate", "--redesign: no chain C"),
        ("`source`: is broken", "generate", "--in: is broken"),
        ("`source`: is broken", "extend", "FILE: is broken"),
        ("say which with `chains`", "generate", "say which with --target FILE:CHAIN"),
        ("x.pdb: `protdiff doctor` says why", "score", "x.pdb: `protdiff doctor` says why"),
        ("a `field` of a file", "score", "a `field` of a file"),
        ("choose another `out`", "train", "choose another `out`"),
    ],
)
def test_parameters_become_flags(message, verb, expected):
    assert in_flags(message, verb) == expected


def test_the_option_comes_first():
    with pytest.raises(ValueError, match=r"^--rg: must be positive$"), naming("--rg"):
        raise ValueError("must be positive")
