"""Publish the averaged weights of a training run and their card; give them a guide or a reader.

    python benchmarks/publish_weights.py NAME --run CONFIG [--machine TEXT] [--history TEXT]
                                         [--coarse WEIGHTS] [--before CARD]
    python benchmarks/publish_weights.py NAME --guide CONFIG
    python benchmarks/publish_weights.py NAME --reader WEIGHTS --data DATASET

Writes weights/NAME.safetensors and weights/NAME.json: architecture, flow, data with its hash,
steps, chains seen, hours and machine, validation loss per band relative to the Gaussian chain
(computed here, on 96 fixed batches of held-out chains; with and without an earlier estimate),
and the sample metrics of benchmarks/out/quality.json when `make benchmark` has made it for these
very weights. A run that started from other weights names their card with ``--before``: its steps,
chains and hours count. ``--coarse`` adds the network of other weights for decimated chains
(`NetworkConfig.coarse`). The second form adds the weights of another run to NAME as its guide
(`protdiff.sampling.guidance`), the third the reader of a file of `protdiff weights reader`. A run
that starts from weights with a guide and a reader keeps them.
"""

import argparse
import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

from protdiff import __version__
from protdiff.network import Denoiser
from protdiff.network.numerics import flush_denormals
from protdiff.network.weights import file_digest, load_weights, save_weights
from protdiff.training.chains import load_chains
from protdiff.training.checkpoint import read_checkpoint
from protdiff.training.config_file import read_config
from protdiff.training.objective import validate
from protdiff.training.reader_training import reading_accuracy

ROOT = Path(__file__).resolve().parents[1]


def sample_metrics(digest):
    """Quality of samples of these weights, or None when it was measured for other ones."""
    report, samples = ROOT / "benchmarks/out/quality.json", ROOT / "benchmarks/out/samples"
    if not report.is_file() or not (samples / "manifest.csv").is_file():
        return None
    with (samples / "manifest.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    if {row["weights_sha256"] for row in rows} != {digest}:
        return None
    metrics = json.loads(report.read_text())["metrics"]
    return {"command": rows[0]["command"]} | {
        key: round(v, 4) if isinstance(v, float) else v for key, v in metrics.items()
    }


def rounded(ratios):
    return {key: round(value, 4) for key, value in ratios.items()}


def described(chains):
    residues = int(chains.lengths.sum())
    return {"chains": len(chains), "residues": residues, "sha256": chains.digest}


def write_card(target, card):
    target.with_suffix(".json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


def add_guide(target, config, machine):
    """Give the weights the averaged ones of a run as their guide, and tell their card."""
    denoiser, guide = load_weights(target), load_weights(config.out / "ema.safetensors")
    if guide.recipe != denoiser.recipe:
        raise SystemExit(f"{config.out}: trained on another flow than {target}")
    guide.reader, denoiser.guide = None, guide
    save_weights(target, denoiser)
    _, progress = read_checkpoint(config.out, ())
    chains = load_chains(
        config.data, "val", max_length=config.max_length, cache=config.cache_folder
    )
    with flush_denormals():
        loss = validate(guide, chains, config, 96)
    card = json.loads(target.with_suffix(".json").read_text())
    card["sha256"] = file_digest(target)
    card["samples"] = sample_metrics(card["sha256"])
    card["guide"] = {
        "what": "a weaker network of the same flow, which samples are steered away from "
        "(autoguidance, arXiv 2406.02507)",
        "parameters": sum(p.numel() for p in guide.parameters()),
        "network": asdict(guide.network.config),
        "training": {
            "steps": progress.step,
            "chains_seen": progress.chains,
            "hours": round(progress.seconds / 3600, 2),
            "machine": machine,
            "configuration": config.recorded(),
        },
        "validation_loss_over_gaussian_chain": rounded(loss),
    }  # fmt: skip
    write_card(target, card)


def add_reader(target, path, data):
    """Give the weights the reader of others, measured on validation chains, and tell their card."""
    denoiser, reader = load_weights(target), load_weights(path).reader
    train, held_out = (load_chains(data, split, max_length=512) for split in ("train", "val"))
    with flush_denormals():
        right, nats = reading_accuracy(reader, held_out)
    denoiser.reader = reader
    save_weights(target, denoiser)
    card = json.loads(target.with_suffix(".json").read_text())
    card["sha256"] = file_digest(target)
    card["samples"] = sample_metrics(card["sha256"])
    card["reader"] = {
        "what": "tells the network what secondary structure a sequence suggests",
        "parameters": sum(p.numel() for p in reader.parameters()),
        "sizes": asdict(reader.config),
        "training": {"chains": described(train), "command": "protdiff weights reader"},
        "validation": {"residues_right": round(right, 4), "nats": round(nats, 4)},
    }
    write_card(target, card)


def with_coarse(denoiser, coarse):
    """A denoiser whose decimated chains are taken by the network of another one, not its own."""
    sizes = replace(denoiser.network.config, coarse=coarse.network.config)
    both = Denoiser(sizes, denoiser.recipe)
    tensors = denoiser.network.state_dict()
    tensors = {name: t for name, t in tensors.items() if not name.startswith("coarse.")}
    tensors |= {f"coarse.{name}": t for name, t in coarse.network.state_dict().items()}
    both.network.load_state_dict(tensors)
    both.guide, both.reader = denoiser.guide, denoiser.reader
    return both.eval().requires_grad_(False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("name")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--run", type=Path, help="configuration of the run to publish")
    what.add_argument("--guide", type=Path, help="configuration of the run that trained a guide")
    what.add_argument("--reader", type=Path, help="weights whose reader to take over")
    parser.add_argument("--data", type=Path, help="to measure a reader on")
    parser.add_argument("--machine", default="2 CPU cores")
    parser.add_argument("--history", default=None, help="what changed during the run")
    parser.add_argument("--before", type=Path, help="card of the weights the run started from")
    parser.add_argument("--coarse", help="weights whose network takes decimated chains")
    options = parser.parse_args()
    target = ROOT / "weights" / f"{options.name}.safetensors"
    if options.guide:
        return add_guide(target, read_config(options.guide), options.machine)
    if options.reader:
        if not options.data:
            parser.error("--reader needs --data, to be measured on")
        return add_reader(target, options.reader, options.data)
    before = json.loads(options.before.read_text()) if options.before else {}
    earlier = before.get("training", {})
    config = read_config(options.run)
    denoiser = load_weights(config.out / "ema.safetensors")
    if options.coarse:
        denoiser = with_coarse(denoiser, load_weights(options.coarse))
    save_weights(target, denoiser)
    load = {"max_length": config.max_length, "cache": config.cache_folder}
    train, held_out = (load_chains(config.data, split, **load) for split in ("train", "val"))
    _, progress = read_checkpoint(config.out, ())
    digest = file_digest(target)
    # Until benchmarks/replica_gap.py has measured these.
    gap = before.get("replica_gap", before.get("replica_gap_of_the_weights_before"))
    with flush_denormals():
        second, first = (validate(denoiser, held_out, config, 96, repeat) for repeat in (1, 0))
    card = {
        "name": options.name,
        "sha256": digest,
        "protdiff": __version__,
        "what": "score network of a renormalization-group flow over protein backbones; generates "
        f"single chains of 8-2048 residues, trained on {train.lengths.min()}-{train.lengths.max()}",
        "parameters": sum(p.numel() for p in denoiser.network.parameters()),
        "network": asdict(denoiser.network.config),
        **({"guide": before["guide"]} if denoiser.guide is not None else {}),
        **({"reader": before["reader"]} if denoiser.reader is not None else {}),
        "flow": {k: v for k, v in asdict(denoiser.recipe).items() if k != "spectrum"},
        "data": {
            "source": "protein chains of the PDB archive (CC0 1.0), one per cluster of 30 % "
            "sequence identity, not flagged as extended",
            "train": described(train),
            "validation": described(held_out),
        },
        "training": {
            "steps": progress.step + earlier.get("steps", 0),
            "chains_seen": progress.chains + earlier.get("chains_seen", 0),
            "hours": round(progress.seconds / 3600 + earlier.get("hours", 0), 2),
            "machine": options.machine,
            "history": options.history,
            "configuration": config.recorded(),
            **({"before": earlier} if earlier else {}),
        },
        "validation_loss_over_gaussian_chain": rounded(second),
        "the_same_without_an_earlier_estimate": rounded(first),
        "samples": sample_metrics(digest),
        **({"replica_gap_of_the_weights_before": gap} if gap else {}),
        "licence": "MIT",
    }  # fmt: skip
    write_card(target, card)
    print(json.dumps({k: v for k, v in card.items() if "estimate" in k or "loss" in k}, indent=1))


if __name__ == "__main__":
    main()
