"""What a discriminator says of pictures that it learns, of ones held out from it, and of generated ones: the same few at every look.

lineup = Lineup(players)                    # fixed pictures and fixed latents
lineup.verdicts(players, step)              # D's outputs for them with these weights
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core import registry
from gan_core.data.sets import ImageSet, to_unit
from gan_core.players import Players

SHOWN = 128  # pictures of each kind; fewer where a set has fewer
_SALT = 2  # the metrics' own latents come from seed + 1


@dataclass(frozen=True)
class Verdicts:
    """D's outputs at `step`, (n,) float32 each: for training pictures, held-out ones (none where there are none) and the live generator's.
    A D that judges packs has one output for each pack. kind: "probability" where the logistic function of an output is one, else "critic"."""

    step: int
    real: NDArray[Any]
    held: NDArray[Any]
    fake: NDArray[Any]
    kind: str = "critic"
    pictures: int = SHOWN  # of each kind

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """By their names in a frame."""
        return {"logits_real": self.real, "logits_held": self.held, "logits_live": self.fake}


class Lineup:
    """The pictures that D is shown: the same number of each kind. Drawn from the run's seed with a generator of its own, so that
    looking changes nothing."""

    def __init__(self, players: Players) -> None:
        data, c = players.data, players.config
        assert isinstance(data, ImageSet)
        rng = torch.Generator().manual_seed(c.seed + _SALT)
        pack = c.discriminator.packing
        self.count = min(SHOWN, len(data.images)) // pack * pack
        held = min(self.count, len(data.test_images)) // pack * pack
        if players.beside(held=False) is not None and players.beside(held=True) is None:
            held = 0  # D would have to be told what nobody knows
        self.real, self._real_labels = _some(self.count, data.images, players.beside(held=False), rng)
        self.held, self._held_labels = _some(held, data.test_images, players.beside(held=True), rng)
        self.latents = players.draw(self.count, rng)
        self._fake_labels = players.told(self.latents)

    def generated(self, players: Players) -> Tensor:
        """(N, C, H, W) in [−1, 1] on the CPU: what the generator of this very step makes of the fixed latents."""
        return players.sample(self.latents, averaged=False)

    def verdicts(self, players: Players, step: int, fake: Tensor | None = None) -> Verdicts:
        """What D says now; of each picture it is told the true class, if it is told one. fake: as `generated` gives it."""
        fake = self.generated(players) if fake is None else fake
        shown = (
            (to_unit(self.real), self._real_labels),
            (to_unit(self.held), self._held_labels),
            (fake, self._fake_labels),
        )
        real, held, made = (
            players.critic(x, labels).numpy() if len(x) else x[:, 0, 0, 0].numpy() for x, labels in shown
        )
        kind = "probability" if registry.loss[players.config.loss].info["output"] == "probability" else "critic"
        return Verdicts(step, real, held, made, kind, self.count)


def _some(
    count: int, images: Tensor, beside: Callable[[Tensor], Tensor] | None, rng: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    """So many different pictures, and what D is told beside them (count, …), where it is told something."""
    rows = torch.randperm(len(images), generator=rng)[:count]
    return images[rows], beside(rows) if beside is not None else None
