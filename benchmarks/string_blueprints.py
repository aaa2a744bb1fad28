"""Backbones drawn from blueprints beside as many without: Fréchet distance, strands, agreement.

    python benchmarks/string_blueprints.py [--num 200] [--lengths 60-200] [--seed 7]

Both sets have the same lengths and the same random numbers. A blueprint is a string of secondary
structure drawn from the shipped model, of any class. Real chains are those that the package ships.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch
from results import write_result

from protdiff import Backbone, evaluate
from protdiff.network.weights import load_weights
from protdiff.sampling.blueprint import drawn_structure
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import Request, sample_length
from protdiff.sampling.settings import DEFAULTS
from protdiff.structure import dssp


def measured(backbones: list[Backbone], texts: list[str]) -> dict[str, Any]:
    """Numbers of a set, and how far DSSP agrees with the strings that it was or was not given."""
    states = [dssp(backbone.coords) for backbone in backbones]
    letters, wanted = "".join(states), "".join(texts)
    same = [a == b for a, b in zip(letters, wanted, strict=True)]
    numbers = evaluate(backbones, diversity=2).numbers
    out: dict[str, Any] = {
        "frechet": numbers["frechet"]["distance"],
        "frechet_floor": numbers["frechet"]["floor"],
        "residues_as_given": sum(same) / len(same),
    }
    for state, name in (("H", "helix"), ("E", "strand"), ("C", "coil")):
        out[f"dssp_{name}"] = letters.count(state) / len(letters)
        places = [k for k, letter in enumerate(wanted) if letter == state]
        out[f"{name}_as_given"] = float(np.mean([same[k] for k in places]))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--num", type=int, default=200)
    parser.add_argument("--lengths", default="60-200")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    shortest, longest = map(int, options.lengths.split("-"))
    sizes = [
        sample_length(range(shortest, longest + 1), k, options.seed) for k in range(options.num)
    ]
    texts = [drawn_structure("?" * n, None, n, k, options.seed) for k, n in enumerate(sizes)]
    denoiser, numbers = load_weights(), {"structures": options.num}
    letters = "".join(texts)
    numbers["strings"] = {name: letters.count(name) / len(letters) for name in "HEC"}
    for kind, given in (("free", [None] * options.num), ("blueprints", texts)):
        requests = [
            Request(k, n, structure=text)
            for k, (n, text) in enumerate(zip(sizes, given, strict=True))
        ]
        began = time.process_time()
        drawn = [
            s for batch in draw(denoiser, requests, DEFAULTS, seed=options.seed) for s in batch
        ]
        drawn.sort(key=lambda sample: sample.request.index)
        seconds = time.process_time() - began
        numbers[kind] = measured([sample.backbone for sample in drawn], texts)
        numbers[kind]["seconds"] = seconds
        print(kind, numbers[kind], flush=True)
    print(write_result("string_blueprints", numbers, cores=1))


if __name__ == "__main__":
    main()
