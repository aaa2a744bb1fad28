"""The figure of a thermodynamics report, by what its axes hold."""

from types import SimpleNamespace

from protdiff.plots import thermodynamics_page
from protdiff.plots.thermodynamics_page import draw_thermo


def test_every_series_is_drawn_by_period(monkeypatch):
    figures = []
    monkeypatch.setattr(
        thermodynamics_page, "save_figure", lambda figure, path: figures.append(figure)
    )
    periods = [4.0, 16.0, 64.0]
    report = SimpleNamespace(
        shells=[SimpleNamespace(period=p, entropy_production=2 * p, bound=3 * p) for p in periods],
        replicas=[SimpleNamespace(period=p, between=5 * p, to_truth=7 * p) for p in periods],
    )
    draw_thermo(report, "unused.png")
    series = [line.get_data() for axis in figures[0].axes for line in axis.lines]
    assert [list(x) for x, _ in series] == 4 * [periods]
    assert [[value / p for value, p in zip(y, periods, strict=True)] for _, y in series] == [
        3 * [factor] for factor in (2, 3, 5, 7)
    ]
