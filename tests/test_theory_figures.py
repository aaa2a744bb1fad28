"""Figures in the text of docs/theory.md and docs/howto/audit.md are those of the result files."""

import json
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
THEORY = " ".join((ROOT / "docs" / "theory.md").read_text(encoding="utf-8").split())


def result(name):
    path = ROOT / "benchmarks" / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["numbers"]


def test_identities_of_the_noise_predictor():
    """What is off 1 by more than two standard errors is named, and nothing else."""
    found, off = result("flow_noise"), []
    for name in ("slope", "stein"):
        rows = zip(found["bands"], found[name], found[f"{name}_error"], strict=True)
        off += [(name, band, abs(v - 1)) for band, v, error in rows if abs(v - 1) > 2 * error]
    (a, b, x), (c, d, y), (e, f, z) = off
    assert (a, b, c, d, e, f) == ("slope", "<4", "stein", ">32", "stein", "links")
    assert (
        f"the slope under 4 residues, by {x:.1%}, and Stein's identity beyond 32 residues, by "
        f"{y:.1%}, and in the links, by {z:.1%}".replace("%", " %")
    ) in THEORY
    slow = found["bands"].index(">32")
    assert found["slope"][slow] < 1 < found["stein"][slow]  # both: too much noise


def test_where_trajectories_part_and_the_fold_is_decided():
    found = result("flow_clones")
    parting = found["speciation"]
    assert f"u = {parting['time']:.3f} ± {parting['time_error']:.3f}" in THEORY
    assert f"(period {parting['period']:.0f} residues)" in THEORY
    assert f"from {parting['gaussian']:.3f}." in THEORY
    period = f"(period {found['fold_decided_period']:.0f})"
    assert f"decided at u = {found['fold_decided']:.2f} {period}" in THEORY
    assert f"on {found['chains']} validation chains" in THEORY
    assert f"measured on {parting['chains']} of the" in THEORY


def test_one_well_and_far_below_the_gaussian_chain():
    """No bin between two others is higher than both by more than two standard errors."""
    for row in result("flow_clones")["replicas"]:
        found = row["potential"]
        known = [
            (v, e) for v, e in zip(found["clones"], found["clones_error"], strict=True)
            if v is not None
        ]  # fmt: skip
        for k, (value, error) in enumerate(known):
            lower = [min(side, default=(float("inf"), 0.0)) for side in (known[:k], known[k + 1 :])]
            rises = [value - v > 2 * (error**2 + e**2) ** 0.5 for v, e in lower]
            assert not all(rises), (row["u"], k)


def test_what_the_schedules_lose():
    found = result("flow_schedules")
    assert found["score"] < -2 * found["score_error"]  # no error is found
    assert f"loses {-found['score']:.1f} ± {found['score_error']:.1f} nats" in THEORY
    assert f"that of the start is {found['start']:.0e}".replace("e-0", "e-") in THEORY
    for calls in found["grids"]["equal"]:
        losses = {name: values[calls] for name, values in found["grids"].items()}
        assert losses["by bound"] < losses["equal"] < losses["default"] < losses["fitted"]


def test_what_delta_can_see():
    found = result("halder")
    shares = [row["detectable"] for row in found["sets"].values()]
    text = (ROOT / "docs" / "howto" / "audit.md").read_text(encoding="utf-8")
    assert f"a quarter, with {found['count']} samples" in text
    assert all(0.2 < share < 0.3 for share in shares)
    assert found["sets"]["generated"]["p"] > 0.05 < found["sets"]["real chains"]["p"]


def test_when_training_copies():
    text = (ROOT / "docs" / "howto" / "audit.md").read_text(encoding="utf-8")
    found = result("memorisation")
    assert f"for {found['steps']:,} steps each" in text
    few, *others = found["sets"].values()
    assert 0.7 < few["train"]["mean"] / few["held_out"]["mean"] < 0.8  # a quarter lower
    assert 0.88 < few["ratio"] < 0.92 and f"a tenth nearer to them (p = {few['p']:.2f})" in text
    for row in others:
        gap = row["held_out"]["mean"] - row["train"]["mean"]
        assert abs(gap) < np.hypot(row["held_out"]["error"], row["train"]["error"])
        assert row["p"] > 0.05
    assert not any(row["copies"] for row in found["sets"].values())


def test_what_principal_components_would_gain():
    found = result("principal_components")["sets"]
    many = [row for name, row in found.items() if name.startswith("middle of all")]
    few = [row for name, row in found.items() if name.startswith("nearly whole")]
    assert len(many) == len(few) == 2
    most = max(row["gain"] for row in many)
    assert f"gain at most {most:.2f} nats per residue, about one nat per chain" in THEORY
    assert all(0.9 < n * row["gain"] < 1.3 for n, row in zip((64, 100), many, strict=True))
    haar = [row["kl_haar"] for row in found.values()]
    assert f"it loses {min(haar):.1f} to {max(haar):.1f} nats per residue" in THEORY
    assert all(row["gain"] < -2 * row["gain_error"] for row in few)
    first, second = (
        f"{(row['kl'] + row['gain']) / 2:.3f} ± {row['gain_error'] / 2:.3f}" for row in few
    )
    means = f"Their mean is {first} nats per residue for N = 64 and {second} for N = 100."
    assert means in THEORY
    assert all(min(row["overlap"]) > 0.9 for row in found.values())
