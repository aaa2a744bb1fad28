"""Traces laid over one another."""

import numpy as np

from protdiff.plots.overlay import _moved_onto, draw_overlays

from ..metrics.helpers import KRINGLE, example, random_rotation


def test_a_moved_copy_lies_on_the_original():
    fixed = example(KRINGLE).ca
    rng = np.random.default_rng(0)
    for part in (fixed, fixed[3:78]):
        elsewhere = part @ random_rotation(rng) + 20
        np.testing.assert_allclose(_moved_onto(elsewhere, fixed), part, atol=1e-4)


def test_pictures_of_several_pairs(tmp_path):
    trace = example(KRINGLE).ca[:40]
    path = tmp_path / "pairs.png"
    for count in (1, 5):
        draw_overlays([(trace, trace + 1, f"pair {k}") for k in range(count)], path)
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert [file.name for file in tmp_path.iterdir()] == ["pairs.png"]
