"""ESMFold through transformers, on a tiny network of the same class with random weights."""

import numpy as np
import pytest

import protdiff
from protdiff.analysis.folding import esmfold
from protdiff.analysis.folding.commands import FoldError
from protdiff.analysis.folding.esmfold import EsmFoldEngine, predict
from protdiff.analysis.folding.targets import Target

PAIR = ("MKELIKLAEE", "GSHWY")
#: The alphabet of ESM-2.
TOKENS = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>", "<mask>"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder with a network as transformers saves it."""
    transformers = pytest.importorskip("transformers", reason="the extra esmfold is not installed")
    import torch

    trunk = {
        "num_blocks": 1, "sequence_state_dim": 32, "pairwise_state_dim": 16, "max_recycles": 1,
        "sequence_head_width": 8, "pairwise_head_width": 8,
        "structure_module": {
            "sequence_dim": 32, "pairwise_dim": 16, "ipa_dim": 8, "resnet_dim": 16,
            "num_blocks": 2, "num_heads_ipa": 2,
        },
    }  # fmt: skip
    config = transformers.EsmConfig(
        vocab_size=len(TOKENS), vocab_list=TOKENS, pad_token_id=1, mask_token_id=32, hidden_size=32,
        num_hidden_layers=2, num_attention_heads=4, intermediate_size=37,
        position_embedding_type="rotary", is_folding_model=True,
        esmfold_config={"fp16_esm": False, "trunk": trunk},
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("esmfold")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = transformers.EsmForProteinFolding(config)
        torch.nn.init.normal_(network.lddt_head[-1].weight)
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def network(weights):
    return EsmFoldEngine(str(weights)).network


def test_atoms_and_plddt_beside_the_file_of_transformers(network, tmp_path):
    model = predict(network, PAIR[:1])
    assert model.sequence == PAIR[0] and model.residue_numbers.tolist() == list(range(1, 11))
    (tmp_path / "x.pdb").write_text(network.infer_pdb(PAIR[0]))
    other = protdiff.read(tmp_path / "x.pdb")
    np.testing.assert_allclose(model.coords, other.coords, atol=1e-3)
    # Two decimals of pLDDT between 0 and 1 are in that file.
    np.testing.assert_allclose(model.b_factors, 100 * other.b_factors, atol=0.51)
    assert np.ptp(model.b_factors) > 1


def test_chains_with_a_linker_that_is_cut_out(network):
    """25 glycines and a jump of 512 in the residue index, as in the authors' code."""
    import torch

    model = predict(network, PAIR)
    assert model.chains == ("A", "B") and model.sequence == "".join(PAIR)
    assert model.residue_numbers.tolist() == [*range(1, 11), *range(1, 6)]
    index = torch.tensor([*range(35), *range(547, 552)])
    with torch.inference_mode():
        whole = network.infer(PAIR[0] + 25 * "G" + PAIR[1], position_ids=index)["positions"]
    kept = np.r_[0:10, 35:40]
    np.testing.assert_allclose(model.coords, whole[-1, 0, kept, :4].numpy(), atol=1e-5)


def test_chunks_change_nothing_but_memory(weights, network):
    small = EsmFoldEngine(str(weights), chunk_size=4).network
    np.testing.assert_allclose(
        predict(small, PAIR).coords, predict(network, PAIR).coords, atol=1e-4
    )


def test_files_of_targets(weights, tmp_path, monkeypatch):
    targets = [Target("d_0", "d", 0, PAIR[:1]), Target("d_1", "d", 1, PAIR)]
    engine = EsmFoldEngine(str(weights))
    engine.start()
    engine.fold(targets, tmp_path / "folds", tmp_path / "log")
    assert [p.name for p in sorted((tmp_path / "folds").iterdir())] == ["d_0.pdb", "d_1.pdb"]
    written = protdiff.read(tmp_path / "folds" / "d_1.pdb")
    np.testing.assert_allclose(written.coords, predict(engine.network, PAIR).coords, atol=1e-3)

    def out_of_memory(network, chains):
        if len(chains) == 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB\nmore")
        return predict(network, chains)

    monkeypatch.setattr(esmfold, "predict", out_of_memory)
    with pytest.raises(FoldError, match=r"Tried to allocate 2.00 GiB; use a smaller `chunk_size`"):
        engine.fold(targets, tmp_path / "second", tmp_path / "log")
    assert [p.name for p in (tmp_path / "second").iterdir()] == ["d_1.pdb"]


def test_weights_that_are_not_there(weights, tmp_path):
    with pytest.raises(ValueError, match=r"esmfold:.*absent: no such folder"):
        EsmFoldEngine(str(tmp_path / "absent")).start()
    with pytest.raises(
        ValueError, match=r"cannot be loaded \(.*\); give a folder with the weights"
    ):
        EsmFoldEngine(str(tmp_path)).start()


def test_weights_of_another_network(weights, tmp_path):
    """A language model has the same class name in part, and no trunk: no random one is taken."""
    import transformers

    config = transformers.EsmConfig.from_pretrained(weights)
    transformers.EsmModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"is no ESMFold: it lacks "):
        EsmFoldEngine(str(tmp_path)).start()


def test_transformers_is_not_installed(monkeypatch):
    monkeypatch.setattr(esmfold, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs transformers: pip install 'protdiff\[esmfold\]'"):
        EsmFoldEngine().start()
