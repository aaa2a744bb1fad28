"""The figure of a flow, by what its axes hold."""

import numpy as np
import pytest

from protdiff.flow.zoo import recipe
from protdiff.plots import flow_figure


@pytest.fixture
def axes_of(monkeypatch):
    """Draw a flow and return the two axes instead of writing a file."""

    def draw(name, length):
        figures = []
        monkeypatch.setattr(flow_figure, "save_figure", lambda figure, path: figures.append(figure))
        flow_figure.draw_flow(name, recipe(name), length, "unused.png")
        return figures[0].axes

    return draw


def test_signal_falls_and_slow_modes_keep_it_longest(axes_of):
    log_snr, variance = axes_of("rg-harmonic", 40)
    curves = [line.get_ydata() for line in log_snr.lines[: flow_figure.MAX_CURVES]]
    assert all((np.diff(curve) <= 0).all() for curve in curves)
    assert (np.array(curves[0]) >= np.array(curves[-1])).all()
    assert [text.get_text() for text in log_snr.get_legend().get_texts()] == ["links"]
    period, real = variance.lines[0].get_data()
    np.testing.assert_allclose(period, 2 * 40 / np.arange(1, 40))
    flow = recipe("rg-harmonic")([40])
    np.testing.assert_allclose(real, flow.variance[0, 1:40])


def test_a_basis_of_residues_is_drawn_by_residue(axes_of):
    log_snr, variance = axes_of("gud-residues", 20)
    assert variance.get_xlabel() == "residue"
    assert log_snr.get_legend() is None  # this flow has no link vectors
    assert sorted(variance.lines[0].get_xdata()) == list(range(1, 21))
