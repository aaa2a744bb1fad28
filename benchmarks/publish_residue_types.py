"""Publish the averaged weights of a run of the residue-type network, and their card.

    python benchmarks/publish_residue_types.py CONFIG [--machine TEXT] [--history TEXT]

Writes weights/residue-types.safetensors and weights/residue-types.json: sizes, data with its hash,
steps, chains seen, hours and machine, and what the network gives on all held-out chains. Then run
benchmarks/sequence_recovery.py, sequence_engines.py and cdr_h3.py, whose results are of weights.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protdiff import __version__
from protdiff.dataset import read_chains
from protdiff.network.numerics import flush_denormals
from protdiff.network.weights import file_digest
from protdiff.sequence.sequence_weights import (
    DEFAULT,
    load_sequence_network,
    save_sequence_network,
)
from protdiff.training.checkpoint import read_checkpoint
from protdiff.training.composition_fit import fit_composition
from protdiff.training.sequence_config import SequenceTraining
from protdiff.training.sequence_run import held_out_types

if TYPE_CHECKING:
    from protdiff.dataset import ChainSet

ROOT = Path(__file__).resolve().parents[1]
#: Residues in a batch of the validation.
RESIDUES = 4000


def described(chains: ChainSet) -> dict[str, Any]:
    """Which chains, for a card."""
    residues = int(chains.lengths.sum())
    return {"chains": len(chains), "residues": residues, "sha256": chains.digest}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("config", type=Path, help="configuration of the run to publish")
    parser.add_argument("--machine", default="one CPU core")
    parser.add_argument("--history", help="what changed during the run")
    options = parser.parse_args()
    config = SequenceTraining(**tomllib.loads(options.config.read_text()))
    target = ROOT / "weights" / f"{DEFAULT}.safetensors"
    train, held_out = (
        read_chains(config.data, split, max_length=config.max_length) for split in ("train", "val")
    )
    network = load_sequence_network(config.out / "ema.safetensors")
    # Of chains it was trained on, the network is surer than of others, and draws other types.
    network.composition = fit_composition(network, held_out)
    save_sequence_network(target, network)
    checkpoint = read_checkpoint(config.out)
    if checkpoint is None:
        raise SystemExit(f"{config.out}: no checkpoint in it")
    progress = checkpoint[1]
    with flush_denormals():
        numbers = held_out_types(network, held_out, RESIDUES)
    card = {
        "name": DEFAULT,
        "sha256": file_digest(target),
        "protdiff": __version__,
        "what": "residue types of a protein backbone in any order, given N, CA, C and O; "
        f"trained on single chains of {train.lengths.min()}-{train.lengths.max()} residues",
        "parameters": sum(p.numel() for p in network.parameters()),
        "network": asdict(network.config),
        "composition": asdict(network.composition),
        "data": {
            "source": "protein chains of the PDB archive (CC0 1.0), one per cluster of 30 % "
            "sequence identity, not flagged as extended",
            "train": described(train),
            "validation": described(held_out),
        },
        "training": {
            "steps": progress.step,
            "chains_seen": progress.chains,
            "hours": round(progress.seconds / 3600, 2),
            "machine": options.machine,
            "history": options.history,
            "configuration": config.recorded(),
        },
        "validation": {
            "nats_per_residue": round(numbers["loss"], 4),
            "perplexity": round(numbers["perplexity"], 3),
            "likeliest_type_right_given_the_backbone_alone": round(numbers["alone"], 4),
        },
        "licence": "MIT",
    }
    path = target.with_suffix(".json")
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(card["validation"], indent=1))


if __name__ == "__main__":
    main()
