"""The cell of an image in closed form: a network need not learn what least squares knows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import CELL_SIZE, SIGMA_A

__all__ = ["CellCode", "CellOfImage"]

_TERMS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
_FAINT = 0.05  # voxels below tell more of noise, and of the cut, than of the cell
_SMALL = 1e-12


class CellOfImage(nn.Module):
    """An image of one atom in the middle of a cell to the cell, in standard orientation.

    -2 sigma^2 ln p is the squared distance: linear in the six terms of the metric. Voxels are
    weighted by p^2, as errors of p ask for. The normal equations are solved by conjugate
    gradients, exact after six steps, since a graph has no solver.
    """

    design: Tensor

    def __init__(self, size: int = CELL_SIZE, sigma: float = SIGMA_A) -> None:
        super().__init__()
        self.sigma, self.low, self.reach = sigma, size // 4, size // 2
        axis = (torch.arange(self.low, self.low + self.reach).float() - size // 2) / size
        offsets = torch.cartesian_prod(axis, axis, axis)  # the middle eighth of the image
        columns = [(1.0 if i == j else 2.0) * offsets[:, i] * offsets[:, j] for i, j in _TERMS]
        self.register_buffer("design", torch.stack(columns, dim=1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return cells (B, 3, 3) in A of images (B, N, N, N)."""
        keep = slice(self.low, self.low + self.reach)
        p = image[:, keep, keep, keep].flatten(1)  # (B, V)
        squared = -2 * self.sigma**2 * torch.log(p.clamp(_FAINT, 1.0))
        weight = torch.where(p > _FAINT, p, 0.0).square()
        weighted = self.design * weight[:, :, None]  # (B, V, 6)
        scale = torch.sqrt((weighted * self.design).sum(dim=1)).clamp(min=_SMALL)  # (B, 6)
        weighted = weighted / scale[:, None]
        normal = weighted.transpose(1, 2) @ self.design / scale[:, None]  # (B, 6, 6), diagonal 1
        right = (weighted * squared[:, :, None]).sum(dim=1)  # (B, 6)
        return _cell(_solved(normal, right) / scale)


def _solved(matrix: Tensor, right: Tensor) -> Tensor:
    """Return x (B, 6) of matrix (B, 6, 6) x = right, positive definite, by conjugate gradients."""
    x = torch.zeros_like(right)
    rest, step = right, right
    old = (rest * rest).sum(dim=1, keepdim=True)
    for _ in range(2 * right.shape[1]):  # twice as many as exact arithmetic needs
        along = (matrix @ step[:, :, None])[:, :, 0]
        length = old / (step * along).sum(dim=1, keepdim=True).clamp(min=_SMALL)
        x, rest = x + length * step, rest - length * along
        new = (rest * rest).sum(dim=1, keepdim=True)
        step, old = rest + new / old.clamp(min=_SMALL) * step, new
    return x


def _cell(terms: Tensor) -> Tensor:
    """Return cells (B, 3, 3) of metric terms (B, 6): the lower Cholesky factor."""
    aa, bb, cc, bc, ac, ab = terms.unbind(1)
    zero = torch.zeros_like(aa)
    ax = torch.sqrt(aa.clamp(min=_SMALL))
    bx, cx = ab / ax, ac / ax
    by = torch.sqrt((bb - bx**2).clamp(min=_SMALL))
    cy = (bc - bx * cx) / by
    cz = torch.sqrt((cc - cx**2 - cy**2).clamp(min=_SMALL))
    rows = [(ax, zero, zero), (bx, by, zero), (cx, cy, cz)]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


class CellCode(nn.Module):
    """Six numbers for a cell in standard orientation, and back: about standard normal.

    Logarithms of the diagonal, and the other entries over the diagonal's mean: any six numbers are
    a cell.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([1.5, 1.5, 1.5, 0.0, 0.0, 0.0]))
        self.register_buffer("spread", torch.tensor([0.4, 0.4, 0.4, 0.3, 0.3, 0.3]))

    def fit(self, cells: Tensor) -> None:
        """Take mean and spread of training cells (N, 3, 3)."""
        raw = _raw(cells)
        self.mean.copy_(raw.mean(dim=0))
        self.spread.copy_(raw.std(dim=0).clamp(min=0.05))

    def encode(self, cells: Tensor) -> Tensor:
        """Return codes (B, 6) of cells (B, 3, 3) in A."""
        return (_raw(cells) - self.mean) / self.spread

    def decode(self, code: Tensor) -> Tensor:
        """Return cells (B, 3, 3) in A of codes (B, 6)."""
        raw = code * self.spread + self.mean
        diagonal = torch.exp(raw[:, :3])  # (B, 3)
        length = diagonal.mean(dim=1)
        bx, cx, cy = (raw[:, 3:] * length[:, None]).unbind(1)
        ax, by, cz = diagonal.unbind(1)
        zero = torch.zeros_like(ax)
        rows = [(ax, zero, zero), (bx, by, zero), (cx, cy, cz)]
        return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def _raw(cells: Tensor) -> Tensor:
    diagonal = torch.diagonal(cells, dim1=1, dim2=2)  # (B, 3)
    length = diagonal.mean(dim=1, keepdim=True)
    others = torch.stack([cells[:, 1, 0], cells[:, 2, 0], cells[:, 2, 1]], dim=1)
    return torch.cat([torch.log(diagonal), others / length], dim=1)
