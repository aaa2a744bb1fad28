"""Who draws the backbones of `protdiff generate`: processes of this machine, or a cluster."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.cluster_worker import Needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..._system.cluster import Cluster
    from ...network import Denoiser
    from ...sampling.frame_choice import FrameChoice
    from ...sampling.plan import Request
    from ...sampling.sample import Sample
    from ...sampling.settings import SamplingSettings
    from .options import ModelOptions
    from .type_options import TypeOptions

__all__ = ["Drawing", "load_drawing"]


@dataclass(frozen=True)
class Drawing:
    """A network, and who draws with it.

    Attributes
    ----------
    denoiser : Denoiser
        On this machine; with a cluster it only says what the weights are like.
    weights : Path
    digest : str
        SHA-256 of the weights.
    device : str
        Where the backbones are drawn.
    jobs : int
    cluster : Cluster or None
    types : tuple of (path, SHA-256)
        Weights of residue types that are drawn with the backbones.
    """

    denoiser: Denoiser
    weights: Path
    digest: str
    device: str
    jobs: int
    cluster: Cluster | None
    types: tuple[tuple[str, str], ...] = ()

    def draw(
        self,
        requests: Sequence[Request],
        settings: SamplingSettings,
        seed: int,
        frames: FrameChoice | None,
        advance: Callable[[int], None],
    ) -> Iterator[list[Sample]]:
        """Samples batch by batch, as `protdiff.sampling.draw.draw`; in any order on a cluster."""
        from ...sampling.batching import batches
        from ...sampling.draw import SameWeights, can_be_sent, draw, drawn

        weights = SameWeights(self.weights, self.digest, self.device)
        if self.cluster is None:
            yield from draw(
                self.denoiser, requests, settings,
                seed=seed, advance=advance, jobs=self.jobs, frames=frames,
                weights=weights,
            )  # fmt: skip
            return
        todo = list(batches(requests, self.device, settings))
        if any(request.condition and not request.condition.moves_atoms for request in requests):
            raise ValueError("--cluster: types alone are drawn, which takes seconds; leave it out")
        if not can_be_sent(todo):
            raise ValueError(
                "--cluster: the condition holds a function that cannot be sent to other "
                "processes; leave --cluster out"
            )
        work = partial(drawn, weights, settings, seed, None, frames)
        with self.cluster.results(work, todo, self._needs(), in_order=False) as found:
            for _, samples in found:
                advance(sum(sample.calls for sample in samples))
                yield samples

    def _needs(self) -> Needs:
        """What a worker must have to draw."""
        folder = os.getcwd() if self.types else ""  # where the paths of these begin
        own = (str(self.weights), self.digest)
        return Needs(weights=(own, *self.types), folder=folder, device=self.device)


def load_drawing(
    model: ModelOptions, jobs: int, cluster: Cluster | None, types: TypeOptions | None
) -> Drawing:
    """The network of the options, and who draws with it.

    Parameters
    ----------
    model : ModelOptions
    jobs : int
    cluster : Cluster, optional
        The device is chosen there.
    types : TypeOptions, optional
        Of residue types that are drawn with the backbones.
    """
    from ...network.weights import file_digest, find_weights, load_weights
    from .designs import load

    path = find_weights(model.weights).absolute()
    if cluster is None:
        denoiser, _, digest = load(model)
        return Drawing(denoiser, path, digest, str(denoiser.device), jobs, None)
    device = cluster.device(model.device.value)
    own = () if types is None else types.weights_file()
    return Drawing(load_weights(path), path, file_digest(path), device, jobs, cluster, own)
