"""What a viewer sees of a run at one moment: immutable, made on the training thread, packed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.config import RunConfig
from gan_core.config import field as field_of
from gan_core.diagnosis.findings import Finding
from gan_core.runs.phase_view import PhaseView
from gan_core.schedules import scheduled
from gan_core.text import told
from gan_core.verdicts import Verdicts


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
        return told(self)

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
    """Values by metric name, from how many samples, at which step; and what a perfect generator would score. Where they depend on
    features: by which, in a few words and in full."""

    values: Mapping[str, float]
    samples: int
    step: int
    floor: Mapping[str, float] = field(default_factory=dict)
    by: str = ""
    features: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything a frame is packed from. Arrays are never written to after this is made.

    left: seconds until the schedule ends after `horizon` samples (0: never); machine: from `machine.of`; layers: of "g" and "d" what each
    layer is (`kinds`) and the length of its gradient (`norms`).

    points: as `picture.points` says; pairs: as `picture.translations` does. images: real, fake and, where something encodes, rebuilt (N, C, H, W) uint8; columns: the class or
    category of each column of generated pictures, `found` where the run found them by itself, so that real ones have none; verdicts: what D
    said of pictures when it was last asked. extras: what viewers asked for; closely: what is said
    of single pictures that they asked for.
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
    left: float | None = None
    horizon: int = 0
    machine: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    queue: int = 0
    kept: int | None = None
    extent: tuple[float, float, float, float] | None = None
    field_kind: str = "critic"
    sheet: str = ""
    columns: tuple[str, ...] = ()
    found: bool = False
    verdicts: Verdicts | None = None
    metrics: Metrics | None = None
    judged: Metrics | None = None
    marks: tuple[Mark, ...] = ()
    diagnosis: tuple[Finding, ...] = ()
    engine: str = "eager"
    engine_reason: Message = Message()
    speed: int = 0
    phase: PhaseView | None = None
    curve_names: tuple[str, ...] = ()
    curve_steps: NDArray[np.float32] | None = None
    curve_values: NDArray[np.float32] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    closely: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def present(config: RunConfig, images: int) -> dict[str, Any]:
    """The settings of this moment that explain the numbers beside them; what follows a schedule as it is after `images`."""
    now = scheduled(config, images)
    return {
        "method": config.method, "loss": config.loss, "penalty": config.penalty, "penalty_weight": now.weight, "batch_size": config.batch_size,
        "k_d": config.k_d, "k_g": config.k_g, "g_optimizer": config.g_optimizer.name, "d_optimizer": config.d_optimizer.name,
        "g_lr": config.g_optimizer.lr * now.lr, "d_lr": config.d_optimizer.lr * now.lr,
    }  # fmt: skip
