"""Whether a few steps bring a run's samples nearer to its data."""

from __future__ import annotations

from collections.abc import Iterator

from gan_core.data.sets import ImageSet, to_unit
from gan_core.metrics.sliced import sliced_wasserstein
from gan_core.trainer import Trainer


def share_left(trainer: Trainer, steps: int) -> float:
    """The sliced Wasserstein distance of the preview's samples from at most 1,000 held-out pictures after so many steps, over that before."""
    return next(shares_left(trainer, steps))


def shares_left(trainer: Trainer, every: int) -> Iterator[float]:
    """The same, again and again, after so many steps each time."""
    assert isinstance(trainer.data, ImageSet)
    real = to_unit(trainer.data.test_images[:1000])

    def distance() -> float:
        return sliced_wasserstein(trainer.players.sample(trainer.preview.latents, averaged=False), real)

    before = distance()
    while True:
        for _ in range(every):
            trainer.step()
        assert trainer.read_stats().finite
        yield distance() / before
