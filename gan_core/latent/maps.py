"""Maps of latent space: flat slices through it, and many samples laid out in the plane so that alike ones lie together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor

from gan_core.errors import ConfigError, DataError
from gan_core.latent import tsne, umap
from gan_core.text import N_

_BLENDED = 8  # neighbours that a place between samples is made of
LAYOUTS = ("pca", "tsne", "umap")
MOST = 5000  # samples of a layout by neighbours: the time of t-SNE grows faster than their number
_PERPLEXITY = 30.0
_COMPONENTS = 50  # of PCA, by which neighbours are looked for


@dataclass(frozen=True)
class Slice:
    """A plane in latent space: origin (dim,) in its middle, and what one unit to the right and one up adds, right and up (dim,)."""

    origin: Tensor
    right: Tensor
    up: Tensor

    def at(self, points: Tensor) -> Tensor:
        """(N, 2) -> (N, dim)."""
        return self.origin + points.to(self.origin) @ torch.stack([self.right, self.up])

    def grid(self, side: int, reach: float) -> Tensor:
        """(side², 2): the points of a square from −reach to reach, the top row first, as pictures are laid out."""
        line = torch.linspace(-reach, reach, side)
        y, x = torch.meshgrid(line.flip(0), line, indexing="ij")
        return torch.stack([x.flatten(), y.flatten()], 1)


def through(a: Tensor, b: Tensor, c: Tensor) -> Slice:
    """The plane through three latents (dim,): a lies at (0, 0) and b at (‖b − a‖, 0); right and up have length 1 and a right angle between. Raises
    ConfigError where the three lie on a line."""
    right = b - a
    up = (c - a) - ((c - a) @ right) / (right @ right).clamp(min=1e-12) * right
    if not float(right.norm()) or float(up.norm()) < 1e-5 * float((c - a).norm().clamp(min=1e-12)):
        raise ConfigError(
            N_("The three latents lie on one line, and no plane is told by them. Choose another third one.")
        )
    return Slice(a, right / right.norm(), up / up.norm())


@dataclass(frozen=True)
class Laid:
    """Samples laid out in the plane: places (N, 2), each axis within −1 … 1; latents (N, inputs), of which place i shows the i-th. dim: how
    many of their numbers are the latent, which has a length to keep, and not a class behind it; None: all."""

    places: NDArray[np.float32]
    latents: Tensor
    dim: int | None = None

    def at(self, points: Tensor) -> Tensor:
        """(M, 2) places -> (M, inputs): exactly a sample's latent where it lies, between them a mean of the nearest eight, weighted by
        1/d², as long as theirs are on the average. (Shepard 1968's interpolation.)"""
        places = torch.from_numpy(self.places)
        d, near = torch.cdist(points.float(), places, compute_mode="donot_use_mm_for_euclid_dist").topk(
            min(_BLENDED, len(places)), largest=False
        )
        weights = 1 / d.square().clamp(min=1e-20)
        weights = weights / weights.sum(1, keepdim=True)
        chosen = self.latents[near]  # (M, k, inputs)
        mixed = (weights[:, :, None].to(chosen) * chosen).sum(1)
        latent = mixed[:, : self.dim]
        length = (weights.to(chosen) * chosen[:, :, : self.dim].norm(dim=2)).sum(1, keepdim=True)
        longer = latent * (length / latent.norm(dim=1, keepdim=True).clamp(min=1e-12))
        mixed = torch.cat([longer, mixed[:, latent.shape[1] :]], 1)
        return torch.where(d[:, :1] < 1e-7, chosen[:, 0], mixed)


def lay_out(latents: Tensor, features: Tensor, how: str, tell: Callable[[float], None] = lambda share: None) -> Laid:
    """latents (N, dim) by what is seen in their samples, features (N, F): "pca", the two directions in which they vary most, or "tsne" or "umap",
    so that neighbours stay neighbours, begun from the first. The same places for the same features. `tell` hears the share that is done, and may
    raise. Raises ConfigError for another way, DataError for fewer than four samples or too many for their neighbours."""
    if how not in LAYOUTS:
        raise ConfigError(
            N_("There is no map called {name}. Choose one of: {allowed}."), name=repr(how), allowed=", ".join(LAYOUTS)
        )
    n = len(features)
    if n < 4 or (how != "pca" and n > MOST):
        raise DataError(N_("A map of {count} samples cannot be made: it takes from 4 to {most}."), count=n, most=MOST)
    flat = features.flatten(1).double().numpy()
    found: NDArray[np.floating[Any]]
    if how == "pca" or flat.shape[1] < 2:
        found = _components(flat, 2)
    else:
        reduced = _components(flat, _COMPONENTS)
        first = reduced[:, :2]
        if how == "tsne":
            found = tsne.lay_out(reduced, first, min(_PERPLEXITY, (n - 1) / 3), tell)
        else:
            found = umap.lay_out(reduced, first, tell)
    found = np.pad(found, ((0, 0), (0, 2 - found.shape[1])))
    found = found - (found.max(0) + found.min(0)) / 2
    return Laid((found / np.maximum(np.abs(found).max(0), 1e-12)).astype(np.float32), latents)


def _components(flat: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """(N, F) -> the first principal components (N, at most `most`)."""
    solver = "full" if min(flat.shape) <= 512 else "randomized"
    found: NDArray[np.float64] = PCA(min(most, *flat.shape), svd_solver=solver, random_state=0).fit_transform(flat)
    return found


def rates_of_change(pictures: Tensor, rows: int, cols: int, step: float) -> NDArray[np.float32]:
    """(rows · cols, …) samples at the points of a regular grid, `step` apart -> (rows, cols): how fast the sample changes there, √(‖∂G/∂u‖² +
    ‖∂G/∂v‖²), by differences of neighbours (central, one-sided at the border)."""
    x = pictures.flatten(1).double().numpy().reshape(rows, cols, -1)
    total = sum((np.gradient(x, step, axis=axis) ** 2).sum(2) for axis in (0, 1) if x.shape[axis] > 1)
    rates: NDArray[np.float32] = np.sqrt(total).astype(np.float32)
    return rates
