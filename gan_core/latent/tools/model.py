"""The generator of a moment as a file that leaves the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_core.errors import ExportError
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import ExploredRun
from gan_core.latent.explorer import Room
from gan_core.latent.models import LARGEST_MB, as_file
from gan_core.text import N_


@ask("as_model")
def as_model(room: Room, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The players with their settings, as `models.as_file`. Arrays: "file", its bytes; facts: "name". Raises ExportError for one too large to be
    brought anywhere, and one that was brought as another file."""
    if not isinstance(room.explored, ExploredRun):
        raise ExportError(N_("This generator came as an ONNX file. Take that file where you want to explore it."))
    data = as_file(room.explored)
    if len(data) > LARGEST_MB * 2**20:
        raise ExportError(N_("This generator has {size} MB, and at most {most} can be brought elsewhere."), size=round(len(data) / 2**20), most=LARGEST_MB)  # fmt: skip
    name = f"{room.explorer.folder.path.name}-{room.explored.step}.safetensors"
    return Answer({"file": np.frombuffer(data, np.uint8)}, {"name": name})
