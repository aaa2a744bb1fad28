"""The look of frames: from a thick tube to a ribbon, in one view, in colours that all can see."""

from dataclasses import replace

import numpy as np
import pytest

from protdiff.plots.film.film_shape import (
    N_TO_C_SAFE,
    THICK,
    look_of,
    moving_time,
    pieces_of_film,
    viewed,
)

#: How people without one kind of cone see linear RGB (Machado, Oliveira & Fernandes 2009).
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip


def lab(linear):
    """CIE L*a*b* of linear sRGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    share = linear @ np.array(to_xyz).T / [0.9505, 1, 1.089]
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


@pytest.mark.parametrize("kind", BLINDNESS)
def test_parts_of_a_chain_do_not_look_alike(kind):
    share = np.linspace(0, 1, 41)
    colours = N_TO_C_SAFE(share)[:, :3]
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = lab((linear @ np.array(BLINDNESS[kind]).T).clip(0, 1))
    distance = np.linalg.norm(seen[:, None] - seen, axis=-1)
    # 2.3 is just noticeable; ten times that is another colour even in shade.
    assert distance[np.abs(share[:, None] - share) > 0.3].min() > 23


def test_tubes_become_ribbons(film):
    looks = [look_of(film, frame) for frame in range(len(film))]
    assert looks[0].detail == 0 and looks[0].radius == pytest.approx(THICK)
    assert looks[-1].detail == 1
    assert [look.detail for look in looks] == sorted(look.detail for look in looks)
    assert [-look.radius for look in looks] == sorted(-look.radius for look in looks)
    noisy = replace(film, noisy=True)
    assert look_of(noisy, 0).radius < 0.5 and look_of(noisy, len(film) - 1).detail == 1


def test_the_view_turns_and_never_mirrors(film):
    still, turning = viewed(film), viewed(film, -70)
    np.testing.assert_allclose(still[-1], turning[-1])
    for seen in (still, turning):
        for trace, before in zip(seen, film.traces, strict=True):
            # Distances and handedness are those of the trace.
            a, b = trace - trace[0], before - before[0]
            np.testing.assert_allclose(a @ a.T, b @ b.T, atol=1e-8)
            triple = [np.linalg.det(points[[10, 20, 35]]) for points in (a, b)]
            assert triple[0] == pytest.approx(triple[1], abs=1e-6)
    extent = np.ptp(still[-1], axis=0)
    assert extent[0] >= extent[2]


def test_pieces_end_where_residues_are_missing(film):
    traces = np.array(film.traces)
    traces[:, 25:] += 30
    first, second = pieces_of_film(replace(film, traces=traces))
    assert first.rows.tolist() == list(range(25)) and second.rows.tolist() == list(range(25, 40))
    np.testing.assert_allclose(second.colors[0], N_TO_C_SAFE(25 / 39)[:3])
    assert len(second.states) == 15


def test_what_never_moves_is_grey_and_has_its_detail(film):
    traces = np.repeat(film.traces[-1:], len(film), 0)
    traces[:-1, 10:15] += 3
    redrawn = replace(film, traces=traces)
    [piece] = pieces_of_film(redrawn)
    grey = np.ptp(piece.colors, axis=1) < 0.1
    assert grey.tolist() == [not 10 <= row < 15 for row in range(40)]
    assert look_of(redrawn, 0).detail == 1


def test_moving_frames_take_five_seconds_together():
    assert [moving_time(n) for n in (2, 25, 48, 240)] == [250, 200, 100, 20]
