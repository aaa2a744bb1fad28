"""Shared fixtures: a tiny network with random weights, and a tiny data set of real chains."""

import copy
import csv
import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings

from protdiff.flow import ChainFlow
from protdiff.flow.reference_spectrum import real_spectrum
from protdiff.network import Denoiser, NetworkConfig
from protdiff.network.weights import save_weights

# The same examples at every automatic run; new ones on a developer's machine.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# Tests interrupt programs. A run that a shell has put into the background ignores that, and would
# hand it down to them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
TINY = NetworkConfig(scalars=16, vectors=8, layers=2, heads=2, hidden=32, products=4, embedding=16)


@contextmanager
def double_precision():
    """A session in which new tensors have 64 bits."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def tiny_denoiser():
    """A denoiser with random weights, the output layer included."""
    torch.manual_seed(0)
    denoiser = Denoiser(TINY, ChainFlow(spectrum=real_spectrum()))
    torch.nn.init.normal_(denoiser.network.head.weight, std=0.3)
    return denoiser.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def tiny_weights(tiny_denoiser, tmp_path_factory):
    """Path of the tiny denoiser's weights file."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, tiny_denoiser)
    return path


@pytest.fixture(scope="session")
def guided(tiny_denoiser):
    """The tiny denoiser with a smaller guide."""
    denoiser = copy.deepcopy(tiny_denoiser)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        denoiser.guide = Denoiser(replace(TINY, layers=1, scalars=8), denoiser.recipe)
        torch.nn.init.normal_(denoiser.guide.network.head.weight, std=0.3)
    return denoiser.eval().requires_grad_(False)


@pytest.fixture
def guided_file(guided, tmp_path):
    """Path of its weights file."""
    path = tmp_path / "guided.safetensors"
    save_weights(path, guided, {"what": "tiny"})
    return path


@pytest.fixture(scope="session")
def tiny_archive(tmp_path_factory):
    """A chain archive in the format of the training data, from the example structures."""
    import protdiff

    folder = tmp_path_factory.mktemp("archive")
    chains = []
    for name in ("1tpk.pdb", "1a8o.pdb.gz", "1lcd.pdb", "3nzd.cif"):
        backbone = protdiff.read(ROOT / "data" / "examples" / name)
        for chain in backbone.chains:
            part = backbone.chain(chain)
            whole = part.mask.all(1)
            stop = len(whole) if whole.all() else int(np.argmin(whole))
            for start in range(0, stop - 40, 20):
                chains.append((part.coords[start : start + 64][: stop - start], part.sequence))
    coords, types, rows = [], [], []
    for k, (xyz, _) in enumerate(chains):
        coords.append(np.round((xyz - xyz[:, 1].mean(0)) * 100).astype(np.int16))
        types.append(np.full(len(xyz), k % 20, dtype=np.uint8))
        split = "val" if k % 4 == 0 else "train"
        rows.append({"index": k, "length": len(xyz), "split": split, "extended": 0})
    with (folder / "chains.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    np.savez(
        folder / "structures_le256.npz",
        coords=np.concatenate(coords),
        aatype=np.concatenate(types),
        offsets=np.cumsum([0, *map(len, coords)]),
        chain_index=np.arange(len(coords)),
    )
    return folder


@pytest.fixture(scope="session")
def tiny_types(tmp_path_factory):
    """Path of the weights of a residue-type network with random weights."""
    from protdiff.sequence.network import SequenceConfig, SequenceNetwork
    from protdiff.sequence.sequence_weights import save_sequence_network

    path = tmp_path_factory.mktemp("weights") / "tiny-types.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = SequenceNetwork(SequenceConfig(16, 8, 1, 2))
        torch.nn.init.normal_(network.out.weight, std=0.01)
    save_sequence_network(path, network)
    return path


@pytest.fixture(scope="session")
def dask_cluster():
    """A Dask cluster of two worker processes, which takes some seconds to start."""
    import dask
    from distributed import LocalCluster

    # On a busy machine a worker that was killed takes long to come back, and is waited for.
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
            silence_logs=50,
        ) as cluster,
    ):  # fmt: skip
        yield cluster
