"""Configurations: what is wrong is said in one line."""

import pytest

from protdiff.network import NetworkConfig
from protdiff.training.config import TrainingConfig
from protdiff.training.config_file import ConfigError, read_config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('data = "x"\nout = "y"\nstpes = 3', "stpes: unknown key; did you mean 'steps'"),
        ('data = "x"\nout = "y"\n[network]\nlayer = 3', "did you mean 'layers'"),
        ('data = "x"\nout = "y"\nsteps = 0', "steps: Input should be greater than 0"),
        ('out = "y"', "data: Field required"),
        ("data = ", "not a TOML file"),
        ('data = "x"\nout = "y"\nflow = "ddpm"\nlink_share = 0.5', "link_share: .*an RG flow, not"),
        ('data = "x"\nout = "y"\nflow = "rgdm"\nsamples = 8', "samples: .*with link vectors, not"),
        ('data = "x"\nout = "y"\noverlap_weight = -1', "overlap_weight: Input should be greater"),
        ('data = "x"\nout = "y"\nflow = "rg-haar"', "network: .* needs `component_clocks` = true"),
        ('data = "x"\nout = "y"\nflow = "gudd"', "flow: unknown flow 'gudd': did you mean 'gud'"),
        (
            'data = "x"\nout = "y"\n[times]\nlw = "time"',
            "times.lw: unknown .* 'law'",
        ),
        ('data = "x"\nout = "y"\n[times]\nlaw = "normal"', "times.law: Input should be 'clock'"),
        ('data = "x"\nout = "y"\n[times]\nlaw = "lognormal"', "times.law: lognormal needs a flow"),
        ('data = "x"\nout = "y"\n[times]\nlaw = "time"', "needs network.decimate = false"),
        ('data = "x"\nout = "y"\nloss = "likelihood"', "loss likelihood: needs network.decimate"),
        ('data = "x"\nout = "y"\nloss = "unit"\noverlap_weight = 1', "loss unit: has no dist"),
        ('data = "x"\nout = "y"\n[flow]\nsteepnes = 2', "flow.steepnes: .* mean 'steepness'"),
        ('data = "x"\nout = "y"\n[flow]\nsteepness = 2', "flow: `steepness`: goes with .* gud"),
    ],
)
def test_bad_configurations_are_one_line(tmp_path, text, message):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(path)
    assert len(str(caught.value).splitlines()) == 1


def test_absent_configuration(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "none.toml")


def test_sizes_are_those_of_the_network():
    config = TrainingConfig(data=".", out=".", network={"scalars": 16})
    assert config.network == NetworkConfig(scalars=16)
    with pytest.raises(ValueError, match="cannot be chosen"):
        TrainingConfig(data=".", out=".", network={"conditions": 3})


def test_what_is_recorded_can_be_read():
    config = TrainingConfig(data="a", out="b", cache="c", network={"layers": 2}, steps=7)
    recorded = config.recorded()
    assert not {"data", "out", "cache"} & recorded.keys()
    assert "conditions" not in recorded["network"]
    assert TrainingConfig(data="a", out="b", cache="c", **recorded) == config


def test_sizes_of_two_networks(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        'data = "."\nout = "."\n[network]\npair_atoms = true\n[network.coarse]\nlayers = 14\n'
    )
    config = read_config(path)
    assert config.network == NetworkConfig(pair_atoms=True, coarse=NetworkConfig(layers=14))
    recorded = config.recorded()
    assert recorded["network"]["coarse"]["layers"] == 14
    assert "conditions" not in recorded["network"]["coarse"]
    assert TrainingConfig(data=".", out=".", **recorded) == config
    path.write_text(path.read_text() + "pair_atoms = true\n")
    with pytest.raises(ConfigError, match=rf"^{path}: network: .*neither `pair_atoms`"):
        read_config(path)
    path.write_text(path.read_text().replace("layers", "layer"))
    with pytest.raises(ConfigError, match=r"network.coarse.layer: unknown key; .* 'layers'"):
        read_config(path)


def test_a_flow_is_a_name_or_a_table(tmp_path):
    """What is changed is in the record of a run; a name alone is recorded as it is given."""
    path = tmp_path / "x.toml"
    path.write_text('data = "."\nout = "."\n[flow]\nname = "gud"\nsteepness = 4\nprior = "unit"\n')
    config = read_config(path)
    recipe = config.flow.recipe()
    assert (recipe.schedule, recipe.steepness, recipe.prior) == ("gud", 4.0, "unit")
    assert config.recorded()["flow"] == {"name": "gud", "prior": "unit", "steepness": 4.0}
    assert TrainingConfig(data=".", out=".", **config.recorded()).flow == config.flow
    assert TrainingConfig(data=".", out=".", flow="vp").recorded()["flow"] == "vp"


def test_what_packs_has_no_weight_by_default():
    config = TrainingConfig(data=".", out=".")
    assert config.packing.names == [] and config.link_share == 0
    assert not config.network.pair_atoms
    weighed = TrainingConfig(data=".", out=".", overlap_weight=2, hydrogen_bond_weight=0.5)
    assert weighed.packing.values == [2.0, 0.5]


def test_nested_too_deep(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("data = " + 5000 * "[" + 5000 * "]")
    with pytest.raises(ConfigError, match=rf"^{path}: not a TOML file \(nested too deep\)$"):
        read_config(path)
