"""The GIF of a film: frames, times, size, and that the scale bar has its length."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from protdiff.plots.film import film_gif
from protdiff.plots.film.film_gif import FOLD, STRIP, draw_frames, write_gif


@pytest.fixture(scope="module")
def images(film):
    return draw_frames(film)


def test_frames_have_one_size_and_the_fold_grows(film, images):
    assert len(images) == len(film)
    assert {image.shape for image in images} == {(FOLD[1] + STRIP, FOLD[0], 3)}
    drawn = [(image[20 : FOLD[1]].min(-1) < 200).sum() for image in images]
    assert drawn[-1] > 2 * drawn[0] > 0


def test_titles_are_no_formulas_and_fit(film, images):
    for title in (r"a$\\frac{$_b", "long" * 40):
        odd = replace(film, title=title, traces=film.traces[-1:], periods=film.periods[-1:])
        [image] = draw_frames(odd)
        assert (image[:, -2:] == 255).all()


def test_the_scale_bar_is_as_long_as_the_wave(film, images):
    """Its ends are the ticks: dark columns of the strip, the chain is 86 % of the width."""
    for frame, (image, period) in enumerate(zip(images, film.periods, strict=True)):
        rows = image[FOLD[1] + 56 : FOLD[1] + 66]  # below the wave, above the words
        dark = np.flatnonzero((rows.max(-1) < 90).any(0))
        expected = 0.86 * FOLD[0] * min(max(period, 2), film.longest) / film.longest
        assert np.ptp(dark) == pytest.approx(expected, abs=4), frame


def test_the_file_runs_over_and_over_and_rests_at_the_end(film, images, tmp_path, monkeypatch):
    monkeypatch.setattr(film_gif, "draw_frames", lambda film, advance: images)
    write_gif(film, tmp_path / "a.gif")
    write_gif(film, tmp_path / "b.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as made:
        assert made.n_frames == len(film) and made.info["loop"] == 0
        times = []
        for frame in range(made.n_frames):
            made.seek(frame)
            times.append(made.info["duration"])
        assert times == [250, 250, 250, 250, 2500]
        last = np.asarray(made.convert("RGB")).astype(int)
    assert (last[0] == 255).all()  # the page is white
    assert np.abs(last - images[-1]).mean() < 3  # of 255, what 128 colours cost
