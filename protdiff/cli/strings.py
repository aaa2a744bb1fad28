"""`protdiff strings`: secondary structure as strings: draw, fill in, score, train."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._system.words import counted
from ._shared.groups import paragraphs
from ._shared.next_step import next_line, quoted
from ._shared.progress import progress_bar
from ._shared.rows import row_writer
from ._shared.score_report import short

if TYPE_CHECKING:
    from ..sequence.strings import MPS

__all__ = ["app"]

app = typer.Typer(
    help="Secondary structure as strings: draw, fill in, score, train.", no_args_is_help=True
)

#: Longest string that is drawn.
MAX_LENGTH = 10_000
#: Characters of a name, with which a row of the table fits into a terminal of 80 columns.
LONGEST_NAME = 28


class Alphabet(StrEnum):
    """What a symbol of a string is."""

    ss = "ss"
    joint = "joint"


class FoldClass(StrEnum):
    """Fold classes with a state of their own."""

    helical = "helical"
    strand = "strand"
    mixed = "mixed"


Weights = Annotated[str | None, typer.Option(help="A file of `protdiff strings train`.")]
Blueprint = Annotated[FoldClass | None, typer.Option(help="Of this fold class.")]
#: Strings that are drawn at once.
MAX_NUM = 10_000
Num = Annotated[int, typer.Option(min=1, max=MAX_NUM, help="How many strings.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same strings.")]


@app.callback()
def _group() -> None:
    pass


@app.command(epilog="Example: protdiff strings sample --length 80 --num 10")
@paragraphs
def sample(
    length: Annotated[int, typer.Option(help="Residues.")],
    num: Num = 1,
    blueprint: Blueprint = None,
    weights: Weights = None,
    seed: Seed = 0,
) -> None:
    """Draw secondary structure (H helix, E strand, C coil) as real proteins have it, one a line."""
    if not 1 <= length <= MAX_LENGTH:
        raise ValueError(f"--length {length}: must lie between 1 and {MAX_LENGTH} residues")
    _draw("?" * length, num, blueprint, weights, seed)


@app.command(epilog='Example: protdiff strings infill "CCHHH??????EE" --num 5')
@paragraphs
def infill(
    text: Annotated[str, typer.Argument(help="H, E and C; ? is filled in.")],
    num: Num = 1,
    blueprint: Blueprint = None,
    weights: Weights = None,
    seed: Seed = 0,
) -> None:
    """Fill in the question marks of a string, given all its letters; one line for each draw."""
    if not 1 <= len(text) <= MAX_LENGTH:
        raise ValueError(f"TEXT: has {len(text)} letters; give 1 to {MAX_LENGTH}")
    _draw(text, num, blueprint, weights, seed)


def _draw(text: str, num: int, blueprint: FoldClass | None, weights: str | None, seed: int) -> None:
    """Print strings that agree with a text."""
    import torch

    from ..sequence.strings import draw, one_hot
    from ..sequence.strings.alphabet import from_symbols, to_symbols
    from ..sequence.strings.string_model import load_string_model

    mps: MPS = load_string_model(weights).of_class(blueprint and blueprint.value)
    given = to_symbols(text, "TEXT")[None]
    generator = torch.Generator().manual_seed(seed)
    uniforms = torch.rand(num, len(text), generator=generator, dtype=torch.float64)
    for string in draw(mps, one_hot(mps, given), uniforms):
        print(from_symbols(string))


@app.command(epilog="Example: protdiff strings score designs --out strings.csv")
@paragraphs
def score(
    files: Annotated[list[str], typer.Argument(help="Structure files, folders or patterns.")],
    alphabet: Annotated[
        Alphabet, typer.Option(help="ss: secondary structure; joint: with residue types.")
    ] = Alphabet.ss,
    weights: Weights = None,
    out: Annotated[Path | None, typer.Option(help="Table, .csv, .json or .parquet.")] = None,
) -> None:
    """Score the secondary structure (DSSP) of every chain: is it that of a real protein?

    nats: -ln P per residue, 0.48 for real chains. log_odds: ln P minus that of a chain whose
    residues are independent. stretch: the 12 residues that are least likely given the rest, and
    their nats per residue. A chain with gaps is scored as if its residues followed each other.
    """
    from ..sequence.strings.chain_scores import STRINGS, chain_strings
    from ..sequence.strings.string_model import load_string_model
    from ..structure.io.paths import find_files

    model = load_string_model(weights, alphabet.value)
    paths, errors = find_files(files, "pattern"), []
    names = [short(path.name, LONGEST_NAME) for path in paths]
    width = max(map(len, [*names, "file"]))
    with ExitStack() as stack:
        write = stack.enter_context(row_writer(out, list(STRINGS))) if out else None
        advance = stack.enter_context(progress_bar(len(paths), "scoring", "structures"))
        print(f"{'file':{width}s}  chain  residues   nats  log-odds  stretch (nats)")
        for name, path in zip(names, paths, strict=True):
            try:
                rows = chain_strings(path, model)
            except ValueError as error:
                errors.append(" ".join(str(error).split()))
                rows = []
            for row in rows:
                print(
                    f"{name:{width}s}  {row['chain']:>5s}  {row['residues']:8d}  {row['nats']:5.3f}"
                    f"  {row['log_odds']:8.1f}  {row['stretch']} ({row['stretch_nats']:.2f})"
                )
                if write is not None:
                    write(row)
            advance(1)
    for line in errors:
        print(line, file=sys.stderr)
    if errors:
        print(f"{len(errors)} of {len(paths)} could not be scored", file=sys.stderr)
        raise typer.Exit(1)


@app.command(
    epilog="Example: protdiff strings train set --alphabet ss --bond 16 --out mine.safetensors"
)
@paragraphs
def train(
    dataset: Annotated[Path, typer.Argument(help="Data set of `protdiff data build`.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    alphabet: Annotated[
        Alphabet, typer.Option(help="ss: secondary structure; joint: with residue types.")
    ] = Alphabet.ss,
    bond: Annotated[int, typer.Option(min=1, max=256, help="Hidden states.")] = 16,
    passes: Annotated[int, typer.Option(min=1, help="Times that every chain is seen.")] = 8,
    max_length: Annotated[int, typer.Option(min=1, help="Longer chains are left out.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Of all random choices.")] = 0,
) -> None:
    """Learn a model of strings from the chains of a data set, by expectation and maximisation.

    With --alphabet ss also one for each fold class, for --blueprint.
    """
    import torch

    from .._system.locks import output_file
    from ..sequence.strings import Fit
    from ..sequence.strings.string_model import save_string_model
    from ..training.chains import load_chains
    from ..training.string_training import CLASS_FIT, strings_of, train_strings

    if out.suffix != ".safetensors":
        raise ValueError(f"--out {out}: must end in .safetensors")
    with output_file(out):
        torch.set_num_threads(1)
        chains = load_chains(dataset, "train", max_length=max_length)
        strings = strings_of(chains, alphabet.value)
        options = Fit(bond=bond, passes=passes, seed=seed)
        total = passes * -(-len(strings) // options.batch)
        with progress_bar(total, "training", "steps") as advance:
            model = train_strings(
                strings, alphabet.value, options, classes=CLASS_FIT, progress=lambda *_: advance(1)
            )
        card = {"chains": len(strings), "bond": bond, "passes": passes, "seed": seed}
        save_string_model(out, model, card)
        print(f"{counted(len(strings), 'chain')}; weights: {out}")
        words = "protdiff strings score FILES", f"--alphabet {alphabet.value}", "--weights"
        print(next_line(*words, quoted(out), why="how real strings look"))
