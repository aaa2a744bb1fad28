"""`protdiff flow film`: a fold that appears from coarse to fine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._system.words import counted
from .flow_coarsen import REGULATOR, regulator_line, trace_of

if TYPE_CHECKING:
    from ..analysis.films import Film

__all__ = ["film"]

#: Cut-offs of the film of a structure, if not given: five seconds that look smooth.
LEVELS = 48


def film(
    design: Annotated[
        Path, typer.Argument(help="Structure, or a trajectory of generate --trajectory.")
    ],
    out: Annotated[
        Path, typer.Option(help="Film: .gif, or .html to turn and to step through.")
    ] = Path("film.gif"),
    levels: Annotated[
        int | None,
        typer.Option(
            min=2, max=240, help=f"Cut-offs of the film of a structure.  [default: {LEVELS}]"
        ),
    ] = None,
    regulator: Annotated[
        str | None,
        typer.Option(
            help="lognormal (RGDM's), rational, or heat (that of the shipped weights), for the "
            f"film of a structure.  [default: {REGULATOR}]"
        ),
    ] = None,
) -> None:
    """Film how a fold appears from coarse to fine.

    Of a structure: what each cut-off of the flow leaves of its CA trace, from the longest wave of
    the chain to all detail, and the wavelength of the cut-off as a scale bar. Of a file in
    `trajectories`, which generate --trajectory writes: the generation itself.
    """
    from .._system.locks import output_file
    from ..flow import REGULATORS
    from ._shared.options import check_ending

    check_ending("--out", out, ".gif", ".html")
    if regulator not in (None, *REGULATORS):
        raise ValueError(f"--regulator {regulator}: choose from {', '.join(REGULATORS)}")
    with output_file(out):
        made = _film(design, levels, regulator)
        _write(made, out)
    does = "play, step, and drag to turn" if _is_page(out) else "it runs over and over"
    size = out.stat().st_size
    text = f"{size / 1e6:.1f} MB" if size > 1e6 else f"{size / 1e3:.0f} kB"
    print(f"{out}: {counted(len(made), 'frame')}, {text}; open it in a browser: {does}")


def _is_page(out: Path) -> bool:
    return out.suffix.lower() == ".html"


def _write(film: Film, out: Path) -> None:
    """Write the page, or draw the frames."""
    if _is_page(out):
        from ..plots.film.film_page import write_film_page

        write_film_page(film, out)
        return
    from ..plots.film.film_gif import write_gif
    from ._shared.progress import progress_bar

    with progress_bar(len(film), "drawing", "frames") as advance:
        write_gif(film, out, advance)


def _film(design: Path, levels: int | None, regulator: str | None) -> Film:
    """The film of a trajectory, or else of a structure; of that is said which regulator it has."""
    from ..analysis.films import film_of_flow, film_of_generation
    from ..structure.io import read_trajectory, stem

    trajectory = read_trajectory(design)
    if trajectory is None:
        regulator = regulator or REGULATOR
        print(regulator_line(regulator))
        return film_of_flow(trace_of(design), levels or LEVELS, regulator, stem(design))
    for option, value in (("--levels", levels), ("--regulator", regulator)):
        if value is not None:
            raise ValueError(f"{option}: {design} is a trajectory, which has its own frames")
    return film_of_generation(trajectory, stem(design))
