"""A generator that is known: z₀ is the brightness of a picture, z₁ which half of it is lit, and the other coordinates do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _tiny
import torch
from torch import Tensor, nn

from gan_core.data.sets import ImageSet
from gan_core.latent import tools  # noqa: F401 - registers what can be asked
from gan_core.latent.asking import Answer, asked_for
from gan_core.latent.explored import ExploredRun
from gan_core.latent.explorer import Explorer, Room
from gan_core.networks import build_discriminator
from gan_core.players import Players, Preview
from gan_core.runs.folder import RunFolder

DIM = 4


def picture(bright: Tensor, right: Tensor) -> Tensor:
    """(N,), (N,) from 0 to 1 -> (N, 1, 8, 8) in [−1, 1]: one half lit, and a little of the other where it is between."""
    out = torch.zeros(len(bright), 1, 8, 8)
    out[:, :, :, :4] = (bright * (1 - right))[:, None, None, None]
    out[:, :, :, 4:] = (bright * right)[:, None, None, None]
    return 2 * out - 1


def the_set() -> ImageSet:
    """Its training pictures, with a third factor that nothing shows."""
    rng = torch.Generator().manual_seed(3)
    bright, hidden = 0.2 + 0.8 * torch.rand(900, generator=rng), torch.rand(900, generator=rng)
    side = torch.randint(0, 2, (900,), generator=rng)
    pixels = ((picture(bright, side.float()) + 1) * 127.5).round().to(torch.uint8)
    factors = torch.stack([side.float(), bright, hidden], 1)
    return ImageSet("planted", pixels[:700], side[:700], pixels[700:], side[700:], ("left", "right"), "none",
                    factors[:700], ("side", "bright", "hidden"), factors[700:])  # fmt: skip


class Planted(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return picture(0.2 + 0.8 * torch.sigmoid(1.5 * z[:, 0]), torch.sigmoid(8 * z[:, 1]))


class Bright(nn.Module):
    """A D that says how bright a picture is."""

    def forward(self, x: Tensor, *_more: Any) -> Tensor:
        return x.flatten(1).mean(1)


def room(path: Path, data: ImageSet | None = None) -> Room:
    """Where it can be asked about; its folder is empty."""
    config = _tiny.pictures(latent__dim=DIM)
    data = data or the_set()
    path.mkdir(parents=True, exist_ok=True)
    nothing = Preview(torch.empty(0, DIM), torch.empty(0, *data.shape))
    d = build_discriminator(config, data.shape, torch.Generator().manual_seed(0))
    g = Planted()
    players = Players(config, data, nothing, torch.device("cpu"), g, g, d, None)
    return Room(Explorer(RunFolder(path)), ExploredRun(players, 7))


def nobody_waits(_share: float, _so_far: Answer | None = None) -> None:
    """For slow answers."""


def answer(room: Room, name: str, asked: Mapping[str, Any]) -> Answer:
    return asked_for(name).answer(room, asked, nobody_waits)
