"""Conditions that act together, as a picture: how well each is met.

    python benchmarks/combinations.py [--out docs/pictures/combinations.png]

The motif is from data/examples/1tpk.pdb; the energy, docs/examples/shape.py, acts on the chain
that is drawn and copied. Default settings, one sample each, seed 0.
"""

import argparse
import runpy
from pathlib import Path

import numpy as np
import torch

import protdiff
from protdiff.conditioning import Energy, Motif, Symmetry
from protdiff.conditioning.symmetry import symmetry_error
from protdiff.metrics.quality import quality
from protdiff.plots.ribbons import plot_backbones
from protdiff.structure.secondary_structure import psea
from protdiff.structure.superposition import rmsd

FILE, FIRST, LAST = "data/examples/1tpk.pdb", 30, 44
FLANK = 30
SHAPE = "docs/examples/shape.py"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/combinations.png"))
    parser.add_argument("--weights", default="rg-base")
    options = parser.parse_args()
    ellipsoid = runpy.run_path(SHAPE)["ellipsoid"]
    real = protdiff.read(FILE).chain("A")
    kept = real.ca[(real.residue_numbers >= FIRST) & (real.residue_numbers <= LAST)]
    wanted = "H" * (FLANK - 6) + "-" * (len(kept) + 12) + "H" * (FLANK - 6)
    place = slice(FLANK, FLANK + len(kept))
    motif = Motif(FILE, f"{FLANK},A{FIRST}-{LAST},{FLANK}")
    requests = {
        "motif and C3": dict(condition=motif + Symmetry("C3")),
        "motif and helices": dict(condition=motif, secondary_structure=wanted),
        "C4 and an ellipsoid": dict(condition=Symmetry("C4") + Energy(ellipsoid), length=100),
    }
    samples = {}
    for title, request in requests.items():
        [sample] = protdiff.generate(weights=options.weights, **request)
        samples[title] = sample
        chain = sample.chain("A")
        words = [f"{title}: CA bonds {quality(sample)['ca_bonds']:.1%}"]
        if "motif" in title:
            off = rmsd(torch.tensor(chain.ca[place]), torch.tensor(kept))
            words.append(f"motif within {float(off):.3f} Å")
        if "C" in title:
            group = next(word for word in title.split() if word[0] == "C" and word[1:].isdigit())
            words.append(f"copies within {symmetry_error(sample, group):.0e} Å")
        if "helices" in title:
            requested = np.array(list(wanted)) == "H"
            helical = np.array(list(psea(chain.ca)))[requested] == "H"
            words.append(f"{helical.mean():.0%} of the requested helix")
        if "ellipsoid" in title:
            words.append(f"{float(ellipsoid(torch.tensor(chain.ca))):.1f} kT of the energy left")
        print(", ".join(words), flush=True)
    plot_backbones(list(samples.values()), options.out, titles=list(samples))


if __name__ == "__main__":
    main()
