"""e3nn is imported without torch's compiler, and computes what it computes with it."""

import subprocess
import sys

IMPORTED = """
import pickle, sys
import torch
from protdiff.network.weights import load_weights
disable = torch.compiler.disable
denoiser = pickle.loads(pickle.dumps(load_weights()))
assert "torch._dynamo" not in sys.modules, "the compiler was imported"
from e3nn import o3
assert torch.compiler.disable is disable and "torch._dynamo" not in sys.modules
first = o3.wigner_3j(1, 1, 1)
assert torch.allclose(first.abs()[0, 1, 2], torch.tensor(6**-0.5)), first
compiled = torch.compile(o3.change_basis_real_to_complex, backend="eager", fullgraph=FULL)
assert torch.equal(compiled(1), o3.change_basis_real_to_complex(1))
"""


def run(full):
    code = IMPORTED.replace("FULL", str(full))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_no_compiler_until_it_is_needed():
    done = run(full=False)
    assert done.returncode == 0, done.stderr


def test_what_e3nn_marks_is_not_compiled():
    """Asked for one graph of all, torch says that the function is marked."""
    done = run(full=True)
    assert done.returncode and "disable" in done.stderr
