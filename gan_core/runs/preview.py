"""What a run looks like before it starts: real samples beside those of a generator that has learned nothing."""

from __future__ import annotations

import dataclasses

from gan_core import data as data_sets
from gan_core import registry
from gan_core.config import RunConfig
from gan_core.device import default_threads
from gan_core.runs import frames, wishes
from gan_core.runs.picture import picture
from gan_core.runs.snapshots import Snapshot, present
from gan_core.training import new_trainer


def preview_frame(config: RunConfig) -> bytes | None:
    """A packed frame at step 0, made on the CPU; None when the data would have to be downloaded first."""
    if registry.dataset[config.data.name].info.get("download") and not data_sets.is_available(config.data.name):
        return None
    on_cpu = dataclasses.replace(config, device="cpu", precision="float32", threads=default_threads(config.kind))
    trainer = new_trainer(on_cpu)
    extras = wishes.granted(trainer.players, frozenset({"neurons"}))
    return frames.pack(Snapshot(run="", kind=config.kind, seq=0, status="preview", settings=present(config, 0), extras=extras,
                                **picture(trainer.players)))  # fmt: skip
