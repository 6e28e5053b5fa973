"""One whole step of a run as a pure function of tensors: what is compiled, and what a CUDA graph captures.

The function changes the run's own tensors in place (parameters, buffers, averages, the optimisers' moments, gradients, the sums of
the statistics), so that checkpoints and the eager step see what they always see. What a slider moves comes in as one tensor of
numbers; what is drawn comes in as tensors too, from the run's own generators. Losses and penalties are those of the eager step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.func import functional_call

from gan_core import augment, lecam, matching, registry
from gan_core.data.sets import to_unit
from gan_core.engine.objectives import d_objective, g_judge, g_objective, judge
from gan_core.optimizers import Update
from gan_core.penalties import PLACES, Critic
from gan_core.players import asked_for, one_hot

if TYPE_CHECKING:
    from gan_core.config import OptimizerConfig, RunConfig
    from gan_core.trainer import Trainer

# Numbers of a step beside those of the optimisers.
_SHARED = ("weight", "sigma", "smooth", "decay", "clip", "strength", "due", "target", "lecam", "share")


@dataclass(frozen=True)
class Draws:
    """How many rows a step draws, in parts of `part` rows. changed: samples that D sees changed in each part of a step: real, generated,
    and a penalty's own points."""

    part: int
    reals: int
    latents: int
    noise: int
    d_rows: int
    changed: tuple[int, ...]

    @staticmethod
    def of(config: RunConfig) -> Draws:
        needs_real = config.g_needs_real
        d_rows, g_rows = config.batch_size * config.k_d, config.batch_size * config.k_g
        part = config.batch_size // config.accumulation
        own = registry.penalty[config.penalty].info["at"] in PLACES
        d_parts, g_parts = config.k_d * config.accumulation, config.k_g * config.accumulation
        return Draws(
            part=part,
            reals=d_rows + g_rows * needs_real,
            latents=d_rows + g_rows,
            noise=2 * d_rows + g_rows * (1 + needs_real),
            d_rows=d_rows,
            changed=(*[(2 + own) * part] * d_parts, *[(1 + needs_real) * part] * g_parts),
        )

    def of_augmentation(self, numbers: Tensor) -> tuple[Tensor, ...]:
        """The rows of each part."""
        return torch.split(numbers, list(self.changed)) if len(numbers) == sum(self.changed) else ()


@dataclass(frozen=True)
class Inputs:
    """What a step is given beside the run's own tensors. numbers (n,); reals: points (rows, 2) or indices of pictures (rows,);
    latents (rows, dim + classes or codes + what is drawn beside them); noise (rows, *shape), zeros where there is none; flips (rows,) bool, one a logit; places: what `penalties.PLACES` draws for the
    points of the penalty, as many rows, (rows,) where it has none; augment (rows, k): what `augment.draw` draws for what D sees, one row
    that nobody takes without augmentation."""

    numbers: Tensor
    reals: Tensor
    latents: Tensor
    noise: Tensor
    flips: Tensor
    places: Tensor
    augment: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        return self.numbers, self.reals, self.latents, self.noise, self.flips, self.places, self.augment


def blank(trainer: Trainer, steps: int) -> Inputs:
    """Inputs of so many steps, zeros: each tensor with one more dimension in front."""
    draws, device = Draws.of(trainer.config), trainer.device
    pictures = len(trainer.data.shape) > 1
    real = torch.zeros((steps, max(1, draws.reals), *(() if pictures else trainer.data.shape)),
                       dtype=torch.int64 if pictures else torch.get_default_dtype(), device=device)  # fmt: skip
    rows, packing = max(1, draws.d_rows), trainer.config.discriminator.packing
    return Inputs(
        numbers=torch.zeros(steps, len(_SHARED) + _count(trainer.config), device=device),
        reals=real,
        latents=torch.zeros(
            steps,
            draws.latents,
            trainer.config.latent.dim + trainer.config.classes + trainer.config.codes + trainer.beside,
            device=device,
        ),
        noise=torch.zeros(steps, draws.noise, *trainer.data.shape, device=device),
        flips=torch.zeros(steps, -(-rows // packing), dtype=torch.bool, device=device),
        places=torch.zeros(steps, *_places(trainer, rows), device=device),
        augment=torch.zeros(steps, *_changes(trainer.config, draws), device=device),
    )


def _changes(config: RunConfig, draws: Draws) -> tuple[int, int]:
    numbers = augment.numbers_of(config.augmentation)
    return (sum(draws.changed), numbers) if numbers else (1, 1)  # programs take no tensor without a number in it


def _places(trainer: Trainer, rows: int) -> tuple[int, ...]:
    """The shape of what places the penalty's points of a step."""
    place = PLACES.get(str(trainer.objective.at))
    packing = trainer.config.discriminator.packing
    return (
        tuple(place.draw(rows, trainer.data.shape, packing, torch.Generator()).shape)
        if place
        else (-(-rows // packing),)
    )


def _updates(config: RunConfig) -> tuple[Update, Update]:
    return tuple(registry.optimizer[c.name].info["update"] for c in (config.d_optimizer, config.g_optimizer))


def _count(config: RunConfig) -> int:
    """How many numbers the optimisers' updates of a step take."""
    d, g = (
        len(u.numbers(c, 0.0, 1))
        for u, c in zip(_updates(config), (config.d_optimizer, config.g_optimizer), strict=True)
    )
    return config.k_d * d + config.k_g * g


def numbers(
    config: RunConfig,
    own: tuple[OptimizerConfig, OptimizerConfig],
    lr: tuple[float, float],
    shared: Sequence[float],
    taken: tuple[int, int],
) -> list[float]:
    """The `numbers` of a step. own, lr and taken: settings of this moment, rate and steps so far of D's and G's optimisers; shared: as in
    _SHARED."""
    values = list(shared)
    for update, c, rate, t, k in zip(_updates(config), own, lr, taken, (config.k_d, config.k_g), strict=True):
        for j in range(k):
            values += update.numbers(c, rate, t + j + 1)
    return values


class Program:
    """The step of `trainer`, with or without its penalty, as a function: program(*inputs, *pictures, *state).

    It reads the structure of the trainer's networks and never their values. `state(trainer)` gives the pictures and the state to pass.
    """

    def __init__(self, trainer: Trainer, penalised: bool) -> None:
        self._config = trainer.config
        self._objective = trainer.objective if penalised else trainer.unpenalised
        self._modules = {"g": trainer.g, "d": trainer.d}
        self._border = trainer.border
        self._precision = trainer.precision
        self._names = list(state(trainer)[1])
        self._parameters = {who: [name for name, _ in m.named_parameters()] for who, m in self._modules.items()}
        self._buffers = {who: [name for name, _ in m.named_buffers()] for who, m in self._modules.items()}
        self._updates = dict(zip("dg", _updates(trainer.config), strict=True))
        self._given = len(state(trainer)[0])
        self._draws = Draws.of(trainer.config)

    def __call__(self, *tensors: Tensor) -> tuple[()]:
        given, rest = Inputs(*tensors[:7]), tensors[7:]
        step = _Step(self, given, rest[: self._given], dict(zip(self._names, rest[self._given :], strict=True)))
        for _ in range(self._config.k_d):
            step.d_step()
        for _ in range(self._config.k_g):
            step.g_step()
        if self._config.k_g:
            step.average()
        step.adapt()
        return ()


def state(trainer: Trainer) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """The pictures that are drawn from (none for points) with their labels where the players are told, and every tensor that a step changes, by name; the optimisers' slots are
    made where torch has not made them yet."""
    tensors: dict[str, Tensor] = {}
    for who, module in (("g", trainer.g), ("d", trainer.d)):
        tensors |= {f"{who}/{name}": p.detach() for name, p in module.named_parameters()}
        tensors |= {f"{who}/{name}": b for name, b in module.named_buffers()}
        for name, values in trainer.slots(who).items():
            tensors |= {f"{who}.slots/{name}/{slot}": value for slot, value in values.items() if slot != "step"}
        for name, p in module.named_parameters():
            if p.grad is None:
                p.grad = torch.zeros_like(p)
            tensors[f"{who}.grad/{name}"] = p.grad
    tensors |= {f"average/{name}": p.detach() for name, p in trainer.ema.averaged()}
    pictures = tuple(x for x in (trainer.pictures, trainer.labels) if x is not None)
    tensors |= {"ada": trainer.ada, "anchors": trainer.anchors}
    return pictures, tensors | {"d_sums": trainer.d_sums, "g_sum": trainer.g_sum}


class _Step:
    """A step while it is traced: what is drawn is taken in the order of the eager step."""

    def __init__(self, program: Program, given: Inputs, data: tuple[Tensor, ...], tensors: dict[str, Tensor]) -> None:
        self.p, self.c, self.tensors = program, program._config, tensors
        self.pictures, self.classes = (*data, None, None)[:2]
        values = iter(given.numbers.unbind())
        self.weight, self.sigma, self.smooth, self.decay, self.clip, *little = (next(values) for _ in _SHARED)
        self.strength, self.due, self.target, self.lecam, self.share = little
        self.numbers = values
        part, d_parts = program._draws.part, max(1, self.c.k_d * self.c.accumulation)
        self.reals, self.latents, self.noise = (
            iter(torch.split(x, part)) for x in (given.reals, given.latents, given.noise)
        )
        self.changes = iter(program._draws.of_augmentation(given.augment))
        self.flips, self.places = (iter(torch.split(x, len(x) // d_parts)) for x in (given.flips, given.places))

    def d_step(self) -> None:
        gradients: list[Tensor] | None = None
        objective = self.p._objective
        for _ in range(self.c.accumulation):
            with self.p._precision():
                real, labels = self._real()
                latents = asked_for(next(self.latents), labels)
                labels = self._behind(latents)
                with torch.no_grad():
                    fake = self._noisy(self._call("g", self._own("g"), latents))
                leaves = self._leaves("d")
                with torch.enable_grad():
                    verdicts = judge(objective, self._critic(leaves), real.detach(), fake.detach(),
                                     next(self.places) if objective.at in PLACES else None, labels)  # fmt: skip
                    terms = d_objective(objective, verdicts, self.weight, self.smooth, next(self.flips), labels)
                    if self.c.lecam_weight:
                        anchors, seen = self.tensors["anchors"], (verdicts.real, verdicts.fake)
                        anchors.copy_(lecam.follow(anchors, *seen))
                        terms = lecam.added(terms, *seen, anchors, self.lecam)
            if self.p._border is not None:
                augment.watch(self.tensors["ada"], verdicts.real, self.p._border)
            parts = [terms.loss, terms.real, terms.fake]
            parts.append(terms.penalty if terms.penalty is not None else torch.zeros_like(terms.real))
            self.tensors["d_sums"].add_(torch.stack([x.detach() for x in parts]))
            gradients = _add(gradients, torch.autograd.grad(terms.total, list(leaves.values())))
        self._update("d", gradients)
        if self.c.penalty == "weight_clipping":
            for p in self._own("d").values():
                p.copy_(torch.clamp(p, -self.weight, self.weight))

    def g_step(self) -> None:
        gradients: list[Tensor] | None = None
        critic = self._own("d")
        for _ in range(self.c.accumulation):
            leaves = self._leaves("g")
            with self.p._precision(), torch.enable_grad():
                fake, real, labels = self._g_batch(leaves)
                judged_by = self._critic(critic)
                watched = matching.Watched(judged_by, self.p._modules["d"]) if self.c.feature_matching else None
                loss = g_objective(self.p._objective, g_judge(watched or judged_by, fake, real, labels), labels)
                loss = matching.shared(loss, watched.features, self.share) if watched else loss
            self.tensors["g_sum"].add_(loss.detach())
            gradients = _add(gradients, torch.autograd.grad(loss, list(leaves.values())))
        self._update("g", gradients)

    def average(self) -> None:
        """average ← decay · average + (1 − decay) · parameter; `decay` holds 1 − decay, rounded once."""
        for name, p in self._own("g").items():
            self.tensors[f"average/{name}"].lerp_(p, self.decay)

    def adapt(self) -> None:
        """Change p, where it follows D and it is time to."""
        if self.p._border is not None:
            ada = self.tensors["ada"]
            ada.copy_(torch.where(self.due > 0, augment.adapted(ada, self.due, self.target), ada))

    def _g_batch(self, leaves: dict[str, Tensor]) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Generated and, where the loss compares with them, real samples, and their labels."""
        latents, needs_real = next(self.latents), self.p._objective.needs_real
        if needs_real:
            rows = next(self.reals)
            latents = asked_for(latents, self._labels(rows))
        fake = self._noisy(self._call("g", leaves, latents))
        real = self._noisy(self._sample(rows)) if needs_real else None
        return fake, real, self._behind(latents)

    def _behind(self, latents: Tensor) -> Tensor | None:
        """The classes that were asked for, or the code."""
        return latents[:, self.c.latent.dim :] if self.c.classes or self.c.codes else None

    def _real(self) -> tuple[Tensor, Tensor | None]:
        rows = next(self.reals)
        return self._noisy(self._sample(rows)), self._labels(rows)

    def _sample(self, rows: Tensor) -> Tensor:
        return rows if self.pictures is None else to_unit(self.pictures[rows])

    def _labels(self, rows: Tensor) -> Tensor | None:
        return None if self.classes is None else one_hot(self.classes[rows], self.c.classes)

    def _noisy(self, x: Tensor) -> Tensor:
        return x + self.sigma * next(self.noise)

    def _critic(self, parameters: dict[str, Tensor]) -> Critic:
        def critic(*x: Tensor) -> Tensor:
            return self._call("d", parameters, *x)

        name, p, flips = self.c.augmentation, self.tensors["ada"][0], self.c.augment_flips
        if name == "none":
            return critic
        transform = augment.TRANSFORMS[name].apply
        return augment.Augmented(
            critic, lambda x, given: transform(x, given, self.strength, p, flips), next(self.changes)
        )

    def _call(self, who: str, parameters: dict[str, Tensor], *x: Tensor) -> Tensor:
        buffers = {name: self.tensors[f"{who}/{name}"] for name in self.p._buffers[who]}
        out: Tensor = functional_call(self.p._modules[who], {**parameters, **buffers}, x)
        return out

    def _own(self, who: str) -> dict[str, Tensor]:
        return {name: self.tensors[f"{who}/{name}"] for name in self.p._parameters[who]}

    def _leaves(self, who: str) -> dict[str, Tensor]:
        return {name: value.detach().requires_grad_() for name, value in self._own(who).items()}

    def _update(self, who: str, gradients: list[Tensor] | None) -> None:
        assert gradients is not None
        update, names = self.p._updates[who], self.p._parameters[who]
        if self.c.accumulation > 1:
            gradients = [g / self.c.accumulation for g in gradients]
        c = self.c.d_optimizer if who == "d" else self.c.g_optimizer
        numbers = [next(self.numbers) for _ in update.numbers(c, 0.0, 1)]
        if self.c.grad_clip:
            gradients = _clipped(gradients, self.clip)
        for name, gradient in zip(names, gradients, strict=True):
            self.tensors[f"{who}.grad/{name}"].copy_(gradient)
            slots = [self.tensors[f"{who}.slots/{name}/{slot}"] for slot in update.slots]
            update.apply(self.tensors[f"{who}/{name}"], gradient, slots, numbers)


def _add(total: list[Tensor] | None, gradients: Sequence[Tensor]) -> list[Tensor]:
    return list(gradients) if total is None else [x + y for x, y in zip(total, gradients, strict=True)]


def _clipped(gradients: list[Tensor], limit: Tensor) -> list[Tensor]:
    """As torch.nn.utils.clip_grad_norm_."""
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
    factor = torch.clamp(limit / (norm + 1e-6), max=1.0)
    return [g * factor for g in gradients]
