"""Least-squares superposition of point sets, batched (Horn 1987, unit quaternions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    Matrices = Float[Tensor, "batch 3 3"]

__all__ = ["largest_trace", "rmsd", "rotation_of", "superpose"]


def _tables() -> tuple[Float[Tensor, "9 16"], Float[Tensor, "16 9"]]:
    """Linear maps of a covariance to Horn's symmetric matrix, and of q qᵀ to the rotation."""
    xx, xy, xz, yx, yy, yz, zx, zy, zz = torch.eye(9, dtype=torch.float64)
    horn = [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, yy - xx - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, zz - xx - yy],
    ]
    (ww, wx, wy, wz), (_, xx, xy, xz), (_, _, yy, yz), (*_, zz) = torch.eye(
        16, dtype=torch.float64
    ).unflatten(0, (4, 4))
    rotation = [
        [ww + xx - yy - zz, 2 * (xy + wz), 2 * (xz - wy)],
        [2 * (xy - wz), ww - xx + yy - zz, 2 * (yz + wx)],
        [2 * (xz + wy), 2 * (yz - wx), ww - xx - yy + zz],
    ]
    return _linear_map(horn), _linear_map(rotation)


def _linear_map(entries: list[list[Tensor]]) -> Float[Tensor, "inputs outputs"]:
    """Matrix of a table of linear forms."""
    return torch.stack([torch.stack(row, 1) for row in entries], 1).flatten(1)


HORN, ROTATION = _tables()

#: Number of matrices from which Newton's method is faster than LAPACK.
MANY = 100
#: Most iterations of Newton's method.
NEWTON_STEPS = 16
#: Newton's method has converged when its step is smaller; the error is of the order of its square.
CONVERGED = 1e-9
#: LAPACK is used where the product of the three sums of two singular values, of a matrix of norm 1,
#: is below this: two rotations are then almost equally good, and two roots almost coincide.
NARROW = 1e-3


def rotation_of(covariance: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Rotation R that maximises trace(R^T covariance); never a reflection.

    Parameters
    ----------
    covariance : Tensor, shape (..., 3, 3)
        Sum over points of mobile^T target, both centred.

    Returns
    -------
    Tensor, shape (..., 3, 3)
        ``mobile @ R`` lies on target.
    """
    matrices = covariance.reshape(-1, 3, 3)
    method = _by_eigenvector if len(matrices) < MANY else _by_newton
    return method(matrices).reshape(covariance.shape)


def _by_eigenvector(covariance: Matrices) -> Matrices:
    """`rotation_of` by LAPACK: the quaternion is an eigenvector of Horn's matrix."""
    horn, rotation = HORN.to(covariance), ROTATION.to(covariance)
    matrix = (covariance.flatten(1) @ horn).unflatten(1, (4, 4))
    q = torch.linalg.eigh(matrix)[1][..., -1]
    return ((q[:, :, None] * q[:, None, :]).flatten(1) @ rotation).unflatten(1, (3, 3))


def _by_newton(covariance: Matrices) -> Matrices:
    """`rotation_of` from the eigenvalue alone (Markley, J. Astronaut. Sci. 41, 261, 1993)."""
    solution = _largest_root(covariance)
    c, root, determinant = solution.covariance, solution.root, solution.determinant
    kappa = (root * root - 1) / 2
    zeta = kappa * root - determinant
    rotation = torch.baddbmm((kappa + 1)[:, None, None] * c, c @ c.mT, c, alpha=-1)
    rotation = (rotation + root[:, None, None] * solution.cofactors) / zeta[:, None, None]
    narrow = (~(zeta > NARROW) | ~solution.converged).nonzero()[:, 0]
    if len(narrow):
        rotation[narrow] = _by_eigenvector(c[narrow])
    return rotation.to(covariance.dtype)


def largest_trace(covariance: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch"]:
    """Trace(R^T covariance) of the rotation that `rotation_of` gives; float64."""
    matrices = covariance.reshape(-1, 3, 3).double()
    solution = _largest_root(matrices)
    trace = solution.root * matrices.flatten(1).norm(dim=1)
    slow = (~solution.converged).nonzero()[:, 0]
    if len(slow):
        rotation = _by_eigenvector(matrices[slow])
        trace[slow] = (rotation * matrices[slow]).sum((1, 2))
    return trace.reshape(covariance.shape[:-2])


class LargestRoot(NamedTuple):
    """Largest eigenvalue of Horn's matrix of covariances that were scaled to norm 1."""

    covariance: Matrices
    root: Float[Tensor, "batch"]
    cofactors: Matrices
    determinant: Float[Tensor, "batch"]
    converged: Bool[Tensor, "batch"]


def _largest_root(covariance: Matrices) -> LargestRoot:
    c = covariance.double()
    c = c / c.flatten(1).norm(dim=1).clamp_min(1e-300)[:, None, None]
    cofactors = torch.linalg.cross(c.roll(-1, 1), c.roll(-2, 1))
    squares = cofactors.square().sum((1, 2))
    determinant = (c[:, 0] * cofactors[:, 0]).sum(1)
    # λ⁴ - 2λ² - 8 det λ + 1 - 4 |cof|² = 0, from above: λ, a sum of three, has
    # λ² = 1 + twice the sum of their products <= 1 + 2 √3 |cof|.
    linear, constant = -8 * determinant, 1 - 4 * squares
    root = (1 + 12**0.5 * squares.sqrt()).sqrt()
    step = root
    for _ in range(NEWTON_STEPS):
        square = root * root
        value = torch.addcmul(constant, torch.addcmul(linear, square - 2, root), root)
        step = (value / torch.addcmul(linear, square - 1, root, value=4)).nan_to_num()
        root = root - step
        if float(step.abs().max()) < CONVERGED:
            break
    return LargestRoot(c, root, cofactors, determinant, step.abs() < CONVERGED)


def superpose(
    mobile: Float[Tensor, "*batch points 3"],
    target: Float[Tensor, "*batch points 3"],
    mask: Bool[Tensor, "*batch points"] | None = None,
) -> tuple[Float[Tensor, "*batch 3 3"], Float[Tensor, "*batch 3"]]:
    """Best rigid motion of one point set onto another.

    Parameters
    ----------
    mobile, target : Tensor, shape (..., N, 3)
        Corresponding points.
    mask : Tensor of bool, shape (..., N), optional
        Pairs that count; all if left out.

    Returns
    -------
    rotation : Tensor, shape (..., 3, 3)
    translation : Tensor, shape (..., 3)
        ``mobile @ rotation + translation[..., None, :]`` lies on target. The rotation carries no
        gradient: at the optimum the derivative of the rmsd with respect to it vanishes, so the
        gradient of anything that depends on the rmsd alone is exact and never singular.

    Examples
    --------
    >>> import torch
    >>> from protdiff.structure import superpose
    >>> points = torch.eye(3, dtype=torch.float64)
    >>> rotation, translation = superpose(points, points + 5)
    >>> translation.round(decimals=3)
    tensor([5., 5., 5.], dtype=torch.float64)
    """
    if mask is not None:
        mobile, target = (x.masked_fill(~mask[..., None], 0) for x in (mobile, target))
    weight = torch.ones_like(mobile[..., 0]) if mask is None else mask.to(mobile.dtype)
    weight = (weight / weight.sum(-1, keepdim=True).clamp_min(1))[..., None]
    center, goal = ((weight * x).sum(-2, keepdim=True) for x in (mobile, target))
    with torch.no_grad():
        covariance = (weight * (mobile - center)).mT @ (target - goal)
        rotation = rotation_of(covariance)
    return rotation, (goal - center @ rotation)[..., 0, :]


def rmsd(
    mobile: Float[Tensor, "*batch points 3"],
    target: Float[Tensor, "*batch points 3"],
    mask: Bool[Tensor, "*batch points"] | None = None,
) -> Float[Tensor, "*batch"]:
    """Root mean square distance after superposition, Å.

    Differentiable where it is not zero. Arguments as in `superpose`.

    Examples
    --------
    >>> import torch
    >>> from protdiff.structure import rmsd
    >>> points = torch.eye(3, dtype=torch.float64)
    >>> bool(rmsd(points, points + 5) < 1e-6)
    True
    """
    if mask is not None:
        mobile, target = (x.masked_fill(~mask[..., None], 0) for x in (mobile, target))
    rotation, translation = superpose(mobile, target, mask)
    squares = (mobile @ rotation + translation[..., None, :] - target).square().sum(-1)
    if mask is None:
        return squares.mean(-1).sqrt()
    return (squares.masked_fill(~mask, 0).sum(-1) / mask.sum(-1)).sqrt()
