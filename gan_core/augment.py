"""Augmentation of everything that D sees, real and generated, in its own step and in G's: with few pictures D cannot learn them by heart.

D is replaced by D∘T, with random numbers for each sample. T is differentiable, since G learns through it. Penalties take D∘T too: its
slope by the picture as it was before T, as R3GAN has it, so that what is kept flat is what the players play with.

T(x, numbers, strength, p, flips) takes pictures (B, C, H, W) in [−1, 1] and what `draw` gives for B samples. At strength 0 every
value of x comes back bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from gan_core.penalties import Critic

Amount: TypeAlias = float | Tensor
INTERVAL = 4  # steps between two changes of p; Karras et al. 2020, section 3.1
MOST = 0.8  # of p: from there on D∘T no longer shows which pictures there were; Karras et al. 2020, section 2.2

_SHIFT, _CUT = 1 / 8, 1 / 2  # of the picture's side; Zhao et al. 2020, section 3.2
_TURN = math.radians(15)  # at most: the paper's rotations go all round, and make a 9 of a 6


def diffaugment(x: Tensor, numbers: Tensor, strength: Amount, p: Amount = 1.0, flips: bool = False) -> Tensor:
    """T(x) = cutout(translation(colour(x))).   Zhao et al. 2020, arXiv:2006.10738, section 3.2.

    Colour: brightness ± ½, saturation × 0 … 2, contrast × ½ … 1½; translation by up to an eighth of the side, with zeros behind;
    cutout of a square of half the side. p and flips do not count."""
    brightness, saturation, contrast, down, right, row, column = numbers.unbind(1)
    x = _brighter(x, strength * (brightness - 0.5))
    x = _saturated(x, strength * (2 * saturation - 1))
    x = x + _each(strength * (contrast - 0.5)) * (x - x.mean((1, 2, 3), keepdim=True))
    return _cut(_shifted(x, down, right, strength), row, column, strength)


def ada(x: Tensor, numbers: Tensor, strength: Amount, p: Amount = 1.0, flips: bool = False) -> Tensor:
    """T(x) = colour(geometry(x)), each of its parts with probability p.   Karras et al. 2020, arXiv:2006.06676, section 2.3, appendix B.

    Geometry: mirrored (if flips) and moved by whole pixels, up to an eighth of the side; scaled by 2^N(0, 0.2²); turned by up to 15°; moved
    by N(0, 0.125²) of the side. Colour: brightness + N(0, 0.2²), contrast × 2^N(0, 0.5²), saturation × 2^N(0, 1)."""
    uniform, normal = numbers[:, :_UNIFORM], numbers[:, _UNIFORM:]
    on = strength * (uniform[:, :_GATES] < p).to(uniform.dtype)
    mirrored, moved, scaled, turned, placed, bright, rich, strong = on.unbind(1)
    mirror, down, right, turn = uniform[:, _GATES:].unbind(1)
    size, lower, further, brightness, saturation, contrast = normal.unbind(1)
    height, width = x.shape[2:]
    mirror = torch.where((mirror < 0.5) & (mirrored > 0), -1.0, 1.0) if flips else torch.ones_like(mirror)
    x = _warped(
        x, mirror, (torch.round(moved * _SHIFT * height * (2 * down - 1)), torch.round(moved * _SHIFT * width * (2 * right - 1))),
        torch.exp2(0.2 * scaled * size), turned * _TURN * (2 * turn - 1), (0.125 * placed * height * lower, 0.125 * placed * width * further),
    )  # fmt: skip
    x = _brighter(x, 0.2 * bright * brightness)
    x = x * _each(torch.exp2(0.5 * strong * contrast))
    return _saturated(x, torch.exp2(rich * saturation) - 1)


@dataclass(frozen=True)
class Transform:
    """apply: T. uniform and normal: how many numbers of each kind it takes for a sample. adapts: whether its p follows D."""

    apply: Callable[[Tensor, Tensor, Amount, Amount, bool], Tensor]
    uniform: int
    normal: int = 0
    adapts: bool = False


_GATES, _UNIFORM, _NORMAL = 8, 12, 6
TRANSFORMS = {"diffaugment": Transform(diffaugment, 7), "ada": Transform(ada, _UNIFORM, _NORMAL, adapts=True)}


def numbers_of(name: str) -> int:
    """How many random numbers a sample takes; 0 without augmentation."""
    return TRANSFORMS[name].uniform + TRANSFORMS[name].normal if name in TRANSFORMS else 0


def draw(name: str, rows: int, rng: torch.Generator) -> Tensor:
    """(rows, numbers_of(name)): uniform numbers in [0, 1), then some from a standard normal."""
    t = TRANSFORMS[name]
    parts = [torch.rand(rows, t.uniform, generator=rng, device=rng.device)]
    parts += [torch.randn(rows, t.normal, generator=rng, device=rng.device)] if t.normal else []
    return torch.cat(parts, 1)


class Augmented:
    """D∘T as a critic: each call takes as many of the numbers (rows, …) as it is given samples, in order."""

    def __init__(self, critic: Critic, transform: Callable[[Tensor, Tensor], Tensor], numbers: Tensor) -> None:
        self._critic, self._transform, self._numbers = critic, transform, numbers
        self._taken = 0

    def __call__(self, x: Tensor, *told: Tensor) -> Tensor:
        numbers = self._numbers[self._taken : self._taken + len(x)]
        self._taken += len(x)
        return self._critic(self._transform(x.to(numbers.dtype), numbers), *told)  # places need more than 16 bits


# ── how strong: adaptive p ───────────────────────────────────────────────────────────────────────────────────────────────


def adapted(state: Tensor, amount: Amount, target: Amount) -> Tensor:
    """p ← p + sign(r_t − target) · amount, r_t = E[sign D(x)] on real pictures since the last time.   Karras et al. 2020, section 3.1.

    state (3,): p, the sum of r over some parts of batches, and how many these were; p stays within 0 … 0.8, and the sums begin anew.
    """
    p, total, count = state.unbind()
    step = torch.sign(total / count.clamp(min=1) - target) * (count > 0) * amount
    return torch.stack([(p + step).clamp(0, MOST), torch.zeros_like(p), torch.zeros_like(p)])


def watch(state: Tensor, real: Tensor, border: float) -> None:
    """Count D's outputs (B,) on real pictures: on which side of the border between real and generated they lie."""
    sign = torch.sign(real.detach() - border).mean().to(state.dtype)
    state += torch.stack([torch.zeros_like(sign), sign, torch.ones_like(sign)])


def amount(images: float, speed: float) -> float:
    """How far p goes at a time, after so many images since the last: from 0 to 1 in `speed` images."""
    return images / speed


# ── transforms of pictures (B, C, H, W) by numbers (B,) ──────────────────────────────────────────────────────────────────


def _each(value: Tensor) -> Tensor:
    return value.view(-1, 1, 1, 1)


def _brighter(x: Tensor, by: Tensor) -> Tensor:
    return x + _each(by)


def _saturated(x: Tensor, more: Tensor) -> Tensor:
    """x + more · (x − its grey): −1 is grey, 0 leaves it. One channel has no colour to lose."""
    return x if x.shape[1] == 1 else x + _each(more) * (x - x.mean(1, keepdim=True))


def _floor(value: Amount) -> Amount:
    return torch.floor(value) if isinstance(value, Tensor) else math.floor(value)


def _shifted(x: Tensor, down: Tensor, right: Tensor, strength: Amount) -> Tensor:
    """Moved by a whole number of pixels each way, all as likely; zeros come in."""
    inside, places = [], []
    for u, size in ((down, x.shape[2]), (right, x.shape[3])):
        most = _floor(_SHIFT * size * strength + 0.5)
        by = torch.floor(u * (2 * most + 1)) - most
        place = torch.arange(size, device=x.device) - by[:, None].to(
            torch.int64
        )  # (B, size): where each pixel comes from
        inside.append((place >= 0) & (place < size))
        places.append(place.clamp(0, size - 1))
    seen = inside[0][:, :, None] & inside[1][:, None, :]
    return _taken(x, places[0][:, :, None], places[1][:, None, :]) * seen[:, None]


def _cut(x: Tensor, row: Tensor, column: Tensor, strength: Amount) -> Tensor:
    """Zeros in a square whose middle may lie anywhere in the picture."""
    hidden = []
    for u, side in ((row, x.shape[2]), (column, x.shape[3])):
        size = _floor(_CUT * side * strength + 0.5)
        first = torch.floor(u * (side + 1 - size % 2)) - _floor(size / 2)
        place = torch.arange(side, device=x.device) - first[:, None]
        hidden.append((place >= 0) & (place < size))
    return x * ~(hidden[0][:, :, None] & hidden[1][:, None, :])[:, None]


def _warped(
    x: Tensor, mirror: Tensor, moved: tuple[Tensor, Tensor], scale: Tensor, angle: Tensor, placed: tuple[Tensor, Tensor]
) -> Tensor:
    """Mirrored, moved, scaled and turned about the middle, and moved again, in one: sampled bilinearly where each pixel comes from, the
    picture reflected at its borders. mirror: −1 or 1; angle in radians, from right towards down; both moves (down, right) in pixels."""
    height, width = x.shape[2:]
    at = [torch.arange(n, device=x.device, dtype=scale.dtype) - (n - 1) / 2 for n in (height, width)]
    rows, columns = at[0][:, None] - _plane(placed[0]), at[1] - _plane(placed[1])
    cos, sin = (_plane(f(angle)) for f in (torch.cos, torch.sin))
    y = (cos * rows - sin * columns) / _plane(scale) - _plane(moved[0])
    xs = ((cos * columns + sin * rows) / _plane(scale) - _plane(moved[1])) * _plane(mirror)
    return _sampled(x, y + (height - 1) / 2, xs + (width - 1) / 2)


def _plane(value: Tensor) -> Tensor:
    return value.view(-1, 1, 1)


def _sampled(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The values at these places (B, H, W), bilinear. Written out, since torch's own grid_sample has no second derivative, which
    gradient penalties need."""
    (top, bottom, down), (left, right, along) = (_between(p, n) for p, n in ((rows, x.shape[2]), (columns, x.shape[3])))
    upper = torch.lerp(_taken(x, top, left), _taken(x, top, right), along)
    lower = torch.lerp(_taken(x, bottom, left), _taken(x, bottom, right), along)
    return torch.lerp(upper, lower, down)


def _between(place: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The pixels before and behind a place, after reflection at the first and the last pixel, and how far it lies between them."""
    place = place.remainder(2 * size - 2)
    place = torch.where(place > size - 1, 2 * size - 2 - place, place)
    before = torch.floor(place)
    first = before.to(torch.int64)
    return first, (first + 1).clamp(max=size - 1), (place - before)[:, None]


def _taken(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels (B, C, H, W) at whole rows and columns, which broadcast to (B, H, W)."""
    place = (rows * x.shape[3] + columns).flatten(1)[:, None].expand(-1, x.shape[1], -1)
    return x.flatten(2).gather(2, place).view(x.shape)
