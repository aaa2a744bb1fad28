"""Options of `protdiff score` that sort the rows, choose the best, and copy them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..._system.files import replacing
from ..._system.reading import real_path
from ..._system.words import counted
from ...structure.io.members import as_path
from .rows import read_names, row_writer
from .shards import refuse_with_shard

if TYPE_CHECKING:
    from .score_task import Details, Row

__all__ = [
    "RANKED_BY",
    "OrderOptions",
    "best_column",
    "choices",
    "copy_best",
    "order_words",
    "sorted_rows",
]

#: Columns of which a small value is better; of the others a large one is.
SMALL_IS_BETTER = (
    "rmsd", "drmsd", "incomplete", "gaps", "ca_breaks", "clashes_3.0", "clashes_3.6", "overlaps",
    "overlaps_o_o", "ca_angles_out", "rms_n_ca", "rms_ca_c", "rms_c_o", "rms_c_n", "links_broken",
    "rms_n_ca_c", "rms_ca_c_n", "rms_c_n_ca", "omega_twisted", "rama_allowed", "rama_outliers",
    "outside", "log_likelihood_error", "pae", "pae_interface", "stereo_out", "atom_clashes",
    "fnonnat", "irmsd", "lrmsd",
)  # fmt: skip
#: Columns of which neither end is better.
NEITHER = (
    "residues", "model_length", "reference_length", "ca_cis", "omega_cis", "rg",
    "psea_helix", "psea_strand", "psea_coil", "dssp_helix", "dssp_strand", "dssp_coil", "rg_ratio",
    "hydrogen_bonds", "contacts", "contact_order", "resolution", "network_calls",
    "nucleic_residues", "interfaces",
)  # fmt: skip
#: What --rank without a column sorts by, the first that the rows have.
RANKED_BY = ("relative_likelihood", "log_likelihood")
#: Table of the copies, in their folder.
BEST = "best.csv"
PANEL = "Order and choice"


@dataclass(frozen=True)
class OrderOptions:
    """In which order rows come, and which files are copied."""

    sort: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Best first by any column: tm, rmsd, outside … (keeps all rows in memory).",
            rich_help_panel=PANEL,
        ),
    ] = None
    rank: Annotated[
        bool,
        typer.Option(
            "--rank",
            help="By likelihood, beside real chains of like length and secondary structure. "
            "--rank COLUMN is --sort COLUMN.",
            rich_help_panel=PANEL,
        ),
    ] = False
    reverse: Annotated[
        bool, typer.Option("--reverse", help="Worst first.", rich_help_panel=PANEL)
    ] = False
    top: Annotated[
        int | None,
        typer.Option(min=1, help="Show so many of the best.", rich_help_panel=PANEL),
    ] = None
    copy_to: Annotated[
        Path | None,
        typer.Option(
            help="Folder for copies of the files of --top, with a table best.csv.",
            rich_help_panel=PANEL,
        ),
    ] = None

    @property
    def sorts(self) -> bool:
        """Whether rows come in another order than the files."""
        return self.sort is not None or self.rank

    def refuse_with(self, shard: str | None) -> None:
        """ValueError with a shard, which has not all rows, for options that compare these."""
        table = "leave it out, and sort the table of protdiff merge"
        whole = {"sort": self.sort, "rank": self.rank, "copy_to": self.copy_to}
        refuse_with_shard(shard, **{name: (value, table) for name, value in whole.items()})

    def check(self, columns: Sequence[str], models: Sequence[Path]) -> None:
        """ValueError for options that do not go together, before any work."""
        if self.sort is not None and self.rank:
            raise ValueError("--sort and --rank: give one of the two")
        if self.rank and "log_likelihood" not in columns:
            raise ValueError("--rank: needs --likelihood")
        if self.sort is not None and self.sort not in columns:
            raise ValueError(f"--sort {self.sort}: {missing_column(self.sort, columns)}")
        if not self.sorts:
            for option, given in (("--top", self.top), ("--reverse", self.reverse)):
                if given:
                    raise ValueError(f"{option}: needs --sort COLUMN, the best by what?")
        if self.copy_to is not None:
            if self.top is None:
                raise ValueError("--copy-to: needs --top N, how many files are copied")
            check_folder(self.copy_to, models)


def choices() -> list[str]:
    """Every column that rows can be sorted by."""
    from ...analysis.relative_likelihood import RELATIVE
    from ...analysis.structure_likelihood import LIKELIHOOD
    from ...metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY
    from ...metrics.comparison import SIMILARITY
    from ...metrics.confidence.predicted import CONFIDENCE
    from ...metrics.interfaces.complex_scores import COMPLEX
    from ...metrics.quality import QUALITY
    from ...metrics.verdict import VERDICT

    alone = (*QUALITY, *VERDICT, *ALL_ATOM_ALONE)
    compared = (*SIMILARITY, *COMPLEX, *ALL_ATOM_SIMILARITY)
    return [*compared, *CONFIDENCE, *alone, *LIKELIHOOD, *RELATIVE]


def order_words(column: str, reverse: bool) -> str:
    """In which order rows of a column come.

    Examples
    --------
    >>> order_words("rmsd", False), order_words("rg", False)
    ('best first', 'largest first')
    """
    first, last = ("largest", "smallest") if column in NEITHER else ("best", "worst")
    return f"{last if reverse else first} first"


def missing_column(name: str, columns: Sequence[str]) -> str:
    """Why a column is not there, and what to do."""
    from difflib import get_close_matches

    if name in choices():
        from ...metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY
        from ...metrics.comparison import SIMILARITY
        from ...metrics.confidence.predicted import CONFIDENCE
        from ...metrics.interfaces.complex_scores import COMPLEX
        from ...metrics.quality import QUALITY
        from ...metrics.verdict import VERDICT

        for group, backbone in ((ALL_ATOM_SIMILARITY, "tm"), (ALL_ATOM_ALONE, "residues")):
            if name in group and backbone in columns:
                return "needs --atoms all"
        if name in SIMILARITY or name in COMPLEX or name in ALL_ATOM_SIMILARITY:
            return "needs --reference"
        if name in CONFIDENCE:
            return "goes without --no-confidence"
        both = name in QUALITY or name in VERDICT or name in ALL_ATOM_ALONE
        return "goes without --no-quality" if both else "needs --likelihood elbo"
    near = get_close_matches(name, columns, n=3, cutoff=0.4) or columns[1:4]
    return f"no such column; choose for example {', '.join(near)}"


def check_folder(folder: Path, models: Sequence[Path]) -> None:
    """ValueError if copies cannot go there, or would replace what is not theirs."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--copy-to {folder}: is not a folder")
    [(name, count)] = Counter(path.name for path in models).most_common(1)
    if count > 1:
        raise ValueError(f"--copy-to: {counted(count, 'model')} are called {name}; rename them")
    if any(real_path(path).parent == real_path(folder) for path in models):
        raise ValueError(f"--copy-to {folder}: holds the models themselves; choose another folder")
    earlier = {BEST, *read_names(folder / BEST, "file")}
    other = (
        sorted(path.name for path in folder.iterdir() if path.name not in earlier)
        if (folder.is_dir())
        else []
    )
    if other:
        raise ValueError(f"--copy-to {folder}: holds {other[0]}; choose a new or empty folder")


def best_column(options: OrderOptions, rows: Sequence[Row]) -> str:
    """The column that the rows are sorted by."""
    if options.sort is not None:
        return options.sort
    there = (c for c in RANKED_BY if any(_number(row, c) is not None for row in rows))
    return next(there, RANKED_BY[-1])


def sorted_rows(
    rows: Sequence[tuple[Row, Details]], column: str, reverse: bool = False
) -> list[tuple[Row, Details]]:
    """Rows, best first; those without a value last, in either direction.

    Texts are sorted by the alphabet.
    """
    known = [pair for pair in rows if _number(pair[0], column) is not None]
    sign = 1 if column in SMALL_IS_BETTER else -1
    known.sort(key=lambda pair: sign * (_number(pair[0], column) or 0.0), reverse=reverse)
    texts = [pair for pair in rows if isinstance(pair[0].get(column), str) and pair[0][column]]
    texts.sort(key=lambda pair: pair[0][column], reverse=reverse)
    placed = {id(pair) for pair in (*known, *texts)}
    return [*known, *texts, *(pair for pair in rows if id(pair) not in placed)]


def _number(row: Row, column: str) -> float | None:
    value = row.get(column)
    if isinstance(value, (int, float)) and not math.isnan(value):
        return float(value)
    return None


def copy_best(rows: Sequence[Row], columns: Sequence[str], folder: Path) -> None:
    """Copy the files of some rows, and write their rows; what an earlier call copied goes."""
    from ...structure.io.tar_listing import stored_bytes

    folder.mkdir(parents=True, exist_ok=True)
    for name in read_names(folder / BEST, "file"):
        (folder / name).unlink(missing_ok=True)
    for row in rows:
        path = as_path(row["model"])
        with replacing(folder / path.name) as temporary:
            temporary.write_bytes(stored_bytes(path))
    with row_writer(folder / BEST, ["rank", "file", *columns]) as write:
        for rank, row in enumerate(rows, start=1):
            write({"rank": rank, "file": as_path(row["model"]).name} | row)
