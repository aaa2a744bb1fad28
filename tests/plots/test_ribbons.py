"""Pictures of backbones: size, colours, determinism, and refusal of bad input."""

import base64
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.image import imread

from protdiff.plots import ribbons
from protdiff.plots.ribbon_shape import (
    KEPT,
    N_TO_C,
    NEW,
    OTHER,
    Chain,
    principal_view,
    ribbon_of,
    ribbons_of,
)
from protdiff.plots.ribbons import PANEL, PRINT_DETAIL, TITLE, _chains, _size, plot_backbones
from protdiff.structure.backbone import Backbone, joined


@pytest.fixture
def helix():
    """CA trace of an ideal right-handed alpha helix: 100 degrees and 1.5 Å per residue."""
    k = np.arange(30)
    angle = np.radians(100 * k)
    return np.stack([2.3 * np.cos(angle), 2.3 * np.sin(angle), 1.5 * k], axis=1)


@pytest.fixture
def zigzag():
    """CA trace of an ideal strand: 3.3 Å rise and 0.95 Å off the axis, to either side."""
    k = np.arange(12)
    return np.stack([0.95 * (-1.0) ** k, np.zeros(12), 3.3 * k], axis=1)


def as_new(trace):
    """The chain of a trace, all of it new."""
    return Chain(trace, np.zeros(len(trace), int))


def has_hue(image, colour):
    """Whether some pixel points where the colour does from grey, shade and fog aside."""
    strong = image[np.ptp(image, axis=-1) > 0.3]
    tint = strong - strong.mean(-1, keepdims=True)
    wanted = np.array(colour[:3]) - np.mean(colour[:3])
    cosine = tint @ wanted / np.linalg.norm(tint, axis=-1) / np.linalg.norm(wanted)
    return bool((cosine > 0.98).any())


def test_size_of_the_grid(helix, zigzag, tmp_path):
    path = tmp_path / "backbones.png"
    plot_backbones([helix, zigzag, helix], path, titles=["a", "b", "c"], columns=2)
    assert imread(path).shape[:2] == (2 * (PANEL[1] + TITLE), 2 * PANEL[0])
    assert [file.name for file in tmp_path.iterdir()] == ["backbones.png"]  # nothing temporary


def test_ends_have_their_colours_and_the_page_is_white(helix, tmp_path):
    path = tmp_path / "helix.png"
    plot_backbones([helix], path)
    image = imread(path)[..., :3]
    assert (image[:5] == 1).all() and (image[-5:] == 1).all()
    drawn = image.min(axis=-1) < 0.9
    assert 0.03 < drawn.mean() < 0.5
    assert has_hue(image, N_TO_C(0.0)) and has_hue(image, N_TO_C(1.0))
    # The view puts the N-terminus left: blue there, red on the right, not the other way round.
    left, right = np.array_split(image[TITLE:], 2, axis=1)
    assert has_hue(left, N_TO_C(0.0)) and not has_hue(left, N_TO_C(1.0))
    assert has_hue(right, N_TO_C(1.0)) and not has_hue(right, N_TO_C(0.0))


def test_equal_input_gives_equal_bytes(helix, tmp_path):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    plot_backbones([helix], first, titles=["helix"])
    plot_backbones([helix], second, titles=["helix"])
    assert first.read_bytes() == second.read_bytes()


def test_backbone_and_its_ca_trace_give_one_picture(helix, tmp_path):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    rng = np.random.default_rng(0)
    backbone = helix[:, None] + rng.normal(size=(30, 4, 3))
    backbone[:, 1] = helix
    plot_backbones([backbone], first)
    plot_backbones([helix], second)
    assert first.read_bytes() == second.read_bytes()


def test_view_rotates_and_never_mirrors(helix):
    rotation = principal_view(helix, helix[-1] - helix[0])
    view = (helix - helix.mean(0)) @ rotation
    assert view[-1, 0] > view[0, 0]
    assert np.linalg.det(rotation) == pytest.approx(1)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    spread = view.var(0)
    assert spread[0] >= spread[1] >= spread[2]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_view_of_a_few_residues(helix, count):
    rotation = principal_view(helix[:count], helix[count - 1] - helix[0])
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_helices_are_wide_and_strands_end_in_arrows(helix, zigzag):
    t, _, _, across, size, _ = ribbon_of(helix, 3000)
    middle = np.abs(t - 14.5) < 5
    assert (size[middle, 0] > 1.2).all() and (size[middle, 1] < 0.3).all()
    assert (np.abs(across[middle, 2]) > 0.8).all()  # the width lies along the axis of the helix
    t, _, _, _, size, _ = ribbon_of(zigzag, 3000)
    widest = t[np.argmax(size[:, 0])]
    assert widest > 6 and size[:, 0].max() > 1.5  # the head is at the C-terminal end


def test_every_chain_of_an_assembly_has_its_own_colours(helix, tmp_path):
    coords, along = np.repeat(helix[:, None], 4, axis=1), np.array([0, 0, 60.0])
    second = replace(Backbone.from_coords(coords + along), chain_ids=np.full(30, "B"))
    pair = joined([Backbone.from_coords(coords), second])
    plot_backbones([pair], tmp_path / "pair.png")
    image = imread(tmp_path / "pair.png")[TITLE:, :, :3]
    for half in np.array_split(image, 2, axis=1):
        assert has_hue(half, N_TO_C(0.0)) and has_hue(half, N_TO_C(1.0))
    gap = image[20:, PANEL[0] // 2 - 8 : PANEL[0] // 2 + 8]
    assert (gap == 1).all()  # nothing joins them


def test_the_ribbon_is_open_where_residues_are_missing(helix):
    missing = helix[13:19]  # away from the last residues that are there
    whole, gap = (
        [ribbon[1] for ribbon in ribbons_of(as_new(chain), 30)]
        for chain in (helix, np.concatenate([helix[:12], helix[20:]]))
    )
    assert (len(whole), len(gap)) == (1, 2)

    def nearest(ribbons):
        drawn = np.concatenate(ribbons)
        return np.linalg.norm(missing[:, None] - drawn, axis=-1).min(1)

    assert (nearest(whole) < 0.5).all()  # a ribbon goes through every residue that is there
    assert (nearest(gap) > 2.5).all()
    # Either piece keeps its place along the chain, and so its colour.
    shares = [
        (ribbon[0][0], ribbon[0][-1])
        for ribbon in ribbons_of(as_new(np.delete(helix, range(12, 20), 0)), 30)
    ]
    np.testing.assert_allclose(shares, [(0, 11 / 21), (12 / 21, 1)])


def test_pieces_of_one_and_two_residues(helix):
    """Single residues are not drawn, two make a short tube."""
    chain = helix[[0, *range(8, 20), 28, 29]]
    ribbons = list(ribbons_of(as_new(chain), 30))
    assert len(ribbons) == 2
    np.testing.assert_allclose(ribbons[1].position[[0, -1]], helix[[28, 29]], atol=1e-6)
    assert np.isfinite(np.concatenate([values.ravel() for values in ribbons[1]])).all()


@pytest.mark.parametrize("length", [4, 6])
def test_straight_and_short_chains_are_drawn(length, tmp_path):
    path = tmp_path / "line.png"
    plot_backbones([np.outer(np.arange(length), [3.8, 0.0, 0.0])], path)
    assert (imread(path)[..., :3].min(axis=-1) < 0.5).any()


@pytest.mark.parametrize(
    "bad, message",
    [
        ([], "0 backbones"),
        ([np.zeros((3, 3))], "backbone 0"),
        ([np.zeros((9, 5, 3))], "backbone 0"),
        ([np.full((9, 3), np.nan)], "not finite"),
    ],
)
def test_bad_input_is_refused(bad, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        plot_backbones(bad, tmp_path / "bad.png")
    assert not list(tmp_path.iterdir())


def test_one_title_per_backbone(helix, tmp_path):
    with pytest.raises(ValueError, match="2 titles"):
        plot_backbones([helix], tmp_path / "bad.png", titles=["a", "b"])


def test_new_and_kept_residues_and_other_chains_differ(helix, tmp_path):
    """A new half is blue to green, the kept half dark, a partner light grey; new chains first."""
    partner = replace(Backbone.from_coords(np.repeat(helix[:, None], 4, 1)), chain_ids=["A"] * 30)
    coords = np.repeat(helix[:, None], 4, axis=1) + np.array([0, 0, 60.0])
    binder = replace(Backbone.from_coords(coords), chain_ids=["B"] * 30)
    roles = np.array([OTHER] * 30 + [NEW] * 15 + [KEPT] * 15)
    counts = []
    both = joined([partner, binder])
    plot_backbones([both], tmp_path / "x.png", roles=[roles], advance=counts.append)
    image = imread(tmp_path / "x.png")[TITLE:, :, :3]
    assert counts == [1] and has_hue(image, N_TO_C(0.1)) and not has_hue(image, N_TO_C(0.7))
    first, second = _chains(both, 0, roles)
    assert first.has_new and not second.has_new
    [ribbon] = ribbons_of(first, 10)
    np.testing.assert_allclose(ribbon.color[0], N_TO_C(0.0)[:3])
    assert (ribbon.color[-1] < 0.35).all()
    [ribbon] = ribbons_of(second, 10)
    assert np.ptp(ribbon.color) < 0.1 and ribbon.color.min() > 0.7


def test_sizes_in_titles():
    def sized(*lengths):
        return _size([as_new(np.zeros((n, 3))) for n in lengths])

    assert sized(80) == "80 residues" and sized(80, 80) == "2 × 80 residues"
    assert sized(241, 63) == "241 + 63 residues"
    assert sized(10, 20, 30, 40) == "4 chains, 100 residues"


def test_svg_has_the_panel_and_its_text(helix, tmp_path, monkeypatch):
    panel = PANEL // 3
    monkeypatch.setattr(ribbons, "PANEL", panel)
    plot_backbones([helix], tmp_path / "x.svg", titles=["a < b"])
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["a < b  ·  30 residues", "N", "C"]
    [element] = root.iter("{http://www.w3.org/2000/svg}image")
    content = element.attrib["{http://www.w3.org/1999/xlink}href"].partition("base64,")[2]
    image = imread(BytesIO(base64.b64decode(content)))
    assert image.shape[:2] == (PRINT_DETAIL * panel[1], PRINT_DETAIL * panel[0])
    assert has_hue(image[..., :3], N_TO_C(0.0)) and has_hue(image[..., :3], N_TO_C(1.0))
    # In points, of which 72 are an inch as the 160 pixels of the PNG are.
    assert root.attrib["viewBox"] == f"0 0 {panel[0] * 0.45:g} {(panel[1] + TITLE) * 0.45:g}"


def test_pdf_has_the_size_of_the_png(zigzag, tmp_path, monkeypatch):
    monkeypatch.setattr(ribbons, "PRINT_DETAIL", 1)
    plot_backbones([zigzag], tmp_path / "x.pdf")
    content = (tmp_path / "x.pdf").read_bytes()
    assert content.startswith(b"%PDF") and b"/FontFile2" in content
    size = f"/MediaBox [ 0 0 {PANEL[0] * 0.45:g} {(PANEL[1] + TITLE) * 0.45:g} ]"
    assert size.encode() in content
