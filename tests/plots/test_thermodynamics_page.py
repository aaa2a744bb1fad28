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
            SimpleNamespace(
                entropy_production=2 * p, bound=3 * p, fluctuation=11 * p,
                fluctuation_error=0.1 * p, **{at: p},
            )
            for p in places
        ],
        replicas=[
            SimpleNamespace(
                between=5 * p, to_truth=7 * p, same_fold=0.5, same_fold_error=0.1,
                potential=SimpleNamespace(q=[1.0, 4.0], clones=[3.0, None], gaussian=[2.0, 5.0]),
                **{"u": 0.1 * k, at: p},
            )
            for k, p in enumerate(places)
        ],
        network_speciation=SimpleNamespace(
            times=[[0.9, 0.8]], eigenvalues=[[-1.0, 0.0]], gaussian=0.7
        ),
    )  # fmt: skip
    draw_thermo(report, "unused.png")
    axes = figures[0].axes
    potentials = [list(map(list, line.get_data())) for line in axes[4].lines]
    assert potentials == 3 * [[[1.0], [3.0]], [[1.0, 2.0], [2.0, 5.0]]]  # an empty bin is left out
    assert [list(v) for v in axes[5].lines[0].get_data()] == [[0.9, 0.8], [-1.0, 0.0]]
    series = [line.get_data() for axis in axes[:3] for line in axis.lines]
    assert [list(x) for x, _ in series] == 4 * [places]
    for (_, values), factor in zip(series, (2, 3, 5, 7), strict=True):
        assert list(values) == pytest.approx([factor * place for place in places])
    theorem = axes[6].containers[0]
    assert [list(v) for v in theorem.lines[0].get_data()] == [places, [11 * p for p in places]]
    bars = [float(bar[1, 1] - bar[0, 1]) for bar in theorem.lines[2][0].get_segments()]
    assert bars == pytest.approx([0.2 * place for place in places]) and len(axes) == 7
    assert axes[6].get_xscale() == axes[0].get_xscale()
