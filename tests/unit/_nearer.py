"""Whether a few steps bring a run's samples nearer to its data."""

from __future__ import annotations

from gan_core.data.sets import ImageSet, to_unit
from gan_core.metrics.sliced import sliced_wasserstein
from gan_core.trainer import Trainer


def share_left(trainer: Trainer, steps: int) -> float:
    """The sliced Wasserstein distance of the preview's samples from at most 1,000 held-out pictures after so many steps, over that before."""
    assert isinstance(trainer.data, ImageSet)
    real = to_unit(trainer.data.test_images[:1000])

    def distance() -> float:
        return sliced_wasserstein(trainer.players.sample(trainer.preview.latents, averaged=False), real)

    before = distance()
    for _ in range(steps):
        trainer.step()
    assert trainer.read_stats().finite
    return distance() / before
