"""A small classifier, trained once on a labelled picture set: its 64 features and its probabilities judge the samples."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_core import data as data_sets
from gan_core.data.download import cache_dir
from gan_core.data.sets import ImageSet, Progress, take_in, to_unit
from gan_core.errors import DataError
from gan_core.metrics import eyes
from gan_core.metrics.pieces import Pieces
from gan_core.networks import fill
from gan_core.runs import atomic
from gan_core.text import N_, Phrase

FEATURES = 64
TRAINING = N_("Training the classifier that judges {data}")
_VERSION = 1  # of the network and its training: a new one makes old files useless
_SEEN = 180_000  # pictures in training, at most
_EPOCHS = 20  # at most
_BATCH = 128
_LOOKING = 20  # steps between two looks whether something has happened meanwhile
_training = threading.Lock()
_Training: TypeAlias = Generator[tuple[int, int], None, nn.Sequential]


@dataclass(frozen=True)
class Classifier:
    """features: (N, 64); probabilities: (N, classes). Both take pictures (N, C, H, W) in [−1, 1]. accuracy: on held-out pictures."""

    network: nn.Sequential
    data: str
    accuracy: float

    @property
    def description(self) -> str:
        return eyes.CLASSIFIER_IN_FULL.format(data=self.data, width=FEATURES, accuracy=f"{100 * self.accuracy:.1f}")

    def features(self, images: Tensor) -> Tensor:
        return self._run(self.network[:-1], images)

    def probabilities(self, images: Tensor) -> Tensor:
        return self._run(self.network, images).softmax(1)

    @torch.no_grad()
    def _run(self, network: nn.Module, images: Tensor) -> Tensor:
        return torch.cat([network(part) for part in torch.split(images, 1000)])


def build(channels: int, size: int, classes: int) -> nn.Sequential:
    """Four 3 × 3 convolutions with batch normalisation, two of them of stride 2; 64 features; one linear layer."""

    def block(n_in: int, n_out: int, stride: int) -> list[nn.Module]:
        return [nn.Conv2d(n_in, n_out, 3, stride, 1), nn.BatchNorm2d(n_out), nn.ReLU()]

    small = -(-size // 4)
    with torch.device("meta"):
        return nn.Sequential(
            *block(channels, 16, 2), *block(16, 32, 1), *block(32, 64, 2), *block(64, 64, 1),
            nn.Flatten(), nn.Linear(64 * small * small, FEATURES), nn.ReLU(), nn.Linear(FEATURES, classes),
        )  # fmt: skip


def get_classifier(data: ImageSet, progress: Progress | None = None) -> Classifier:
    """The classifier of a set, from the cache or trained now (a minute for 60,000 pictures). Raises DataError without labels."""
    data = data.complete
    path = _path(data)
    with _training:
        if (known := _known(path, data)) is not None:
            return known
        return _keep(path, _finished(_train(_blank(data), data), data, progress), data)


def pieces(data: ImageSet) -> Pieces[Classifier]:
    """`get_classifier` a little at a time. Nobody else has to wait for it: if the classifier is trained elsewhere meanwhile, that one
    is taken. Raises DataError without labels."""
    data = data.complete
    path = _path(data)
    yield
    if (known := _known(path, data)) is not None:
        return known
    work = _train(_blank(data), data)
    while True:
        try:
            step, _ = next(work)
        except StopIteration as end:
            return _keep(path, end.value, data)
        if step % _LOOKING == 0 and path.exists() and (known := _known(path, data)) is not None:
            return known
        yield


def _path(data: ImageSet) -> Path:
    """Where it is kept. Raises DataError without labels."""
    if data.labels is None or data.test_labels is None:
        raise DataError(
            N_("{data} has no labels: no classifier can be trained on it. Use the standard Inception features."),
            data=data.name,
        )
    return place_of(data)


def _blank(data: ImageSet) -> nn.Sequential:
    return build(data.shape[0], data.shape[-1], len(data.class_names))


def _known(path: Path, data: ImageSet) -> Classifier | None:
    """The one in the cache; None where it is absent or damaged: then it is trained anew, and the file replaced."""
    try:
        return _read(path, _blank(data), data)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None


def _keep(path: Path, network: nn.Sequential, data: ImageSet) -> Classifier:
    found = Classifier(network, data.name, _accuracy(network, data))
    with contextlib.suppress(
        OSError
    ):  # a cache that cannot be written costs the next start a minute, not this one its result
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, save(network.state_dict(), {"accuracy": json.dumps(found.accuracy)}))
    return found


def _finished(work: _Training, data: ImageSet, progress: Progress | None) -> nn.Sequential:
    """The training to its end."""
    while True:
        try:
            step, steps = next(work)
        except StopIteration as end:
            network: nn.Sequential = end.value
            return network
        if progress and step % _LOOKING == 0:
            progress(Phrase(TRAINING, data=data_sets.title_of(data.name)), step, steps)


def place_of(data: ImageSet) -> Path:
    """Where the classifier of a labelled set lies once it has been trained. Reads all of the set: a tenth of a second for a large one."""
    return cache_dir() / "classifiers" / f"{data.name}-{data.shape[-1]}-{_key(data)}-v{_VERSION}.safetensors"


def steps_of(data: ImageSet) -> int:
    """How many steps its training takes."""
    return min(_SEEN, _EPOCHS * len(data.images)) // _BATCH


def _key(data: ImageSet) -> str:
    """Everything the classifier and its accuracy depend on: the same pictures with other labels are another task."""
    digest = hashlib.sha256(data_sets.fingerprint(data).encode())
    for part in (data.labels, data.test_images, data.test_labels):
        assert part is not None
        take_in(digest, part)
    return digest.hexdigest()[:16]


def _read(path: object, network: nn.Sequential, data: ImageSet) -> Classifier:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        accuracy = float(json.loads((file.metadata() or {})["accuracy"]))
    network = network.to_empty(device="cpu")
    network.load_state_dict(tensors)
    return Classifier(network.eval().requires_grad_(False), data.name, accuracy)


def _train(network: nn.Sequential, data: ImageSet) -> _Training:
    """Adam with a one-cycle rate, random shifts of up to two pixels; its random numbers are its own. Says after each step which it
    was, and of how many."""
    rng = torch.Generator().manual_seed(0)
    fill(network, rng).train()
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    steps = steps_of(data)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    assert data.labels is not None
    for step in range(steps):
        rows = torch.randint(len(data.images), (_BATCH,), generator=rng)
        loss = cross_entropy(network(_shifted(to_unit(data.images[rows]), rng)), data.labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        yield step, steps
    return network.eval().requires_grad_(False)


def _shifted(images: Tensor, rng: torch.Generator) -> Tensor:
    x, y = torch.randint(-2, 3, (2,), generator=rng).tolist()
    return images.roll((x, y), (2, 3))


@torch.no_grad()
def _accuracy(network: nn.Module, data: ImageSet) -> float:
    guesses = torch.cat([network(to_unit(part)).argmax(1) for part in torch.split(data.test_images, 1000)])
    assert data.test_labels is not None
    return float((guesses == data.test_labels).double().mean())
