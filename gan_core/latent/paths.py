"""Ways through latent space: between two places, between several on a pad, and loops through many.

Straight lines pass through places that are likelier to the generator's eye than any it was trained on: the middle of two Gaussian latents
is shorter than almost all of them. Arcs keep the length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gan_core.errors import ConfigError
from gan_core.text import N_

_NEARLY = 1e-4  # radians: so near to 0 or π the formula of the arc divides rounding by rounding


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """(dim,), (dim,), (T,) -> (T, dim): (1 − t) a + t b, exactly a at 0 and b at 1."""
    share = t[:, None].to(a.dtype)
    return torch.where(share == 1, b, a + share * (b - a))


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """(dim,), (dim,), (T,) -> (T, dim): along the arc from a's direction to b's, the length going evenly from a's to b's; exactly a at
    0 and b at 1.

    (sin((1 − t)ω) â + sin(tω) b̂) / sin ω, ω the angle between â and b̂.   Shoemake 1985; White 2016, arXiv:1609.04468. Where they point in
    opposite directions any arc is as short: the one by way of the coordinate in which a has least. Raises ConfigError for a latent of
    length 0, which has no direction."""
    lengths = torch.stack([a.norm(), b.norm()]).double()
    if not bool((lengths > 0).all()):
        raise ConfigError(
            N_("A latent of length 0 has no direction to turn from. Choose another one, or the straight line.")
        )
    one, two = a.double() / lengths[0], b.double() / lengths[1]
    share = t.double()[:, None]
    angle = 2 * math.atan2(float((one - two).norm()), float((one + two).norm()))  # Kahan: exact for small angles, too
    if angle < _NEARLY:
        turned = lerp(one, two, t)
    elif angle > math.pi - _NEARLY:
        least = torch.zeros_like(one)
        least[one.abs().argmin()] = 1.0
        side = normalize(least - (least @ one) * one, dim=0)
        turned = torch.cos(share * math.pi) * one + torch.sin(share * math.pi) * side
    else:
        turned = (torch.sin((1 - share) * angle) * one + torch.sin(share * angle) * two) / math.sin(angle)
    out = (turned * ((1 - share) * lengths[0] + share * lengths[1])).to(a.dtype)
    return torch.where(t[:, None] == 0, a, torch.where(t[:, None] == 1, b, out))


WAYS: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"straight": lerp, "arc": slerp}


def loop(places: Tensor, each: int, way: str = "arc") -> Tensor:
    """(K, dim) -> (K · each, dim): a closed way through all places in order and back to the first, `each` steps from one to the next; step
    i · each is exactly place i. Raises ConfigError for fewer than two places or for `each` below 1."""
    if len(places) < 2 or each < 1:
        raise ConfigError(N_("A loop needs two places or more and at least one step between them, and got {places} and {steps}."),
                          places=len(places), steps=each)  # fmt: skip
    t = torch.arange(each, dtype=torch.float64) / each
    return torch.cat([WAYS[way](a, b, t) for a, b in zip(places, places.roll(-1, 0), strict=True)])


def blend(anchors: Tensor, weights: Tensor, *, keep_length: bool) -> Tensor:
    """(K, dim), (K,) weights that add up to 1 -> (dim,): Σ wᵢ aᵢ, exactly an anchor where it alone has a weight, and this is 1. With
    `keep_length` as long as Σ wᵢ‖aᵢ‖, since a mean of latents is shorter than any that the generator knows; weights below 0 may leave
    no such length, and then the sum stays as it is."""
    weights = weights.to(anchors.dtype)
    if int((weights != 0).sum()) == 1 and bool((weights == 1).any()):
        return anchors[int(weights.argmax())].clone()
    mixed = weights @ anchors
    length, wanted = float(mixed.norm()), float(weights @ anchors.norm(dim=1))
    return mixed * (wanted / length) if keep_length and length > 0 and wanted > 0 else mixed


def pad_weights(point: tuple[float, float], corners: Tensor) -> Tensor:
    """How much of each corner a point of the pad has: (K,), none below 0, adding up to 1; exactly 1 at a corner, and linear along an edge.
    corners (K, 2): of a convex polygon, in order. A point outside counts as the nearest one of its edge.

    Mean value coordinates: wᵢ ∝ (tan(αᵢ₋₁/2) + tan(αᵢ/2)) / rᵢ, αᵢ the angle that corners i and i + 1 are seen at from the point, rᵢ the
    distance of corner i.   Floater 2003, https://doi.org/10.1016/S0167-8396(03)00002-5."""
    corners = corners.double()
    p = torch.tensor(point, dtype=torch.float64)
    after = corners.roll(-1, 0)
    edges = after - corners
    share = (((p - corners) * edges).sum(1) / (edges**2).sum(1)).clamp(0, 1)
    on_edge = corners + share[:, None] * edges
    away = (p - on_edge).norm(dim=1)
    nearest = int(away.argmin())
    turns = edges[:, 0] * (p - corners)[:, 1] - edges[:, 1] * (p - corners)[:, 0]
    inside = bool((turns > 0).all() or (turns < 0).all())
    if not inside or float(away[nearest]) < 1e-9 * float(edges.norm(dim=1).max()):
        weights = torch.zeros(len(corners), dtype=torch.float64)
        weights[nearest] += 1 - share[nearest]
        weights[(nearest + 1) % len(corners)] += share[nearest]
        return weights
    spokes = corners - p
    r = spokes.norm(dim=1)
    following, next_r = spokes.roll(-1, 0), r.roll(-1)
    cross = (spokes[:, 0] * following[:, 1] - spokes[:, 1] * following[:, 0]).abs()
    half = cross / (r * next_r + (spokes * following).sum(1))  # tan(α/2) = |a × b| / (|a||b| + a · b)
    weights = (half.roll(1) + half) / r
    shares: Tensor = weights / weights.sum()
    return shares
