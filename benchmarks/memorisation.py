"""When does a trained network memorise? One small network, training sets of 20 to 2,000 chains.

    python benchmarks/memorisation.py --data DATASET      # resumable
    python benchmarks/memorisation.py --data DATASET --only 20 200   # trains these, as on one core

The network is that of decimated chains, which decides the fold: the same network, seed, steps and
learning rate for every training set, which is checked; larger sets hold the smaller ones.
Chains are pieces of 60-100 residues, each of another training chain of the archive, which has too
few whole ones: training chains and as many held-out ones are drawn alike. 64 raw samples
(temperature 1, second-order SDE sampler) of the lengths of training chains are audited as `protdiff
audit` does, against the network's own training chains and its held-out ones, and its loss is
measured on both. The shipped network draws the detail of the samples; it has seen both sets.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from publish_weights import with_coarse
from results import weights_identity, write_result
from small_runs import MAX_LENGTH, MIN_LENGTH, SAMPLES, backbones_of, configuration

from protdiff._system.files import replacing_folder
from protdiff.dataset import UNIT, is_dataset, read_chains
from protdiff.dataset.filters import Limits, Record, judge
from protdiff.dataset.set_writer import ChainSetWriter
from protdiff.dataset.store import SPLITS
from protdiff.metrics.audit import audit
from protdiff.metrics.kernel_audit import kernel_audit
from protdiff.network.weights import load_weights, save_weights
from protdiff.sampling.settings import SamplingSettings
from protdiff.training.chains import load_chains
from protdiff.training.checkpoint import read_checkpoint
from protdiff.training.config import TrainingConfig
from protdiff.training.objective import held_out_loss
from protdiff.training.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Iterator

OUT = Path(__file__).parent / "out" / "memorisation"
SIZES = (20, 60, 200, 2000)
#: Of a run: a quarter of an hour of one core.
STEPS, RATE = 2500, 5e-3
#: Chains that are cut, residues: twice as long as the longest piece, so that much of a fold stays.
LONGEST = 2 * MAX_LENGTH
CALLS = 40


def pieces(data: Path) -> Iterator[Record]:
    """Pieces of random length and place, each globular and of another cluster, in random order."""
    rng = np.random.default_rng(0)
    chains = read_chains(data, "train", max_length=LONGEST)
    rows = np.unique(chains.table["cluster"], return_index=True)[1]
    rows = rng.permutation(rows[chains.lengths[rows] >= MIN_LENGTH])
    wanted = rng.integers(MIN_LENGTH, MAX_LENGTH + 1, len(rows))
    for k, length, place in zip(rows, wanted, rng.random(len(rows)), strict=True):
        chain = chains[int(k)]
        size = min(int(length), len(chain.types))
        start = int(place * (len(chain.types) - size + 1))
        part = judge(chain.name, chain.backbone()[start : start + size], Limits(MIN_LENGTH))
        if isinstance(part, Record) and not part.values["extended"]:
            yield part


def make_set(data: Path, size: int) -> Path:
    """Data set of `size` training chains and as many held-out ones, if it is not there."""
    folder = OUT / f"chains-{size}"
    if is_dataset(folder):
        return folder
    with replacing_folder(folder, exist_ok=True) as part:
        writer = ChainSetWriter(part)
        for k, piece in enumerate(islice(pieces(data), 2 * size)):
            split = SPLITS.index(("train", "val")[k % 2])
            writer.add(*piece[:4], **piece.values, split=split, cluster=k)
        if writer.chains < 2 * size:
            raise SystemExit(f"{data}: {writer.chains} pieces, not the {2 * size} of two sets")
        writer.close_arrays()
        writer.summarise(inputs=[data.name])
    return folder


def train(arguments: argparse.Namespace) -> None:
    for size in arguments.only or SIZES:
        chains, out = make_set(arguments.data, size), OUT / f"network-{size}"
        config = configuration(
            out, chains, OUT / "cache", "rg-harmonic", (0, arguments.steps),
            {"self_conditioning": True}, learning_rate=arguments.learning_rate, full_share=0.0,
        )  # fmt: skip
        Trainer(config).fit()


def configuration_of(size: int) -> dict[str, Any]:
    """How the network of a set was trained."""
    found = read_checkpoint(OUT / f"network-{size}", ())
    if found is None:
        raise SystemExit(f"{OUT}: no network of {size} chains")
    return found[1].configuration


def traces(size: int, split: str) -> list[np.ndarray]:
    """CA traces (Å) of a set."""
    return [chain.coords[:, 1] * UNIT for chain in read_chains(OUT / f"chains-{size}", split)]


def with_detail(fold: Path) -> Path:
    """Weights of a network of decimated chains with the shipped one for all residues, unguided."""
    both = with_coarse(load_weights("rg-base"), load_weights(fold))
    both.guide = None
    save_weights(fold.with_name("both.safetensors"), both)
    return fold.with_name("both.safetensors")


def audited(size: int, samples: int) -> dict[str, Any]:
    """What `protdiff audit` says of samples of the lengths of training chains, taken in turn."""
    known, others = traces(size, "train"), traces(size, "val")
    settings = SamplingSettings(sampler="sde_2m", temperature=1.0, batch_size=16, steps=CALLS)
    lengths = [len(known[k % size]) for k in range(samples)]
    weights = with_detail(OUT / f"network-{size}" / "ema.safetensors")
    made = [backbone.ca for backbone in backbones_of(weights, CALLS, settings, lengths)[0]]
    found = audit(made, known, others)
    return {
        "ratio": found.rmsd.ratio, "auc": found.rmsd.auc, "p": found.rmsd.p,
        "copies": len(found.suspicious) / samples, "usual_copies": found.usual_share,
        "to_train": np.nanmedian(found.to_train), "to_held_out": np.nanmedian(found.to_held_out),
        "verdict": found.verdict, "delta": asdict(kernel_audit(made, known, others)),
    }  # fmt: skip


def losses(size: int, recorded: dict[str, Any]) -> dict[str, Any]:
    """Loss of the averaged weights on training and on held-out chains, and its standard error."""
    folder, chains = OUT / f"network-{size}", OUT / f"chains-{size}"
    config = TrainingConfig(data=chains, out=folder, **recorded)
    denoiser, found = load_weights(folder / "ema.safetensors"), {}
    for name, split in (("train", "train"), ("held_out", "val")):
        loss = held_out_loss(denoiser, load_chains(chains, split), config)
        error = np.std(loss.draws, ddof=1) / len(loss.draws) ** 0.5
        found[name] = {"mean": loss.loss, "error": error, "bands": loss.bands}
    return found


def measure(samples: int) -> None:
    """Audits and losses of all networks, into results/memorisation.json."""
    torch.set_num_threads(1)
    first, *others = [configuration_of(size) for size in SIZES]
    if any(other != first for other in others):
        raise SystemExit(f"{OUT}: the networks were not trained alike; remove this folder")
    about = [first, samples, weights_identity()]
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    table = OUT / f"measured-{digest[:12]}.json"
    rows = json.loads(table.read_text()) if table.is_file() else {}
    for size in SIZES:
        if str(size) not in rows:
            rows[str(size)] = audited(size, samples) | losses(size, first)
            table.write_text(json.dumps(rows))
            print(size, rows[str(size)], flush=True)
    numbers = {name: first[name] for name in ("steps", "learning_rate")}
    numbers |= {"samples": samples, "calls": CALLS}
    sets = {str(size): rows[str(size)] for size in SIZES}
    write_result("memorisation", numbers | {"sets": sets}, cores=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--learning-rate", type=float, default=RATE, help="at its highest")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--only", nargs="+", type=int, choices=SIZES, help="train these alone")
    arguments = parser.parse_args()
    train(arguments)
    if not arguments.only:
        measure(arguments.samples)


if __name__ == "__main__":
    main()
