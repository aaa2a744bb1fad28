"""Fine-tuning on a class of folds, and on one protein: what is learned, what is forgotten.

    python benchmarks/finetune.py helix|strand|ensemble --data DATASET --out FOLDER
                                  [--structure ENTRY] [--steps N | --minutes M]

Classes: 50 chains of the test split, written as PDB files and given to `protdiff.finetune`. The
loss is measured on chains of the class, and on all others, of the validation split, with the same
noise before and after; samples are drawn at the lengths of the 50 chains. Ensemble: all models of
the entry (NMR), or the frames of a trajectory, are given to it; without --structure, 30 copies of a
test chain of 70 residues, bent smoothly (periods over 12 residues) by 1 Å rms and turned.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from e3nn import o3
from results import write_result
from scipy.spatial.transform import Rotation

import protdiff
from protdiff._system.files import write_json
from protdiff.dataset import read_chains
from protdiff.flow import cosine_modes
from protdiff.network.numerics import flush_denormals
from protdiff.network.weights import load_weights
from protdiff.structure.backbone import Backbone
from protdiff.training.batches import make_batch
from protdiff.training.chains import load_chains
from protdiff.training.finetune import finetune
from protdiff.training.finetune_settings import FinetuneSettings
from protdiff.training.objective import batch_loss, held_out_loss

CHAINS, BATCHES = 50, 24
CLASSES = {
    "helix": lambda table: (table["helix"] > 0.5) & (table["strand"] < 0.05),
    "strand": lambda table: (table["strand"] > 0.3) & (table["helix"] < 0.12),
}


def equivariance_error(weights):
    """Largest deviation in Å of a turned estimate, in double precision, over its largest value."""
    denoiser = load_weights(weights).double()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 160, 3, generator=generator, dtype=torch.float64) * 5
    turn = o3.rand_matrix(dtype=torch.float64)
    _, denoise = denoiser.bind([80])
    u = torch.tensor([0.25], dtype=torch.float64)
    with torch.no_grad():
        turned_after, turned_before = denoise(x, u) @ turn.T, denoise(x @ turn.T, u)
    return float((turned_after - turned_before).abs().max() / turned_after.abs().max())


@flush_denormals()
@torch.no_grad()
def loss_change_given_structure(chains, config):
    """Change in the loss of the shipped weights when the network is shown DSSP, in per cent.

    What can be known of a fold class is less than that.
    """
    denoiser, means = load_weights(), []
    for share in (0.0, 2.0):
        shown = config.model_copy(
            update={"seed": 1, "sequence_share": 0.0, "structure_share": share, "beads": 1024}
        )
        batches = (make_batch(chains, denoiser.recipe, shown, step) for step in range(BATCHES))
        values = [batch_loss(denoiser, b, shown, k)[0].item() for k, b in enumerate(batches)]
        means.append(np.mean(values))
    return 100 * (means[1] / means[0] - 1)


@flush_denormals()
def losses(weights, groups, config):
    """Loss per group of held-out chains."""
    denoiser = load_weights(weights)
    return {name: held_out_loss(denoiser, chains, config, BATCHES) for name, chains in groups}


def write_class(kind, data, folder):
    """PDB files of chains of the class from the test split."""
    chains = read_chains(data, "test", max_length=200)
    rows = np.flatnonzero(CLASSES[kind](chains.table))
    folder.mkdir(parents=True, exist_ok=True)
    for k in np.random.default_rng(0).permutation(rows)[:CHAINS]:
        protdiff.write(chains[int(k)].backbone(), folder / f"{chains[int(k)].name}.pdb")


def write_ensemble(data, folder):
    """PDB files of a test chain of 70 residues in 30 smooth deformations."""
    chains = read_chains(data, "test", max_length=70)
    real = next(chain for chain in chains if len(chain.types) == 70).backbone()
    rng, modes = np.random.default_rng(0), cosine_modes(70).numpy()
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(30):
        bend = modes[1:12].T @ (rng.normal(size=(11, 3)) / np.arange(1, 12)[:, None])
        bend /= np.sqrt(np.square(bend).sum(1).mean())
        turn = Rotation.random(random_state=k).as_matrix()
        moved = (real.coords + bend[:, None]) @ turn
        protdiff.write(Backbone.from_coords(moved, real.sequence), folder / f"{k:02d}.pdb")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("kind", choices=[*CLASSES, "ensemble"])
    parser.add_argument("--data", required=True, help="made by protdiff data build")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--structure", help="NMR entry, or trajectory+topology")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--keep", type=float, default=FinetuneSettings.keep)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    weights = options.out / f"{options.kind}.safetensors"
    settings = FinetuneSettings(
        minutes=options.minutes, steps=options.steps, keep=options.keep, learning_rate=options.rate
    )
    cpu = time.process_time()
    if options.kind == "ensemble":
        inputs = [options.structure or options.out / "ensemble"]
        if not options.structure:
            write_ensemble(options.data, options.out / "ensemble")
    else:
        write_class(options.kind, options.data, options.out / options.kind)
        inputs = [options.out / options.kind]
    outcome = finetune(
        inputs, weights, models="all", settings=settings, samples=options.samples,
        report=lambda text: print(text, flush=True),
    )  # fmt: skip
    cpu = time.process_time() - cpu
    validation = load_chains(options.data, "val", max_length=256)
    inside = np.zeros(len(validation), bool)
    if options.kind in CLASSES:
        inside = CLASSES[options.kind](validation.table)
    groups = [("rest", validation.take(np.flatnonzero(~inside)))]
    if inside.any():
        groups.insert(0, ("class", validation.take(np.flatnonzero(inside))))
    before, after = (losses(w, groups, settings.training()) for w in (None, weights))
    print(f"{outcome['steps']} steps, {outcome['minutes']} minutes, {cpu / 60:.1f} minutes of CPU")
    for name, chains in groups:
        loss_before, loss_after = before[name][0], after[name][0]
        print(f"loss on {len(chains)} {name} chains: {loss_before:.4f} -> {loss_after:.4f}"
              f" ({100 * (loss_after / loss_before - 1):+.1f} %)")  # fmt: skip
        for band, value in before[name][1].items():
            print(f"  {band:12} {value:.3f} -> {after[name][1][band]:.3f}")
    if inside.any():
        change = loss_change_given_structure(groups[0][1], settings.training())
        print(f"shipped weights, shown the secondary structure of the class: {change:+.1f} %")
    for key in outcome.get("before", {}):
        print(f"{key}: {outcome['before'][key]:.3f} -> {outcome['after'][key]:.3f}")
    print(
        f"equivariance error: {equivariance_error(None):.1e} -> {equivariance_error(weights):.1e}"
    )
    print(f"file: {weights.stat().st_size / 1000:.0f} kB")
    numbers = outcome | {"loss_before_val": before, "loss_after_val": after}
    write_json(options.out / f"{options.kind}.json", numbers)
    write_result(f"finetune_{options.kind}", summary(outcome, before, after), cores=1)


def summary(outcome, before, after):
    """The numbers that the documentation shows."""
    numbers = {"chains": outcome["chains"], "steps": outcome["steps"]}
    drawn, tuned = outcome.get("before"), outcome.get("after")
    if drawn and tuned:
        for name, prefix, portrait in (
            ("before", "", drawn), ("after", "", tuned), ("chains", "user_", drawn),
        ):  # fmt: skip
            shares = [100 * portrait[f"{prefix}{key}"] for key in ("helix", "strand")]
            numbers.setdefault("dssp", {})[name] = shares
        numbers["frechet"] = {"before": drawn["frechet"], "after": tuned["frechet"]}
        if "rmsd" in drawn:
            numbers["rmsd_to_nearest_median"] = {"before": drawn["rmsd"], "after": tuned["rmsd"]}
    change = {name: 100 * (after[name][0] / before[name][0] - 1) for name in before}
    change["held_out"] = 100 * (outcome["loss_after"] / outcome["loss_before"] - 1)
    return numbers | {"loss_change": change}


if __name__ == "__main__":
    main()
