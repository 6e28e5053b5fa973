"""What a picture of a set with known factors shows: each factor read from the pixels, as well as held-out pictures say it can be."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gan_core.data.painting import TURNS
from gan_core.data.sets import ImageSet, to_unit
from gan_core.latent.seen import classifier_of
from gan_core.metrics.features import Features

Numbers = NDArray[np.float64]
CHOICE, NUMBER, TURN = "choice", "number", "turn"
READABLE = 0.5  # the least score of a factor that is said to be read
_LEARNED = 6000  # training pictures that a reader sees
_EPOCHS = 20
_HIDDEN = 128
_SIDE = 8  # a picture is made so small before its pixels are looked at
_MOST_CHOICES = 100
_KEPT = 4


@dataclass(frozen=True)
class Factor:
    """kind: CHOICE, one of few whole numbers; NUMBER, from low to high; TURN, in turns, where 1 is 0 again. score: of held-out pictures, the share
    read rightly beyond what guessing the commonest gives, or R² (of a turn that of its sine and cosine): 1 perfect, 0 nothing; accuracy: of
    choices, the plain share."""

    name: str
    kind: str
    low: float
    high: float
    score: float
    accuracy: float | None

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """(N,): how far two readings (N,) are apart, 0 the same: for choices 1 where they differ; as a share of the range of a number; as a share of
        half a turn."""
        if self.kind == CHOICE:
            return (a != b).float()
        away = (a - b).abs()
        if self.kind == NUMBER:
            return away / max(self.high - self.low, 1e-12)
        return 2 * torch.minimum(away % 1, 1 - away % 1)


class Readers:
    """Reads the factors of pictures. `factors`: the ones that it can; `left_out`: the others, with their score.

    Small networks of one layer by scikit-learn, on the pixels of a picture made 8 × 8 and, where the set's classifier is at hand, on its
    features; trained on up to 6,000 training pictures, the same ones each time."""

    def __init__(self, data: ImageSet, seen: Features | None, tell: Callable[[float], None]) -> None:
        data = data.complete
        assert data.factors is not None
        assert data.test_factors is not None
        self._features = seen
        learned, truth = data.images[:_LEARNED], data.factors[:_LEARNED].double().numpy()
        held = data.test_factors.double().numpy()
        x, test = self._seen(to_unit(learned)), self._seen(to_unit(data.test_images))
        self._scaler = StandardScaler().fit(x)
        x, test = self._scaler.transform(x), self._scaler.transform(test)
        kinds = [kind_of(name, column) for name, column in zip(data.factor_names, truth.T, strict=True)]
        choices = [k for k, kind in enumerate(kinds) if kind == CHOICE]
        others = [k for k, kind in enumerate(kinds) if kind != CHOICE]
        self._means, self._spreads = truth.mean(0), np.maximum(truth.std(0), 1e-12)
        self._kinds, self._others = kinds, others
        self._choosers: dict[int, MLPClassifier] = {}
        rounds = _EPOCHS * (len(choices) + bool(others))
        done = 0
        if others:
            self._regressor = MLPRegressor(hidden_layer_sizes=(_HIDDEN,), batch_size=128, learning_rate_init=2e-3, random_state=0)  # fmt: skip
            wanted = self._encoded(truth)
            for _ in range(_EPOCHS):
                _one_epoch(partial(self._regressor.partial_fit, x, wanted))
                done += 1
                tell(done / rounds)
        for k in choices:
            chooser = MLPClassifier(
                hidden_layer_sizes=(_HIDDEN,), batch_size=128, learning_rate_init=2e-3, random_state=0
            )
            kinds_there = np.unique(truth[:, k]).astype(int)
            for _ in range(_EPOCHS):
                _one_epoch(partial(chooser.partial_fit, x, truth[:, k].astype(int), classes=kinds_there))
                done += 1
                tell(done / rounds)
            self._choosers[k] = chooser
        found = [self._factor(data.factor_names[k], k, truth[:, k], held[:, k], test) for k in range(len(kinds))]
        self._columns = [k for k, factor in enumerate(found) if factor.score >= READABLE]
        self.factors = [found[k] for k in self._columns]
        self.left_out = [factor for factor in found if factor.score < READABLE]

    def read(self, pictures: Tensor) -> Tensor:
        """Pictures (N, C, H, W) in [−1, 1] -> (N, F) float32: what each shows of `factors`."""
        x = self._scaler.transform(self._seen(pictures))
        found = [self._read(k, x) for k in self._columns]
        return torch.from_numpy(np.stack(found, 1)).float() if found else torch.empty(len(pictures), 0)

    def _seen(self, pictures: Tensor) -> Numbers:
        side = min(_SIDE, *pictures.shape[2:])
        parts = [adaptive_avg_pool2d(pictures, side).flatten(1)]
        if self._features is not None:
            parts.append(self._features.of(pictures))
        found: Numbers = torch.cat(parts, 1).double().numpy()
        return found

    def _encoded(self, truth: Numbers) -> Numbers:
        columns = []
        for k in self._others:
            if self._kinds[k] == TURN:
                columns += [np.cos(2 * np.pi * truth[:, k]), np.sin(2 * np.pi * truth[:, k])]
            else:
                columns.append((truth[:, k] - self._means[k]) / self._spreads[k])
        return np.stack(columns, 1)

    def _predicted(self, k: int, x: Numbers) -> Numbers:
        """(N, 1 or 2): what the regressor says of factor k."""
        width = [2 if self._kinds[other] == TURN else 1 for other in self._others]
        place = self._others.index(k)
        first = sum(width[:place])
        said: Numbers = self._regressor.predict(x).reshape(len(x), -1)
        return said[:, first : first + width[place]]

    def _read(self, k: int, x: Numbers) -> Numbers:
        if self._kinds[k] == CHOICE:
            chosen: Numbers = self._choosers[k].predict(x).astype(np.float64)
            return chosen
        said = self._predicted(k, x)
        if self._kinds[k] == TURN:
            turned: Numbers = np.arctan2(said[:, 1], said[:, 0]) / (2 * np.pi) % 1
            return turned
        number: Numbers = said[:, 0] * self._spreads[k] + self._means[k]
        return number

    def _factor(self, name: str, k: int, truth: Numbers, held: Numbers, test: Numbers) -> Factor:
        low, high, accuracy = float(truth.min()), float(truth.max()), None
        if self._kinds[k] == CHOICE:
            accuracy = float((self._read(k, test) == held).mean())
            guessed = float(np.unique(held, return_counts=True)[1].max() / len(held))
            score = (accuracy - guessed) / max(1 - guessed, 1e-12)
        else:
            told = self._predicted(k, test)
            wanted = self._encoded_one(k, held)
            score = 1 - float(((told - wanted) ** 2).sum() / max(((wanted - wanted.mean(0)) ** 2).sum(), 1e-12))
        return Factor(name, self._kinds[k], low, high, score, accuracy)

    def _encoded_one(self, k: int, held: Numbers) -> Numbers:
        if self._kinds[k] == TURN:
            return np.stack([np.cos(2 * np.pi * held), np.sin(2 * np.pi * held)], 1)
        scaled: Numbers = (held - self._means[k]) / self._spreads[k]
        return scaled[:, None]


_readers: OrderedDict[tuple[int, str], tuple[ImageSet, Readers]] = OrderedDict()
_lock = threading.Lock()


def readers_of(data: ImageSet, tell: Callable[[float], None]) -> Readers | None:
    """The readers of a set, trained now (seconds) if they never were in this process; None for a set whose factors are not known."""
    data = data.complete
    if data.factors is None or data.test_factors is None or not data.factor_names:
        return None
    seen = classifier_of(data)
    key = (id(data), seen.key if seen is not None else "")  # it holds the set, so that nothing else can have its id
    with _lock:
        if key not in _readers:
            _readers[key] = data, Readers(data, seen, tell)
            while len(_readers) > _KEPT:
                _readers.popitem(last=False)
        _readers.move_to_end(key)
        return _readers[key][1]


def kind_of(name: str, column: Numbers) -> str:
    """CHOICE, NUMBER or TURN: what a factor of this name and these values (N,) is."""
    if name in TURNS:
        return TURN
    different = np.unique(column)
    return CHOICE if len(different) <= _MOST_CHOICES and bool((different == np.round(different)).all()) else NUMBER


def _one_epoch(fit: Callable[[], object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit()
