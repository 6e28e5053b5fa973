"""The latent of a picture that somebody has drawn or brought: searched for, with the picture that is nearest so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import ImageSet, PointSet, to_pixels
from gan_core.errors import ConfigError
from gan_core.latent import projection, reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import NO_STYLES, Explored
from gan_core.latent.explorer import Room
from gan_core.latent.projection import Progress
from gan_core.latent.seen import classifier_of
from gan_core.latent.tools.look import Look, look_of, plain, samples_as_arrays
from gan_core.metrics.features import ChannelFeatures, ClassifierFeatures, Features

MOST_STEPS = 2000
CANDIDATES = 512  # samples of which the nearest are begun from
_OF_A_CLASS = 64
_STARTS, _FEW_STARTS = 4, 1  # few where gradients are found by differences
_ROWS = 64  # drawn between two looks whether anybody still waits
_MOST_CLASSES = 16  # that are searched at once
MOST_SHOWN = 24
_FAR = 1e6  # in data units

See = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Searched:
    """The space that a latent is searched in, as flat rows (B, n): "z", the noise, with the continuous codes behind it; "w", one style for
    all layers; "w+", a style for each. Classes and categories stay as they are and lie behind (B, K), in z alone."""

    explored: Explored
    look: Look
    space: str
    target: Tensor | None = None  # the picture that is searched for

    @property
    def tied(self) -> int:
        return len(self.explored.class_names) if self.space == "z" else 0

    def rows(self, inputs: Tensor) -> Tensor:
        """inputs (B, inputs) -> (B, n + K)."""
        if self.space == "z":
            begin, end = self.explored.dim, self.explored.dim + self.tied
            return torch.cat([inputs[:, :begin], inputs[:, end:], inputs[:, begin:end]], 1)
        styles = self.explored.styles(inputs)
        return styles[:, 0] if self.space == "w" else styles.flatten(1)

    def latents(self, rows: Tensor) -> Tensor:
        """(B, n + K) -> inputs (B, inputs) or styles (B, layers, dim)."""
        dim, layers = self.explored.dim, len(self.explored.layer_names)
        if self.space == "z":
            last = rows.shape[1] - self.tied
            return torch.cat([rows[:, :dim], rows[:, last:], rows[:, dim:last]], 1)
        if self.space == "w":
            return rows[:, None].expand(-1, layers, -1)
        return rows.view(-1, layers, dim)

    def draw(self, rows: Tensor) -> Tensor:
        """(B, n + K) -> (B, *shape) on the CPU, with the history of the rows, points in training's units. Where the target is as bright or as
        dark as a picture can be, a generator without tanh may go beyond: that is shown as the same, and costs nothing."""
        out = self._drawn(self.latents(rows))
        if self.target is None:
            return out
        beyond = ((self.target >= 1) & (out > 1)) | ((self.target <= -1) & (out < -1))
        return torch.where(beyond, self.target, out)

    def _drawn(self, latents: Tensor) -> Tensor:
        if not self.look.factors:
            return self.explored.forward(latents, self.look.psi, noise=self.look.noise).float().cpu()
        with self.explored.switched(self.look.factors) as g:  # for one pass at a time: others switch theirs, too
            return self.explored.forward(latents, self.look.psi, g, self.look.noise).float().cpu()


@ask("project", slow=True)
def project(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """The latent whose sample is nearest to "target": of pictures base64 of their bytes, of points [x, y] in data units. "steps": how long it is
    searched; "space": in z, or of a style-based generator in w (one style) or w+ (one a layer); "class": the class or category that is
    asked for, null to try all; "features": whether the features of the set's classifier are compared beside the pixels, where it is at hand.

    So far and at the end. Arrays: samples (1, …), the nearest one; losses (steps so far,). Facts: at, its latent; loss; psnr, of pictures in
    decibels; distance, of points in data units; step, steps; class; start: "encoder" or "sample", from where it was reached; encoder: the PSNR
    of what the encoder's latent gives, null without one; features: what was compared beside the pixels, "" for nothing."""
    explored = room.explored
    data = explored.data
    target = _target(explored, asked)
    steps = reading.whole(asked, "steps", 1, MOST_STEPS, 300)
    space = reading.choice(asked, "space", ("z", "w", "w+"), "z")
    if space != "z" and not explored.has_styles:
        raise ConfigError(NO_STYLES)
    label = None if asked.get("class") is None else reading.whole(asked, "class", 0, 10_000)
    searched = Searched(explored, look_of(explored, asked), space, None if isinstance(data, PointSet) else target)
    seeing = reading.truth(asked, "features", True)
    name, see = features_for(data, tell) if seeing and isinstance(data, ImageSet) else ("", None)
    with explored.watched(lambda: tell(0.0)):
        starts, encoded = _starts(searched, target, label, tell)
    loose = starts.shape[1] - searched.tied
    tied = starts[:, loose:] if searched.tied else None
    encoder = projection.psnr(searched.draw(encoded)[0].clamp(-1, 1), target) if encoded is not None else None
    losses: list[float] = []

    def said(found: Progress) -> Answer:
        row = torch.cat([found.latent[None], starts[[found.row], loose:]], 1)
        latent = searched.latents(row)[0]
        facts = {
            "at": reading.as_base64(latent), "loss": plain(found.loss), "step": found.step, "steps": steps,
            "class": int(tied[found.row].argmax()) if tied is not None else None,
            "start": "encoder" if encoded is not None and found.row == 0 else "sample",
            "encoder": plain(encoder) if encoder is not None else None, "features": name,
        }  # fmt: skip
        if isinstance(data, PointSet):
            point = data.to_units(searched.draw(row).detach())
            facts["distance"] = plain(float((point[0] - data.to_units(target[None])[0]).norm()))
            arrays: dict[str, NDArray[Any]] = samples_as_arrays(explored, point)
        else:
            facts["psnr"] = plain(found.psnr)
            arrays = {"samples": to_pixels(found.picture[None]).numpy()}
        return Answer({**arrays, "losses": torch.tensor(losses).numpy()}, facts)

    found: Progress | None = None
    so_far: tuple[float, Answer | None] = (0.0, None)
    with explored.watched(lambda: tell(*so_far)):
        for found in projection.project(searched.draw, target, starts[:, :loose], steps=steps, tied=tied, features=see):
            losses.append(found.loss)
            so_far = found.step / (steps + 1), said(found)
            tell(*so_far)
    assert found is not None
    return said(found)


def _target(explored: Explored, asked: Mapping[str, Any]) -> Tensor:
    data = explored.data
    if isinstance(data, PointSet):
        return data.from_units(torch.tensor([reading.point(asked.get("target"), "target", _FAR)]))[0]
    return reading.picture(asked, "target", data.shape)


def _starts(searched: Searched, target: Tensor, label: int | None, tell: Tell) -> tuple[Tensor, Tensor | None]:
    """Rows (B, n + K) to begin from: what the encoder says, where there is one, then the nearest of many samples; and the encoder's row (1, n + K).
    Where all classes are tried, the nearest sample of each takes part. Raises ConfigError for a class that there is not."""
    explored = searched.explored
    inputs = explored.many(CANDIDATES, 2)
    count = len(explored.class_names) if searched.tied else 0
    few = not explored.traits.open
    if label is not None:
        inputs = explored.asked(inputs, label)
    nearest = _nearest(searched, target, searched.rows(inputs), _FEW_STARTS if few else _STARTS, tell)
    if count and label is None:
        some = explored.many(_OF_A_CLASS, 3)
        each = [_nearest(searched, target, searched.rows(explored.asked(some, k)), 1, tell) for k in range(count)]
        nearest = torch.cat(
            [nearest, _nearest(searched, target, torch.cat(each), _FEW_STARTS if few else _MOST_CLASSES, tell)]
        )
    if isinstance(explored.data, PointSet) or not explored.traits.encodes:
        return nearest, None
    said = torch.zeros(1, explored.inputs)
    said[:, : explored.dim] = explored.encoded(target[None])
    labels = [] if not count else [label] if label is not None else list(range(count))
    told = torch.cat([explored.asked(said, k) for k in labels]) if labels else said
    encoded = _nearest(searched, target, searched.rows(told), 1, tell)
    return torch.cat([encoded, nearest if count and label is None else nearest[: _STARTS - 1]]), encoded


def _nearest(searched: Searched, target: Tensor, rows: Tensor, count: int, tell: Tell) -> Tensor:
    """`nearest_starts`, a part at a time: the nearest of all are among the nearest of each part."""
    kept = []
    for part in torch.split(rows, _ROWS):
        tell(0.0)
        kept.append(projection.nearest_starts(searched.draw, target, part, count))
    return projection.nearest_starts(searched.draw, target, torch.cat(kept), count)


# ── what is seen in pictures beside their pixels ─────────────────────────────────────────────────────────────────────────


def features_for(data: ImageSet, tell: Tell) -> tuple[str, See | None]:
    """The name of the set's classifier and its features (B, F) of pictures, with their history; "" and None where it is not at hand. One that is
    trained in seconds is trained now."""
    found = classifier_of(data, lambda: tell(0.0))
    return ("", None) if found is None else (found.name, differentiable(found))


def differentiable(found: Features) -> See | None:
    """The same features with the history of the pictures, which `Features.of` leaves out; None where that cannot be had."""
    if isinstance(found, ClassifierFeatures):
        network: See = found.judge.network[:-1]
        return network
    if isinstance(found, ChannelFeatures):
        inner = differentiable(found.inner)
        if inner is None:
            return None
        return lambda x: torch.cat([inner(x[:, c : c + 1]) for c in range(found.channels)], 1)
    return None


# ── pictures to search for ───────────────────────────────────────────────────────────────────────────────────────────────


@ask("held_out")
def held_out(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Pictures of the data set that the generator was not trained on: "count" of them, others for another "seed". Arrays: pictures uint8
    (N, C, H, W), left out where there are none. Facts: labels, their classes' names, or nothing."""
    data = room.explored.data
    count = reading.whole(asked, "count", 1, MOST_SHOWN, 8)
    seed = reading.whole(asked, "seed", 0, 2**31 - 1, 0)
    if isinstance(data, PointSet) or not len(data.test_images):
        return Answer(facts={"labels": []})
    rows = torch.randperm(len(data.test_images), generator=torch.Generator().manual_seed(seed))[:count]
    names = data.class_names
    labels = [] if data.test_labels is None else [names[k] if k < len(names) else str(k) for k in data.test_labels[rows].tolist()]  # fmt: skip
    return Answer({"pictures": data.test_images[rows].numpy()}, {"labels": labels})
