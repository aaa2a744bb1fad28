"""`protdiff weights`: look at weights files, check them, and merge adapters into their base."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._system.locks import output_file
from ._shared.groups import paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["app"]

app = typer.Typer(help="Look at, check and merge weights.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Shipped weights by name, or a .safetensors file.")]


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Context in which a file is written; an error before any work unless that is possible."""
    if out.suffix != ".safetensors" or not out.parent.is_dir():
        raise ValueError(f"--out {out}: must end in .safetensors and lie in a folder that exists")
    with output_file(out):
        yield


def _listed(sizes: dict[str, Any]) -> str:
    """Sizes of a network in one line; what it does not have is left out."""
    given = {key: value for key, value in sizes.items() if value and not isinstance(value, dict)}
    return ", ".join(key if value is True else f"{key} {value}" for key, value in given.items())


@app.callback()
def _group() -> None:
    pass


@app.command()
@paragraphs
def show(name: Name = "rg-base") -> None:
    """Print what a weights file says of itself."""
    from ..network.weights import ADAPTERS, file_digest, find_weights, read_weights
    from ..network.weights_file import SEQUENCE, STRINGS, base_digest

    path = find_weights(name)
    metadata, tensors = read_weights(path)
    count = sum(tensor.numel() for tensor in tensors.values())
    print(f"{path}: {count} numbers in {path.stat().st_size / 1000:.0f} kB")
    print(f"file SHA-256 {file_digest(path)}")
    if metadata["format"] == ADAPTERS:
        base = metadata["base"]
        print(f"adapters of {base['name']}")
        print(f"network SHA-256 {base['sha256']}")
    elif metadata["format"] == SEQUENCE:
        print(f"residue types; {_listed(metadata['network'])}")
        print(f"tensors SHA-256 {metadata['sha256']}")
    elif metadata["format"] == STRINGS:
        classes = f"; classes {', '.join(metadata['classes'])}" if metadata["classes"] else ""
        print(f"strings of {metadata['alphabet']}; bond {len(tensors['left'])}{classes}")
        print(f"tensors SHA-256 {metadata['sha256']}")
    else:
        flow = metadata["flow"]
        keys = ["schedule", *(["regulator"] if flow.get("schedule") == "rg" else []), "prior"]
        made_for = ", ".join(f"{key} {flow.get(key)}" for key in keys)
        network = metadata["network"]
        print(f"all weights; {made_for}")
        print(f"network: {_listed(network)}")
        if coarse := network.get("coarse"):
            print(f"network of decimated chains: {_listed(coarse)}")
        if guide := metadata.get("guide"):
            print(f"guide: {_listed(guide)}")
        if reader := metadata.get("reader"):
            print(f"reader: {_listed(reader)}")
        print(f"tensors SHA-256 {metadata['sha256']}")
        print(f"network SHA-256 {base_digest(path)}")
    if card := metadata.get("card"):
        print(json.dumps(card, indent=1))


@app.command()
@paragraphs
def verify(names: Annotated[list[str], typer.Argument(help="Names or files.")]) -> None:
    """Check the checksums of weights, and that adapters find the weights they go with."""
    from ..network.weights import find_weights, load_weights
    from ..network.weights_file import SEQUENCE, STRINGS, read_weights
    from ..sequence.sequence_weights import load_sequence_network

    for name in names:
        path = find_weights(name)
        kind = read_weights(path)[0]["format"]
        if kind != STRINGS:  # reading these was all there is to check
            (load_sequence_network if kind == SEQUENCE else load_weights)(path)
        print(f"{path}: checksum correct")


@app.command()
@paragraphs
def merge(
    adapters: Annotated[str, typer.Argument(help="File of `protdiff finetune`.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
) -> None:
    """Write adapters and their base as one file of all weights."""
    from ..network.weights import ADAPTERS, find_weights, load_weights, read_weights, save_weights

    with _writing(out):
        path = find_weights(adapters)
        metadata, _ = read_weights(path)
        if metadata["format"] != ADAPTERS:
            raise ValueError(f"{path}: has all weights already; only adapters can be merged")
        denoiser = load_weights(path)
        card = {"merged": metadata["base"]} | metadata.get("card", {})
        save_weights(out, denoiser, card)
        print(f"weights: {out}")


@app.command()
@paragraphs
def guide(
    name: Name,
    weaker: Annotated[str, typer.Argument(help="Weights of a weaker network of the same flow.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
) -> None:
    """Give weights a guide: a smaller network, trained less, that samples are steered away from.

    Adapters are merged into their base. A guide of a tenth of the parameters, trained for minutes
    (docs/examples/guide.toml), is enough.
    """
    from ..network.weights import find_weights, load_weights, read_metadata, save_weights

    with _writing(out):
        denoiser, other = load_weights(name), load_weights(weaker)
        if other.recipe != denoiser.recipe:
            raise ValueError(f"{weaker}: trained on another flow than {name}; train it on the same")
        other.guide = other.reader = None
        denoiser.guide = other
        save_weights(out, denoiser, read_metadata(find_weights(name)).get("card"))
        print(f"weights: {out}")


@app.command()
@paragraphs
def reader(
    name: Name,
    data: Annotated[Path, typer.Argument(help="Data set, see `protdiff data build`.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    epochs: Annotated[int, typer.Option(min=1, help="Times that every chain is seen.")] = 8,
    max_length: Annotated[int, typer.Option(min=40, help="Longer chains are left out.")] = 512,
    seed: Annotated[int, typer.Option(min=0, help="Of all random choices.")] = 0,
) -> None:
    """Give weights a reader, which shows the network the secondary structure a sequence suggests.

    Trained on the chains of a data set, in ten minutes of one core for ten thousand. Adapters are
    merged into their base.
    """
    from ..network.weights import find_weights, load_weights, read_metadata, save_weights
    from ..training.chains import load_chains
    from ..training.reader_training import fit_reader

    with _writing(out):
        denoiser = load_weights(name)
        chains, held_out = (
            load_chains(data, split, max_length=max_length) for split in ("train", "val")
        )
        denoiser.reader = fit_reader(chains, held_out, epochs=epochs, seed=seed)
        save_weights(out, denoiser, read_metadata(find_weights(name)).get("card"))
        print(f"weights: {out}")
