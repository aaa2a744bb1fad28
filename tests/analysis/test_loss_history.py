"""Losses of runs split into parts, on curves whose parts are known."""

import numpy as np
import pytest

from protdiff.analysis.loss_history import read_curve, split_loss
from protdiff.cli._shared.loss_lines import print_split


def curve(floor, height, exponent, noise=0.0, seed=0, rows=200):
    steps = np.linspace(50, 10_000, rows)
    loss = floor + height * (steps / 10_000) ** -exponent
    return np.stack([steps, loss + noise * np.random.default_rng(seed).normal(size=rows)], 1)


@pytest.mark.parametrize("exponent", [0.3, 0.8, 1.5])
def test_a_power_law_is_found(exponent):
    split = split_loss(curve(1.1, 0.05, exponent), np.array([[5000, 1.4], [10_000, 1.25]]))
    assert split.floor == pytest.approx(1.1, abs=2e-3)
    assert split.by_steps == pytest.approx(0.05, abs=2e-3)
    assert split.exponent == pytest.approx(exponent, rel=0.04)
    assert split.steps == 10_000 and split.held_out == 1.25
    assert split.gap == pytest.approx(1.25 - split.training)


def test_errors_cover_the_truth():
    """Of 12 noisy curves the floor is within two standard errors in most: 70 % or more."""
    pulls = []
    for seed in range(12):
        split = split_loss(curve(1.1, 0.05, 1.0, noise=0.01, seed=seed))
        pulls.append(abs(split.floor - 1.1) / split.floor_error)
    assert np.mean(np.array(pulls) < 2) >= 0.7


def test_a_run_that_does_not_fall_has_nothing_to_gain():
    steps = np.linspace(50, 10_000, 100)
    split = split_loss(np.stack([steps, np.linspace(1, 1.2, 100)], 1))
    assert split.by_steps == 0 and split.floor == pytest.approx(split.training, abs=0.12)
    assert split.held_out is None and split.gap is None


@pytest.mark.parametrize(
    ("text", "message"),
    [("step,rate\n1,2\n", "columns step and loss"), ("step,loss\n1,nan\n", "not finite"),
     ("step,loss\n1,x\n", "needs numbers"), ("step,loss\n1,\xff\x00\n", "needs numbers")],
)  # fmt: skip
def test_files_that_are_no_histories(tmp_path, text, message):
    (tmp_path / "training.csv").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=message):
        read_curve(tmp_path / "training.csv")


def test_a_curve_that_decides_nothing_says_so(capsys):
    """A logarithm has no floor: the power goes to the end of what is tried."""
    steps = np.linspace(50, 10_000, 100)
    print_split("run", split_loss(np.stack([steps, 2 - 0.1 * np.log(steps)], 1)))
    assert "does not tell the two apart" in capsys.readouterr().out
    print_split("run", split_loss(curve(1.1, 0.05, 0.8)))
    assert "does not tell" not in capsys.readouterr().out


def test_too_short_a_run():
    with pytest.raises(ValueError, match="9 rows after the warm-up; at least 16"):
        split_loss(curve(1, 1, 1, rows=10))
