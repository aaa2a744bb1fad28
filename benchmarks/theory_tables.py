"""Tables of docs/theory.md: diagnostics of the source papers on the shipped weights."""

from __future__ import annotations

from table_cells import markdown, numbers, table


@table
def flow_noise() -> str:
    found = numbers("flow_noise")
    columns = [found[name] for name in ("slope", "slope_error", "stein", "stein_error")]
    rows = [
        [band, f"{slope:.3f} ± {slope_error:.3f}", f"{stein:.3f} ± {stein_error:.3f}"]
        for band, slope, slope_error, stein, stein_error in zip(
            found["bands"], *columns, strict=True
        )
    ]
    return markdown(["period, residues", "E[ε·ε*] / E\\|ε*\\|²", "E[X·ε*] / 3σ"], rows)
