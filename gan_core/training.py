"""The trainer that a run needs."""

from __future__ import annotations

from gan_core import data as data_sets
from gan_core.config import RunConfig
from gan_core.data.pairs import PairSet
from gan_core.data.sets import ImageSet, PointSet
from gan_core.trainer import Trainer
from gan_core.translation.trainer import TranslationTrainer


def new_trainer(config: RunConfig, data: PointSet | ImageSet | None = None) -> Trainer:
    """A Trainer for these settings, of the kind that their data need; `data`: what they name, if it is loaded already. Raises as Trainer
    does."""
    data = data_sets.load(config.data) if data is None else data
    return TranslationTrainer(config, data) if isinstance(data, PairSet) else Trainer(config, data)
