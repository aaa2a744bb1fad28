"""What draws types for a backbone: protdiff's own network, or ProteinMPNN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import os

    from jaxtyping import Float, Int

    from ..structure.backbone import Backbone
    from .constraints import Constraints

    #: Types and their log-probabilities, one sequence in a row.
    Draws = tuple[Int[np.ndarray, "sequences nodes"], Float[np.ndarray, "sequences nodes"]]

__all__ = ["ENGINES", "Engine", "OwnEngine", "check_engine", "load_engine"]

#: Names of the engines; the first one is the default.
ENGINES = ("protdiff", "mpnn")


class Engine(Protocol):
    """A network on one backbone.

    Attributes
    ----------
    needs : str
        Atoms without which a residue is not designed.
    rows : ndarray of int, shape (nodes,)
        Residues that can be designed, in the order of the backbone.
    """

    needs: str
    rows: Int[np.ndarray, " nodes"]

    def draw(
        self, constraints: Constraints, numbers: range, temperature: float, seed: int
    ) -> Draws:
        """Draw the sequences of these numbers, which do not depend on one another.

        Parameters
        ----------
        constraints : Constraints
            Of all residues of the backbone.
        numbers : range
        temperature : float
            0 for the likeliest types.
        seed : int

        Returns
        -------
        types : ndarray of int, shape (sequences, nodes)
        log_prob : ndarray, shape (sequences, nodes)
            Nats, at temperature 1 and without bias, each given the types before it; 0 for residues
            that keep their type.
        """
        ...


class OwnEngine:
    """The residue-type network of protdiff on one backbone.

    Parameters
    ----------
    backbone : Backbone
    weights : str or path, optional
        The default weights when left out.

    Raises
    ------
    WeightsError
        If there are no such weights, or they are of another network.
    ValueError
        If no residue has N, CA and C.
    """

    def __init__(self, backbone: Backbone, weights: str | os.PathLike[str] | None = None):
        from .backbone_graph import graph_of
        from .sequence_weights import load_sequence_network

        self.needs = "N, CA or C"
        self.network = load_sequence_network(weights)
        self.rows, self.graph = graph_of(backbone)

    def draw(
        self, constraints: Constraints, numbers: range, temperature: float, seed: int
    ) -> Draws:
        """As `Engine.draw`."""
        import torch

        from .decode import coloured_order, draw_types
        from .network import UNKNOWN_TYPE

        given = constraints.at(self.rows)
        stays, ties = torch.from_numpy(given.stays), torch.from_numpy(given.ties)
        known = torch.where(stays, torch.from_numpy(given.types), UNKNOWN_TYPE)
        order = coloured_order(self.graph.neighbours, stays, np.random.default_rng([seed, 0]), ties)
        rngs = [np.random.default_rng([seed, 1, number]) for number in numbers]
        bias = torch.from_numpy(given.bias)
        drawn = draw_types(self.network, self.graph, known, rngs, order, temperature, bias, ties)
        return drawn.types.numpy(), drawn.log_prob.double().numpy()


def load_engine(
    name: str,
    backbone: Backbone,
    weights: str | os.PathLike[str] | None = None,
    mpnn_model: str | None = None,
) -> Engine:
    """The engine of a name, on a backbone.

    Raises
    ------
    ValueError
        If there is no such engine, it is not installed, or its weights are not there.
    """
    check_engine(name, weights, mpnn_model)
    if name == "protdiff":
        return OwnEngine(backbone, weights)
    from .mpnn import MpnnEngine

    return MpnnEngine(backbone, mpnn_model)


def check_engine(name: str, weights: str | os.PathLike[str] | None, mpnn_model: str | None) -> None:
    """ValueError if there is no engine of this name, or weights are named for another one."""
    if name not in ENGINES:
        raise ValueError(f"`engine` {name!r}: must be one of {', '.join(ENGINES)}")
    if name == "protdiff" and mpnn_model is not None:
        raise ValueError("`mpnn_model`: goes with `engine` mpnn alone")
    if name == "mpnn" and weights is not None:
        raise ValueError("`weights`: `engine` mpnn has its own; choose one by `mpnn_model`")
