"""`protdiff doctor` as a user runs it."""

import pytest


def test_a_sound_installation(console, tiny_weights):
    code, out, _ = console("doctor", "--weights", tiny_weights)
    assert code == 0
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if " " in line.strip())
    assert lines["equivariance"].startswith("ok") and lines["sampler"].startswith("ok")
    assert lines["weights"].startswith("tiny, ") and "64 residues" in lines["generation"]
    assert len(lines["SHA-256"]) == 64 and all(len(line) <= 80 for line in out.splitlines())
    assert "residue-types, " in lines["residue"] and lines["design"].startswith("8 sequences")


def test_a_failed_check_is_exit_code_1(console, tiny_weights, monkeypatch):
    from protdiff.analysis import self_test

    monkeypatch.setattr(
        self_test, "check_sampler", lambda denoiser: self_test.CheckResult(float("nan"), 1e-6)
    )
    code, out, _ = console("doctor", "--weights", tiny_weights)
    assert code == 1
    assert "self-test failed: sampler" in out


@pytest.mark.parametrize("name", ["absent", "absent.safetensors"])
def test_absent_weights(console, name):
    code, _, error = console("doctor", "--weights", name)
    assert code == 2 and name in error
