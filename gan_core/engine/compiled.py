"""The compiled step of a run: many steps in one call, on the run's own tensors and random streams."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch

from gan_core import augment
from gan_core.engine import program
from gan_core.penalties import PLACES
from gan_core.schedules import ema_decay, half_life, optimizer_at, scheduled

if TYPE_CHECKING:
    from gan_core.trainer import Trainer

_STEPS = 32  # of a call at most; what is chosen does not change the result
_CALL_SECONDS = 0.01  # of a call at most: commands and viewers wait for its end
_NUMBERS = 1 << 20  # noise that a call prepares at most


class Runner(Protocol):
    """What takes the steps of the programs that plan.programs names."""

    def arm(self, trainer: Trainer, block: program.Inputs) -> None:
        """Get ready for the steps of `trainer`, whose tensors must not move; the inputs of the steps of a call are the rows of
        `block`. Raises EngineError."""

    def run(self, penalised: Sequence[bool]) -> None:
        """Take so many steps, each with the program that is named, the first with the first row. Raises EngineError."""


class CompiledStep:
    """Takes the steps of `trainer` with programs compiled for its settings.

    The trainer's tensors must stay where they are: make a new one after anything has replaced them.
    """

    def __init__(self, trainer: Trainer, runner: Runner) -> None:
        self._trainer, self.runner = trainer, runner
        draws = program.Draws.of(trainer.config)
        self._draws = draws
        each = draws.noise * math.prod(trainer.data.shape) + draws.latents * trainer.beside
        self._most = max(1, min(_STEPS, _NUMBERS // max(1, each)))
        self._given = program.blank(trainer, self._most)
        self._slots = {who: trainer.slots(who) for who in "dg"}
        self._taken = {who: _taken(slots) for who, slots in self._slots.items()}
        runner.arm(trainer, self._given)
        self._pace = _CALL_SECONDS  # seconds a step
        self._dirty = [False] * self._most  # rows with noise or flips in them

    def advance(self, most: int) -> int:
        """Take up to `most` steps; how many were taken."""
        t, begin = self._trainer, time.perf_counter()
        n = max(1, min(most, self._most, int(_CALL_SECONDS / self._pace)))
        given, draws = self._given, self._draws
        if draws.reals:
            t.reals.next_into(given.reals[:n].flatten(0, 1), draws.part)
        t.latents.next_into(given.latents[:n].flatten(0, 1), draws.part)
        rows: list[list[float]] = []
        penalised = [self._prepare(i, rows) for i in range(n)]
        given.numbers[:n] = torch.tensor(rows)
        self.runner.run(penalised)
        self._pace = (time.perf_counter() - begin) / n
        return n

    def _prepare(self, i: int, rows: list[list[float]]) -> bool:
        """The numbers and the draws of the i-th step of a call; whether it takes the penalty."""
        t, c = self._trainer, self._trainer.config
        now = scheduled(c, t.images)
        own = optimizer_at(c.d_optimizer, c, t.images), optimizer_at(c.g_optimizer, c, t.images)
        penalised = not t.objective.at or t.step_count % c.penalty_interval == 0
        t.step_count += 1
        t.images += c.batch_size * max(c.k_d, 1)
        decay = 1 - ema_decay(c.batch_size, t.images, half_life(c, t.images), c.ema_ramp)
        weight = now.weight * (c.penalty_interval if t.objective.at else 1)
        seen = c.batch_size * max(c.k_d, 1) * augment.INTERVAL
        due = augment.amount(seen, c.ada_speed) if t.step_count % augment.INTERVAL == 0 else 0.0
        little = (c.augment_strength, due, c.ada_target, c.lecam_weight, c.feature_matching)
        shared = (weight, now.sigma, c.label_smoothing, decay, c.grad_clip, *little)
        lr = c.d_optimizer.lr * now.lr, c.g_optimizer.lr * now.lr
        rows.append(program.numbers(c, own, lr, shared, (self._taken["d"], self._taken["g"])))
        self._taken["d"] += c.k_d
        self._taken["g"] += c.k_g
        t.count(penalised)
        self._draw(i, now.sigma, penalised)
        return penalised

    def _draw(self, i: int, sigma: float, penalised: bool) -> None:
        """In the order of the eager step, which draws nothing where nothing is asked for."""
        t, c, given, part = self._trainer, self._trainer.config, self._given, self._draws.part
        place, rng = PLACES.get(str(t.objective.at)) if penalised else None, t.rng["augment"]
        packing = c.discriminator.packing
        if self._dirty[i]:
            given.noise[i].zero_()
            given.flips[i].zero_()
        self._dirty[i] = bool(sigma or c.label_flip)
        noise = iter(torch.split(given.noise[i], part)) if sigma else iter(())
        if not (self._dirty[i] or place or c.augments):
            return
        numbers = iter(self._draws.of_augmentation(given.augment[i]))
        for k in range(c.k_d * c.accumulation):
            for x in itertools.islice(noise, 2):
                x.copy_(torch.randn(x.shape, generator=rng, device=t.device))
            if c.label_flip:
                drawn = torch.rand(part // packing, generator=rng, device=t.device) < c.label_flip
                given.flips[i, k * len(drawn) : (k + 1) * len(drawn)] = drawn
            if place:
                drawn = place.draw(part, t.data.shape, packing, rng)
                given.places[i, k * len(drawn) : (k + 1) * len(drawn)] = drawn
            if c.augments:
                self._changes(next(numbers)[: (3 if place else 2) * part])
        for _ in range(c.k_g * c.accumulation):
            for x in itertools.islice(noise, 1 + c.g_needs_real):
                x.copy_(torch.randn(x.shape, generator=rng, device=t.device))
            if c.augments:
                self._changes(next(numbers))

    def _changes(self, out: torch.Tensor) -> None:
        """What augmentation takes for so many samples."""
        t = self._trainer
        out.copy_(augment.draw(t.config.augmentation, len(out), t.rng["augment"]))

    def sync(self) -> None:
        """Write what only this object counts into the optimisers' state."""
        for who, slots in self._slots.items():
            for values in slots.values():
                if "step" in values:
                    values["step"].fill_(float(self._taken[who]))


def _taken(slots: dict[str, dict[str, torch.Tensor]]) -> int:
    first = next(iter(slots.values()))
    return int(first["step"]) if "step" in first else 0
