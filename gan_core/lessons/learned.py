"""A small discriminator that learns on samples of two Gaussians what the best one is told by their densities."""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_core import losses, registry
from gan_core.config import DiscriminatorConfig, OptimizerConfig
from gan_core.lessons import gaussians
from gan_core.lessons.gaussians import Gaussian, Values
from gan_core.networks import fill

BATCH = 128  # samples of each kind a step, new ones every time
JUDGED = 20_000  # samples of each kind that V is estimated from
KEPT = 32  # steps of which D is kept, at most
SEEN = (-5.0, 5.0)  # where D is drawn
PLACES = 161  # of a drawn D
_REMEMBERED = 64  # trainings
_AT_ONCE = 2


@dataclass(frozen=True)
class Training:
    """What D learns from, and how: two hidden layers of `width`, `steps` of Adam at `rate`."""

    p: Gaussian
    q: Gaussian
    steps: int
    width: int
    rate: float
    seed: int = 0


@dataclass(frozen=True)
class Learned:
    """D on the way: at each of K kept `steps`, its probability (K, PLACES) over `x`, its distance from D*, and V(D) by samples.

    errors (K,): ½ ∫ |D − D*| (p + q) dx, the mean distance over real and generated places alike. values (K,), in nats."""

    x: Values
    steps: tuple[int, ...]
    probabilities: Values
    errors: Values
    values: Values


def kept_steps(steps: int) -> tuple[int, ...]:
    """From 0 to `steps`, close together at first, where D changes most."""
    return tuple(sorted({round(steps * (i / (KEPT - 1)) ** 2) for i in range(KEPT)}))


class Learning:
    """A training of D on a thread of its own, from now on. `step`: how far it is, of `training.steps`."""

    def __init__(self, training: Training) -> None:
        self.training, self.step = training, 0
        self._found: Learned | Exception | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="learning").start()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    @property
    def has_failed(self) -> bool:
        return isinstance(self._found, Exception)

    def join(self, seconds: float) -> bool:
        """Wait for the end. Whether it has come."""
        return self._ended.wait(seconds)

    def found(self) -> Learned:
        """What came of it, once it has ended. Raises what it ended with."""
        self._ended.wait()
        if isinstance(self._found, Exception):
            raise self._found
        assert self._found is not None
        return self._found

    def _run(self) -> None:
        try:
            with _turns if self.training.steps else nullcontext():  # a D that does not learn is shown at once
                self._found = _train(self.training, self._at)
        except Exception as error:  # handed on to whoever asks what was found
            self._found = error
        finally:
            self._ended.set()

    def _at(self, step: int) -> None:
        if _closing.is_set():
            raise RuntimeError("the program ends")
        self.step = step


_closing = threading.Event()
_turns = threading.BoundedSemaphore(_AT_ONCE)
_lock = threading.Lock()
_begun: OrderedDict[Training, Learning] = OrderedDict()


@atexit.register
def _close() -> None:
    """What still trains when Python is taken down would take the process down with it."""
    _closing.set()
    with _lock:
        going = [one for one in _begun.values() if not one.has_ended]
    for one in going:
        one.join(1.0 / len(going))


def begin(training: Training) -> Learning:
    """Have D trained; the same training is done once, whoever asks for it."""
    with _lock:
        learning = _begun.pop(training, None)
        if learning is None or learning.has_failed:
            learning = Learning(training)
        _begun[training] = learning  # as the newest
        while len(_begun) > _REMEMBERED:
            _begun.popitem(last=False)
        return learning


def learn(training: Training) -> Learned:
    """Train D, by the loss of D that GANs here are trained by. The same for the same training."""
    return begin(training).found()


def _train(training: Training, tell: Callable[[int], None]) -> Learned:
    rng = torch.Generator().manual_seed(training.seed)
    hidden = DiscriminatorConfig(hidden=(training.width, training.width))
    with torch.device("meta"):
        d = registry.network["mlp"].value.discriminator(hidden, (1,))
    d = fill(d, rng)
    adam = registry.optimizer["adam"].value(
        list(d.parameters()), OptimizerConfig("adam", training.rate, 0.9, 0.999, 0.0)
    )
    judged = (_drawn(training.p, JUDGED, rng), _drawn(training.q, JUDGED, rng))
    watch = _Watch(training, judged)
    kept = kept_steps(training.steps)
    for step in range(training.steps + 1):
        tell(step)
        if step in watch.wanted:
            watch.look(d)
        if step == training.steps:
            break
        adam.zero_grad()
        logits = d(torch.cat([_drawn(training.p, BATCH, rng), _drawn(training.q, BATCH, rng)]))
        d_loss, _g_loss = losses.minimax(logits[:BATCH], logits[BATCH:])
        d_loss.backward()
        adam.step()
    return Learned(watch.x, kept, np.array(watch.probabilities), np.array(watch.errors), np.array(watch.values))


def _drawn(of: Gaussian, n: int, rng: torch.Generator) -> Tensor:
    """(n, 1) samples."""
    return of.mean + of.spread * torch.randn(n, 1, generator=rng)


class _Watch:
    """What is kept of D."""

    def __init__(self, training: Training, judged: tuple[Tensor, Tensor]) -> None:
        self.wanted = frozenset(kept_steps(training.steps))
        self.judged = judged
        self.x: Values = np.linspace(*SEEN, PLACES)
        self._grid = gaussians.grid(training.p, training.q)[::4]
        self._best = gaussians.best_discriminator(training.p, training.q, self._grid)
        self._weight = (training.p.density(self._grid) + training.q.density(self._grid)) / 2
        self.probabilities: list[Values] = []
        self.errors: list[float] = []
        self.values: list[float] = []

    @torch.no_grad()
    def look(self, d: torch.nn.Module) -> None:
        self.probabilities.append(_probability(d, self.x))
        off = np.abs(_probability(d, self._grid) - self._best)
        self.errors.append(gaussians.integral(off * self._weight, self._grid))
        self.values.append(-float(losses.minimax(*(d(some) for some in self.judged))[0]))


def _probability(d: torch.nn.Module, x: Values) -> Values:
    found: Values = torch.sigmoid(d(torch.tensor(x, dtype=torch.float32)[:, None])).double().numpy()
    return found
