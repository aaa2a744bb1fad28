"""The figure of a thermodynamics report, by what its axes hold."""

from types import SimpleNamespace

import pytest

from protdiff.plots import thermodynamics_page
from protdiff.plots.thermodynamics_page import draw_thermo


@pytest.mark.parametrize("speciation", [32.0, None])
def test_every_series_is_drawn_by_period_or_by_time(monkeypatch, speciation):
    """Flows without a cut-off have no period."""
    figures = []
    monkeypatch.setattr(
        thermodynamics_page, "save_figure", lambda figure, path: figures.append(figure)
    )
    places = [4.0, 16.0, 64.0] if speciation else [0.2, 0.5, 0.9]
    at = "period" if speciation else "u"
    report = SimpleNamespace(
        speciation=speciation,
        shells=[
            SimpleNamespace(entropy_production=2 * p, bound=3 * p, **{at: p}) for p in places
        ],
        replicas=[SimpleNamespace(between=5 * p, to_truth=7 * p, **{at: p}) for p in places],
    )  # fmt: skip
    draw_thermo(report, "unused.png")
    series = [line.get_data() for axis in figures[0].axes for line in axis.lines]
    assert [list(x) for x, _ in series] == 4 * [places]
    for (_, values), factor in zip(series, (2, 3, 5, 7), strict=True):
        assert list(values) == pytest.approx([factor * place for place in places])
