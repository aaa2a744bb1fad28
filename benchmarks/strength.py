"""How far a sample of ``protdiff generate --strength`` lies from its input, in Å.

    python benchmarks/strength.py

CA RMSD after superposition of eight samples with default settings of three chains of the examples,
by strength: mean and standard deviation over samples. Two minutes on one core.
"""

import numpy as np
import torch
from results import write_result

import protdiff
from protdiff.conditioning import PartialFlow
from protdiff.structure.superposition import rmsd

STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CHAINS = (("1a8o.pdb.gz", "A"), ("1tpk.pdb", "A"), ("3nzd.cif", "A"))
SAMPLES = 8


def main():
    numbers = {}
    for file, name in CHAINS:
        chain = protdiff.read(f"data/examples/{file}").chain(name)
        rows = {}
        for strength in STRENGTHS:
            condition = PartialFlow(chain, strength)
            samples = protdiff.generate(num=SAMPLES, condition=condition)
            off = [float(rmsd(torch.tensor(s.ca), torch.tensor(chain.ca))) for s in samples]
            rows[f"{strength:g}"] = {"mean": round(np.mean(off), 3), "sd": round(np.std(off), 3)}
            print(file, strength, rows[f"{strength:g}"], flush=True)
        numbers[file.partition(".")[0]] = {"residues": len(chain), "rmsd": rows}
    print(write_result("strength", numbers))


if __name__ == "__main__":
    main()
