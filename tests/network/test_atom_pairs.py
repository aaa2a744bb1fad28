"""Distances of atoms in the network: sums by loops, symmetries, batches, start of a training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from protdiff.network import Denoiser
from protdiff.network.atom_pairs import KINDS, AtomPairs, _ends, _squared_distances, _sums_around
from protdiff.network.attention_blocks import block_keys, separations
from protdiff.network.link_atoms import ATOMS, atoms_present, link_atoms, virtual_cb
from protdiff.network.parametrisation import active_modes
from protdiff.network.weights import load_weights, save_weights
from protdiff.structure.constants import CA_CA
from protdiff.training.config import TrainingConfig
from protdiff.training.trainer import Trainer

from ..conftest import ROOT, TINY
from .test_denoiser import TIMES
from .test_self_conditioning import LENGTHS, pair


@pytest.fixture
def make(recipe):
    """Denoiser with pairs of atoms and self-conditioning, all of its weights random."""

    def make(start=False, dtype=torch.float64, **sizes):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            config = replace(TINY, **{"self_conditioning": True, "pair_atoms": True} | sizes)
            denoiser = Denoiser(config, recipe)
            torch.nn.init.normal_(denoiser.network.head.weight)
            for name, parameter in denoiser.named_parameters():
                if (".previous" in name or "atom_pairs" in name) and not start:
                    torch.nn.init.normal_(parameter, std=0.3)
        return denoiser.to(dtype).requires_grad_(False)

    return make


def without_atoms(denoiser):
    """The same network without pairs of atoms."""
    config = replace(denoiser.network.config, pair_atoms=False)
    plain = Denoiser(config, denoiser.recipe).to(denoiser.dtype)
    kept = {k: v for k, v in denoiser.state_dict().items() if "atom_pairs" not in k}
    plain.load_state_dict(kept)
    return plain.requires_grad_(False)


@pytest.mark.parametrize("lengths", [[14, 9], [170, 165]])
def test_sums_against_loops_over_pairs(make_beads, lengths):
    """Also where beads attend in blocks: then over the keys of each block."""
    beads = make_beads(lengths)
    x, links = beads.position, beads.links[:, :, 1]
    keys = block_keys(x, beads.mask)
    module = AtomPairs(4, 3).double()
    ends = _ends(x, links, beads.mask)
    apart = separations(x.shape[1], keys)
    square = _squared_distances(*ends, apart, keys)
    counts, steps = _sums_around(module._shells(square), *ends[:2], keys)
    atoms = link_atoms(x * CA_CA, links)
    atoms = torch.cat([atoms, virtual_cb(atoms)[:, :, None]], 2).numpy()
    centres = np.linspace(np.log(2), np.log(8), 6)
    width = centres[1] - centres[0]
    for row, n in enumerate(lengths):
        for i in range(0, n, 1 if n < 20 else 23):
            near = range(n) if keys is None else keys[row, i // 32].tolist()
            number, vector = np.zeros((len(KINDS), 6)), np.zeros((3, len(KINDS), 6))
            for k, (a, b) in enumerate(KINDS):
                # CB needs N and C; the first residue has no N, the last neither C nor O.
                first, last = {0: (1, n), 3: (0, n - 1), 4: (1, n - 1)}[a]
                from_j, to_j = {0: (1, n), 3: (0, n - 1), 4: (1, n - 1)}[b]
                for j in near:
                    if abs(i - j) < 2 or not (first <= i < last and from_j <= j < to_j):
                        continue
                    line = atoms[row, j, b] - atoms[row, i, a]
                    shells = np.exp(
                        -(((np.log(max(np.linalg.norm(line), 2)) - centres) / width) ** 2) / 2
                    )
                    number[k] += shells
                    vector[:, k] += line[:, None] * shells
            np.testing.assert_allclose(counts[row, i], number.ravel(), rtol=1e-5, atol=1e-8)
            np.testing.assert_allclose(steps[row, i], vector.reshape(3, -1), rtol=1e-5, atol=3e-5)


def test_the_virtual_cb_of_a_real_chain():
    places = {}
    for line in (ROOT / "data" / "examples" / "1tpk.pdb").read_text().splitlines():
        if line.startswith("ATOM") and line[21] == "A":
            atom = [float(line[k : k + 8]) for k in (30, 38, 46)]
            places.setdefault(line[22:27], {})[line[12:16].strip()] = atom
    whole = [r for r in places.values() if {"N", "CA", "C", "O", "CB"} <= r.keys()]
    atoms = torch.tensor([[[r[name] for name in (*ATOMS, "CB")] for r in whole]])
    assert len(whole) > 50
    error = (virtual_cb(atoms[:, :, :4]) - atoms[:, :, 4]).norm(dim=-1)
    assert error.square().mean().sqrt() < 0.15  # Å; tetrahedral angles vary by a few degrees


def test_which_atoms_there_are():
    mask = torch.tensor([[True] * 3 + [False], [True] * 4])
    n, ca, c, o = atoms_present(mask).int().unbind(2)
    assert n.tolist() == [[0, 1, 1, 0], [0, 1, 1, 1]] and torch.equal(ca.bool(), mask)
    assert c.tolist() == o.tolist() == [[1, 1, 0, 0], [1, 1, 1, 0]]


@pytest.mark.parametrize("u", TIMES[:-1])
def test_rotations(make, draw, rotation, u):
    denoiser, turn = make(), rotation()
    flow, x, u, before = pair(denoiser, draw, u)
    plain = denoiser.estimate(x, u, LENGTHS, flow, None, before)
    turned = denoiser.estimate(x @ turn.T, u, LENGTHS, flow, None, before @ turn.T)
    scale = plain.abs().amax((0, 2))[None, :, None].clamp_min(1e-3)
    assert ((turned - plain @ turn.T).abs() / scale).max() < 1e-9


@pytest.mark.parametrize("u", TIMES)
def test_atoms_count_where_links_are_active(make, draw, u):
    denoiser = make()
    plain = without_atoms(denoiser)
    flow, x, u, before = pair(denoiser, draw, u)
    linked = active_modes(flow.kernel(u).alpha, flow.mask)[:, 40:].any(1)
    for earlier in (None, before):
        results = [d.estimate(x, u, LENGTHS, flow, None, earlier) for d in (denoiser, plain)]
        change = (results[0] - results[1]).abs().amax((1, 2))
        # Pairs without atoms get a constant, which no softmax sees, beside chains that have some.
        assert ((change > 1e-4) == linked).all() and bool((change[~linked] < 1e-13).all())


def test_links_of_one_chain_do_not_act_on_another(make, draw):
    """A batch in which the links of the second chain alone are active."""
    denoiser = make()
    flow, x, _, before = pair(denoiser, draw, 0.2, [40, 40])
    u = torch.tensor([0.45, 0.2], dtype=torch.float64)
    together = denoiser.estimate(x, u, [40, 40], flow, None, before)
    for row in range(2):
        alone = denoiser.estimate(
            x[row : row + 1], u[row : row + 1], [40], denoiser.recipe([40]), None,
            before[row : row + 1],
        )  # fmt: skip
        assert torch.allclose(alone[0], together[row], rtol=0, atol=1e-9)


@pytest.mark.parametrize("u", TIMES[:-1])
def test_a_padded_batch_equals_item_by_item(make, draw, u):
    denoiser = make()
    flow, x, u, before = pair(denoiser, draw, u)
    before = before.masked_fill(~flow.mask[..., None], 17.0)  # padding is never read
    together = denoiser.estimate(x, u, LENGTHS, flow, None, before)
    for row, n in enumerate(LENGTHS):
        alone_x, earlier, padded = (
            t[row].view(2, 40, 3)[:, :n].flatten(0, 1)[None] for t in (x, before, together)
        )
        alone = denoiser.estimate(alone_x, u[:1], [n], denoiser.recipe([n]), None, earlier)
        assert torch.allclose(alone, padded, rtol=0, atol=1e-6), n


def test_the_order_of_the_chains_of_a_batch_does_not_matter(make, draw):
    denoiser = make()
    flow, x, u, before = pair(denoiser, draw, 0.2)
    order = [2, 0, 1]
    lengths = [LENGTHS[k] for k in order]
    plain = denoiser.estimate(x, u, LENGTHS, flow, None, before)
    other = denoiser.estimate(x[order], u, lengths, denoiser.recipe(lengths), None, before[order])
    assert torch.allclose(other, plain[order], rtol=0, atol=1e-9)


@pytest.mark.parametrize("u", TIMES)
def test_before_training_atoms_change_nothing(make, draw, u):
    denoiser = make(start=True)
    plain = without_atoms(denoiser)
    flow, x, u, before = pair(denoiser, draw, u)
    for earlier in (None, before):
        results = [d.estimate(x, u, LENGTHS, flow, None, earlier) for d in (denoiser, plain)]
        assert torch.equal(*results)


def test_every_new_weight_learns(make, draw):
    """Those at zero at once; the hidden layer behind them as soon as they are not."""
    for start in (True, False):
        denoiser = make(start=start)
        denoiser.requires_grad_(True)
        flow, x, u, before = pair(denoiser, draw, 0.2)
        denoiser.estimate(x, u, LENGTHS, flow, None, before).square().sum().backward()
        for name, parameter in denoiser.named_parameters():
            if "atom_pairs" in name and parameter.numel():
                assert bool(parameter.grad.any()) != (start and "hidden" in name), name


def test_gradients_of_the_positions(make, draw):
    """Energies that guide a sampler need them; also where atoms lie on each other."""
    denoiser = make()
    flow, x, u, _ = pair(denoiser, draw, 0.2, [9])
    row = x[:1].requires_grad_()
    estimate = lambda t: denoiser.estimate(t, u[:1], [9], flow).square().sum()  # noqa: E731
    [gradient] = torch.autograd.grad(estimate(row), row)
    step = 1e-6 * draw(*row.shape, seed=5)
    change = (estimate(row + step) - estimate(row - step)) / 2
    assert torch.allclose(change, (gradient * step).sum(), rtol=1e-5)
    [flat] = torch.autograd.grad(estimate(zero := torch.zeros_like(row).requires_grad_()), zero)
    assert bool(flat.isfinite().all())


def test_weights_with_atoms_are_saved_and_loaded(make, draw, tmp_path):
    denoiser = make(dtype=torch.float32)
    path = tmp_path / "atoms.safetensors"
    save_weights(path, denoiser)
    flow, x, u, before = pair(denoiser, draw, 0.2)
    results = [
        d.estimate(x, u, LENGTHS, flow, None, before) for d in (denoiser, load_weights(path))
    ]
    assert torch.equal(*results)


def test_training_goes_on_from_weights_without_atoms(tiny_denoiser, tiny_archive, tmp_path, recipe):
    path = tmp_path / "plain.safetensors"
    save_weights(path, tiny_denoiser)
    sizes = dict(scalars=16, vectors=8, layers=2, heads=2, hidden=32, products=4, embedding=16)
    config = TrainingConfig(
        data=tiny_archive, out=tmp_path / "run", initial=str(path), steps=1,
        network=sizes | {"self_conditioning": True, "pair_atoms": True},
    )  # fmt: skip
    run, lines = Trainer(config), []
    run.fit(report=lines.append)
    assert any("lacks" in line and "start anew" in line for line in lines)
    assert set(run.new_tensors) == {
        name for name in run.denoiser.state_dict() if name not in tiny_denoiser.state_dict()
    }
