"""`protdiff flow`: inspect the flow, and what the weights learned of it."""

from __future__ import annotations

import typer

from ._shared.groups import examples, grouped, paragraphs
from ._shared.variadic import variadic
from .flow_coarsen import coarsen
from .flow_film import film
from .flow_report import report
from .flow_show import show
from .thermo import thermo

__all__ = ["app"]

app = typer.Typer(help="Look at the renormalization-group flow.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


app.command()(grouped(paragraphs(show)))
app.command()(paragraphs(coarsen))
app.command(epilog=examples("flow film"))(paragraphs(film))
app.command(cls=variadic("--calls"))(paragraphs(report))
app.command()(paragraphs(thermo))
