"""What pictures are compared by: the features of a network, and the classes that it sees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from gan_core import data as data_sets
from gan_core.data.pairs import PairSet
from gan_core.data.sets import ImageSet, Progress
from gan_core.errors import ConfigError
from gan_core.metrics import classifier, eyes
from gan_core.metrics.classes import shares_of
from gan_core.metrics.classifier import FEATURES, Classifier, get_classifier, place_of, steps_of
from gan_core.metrics.pieces import Pieces
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

NAMES = ("classifier", "inception")
_QUICK = 300  # steps of a training that takes a few seconds


class Features(Protocol):
    """A network's look at pictures. Figures of two of them with different keys mean different things.

    name: in two or three words; description: in full; key: equal only for the same weights; width: features of a picture;
    block: how many pictures take a fraction of a second.
    """

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def block(self) -> int: ...

    @property
    def is_inception(self) -> bool:
        """Whether these are the standard Inception features, of which alone FID and KID are said."""

    def of(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [−1, 1] -> (N, width) float32."""

    def probabilities(self, features: Tensor) -> Tensor | None:
        """What `of` gave -> (N, K): the probability of each class that the network knows; None if it knows none."""


@dataclass(frozen=True)
class Judges:
    """features: what distances are measured by. classes: the network that knows the set's classes, if there is one; own (K,):
    the classes' shares in the data; accuracy: how often that network reads a held-out real picture rightly."""

    features: Features
    classes: Features | None = None
    own: Tensor | None = None
    accuracy: float | None = None

    @property
    def key(self) -> str:
        return f"{self.features.key} {self.classes.key if self.classes else ''}"


@dataclass(frozen=True)
class ClassifierFeatures:
    """The small classifier of a labelled set as Features."""

    judge: Classifier
    is_inception = False
    width = FEATURES
    block = 250

    @property
    def name(self) -> str:
        return eyes.CLASSIFIER.format(data=self.judge.data)

    @property
    def description(self) -> str:
        return self.judge.description

    @cached_property
    def key(self) -> str:
        digest = hashlib.sha256()
        for tensor in self.judge.network.state_dict().values():
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def of(self, images: Tensor) -> Tensor:
        return self.judge.features(images)

    @torch.no_grad()
    def probabilities(self, features: Tensor) -> Tensor:
        logits: Tensor = self.judge.network[-1](features)
        return logits.softmax(1)


@dataclass(frozen=True)
class ChannelFeatures:
    """Each channel of a picture looked at by itself, by a network for pictures of one channel.

    The features of the channels stand side by side. A class of the whole is one of each channel: of ten classes and three channels
    100·r + 10·g + b, with the product of the three probabilities.
    """

    inner: Features
    channels: int
    is_inception = False

    @property
    def name(self) -> str:
        return eyes.EACH_CHANNEL.format(inner=self.inner.name)

    @property
    def description(self) -> str:
        return eyes.EACH_CHANNEL_IN_FULL.format(inner=self.inner.description, channels=self.channels)

    @property
    def key(self) -> str:
        return f"{self.inner.key}x{self.channels}"

    @property
    def width(self) -> int:
        return self.channels * self.inner.width

    @property
    def block(self) -> int:
        return max(1, self.inner.block // self.channels)

    def of(self, images: Tensor) -> Tensor:
        return torch.cat([self.inner.of(images[:, c : c + 1]) for c in range(self.channels)], 1)

    def probabilities(self, features: Tensor) -> Tensor | None:
        parts = [self.inner.probabilities(part) for part in torch.split(features, self.inner.width, 1)]
        known = [part for part in parts if part is not None]
        return reduce(_product, known) if len(known) == len(parts) else None


def _product(p: Tensor, q: Tensor) -> Tensor:
    """(N, K) and (N, L) -> (N, K·L): the probabilities of all pairs, the class of p being the leading digit."""
    return (p[:, :, None] * q[:, None, :]).flatten(1)


# ── of a data set ────────────────────────────────────────────────────────────────────────────────────────────────────────


def get_judges(name: str, data: ImageSet, progress: Progress | None = None) -> Judges:
    """Who judges the pictures of `data`. "classifier": the small one of the set, trained now if it never was, of two folders one that tells them
    apart; "inception": the standard
    network, and the classifier for the classes of a set that has labels.

    Raises DataError for a set without labels and for Inception's weights that are not there; ConfigError for another name.
    """
    data = data.complete
    if name == "classifier" and isinstance(data, PairSet) and not knows_classes(data):
        return Judges(ClassifierFeatures(get_classifier(data.as_kinds, progress)))
    if name == "classifier":
        judge, own, accuracy = _classifier(data, progress)
        return Judges(judge, judge, own, accuracy)
    if name != "inception":
        raise ConfigError(N_("There are no features called '{name}'. Choose one of: {allowed}."), name=name, allowed=", ".join(NAMES))  # fmt: skip
    from gan_core.metrics.inception import load_inception

    inception = load_inception()
    return Judges(inception, *_classifier(data, progress)) if knows_classes(data) else Judges(inception)


def pieces(data: ImageSet) -> Pieces[Judges]:
    """`get_judges("classifier", data)` a little at a time. Raises DataError for a set without labels."""
    data = data.complete
    source = source_of(data)
    judge, own, accuracy = _judged_by((yield from classifier.pieces(source)), source, data)
    return Judges(judge, judge, own, accuracy)


def offered(data: DataConfig) -> tuple[str, ...]:
    """Which of NAMES there are for pictures of this set, the usual one first: a set without classes has no classifier."""
    info = data_sets.info_of(data)
    return NAMES if info.get("classes") or info["kind"] == "pairs" else NAMES[1:]


def width_of(name: str, data: DataConfig) -> int:
    """How many features a picture of this set has in the eyes of "classifier" or "inception", known without loading anything."""
    if name == "inception":
        from gan_core.metrics.inception import WIDTH

        return WIDTH
    info = data_sets.info_of(data)
    return FEATURES * (info["channels"] if info.get("channels_are") else 1)


@dataclass(frozen=True)
class AtHand:
    """The classifier of a set, which may lie in the cache at `path`; `quick`: it is trained in seconds where it does not."""

    data: ImageSet
    path: Path
    quick: bool

    @property
    def name(self) -> str:
        return f"{self.data.channels_are or self.data.name} classifier"

    @property
    def is_here(self) -> bool:
        """Whether it can be had at once, or in seconds."""
        return self.quick or self.path.exists()

    def get(self) -> Features:
        """Its features."""
        return _classifier(self.data, None)[0]


def at_hand(data: ImageSet) -> AtHand | None:
    """Where the classifier of a set is to be found; None for a set that can have none. Reads all of it: a tenth of a second."""
    data = data.complete
    if not knows_classes(data):
        return None
    source = source_of(data)
    return AtHand(data, place_of(source), steps_of(source) <= _QUICK)


def knows_classes(data: ImageSet) -> bool:
    """Whether a classifier can know its classes; without one, their figures are left out."""
    labelled = data.labels is not None and data.test_labels is not None
    return labelled or data.channels_are is not None


def _classifier(data: ImageSet, progress: Progress | None) -> tuple[Features, Tensor, float]:
    """The classifier of a set as features, the classes' shares in the data, and the classifier's accuracy."""
    source = source_of(data, progress)
    return _judged_by(get_classifier(source, progress), source, data)


def _judged_by(found: Classifier, source: ImageSet, data: ImageSet) -> tuple[Features, Tensor, float]:
    inner = ClassifierFeatures(found)
    assert source.labels is not None
    own = shares_of(source.labels, len(source.class_names))
    if source is data:
        return inner, own, found.accuracy
    channels = data.shape[0]
    shares = reduce(
        lambda p, q: _product(p[None], q[None])[0], [own] * channels
    )  # the channels are drawn by themselves
    return ChannelFeatures(inner, channels), shares, found.accuracy**channels


def source_of(data: ImageSet, progress: Progress | None = None) -> ImageSet:
    """The set whose classes the pictures show: of stacked ones that of a single channel."""
    name = data.channels_are
    if name is None:
        return data
    from gan_core.config import DataConfig

    found = data_sets.load(DataConfig(name=name, image_size=data.shape[-1]), progress)
    assert isinstance(found, ImageSet)
    return found
