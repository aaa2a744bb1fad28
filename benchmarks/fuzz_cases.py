"""What is damaged, kind by kind: right files to begin with, and who reads them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
TOML = """\
data = "chains"
out = "runs/mine"
flow = "rg"
steps = 200
learning_rate = 1e-3
beads = 512
device = "cpu"
precision = "float32"
[network]
layers = 4
scalars = 64
"""
TYPES_TOML = (
    'data = "chains"\nout = "runs/types"\nnoise = 0.1\n[sequence]\nhidden = 64\nedge = 32\n'
)


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    `make(folder)` writes right files; `files` are the patterns of those that are damaged; and
    `use(folder, file)` does what the verbs do with them. It may raise a ValueError or an OSError.
    """

    make: Callable[[Path], None]
    files: tuple[str, ...]
    use: Callable[[Path, Path], object]


def _structures(folder: Path) -> None:
    import protdiff

    for path in sorted(EXAMPLES.iterdir()):
        if path.name.lower().removesuffix(".gz").endswith((".pdb", ".cif", ".bcif")):
            chain = protdiff.read(path)[:60]
            for suffix in (".pdb", ".cif", ".bcif", ".pdb.gz", ".bcif.gz"):
                protdiff.write(chain, folder / f"{path.name.partition('.')[0]}{suffix}")
            (folder / path.name).write_bytes(path.read_bytes()[:200_000])


def _read_structure(folder: Path, file: Path) -> None:
    import numpy as np

    import protdiff
    from protdiff.dataset.experiment import experiment
    from protdiff.structure.io import read_models

    backbone = protdiff.read(file)
    quality = protdiff.score(file).quality
    if (
        not np.isfinite(backbone.coords[backbone.mask]).all()
        or np.isinf(list(quality.values())).any()
    ):
        raise AssertionError("infinite numbers")
    experiment(file)
    for _ in zip(read_models(file), range(3), strict=False):
        pass


def _data_set(folder: Path) -> None:
    from protdiff.dataset.build import Splitting, build_dataset
    from protdiff.dataset.filters import Limits

    files = [str(EXAMPLES / name) for name in ("1tpk.pdb", "1a8o.pdb.gz", "3nzd.cif")]
    how = Splitting(cluster="identical", val=0.3, test=0.3)
    build_dataset(files, folder / "set", limits=Limits(min_length=20), splitting=how)


def _use_chains(folder: Path) -> None:
    from protdiff.cli.data import write_table
    from protdiff.dataset import read_chains
    from protdiff.plots.dataset_page import length_rows, summarise

    chains = read_chains(folder, max_length=10**9, globular=False)
    summarise(chains)
    length_rows(chains)
    write_table(chains, folder / "table.csv")
    for number, chain in enumerate(chains):
        chain.backbone()
        if chains.structure is not None:
            chains.crop(number)
    chains.compact()


def _read_data_set(folder: Path, file: Path) -> None:
    _use_chains(folder / "set")


def _archive(folder: Path) -> None:
    import csv

    import numpy as np

    from protdiff.dataset import read_chains

    _data_set(folder)
    chains = read_chains(folder / "set", max_length=10**9, globular=False)
    (folder / "archive").mkdir()
    with (folder / "archive" / "chains.csv").open("w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(("index", "length", "split", "extended", "resolution", "cluster30"))
        for k, chain in enumerate(chains):
            rows.writerow((k, len(chain.types), ("train", "val", "test")[k % 3], 0, 1.8, k))
    np.savez_compressed(
        folder / "archive" / "structures_le256.npz",
        coords=np.concatenate([chain.coords for chain in chains]),
        aatype=np.concatenate([chain.types for chain in chains]),
        offsets=np.cumsum([0, *chains.lengths]),
        chain_index=np.arange(len(chains)),
    )


def _read_archive(folder: Path, file: Path) -> None:
    _use_chains(folder / "archive")


def _weights(folder: Path) -> None:
    import torch

    from protdiff.flow import ChainFlow
    from protdiff.flow.reference_spectrum import real_spectrum
    from protdiff.network import Denoiser, NetworkConfig
    from protdiff.network.adapters import adapter_tensors, add_adapters
    from protdiff.network.weights import save_adapters, save_weights
    from protdiff.sequence.network import SequenceConfig, SequenceNetwork
    from protdiff.sequence.sequence_weights import save_sequence_network

    torch.manual_seed(0)
    sizes = NetworkConfig(
        scalars=8, vectors=4, layers=1, heads=2, hidden=8, products=2, embedding=8
    )
    denoiser = Denoiser(sizes, ChainFlow(spectrum=real_spectrum()))
    save_weights(folder / "base.safetensors", denoiser, {"what": "tiny"})
    add_adapters(denoiser.network, 2)
    tensors = adapter_tensors(denoiser.network)
    save_adapters(folder / "adapters.safetensors", tensors, folder / "base.safetensors")
    types = SequenceNetwork(SequenceConfig(16, 8, 1, 1))
    save_sequence_network(folder / "types.safetensors", types)


def _read_weights(folder: Path, file: Path) -> None:
    from protdiff.cli.weights import show
    from protdiff.network.weights import load_weights
    from protdiff.sequence.sequence_weights import load_sequence_network

    if file.name.startswith("types"):
        load_sequence_network(file)
    else:
        load_weights(folder / "adapters.safetensors")  # which looks at its neighbours
        load_weights(file)
    show(str(file))


def _configurations(folder: Path) -> None:
    (folder / "training.toml").write_text(TOML)
    (folder / "types.toml").write_text(TYPES_TOML)


def _read_configuration(folder: Path, file: Path) -> None:
    from protdiff.training.config_file import read_config

    read_config(file)


def _tables(folder: Path) -> None:
    (folder / "contacts.csv").write_text("i,j,distance,tolerance\n1,20,8,1\n3,30,,\n5,40,7.5,0.5\n")
    (folder / "bias.csv").write_text("letter,nats\nA,0.5\nW,-1\n")
    (folder / "bias_residues.csv").write_text("chain,number,letter,nats\nA,1,A,0.5\nA,2A,C,2\n")
    (folder / "pairs.csv").write_text("model,reference\na.pdb,b.pdb\nb.pdb,a.pdb\n")
    (folder / "x.fasta").write_text(">first a chain\nMKLVWY\nGGS\n>second\nACDEF/GHIK\n")
    (folder / "manifest.csv").write_text("file,length\nx.pdb,20\n")


def _read_table(folder: Path, file: Path) -> None:
    from protdiff.cli._shared.energy_files import read_contacts
    from protdiff.cli._shared.fasta import read_sequences
    from protdiff.cli._shared.manifest import all_rows
    from protdiff.cli._shared.pairing import pair_by_table
    from protdiff.cli._shared.residue_options import read_bias

    if file.name.startswith("contacts"):
        read_contacts(file)
    elif file.name.startswith("bias"):
        read_bias(file)
    elif file.name.startswith("pairs"):
        pair_by_table(file, [Path("a.pdb"), Path("b.pdb")], [Path("a.pdb"), Path("b.pdb")])
    elif file.name.endswith(".fasta"):
        read_sequences(str(file))
    else:
        all_rows(file)


def _tar_files(folder: Path) -> None:
    import tarfile

    from protdiff.structure.io.tar_writer import appender, join_archives

    structures = folder / "structures"
    structures.mkdir()
    _structures(structures)
    contents = {path.name: path.read_bytes()[:20_000] for path in structures.iterdir()}
    for name in ("open.pdb.tar", "joined.pdb.tar"):
        appender(folder / name)(contents)
    join_archives(folder / "joined.pdb.tar", [folder / "joined.pdb.tar"], contents)
    for name, format in (("gnu.tar", tarfile.GNU_FORMAT), ("pax.tar", tarfile.PAX_FORMAT)):
        with tarfile.open(folder / name, "w", format=format) as tar:
            for path in structures.iterdir():
                tar.add(path, f"{'d' * 120}/{path.name}")


def _read_tar(folder: Path, file: Path) -> None:
    from contextlib import suppress

    import protdiff
    from protdiff.structure.io import find_files
    from protdiff.structure.io.tar_writer import appender, join_archives, whole_names

    for path in find_files([str(file)], "archive"):
        with suppress(protdiff.structure.io.FileError):
            protdiff.read(path)
    appender(file)({"more.pdb": b"ATOM"})
    join_archives(file, [file], whole_names(file))


def _parquet(folder: Path) -> None:
    import random

    from protdiff.cli._shared.rows import row_writer

    rng = random.Random(1)
    with row_writer(folder / "scores.parquet", ["model", "rmsd", "aligned", "error"]) as write:
        for k in range(300):
            write({"model": f"{k}.pdb", "rmsd": rng.random(), "aligned": k, "error": "x" * (k % 9)})


def _read_parquet(folder: Path, file: Path) -> None:
    from protdiff.cli._shared.report_tables import read_rows

    read_rows(file)


ARRAYS = ("set/*.npy", "set/dataset.json")
KINDS = {
    "structures": Kind(_structures, ("*",), _read_structure),
    "data-sets": Kind(_data_set, ARRAYS, _read_data_set),
    "archives": Kind(_archive, ("archive/*",), _read_archive),
    "weights": Kind(_weights, ("*",), _read_weights),
    "toml": Kind(_configurations, ("*",), _read_configuration),
    "csv": Kind(_tables, ("*",), _read_table),
    "tar": Kind(_tar_files, ("*.tar",), _read_tar),
    "parquet": Kind(_parquet, ("*",), _read_parquet),
}


def judged(kind: Kind, folder: Path, file: Path) -> tuple[str, str]:
    """Verdict on one damaged file, and what was said about it."""
    from protdiff import ProtdiffWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            kind.use(folder, file)
        except (ValueError, OSError) as error:
            text = str(error)
            clear = "\n" not in text and len(text) < 600
            names = file.name in text or file.parent.name in text or "adapters" in text
            return ("refused" if clear and names else "unclear message"), text
        except Exception as error:
            return type(error).__name__, str(error)
    for item in caught:
        if not issubclass(item.category, ProtdiffWarning):
            return item.category.__name__, str(item.message)
        if "\n" in str(item.message):
            return "unclear warning", str(item.message)
    return ("read with a warning" if caught else "read"), ""
