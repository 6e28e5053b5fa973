"""What a viewer sees of a run at one moment: immutable, made on the training thread, packed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core import registry
from gan_core.config import field as field_of
from gan_core.data.sets import PointSet
from gan_core.runs.phase_view import PhaseView
from gan_core.trainer import Stats, Trainer

FIELD_CELLS = 48


@dataclass(frozen=True)
class Message:
    """A sentence for people, to be translated by whoever shows it: template.format(**params)."""

    template: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Frames and run.json carry it as JSON: paths and other errors among the parameters become their text.
        plain = {k: v if v is None or isinstance(v, (str, int, float)) else str(v) for k, v in self.params.items()}
        object.__setattr__(self, "params", plain)

    def __str__(self) -> str:
        return self.template.format(**self.params)

    @staticmethod
    def read(said: Any) -> Message:
        """As run.json says it; no words where the file is damaged: better than an error."""
        try:
            found = Message(str(said["template"]), dict(said["params"]))
            str(found)
        except (LookupError, ValueError, AttributeError, TypeError):
            return Message()
        return found


@dataclass(frozen=True)
class Mark:
    """A change during the run: at `step`, setting `name` went from `old` to `new`."""

    step: int
    name: str
    old: str
    new: str


def marks_of(step: int, changed: Mapping[str, Sequence[Any]]) -> list[Mark]:
    """The marks of changes (dotted name -> old, new) at `step`: of those that have to do with the result."""
    return [Mark(step, name, str(old), str(new)) for name, (old, new) in changed.items() if field_of(name).spec.marked]


@dataclass(frozen=True)
class Metrics:
    """Values by metric name, from how many samples, at which step; and what a perfect generator would score."""

    values: Mapping[str, float]
    samples: int
    step: int
    floor: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Everything a frame is packed from. Arrays are never written to after this is made.

    points: real, fake, fake_live (N, 2) float32 in data units, field (FIELD_CELLS, FIELD_CELLS) uint8.
    images: real, fake (N, C, H, W) uint8.
    """

    run: str
    kind: str
    seq: int
    status: str
    message: Message = Message()
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    rate_images: float = 0.0
    progress: float | None = None
    queue: int = 0
    extent: tuple[float, float, float, float] | None = None
    field_kind: str = "critic"
    metrics: Metrics | None = None
    marks: tuple[Mark, ...] = ()
    engine: str = "eager"
    engine_reason: Message = Message()
    speed: int = 0
    phase: PhaseView | None = None
    curve_names: tuple[str, ...] = ()
    curve_steps: NDArray[np.float32] | None = None
    curve_values: NDArray[np.float32] | None = None
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def picture(trainer: Trainer, stats: Stats | None) -> dict[str, Any]:
    """The part of a snapshot that is drawn: what the generator makes of the preview's latents, and the critic's view."""
    if isinstance(trainer.data, PointSet):
        return _points(trainer, trainer.data, stats)
    fake = trainer.sample(trainer.preview.latents)
    pixels = ((fake + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return {"arrays": {"real": trainer.preview.real.numpy(), "fake": pixels.numpy()}}


def _points(trainer: Trainer, data: PointSet, stats: Stats | None) -> dict[str, Any]:
    output = registry.loss[trainer.config.loss].info["output"]
    logits = trainer.critic(_lattice(data.extent))
    arrays = {
        "real": trainer.preview.real.numpy(),
        "fake": trainer.sample(trainer.preview.latents).numpy(),
        "fake_live": trainer.sample(trainer.preview.latents, averaged=False).numpy(),
        "field": _shades(logits, output, stats).numpy(),
    }
    kind = "probability" if output == "probability" else "critic"
    return {"arrays": arrays, "extent": data.extent, "field_kind": kind}


def _lattice(extent: tuple[float, float, float, float]) -> Tensor:
    """(FIELD_CELLS², 2) centres of the cells of the picture, the lowest row first."""
    x0, x1, y0, y1 = extent
    offsets = (torch.arange(FIELD_CELLS) + 0.5) / FIELD_CELLS
    y, x = torch.meshgrid(y0 + offsets * (y1 - y0), x0 + offsets * (x1 - x0), indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def _shades(logits: Tensor, output: str, stats: Stats | None) -> Tensor:
    """(cells²,) logits -> (cells, cells) uint8: 0 surely generated, 127.5 undecided, 255 surely real.

    "probability": σ(logit). "target": 0 … 1 as they are. "critic": only differences mean anything, so the middle is half-way
    between the mean outputs on real and generated samples, and the scale is the field's own 95th percentile.
    """
    if output == "probability":
        share = logits.sigmoid()
    elif output == "target":
        share = logits
    else:
        middle = (stats.d_real + stats.d_fake) / 2 if stats else float(logits.median())
        centred = logits - (middle if np.isfinite(middle) else 0.0)
        share = 0.5 + centred / (2 * centred.abs().quantile(0.95).clamp(min=1e-6))
    shades = (share.nan_to_num(0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return shades.view(FIELD_CELLS, FIELD_CELLS)
