"""Rigid docking of a chain to a target: poses that touch it, and poses of low energy."""

# Some methods of torch have no complete types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from .interface import LAW, all_points

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float
    from torch import Tensor

    from .interface import Interface

__all__ = ["Pose", "best_pose", "docked", "moved", "refined", "start_poses"]

#: Length (Å) by which an angle counts as much as a shift, in a refinement.
ARM = 10.0
#: Width of directions from which a chain comes, around the outward one.
CONE = 0.5


class Pose(NamedTuple):
    """Rigid motion from the chain's frame into the target's: ``x @ rotation + shift``."""

    rotation: Float[Tensor, "3 3"]
    shift: Float[Tensor, " 3"]


def moved(points: Float[Tensor, "*points 3"], pose: Pose) -> Float[Tensor, "*points 3"]:
    """Points of the chain in the frame of the target."""
    return points @ pose.rotation + pose.shift


def docked(
    interface: Interface,
    coords: Float[np.ndarray, "residues 4 3"],
    pose: Pose | None,
    seed: int,
) -> Float[np.ndarray, "residues 4 3"]:
    """Coordinates of a chain at the best place beside the target.

    Parameters
    ----------
    interface : Interface
    coords : ndarray, shape (N, 4, 3)
        Å, in the frame of the chain.
    pose : Pose or None
        The one that the flow has kept; it comes first. Others are tried if it does not meet all.
    seed : int
        Of the others.
    """
    points = torch.tensor(all_points(coords))
    ends = [] if pose is None else [_last_refinement(interface, points, pose)]
    if not ends or not interface.meets(moved(points, ends[0][0])):
        poses = _by_energy(interface, points[:, 1], start_poses(interface, points[:, 1], seed + 1))
        ends += [_last_refinement(interface, points, start) for start in poses]
    best, _ = min(ends, key=lambda end: end[1])
    return moved(points[:, :4], best).numpy()


def _by_energy(
    interface: Interface, ca: Float[Tensor, "residues 3"], poses: Sequence[Pose]
) -> list[Pose]:
    """The few poses of the lowest energy."""
    values = [float(interface.near(at).energy(at)) for at in (moved(ca, p) for p in poses)]
    return [poses[k] for k in np.argsort(values)[: LAW.tries]]


def _last_refinement(
    interface: Interface, points: Float[Tensor, "residues atoms 3"], pose: Pose
) -> tuple[Pose, float]:
    posed = moved(points, pose)
    near = interface.near(posed[:, 1])
    return _lowered(points, pose, near.full_energy, LAW.final_calls)


def start_poses(interface: Interface, ca: Float[Tensor, "residues 3"], seed: int) -> list[Pose]:
    """Random orientations of a chain that just touches the target at its hotspots.

    Parameters
    ----------
    interface : Interface
    ca : Tensor, shape (N, 3)
        Å, in the frame of the chain.
    seed : int
    """
    rng = np.random.default_rng(seed)
    middle, outward = interface.hotspots.mean(0), interface.outward()
    centre, poses = ca.mean(0), []
    for _ in range(LAW.starts):
        rotation = _random_rotation(rng)
        direction = outward + CONE * torch.tensor(rng.normal(size=3))
        direction = direction / direction.norm()
        turned = (ca - centre) @ rotation
        at = middle + _touching(interface.ca - middle, turned, direction) * direction
        poses.append(Pose(rotation, at - centre @ rotation))
    return poses


def _random_rotation(rng: np.random.Generator) -> Float[Tensor, "3 3"]:
    """A rotation, all equally likely."""
    axes, upper = np.linalg.qr(rng.normal(size=(3, 3)))
    axes = axes * np.sign(np.diag(upper))
    axes[:, 0] *= np.linalg.det(axes)
    return torch.tensor(axes)


def _touching(
    target: Float[Tensor, "targets 3"],
    chain: Float[Tensor, "residues 3"],
    direction: Float[Tensor, " 3"],
) -> float:
    """Shift along the direction beyond which no CA of a chain is nearer to the target."""
    gap = (chain[:, None] - target).flatten(0, 1)
    along = gap @ direction
    inside = along**2 - gap.square().sum(1) + LAW.apart**2
    root = -along + inside.clamp_min(0).sqrt()
    root = root[inside > 0]
    return float(root.max()) if len(root) else 0.0


def best_pose(interface: Interface, ca: Float[Tensor, "residues 3"], poses: Sequence[Pose]) -> Pose:
    """The pose of the lowest energy, after a refinement of the best few."""
    ends = [_by_ca(interface, ca, pose, 3 * LAW.calls) for pose in _by_energy(interface, ca, poses)]
    return min(ends, key=lambda end: end[1])[0]


def refined(interface: Interface, ca: Float[Tensor, "residues 3"], pose: Pose, calls: int) -> Pose:
    """A pose of lower energy near another one."""
    return _by_ca(interface, ca, pose, calls)[0]


def _by_ca(
    interface: Interface, ca: Float[Tensor, "residues 3"], pose: Pose, calls: int
) -> tuple[Pose, float]:
    near = interface.near(moved(ca, pose))
    return _lowered(ca[:, None], pose, lambda points: near.energy(points[:, 0]), calls)


def _lowered(
    points: Float[Tensor, "residues atoms 3"],
    pose: Pose,
    energy: Callable[[Float[Tensor, "residues atoms 3"]], Float[Tensor, ""]],
    calls: int,
) -> tuple[Pose, float]:
    """A pose after some steps of L-BFGS, and its energy."""
    start = moved(points, pose)
    centre = start.mean((0, 1))
    start = start - centre
    with torch.enable_grad():
        z = torch.zeros(6, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS(
            [z], max_iter=calls, max_eval=calls, line_search_fn="strong_wolfe"
        )

        def closure() -> Float[Tensor, ""]:
            optimizer.zero_grad()
            value = energy(start @ _turn(z) + centre + z[3:])
            value.backward()
            return value

        optimizer.step(closure)  # pyright: ignore[reportArgumentType]
    with torch.no_grad():
        turn = _turn(z)
        value = float(energy(start @ turn + centre + z[3:]))
        end = Pose(pose.rotation @ turn, (pose.shift - centre) @ turn + centre + z[3:])
    return end, value


def _turn(z: Float[Tensor, " 6"]) -> Float[Tensor, "3 3"]:
    """Rotation by the vector of the first three numbers."""
    x, y, w = (z[:3] / ARM).unbind()
    zero = torch.zeros((), dtype=z.dtype)
    return torch.linalg.matrix_exp(
        torch.stack([zero, w, -y, -w, zero, x, y, -x, zero]).reshape(3, 3)
    )
