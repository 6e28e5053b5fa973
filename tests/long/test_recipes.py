"""Every recipe on its digits, to the end of its schedule: samples that a classifier recognises, or the failure that its text names."""

from __future__ import annotations

import math

import pytest

from benchmarks._train import samples, trained, trainer_of
from gan_core import metrics, registry
from gan_core.data.sets import ImageSet

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SAMPLES = 5000
# What is for a GPU promises nothing here.
RECIPES = [e for e in registry.preset.entries() if e.info["goal"] == "recipe" and "gpu" not in e.info]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", [e.name for e in RECIPES])
def test_recipes_reach_what_they_say(name: str, seed: int) -> None:
    session = trained(name, math.inf, seed)
    assert session.status == "finished"
    made, trainer = samples(session, SAMPLES, 1), trainer_of(session)
    assert isinstance(trainer.data, ImageSet)
    found, reaches = metrics.evaluate(made, trainer.data), registry.preset[name].info["reaches"]
    assert found["confident"] >= reaches["confident"]
    assert found["min_class_share"] >= reaches.get("rarest", 0.0)
