"""Train, publish and measure the shipped models of strings.

    python benchmarks/publish_strings.py --data DATASET [--alphabet ss|joint] [--cache FOLDER]

Writes weights/strings-ALPHABET.safetensors and .json, and benchmarks/results/strings_ALPHABET.json:
nats a residue on the validation chains beside Markov chains, hidden windows, statistics of samples
beside real chains, seconds. Chains have at most 256 residues. Seconds are of one core.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from results import write_result
from string_statistics import (
    class_table,
    hidden_window_nats,
    independent,
    markov_chain,
    markov_nats,
    nats,
    run_statistics,
    samples_like,
)

from protdiff import __version__
from protdiff.network.weights import file_digest
from protdiff.sequence.strings import Fit, sample
from protdiff.sequence.strings.alphabet import ALPHABETS
from protdiff.sequence.strings.string_model import SHIPPED, load_string_model, save_string_model
from protdiff.training.chains import load_chains
from protdiff.training.string_training import CLASS_FIT, strings_of, train_strings

if TYPE_CHECKING:
    from protdiff.dataset import ChainSet
    from protdiff.sequence.strings.string_model import StringModel

ROOT = Path(__file__).resolve().parents[1]
MAX_LENGTH = 256
#: Passes over the training chains.
FITS = {"ss": Fit(bond=24, passes=8, batch=400), "joint": Fit(passes=8)}


def described(chains: ChainSet, count: int) -> dict[str, Any]:
    """Which chains, for a card."""
    return {
        "chains": count, "residues": int(chains.lengths.sum()), "sha256": chains.digest
    }  # fmt: skip


def measured(model: StringModel, train: list[torch.Tensor], held: list[torch.Tensor]) -> dict:
    """What the page of strings shows."""
    symbols = ALPHABETS[model.alphabet]
    numbers: dict[str, Any] = {"chains": len(held), "bond": model.mps.bond}
    numbers |= {"nats": nats(model.mps, held), "nats_train": nats(model.mps, train)}
    orders = (0, 1, 8) if model.alphabet == "ss" else (0, 1)
    for order in orders:
        numbers[f"nats_order_{order}"] = markov_nats(train, held, symbols, order)
    if model.alphabet == "joint":
        return numbers
    numbers["nats_of_classes_together"] = nats(model.mixed(), held)
    states = {"": model.mps, "_of_classes": model.mixed(), "_order_1": markov_chain(train, symbols)}
    for name, state in (states | {"_order_0": independent(model.frequencies)}).items():
        numbers["hidden_window_nats" + name] = hidden_window_nats(state, held)
    generator = torch.Generator().manual_seed(0)
    numbers["real"] = run_statistics(train)
    numbers["samples"] = run_statistics(samples_like(model.mps, train, generator))
    together = samples_like(model.mixed(), train, torch.Generator().manual_seed(0))
    numbers["samples_of_classes"] = run_statistics(together)
    numbers["classes"] = class_table(model, held, generator)
    began = time.process_time()
    sample(model.mps, 200, 10_000, generator)
    numbers["seconds_for_10000_of_200"] = time.process_time() - began
    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="data set or chain archive")
    parser.add_argument("--alphabet", choices=tuple(ALPHABETS), default="ss")
    parser.add_argument("--cache", type=Path, help="folder for the secondary structure")
    options = parser.parse_args()
    torch.set_num_threads(1)
    alphabet = options.alphabet
    train, held_out = (
        load_chains(options.data, split, max_length=512, cache=options.cache).select(
            max_length=MAX_LENGTH
        )
        for split in ("train", "val")
    )
    strings, held = (strings_of(chains, alphabet) for chains in (train, held_out))
    began = time.process_time()
    model = train_strings(strings, alphabet, FITS[alphabet], classes=CLASS_FIT)
    seconds = time.process_time() - began
    path = ROOT / "weights" / f"{SHIPPED[alphabet]}.safetensors"
    save_string_model(path, model)
    model = load_string_model(path, alphabet)
    numbers = {"training_seconds": seconds} | measured(model, strings, held)
    write_result(f"strings_{alphabet}", numbers, weights=path, cores=1)
    card = {
        "name": path.stem,
        "sha256": file_digest(path),
        "protdiff": __version__,
        "what": f"matrix product state of the alphabet {alphabet}, of chains of 40-256 residues",
        "parameters": model.mps.sites.numel() + 2 * model.mps.bond,
        "data": {
            "source": "protein chains of the PDB archive (CC0 1.0), one per cluster of 30 % "
            "sequence identity, not flagged as extended; secondary structure by DSSP",
            "train": described(train, len(strings)),
            "validation": described(held_out, len(held)),
        },
        "training": {"seconds": round(seconds), "fit": asdict(FITS[alphabet])},
        "validation": {"nats_per_residue": round(numbers["nats"], 4)},
        "licence": "MIT",
    }
    if model.classes:
        card["training"]["fit_of_classes"] = asdict(CLASS_FIT)
    path.with_suffix(".json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()
