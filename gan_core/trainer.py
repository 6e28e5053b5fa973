"""Trainer: one GAN, one step at a time. No files, no threads, no clock.

    trainer = Trainer(config)
    trainer.step()                    # k_d discriminator steps, k_g generator steps
    trainer.read_stats()              # means since the last reading; the only moment that waits for the device
    trainer.sample(trainer.preview.latents)

`state_dict()` holds everything: stop, `load_state_dict()` in a new Trainer, go on, and the weights are bit-identical to not
having stopped (same torch version, CPU type, thread count).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gan_core import augment, lecam, matching, optimizers, penalties, registry, variational
from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import device as devices
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, PointSet, to_unit
from gan_core.ema import Ema
from gan_core.engine import plan
from gan_core.engine.compiled import CompiledStep, Runner
from gan_core.engine.objectives import Objective, Verdicts, d_objective, g_judge, g_objective, judge
from gan_core.errors import ConfigError
from gan_core.networks import build_discriminator, build_encoder, build_generator, couples_samples
from gan_core.networks.style import StyleGenerator
from gan_core.penalties import Critic
from gan_core.phases import BOTH, D_ONLY, G_ONLY, Phase, rounds
from gan_core.players import (
    Players,
    Preview,
    asked_for,
    draw_inputs,
    draw_latents,
    labels_of,
    one_hot,
    pictures_preview,
)
from gan_core.schedules import ema_decay, half_life, optimizer_at, scheduled
from gan_core.streams import Stream, block_rows, generators
from gan_core.text import N_

PREVIEW_POINTS = 1000


@dataclass(frozen=True)
class Stats:
    """Means over the steps since the last reading. NaN: no such step since. `finite`: no loss was NaN or infinite."""

    step: int
    images: int
    d_loss: float
    g_loss: float
    d_real: float
    d_fake: float
    penalty: float
    d_gradient: float
    g_gradient: float
    finite: bool
    augment_p: float = math.nan  # how likely an adaptive augmentation is now; NaN without
    reconstruction: float = math.nan
    kl: float = math.nan
    l1: float = math.nan  # of a translation: what it is held to, errors a value in [−1, 1]
    cycle: float = math.nan
    identity: float = math.nan


class Trainer:
    """Holds the two networks, their optimisers, the averaged generator and all random streams of a run.

    Raises ConfigError (batch larger than the data), DataError, DeviceError.
    """

    def __init__(self, config: RunConfig, data: PointSet | ImageSet | None = None) -> None:
        self.config = config
        self.device = devices.resolve(config.device)
        self.data = data_sets.load(config.data) if data is None else data
        check_batch(config, self.data)
        self.rng = generators(config.seed, self.device)
        self.g = self._place(build_generator(config, self.data.shape, self.rng["init"]))
        self.d = self._place(build_discriminator(config, self.data.shape, self.rng["init"]))
        e = build_encoder(config, self.data.shape, self.rng["init"])
        self.e = self._place(e) if e is not None else None
        beside = (
            list(self.e.named_parameters(prefix="encoder")) if self.e is not None else []
        )  # learns with G, by its optimiser
        self._g_params, self._d_params = [*self.g.parameters(), *(p for _, p in beside)], list(self.d.parameters())
        self._g_names = [name for name, _ in (*self.g.named_parameters(), *beside)]
        self._d_names = [name for name, _ in self.d.named_parameters()]
        self.ema = Ema(self.g)
        self._couples = couples_samples(self.d)
        self._build_optimizers(("g", "d"))
        self.beside = self.g.beside if isinstance(self.g, StyleGenerator) else 0
        self.latents = Stream(
            self._draw_latents,
            self.rng["latent"],
            block_rows(config.latent.dim + config.classes + config.codes, self.beside),
        )
        self.reals = self._real_stream()
        self.step_count = 0
        self.images = 0
        self._zero = torch.zeros((), device=self.device)
        self.ada = torch.zeros(3, device=self.device)  # what `augment.adapted` and `lecam.follow` go on from
        self.anchors = torch.zeros(3, device=self.device)
        self.d_sums, self.g_sum = torch.zeros(4, device=self.device), torch.zeros((), device=self.device)
        self.more_sums = torch.zeros(3, device=self.device)  # of what G is held to besides, by methods that do so
        self._clear_sums()
        self._compiled: CompiledStep | None = None
        self._apply(config)
        self.preview = self._make_preview()

    # ── a step ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def step(self, players: str = BOTH) -> None:
        """k_d discriminator steps, k_g generator steps, one update of the average; or those of one player alone, eagerly."""
        if players == BOTH:
            self.advance(1)
        else:
            _run_through(self.phases(players))

    def advance(self, most: int) -> int:
        """Take at least one step and at most `most`, and say how many: eager steps come one at a time, compiled ones several in a
        call."""
        if self._compiled is not None:
            return self._compiled.advance(most)
        _run_through(self.phases())
        return 1

    def use(self, runner: Runner | None) -> None:
        """Take the following steps with programs compiled for the structure of these settings, or (None) eagerly."""
        if self._compiled is not None:
            self._compiled.sync()
        self._compiled = CompiledStep(self, runner) if runner is not None else None

    @property
    def is_compiled(self) -> bool:
        return self._compiled is not None

    def phases(self, players: str = BOTH) -> Iterator[Phase]:
        """An eager step, stopping after each of its phases. This is the step: `step` runs through it without a stop, and whoever
        stops must go on to its end before anything else is asked of the trainer.

        A step of one player alone counts like any other; D's leaves the average as it is.
        """
        self.use(None)
        c = self.config
        d_rounds, g_rounds = rounds(c, players)
        self._follow_schedule()
        if c.adversarial:
            for _ in range(d_rounds):
                yield from self._d_phases()
            for _ in range(g_rounds):
                yield from self._g_phases()
        else:
            yield from self._v_phases(players)
        self.step_count += 1
        self.images += c.batch_size * max(c.k_d, 1)
        self._adapt()
        if g_rounds:
            self.ema.update(ema_decay(c.batch_size, self.images, half_life(c, self.images), c.ema_ramp))
        yield "end", {}

    # No context may be open where these stop: who goes on may be another thread, and does other things in between.

    def _d_phases(self) -> Iterator[Phase]:
        """One step of the discriminator on its objective; its penalty counts at every `penalty_interval`-th step of the run,
        that many times as much (lazy regularisation, Karras et al. 2020, arXiv:1912.04958, section 3.1)."""
        c, precision = self.config, self.precision()
        lazy = c.penalty_interval > 1 and self.step_count % c.penalty_interval != 0
        objective = self.unpenalised if lazy else self.objective
        parts, n = c.accumulation, c.batch_size // c.accumulation
        gradients: list[Tensor] | None = None
        for part in range(parts):
            with precision:
                real, labels = self._next_real(n)
                real = self._noisy(real)
            yield "d.batch", {"real": real}
            latents = asked_for(self.latents.next(n), labels)
            labels = self._behind(latents)
            with precision, torch.no_grad():
                fake = self._noisy(self.g(latents))
            yield "d.fakes", {"latents": self._seen(latents), "fake": fake}
            flips = self._uniform(n // c.discriminator.packing) < c.label_flip if c.label_flip else None
            u = self._placed(n, objective.at)
            critic = self._critic(n * (3 if objective.at in penalties.PLACES else 2))
            with precision:
                pair = self._pair(real, latents)
                verdicts = judge(objective, critic, real, fake, u, *(pair or (labels,)))
            self._watch(verdicts)
            yield "d.judge", {"real": verdicts.real, "fake": verdicts.fake}
            with precision:
                terms = d_objective(objective, verdicts, self.penalty_weight, c.label_smoothing, flips, labels)
                if c.lecam_weight:
                    terms = lecam.added(terms, verdicts.real, verdicts.fake, self.anchors, c.lecam_weight)
            penalty = terms.penalty.detach() if terms.penalty is not None else self._zero
            self.d_sums += torch.stack([terms.loss.detach(), terms.real, terms.fake, penalty])
            yield "d.loss", {"terms": terms, "real": verdicts.real, "fake": verdicts.fake, "flips": flips}
            gradients = _add(gradients, torch.autograd.grad(terms.total, self._d_params))
            yield "d.gradients", {"gradients": gradients, "parts": part + 1}
        self._d_count += parts
        self._penalty_count += parts if objective.at else 0
        self._update(self._d_optimizer, self._d_params, gradients, parts)
        if c.penalty == "weight_clipping":
            penalties.clip_weights(self._d_params, self._weight)
        yield "d.update", {}

    def _g_phases(self) -> Iterator[Phase]:
        """One step of the generator on its loss."""
        c, precision, objective = self.config, self.precision(), self.objective
        parts, n = c.accumulation, c.batch_size // c.accumulation
        gradients: list[Tensor] | None = None
        for part in range(parts):
            latents = self.latents.next(n)
            with precision:
                real, labels = self._next_real(n) if objective.needs_real or c.paired else (None, None)
                latents = asked_for(latents, labels)
                labels = self._behind(latents)
                fake = self._noisy(self.g(latents))
                real = None if real is None else self._noisy(real)
            yield "g.fakes", {"latents": self._seen(latents), "fake": fake, "real": real}
            critic = self._critic(n * (1 + (real is not None)))
            watched = matching.Watched(critic, self.d) if c.feature_matching else None
            with precision:
                if self.e is not None and real is not None:
                    verdicts = g_judge(watched or critic, fake, real, latents, self.e(real))
                else:
                    verdicts = g_judge(watched or critic, fake, real, labels)
            yield "g.judge", {"real": verdicts.real, "fake": verdicts.fake}
            with precision:
                loss = g_objective(objective, verdicts, labels)
                loss = matching.shared(loss, watched.features, c.feature_matching) if watched else loss
            self.g_sum += loss.detach()
            yield "g.loss", {"loss": loss, "samples": fake, "real": verdicts.real, "fake": verdicts.fake}
            gradients = _add(gradients, torch.autograd.grad(loss, self._g_params))
            yield "g.gradients", {"gradients": gradients, "parts": part + 1}
        self._g_count += parts
        self._update(self._g_optimizer, self._g_params, gradients, parts)
        yield "g.update", {}

    def _v_phases(self, players: str) -> Iterator[Phase]:
        """One step of encoder and decoder on the loss that they share; of one alone, its part of it."""
        c, precision = self.config, self.precision()
        parts, n = c.accumulation, c.batch_size // c.accumulation
        gradients: list[Tensor] | None = None
        for part in range(parts):
            with precision:
                real, _ = self._next_real(n)
            yield "v.batch", {"real": real}
            terms = yield from variational.phases(self.d, self.g, real, self.latents.next(n), c.kl_weight, precision)
            self.d_sums += torch.stack([terms.total, terms.reconstruction, terms.kl, self._zero]).detach()
            gradients = _add(gradients, torch.autograd.grad(terms.total, self._d_params + self._g_params))
            yield "v.gradients", {"gradients": gradients, "parts": part + 1}
        self._d_count += parts
        assert gradients is not None
        ours = len(self._d_params)
        if players != G_ONLY:
            self._update(self._d_optimizer, self._d_params, gradients[:ours], parts)
        if players != D_ONLY:
            self._update(self._g_optimizer, self._g_params, gradients[ours:], parts)
        yield "v.update", {}

    def _update(
        self, optimizer: torch.optim.Optimizer, params: list[nn.Parameter], gradients: list[Tensor] | None, parts: int
    ) -> None:
        assert gradients is not None
        if parts > 1:
            torch._foreach_div_(gradients, parts)
        optimizers.take_step(optimizer, params, gradients, self.config.grad_clip)

    def _follow_schedule(self) -> None:
        """Write the scheduled values for the number of images seen so far."""
        c, now = self.config, scheduled(self.config, self.images)
        for optimizer, own in ((self._g_optimizer, c.g_optimizer), (self._d_optimizer, c.d_optimizer)):
            if c.beta2_final:
                optimizers.apply_settings(optimizer, optimizer_at(own, c, self.images))
            for group in optimizer.param_groups:
                group["lr"] = own.lr * now.lr
        self._weight, self._sigma = now.weight, now.sigma

    @property
    def penalty_weight(self) -> float:
        """k · γ(t), at every k-th step, which alone takes the penalty.   γ(t): its scheduled weight."""
        return self._weight * self.config.penalty_interval

    def rate(self, player: str) -> float:
        """The scheduled learning rate of "g" or "d"."""
        optimizer = self._g_optimizer if player == "g" else self._d_optimizer
        return float(optimizer.param_groups[0]["lr"])

    # ── random numbers and data ──────────────────────────────────────────────────────────────────────────────────────────

    def _draw_latents(self, n: int, generator: torch.Generator) -> Tensor:
        inputs = draw_inputs(n, self.config, generator)
        return (
            torch.cat([inputs, self.g.draw_beside(n, generator)], 1) if isinstance(self.g, StyleGenerator) else inputs
        )

    def _seen(self, latents: Tensor) -> Tensor:
        """Latents and labels, without what is drawn beside them."""
        return latents[:, : self.config.latent.dim + self.config.classes + self.config.codes]

    def _real_stream(self) -> Stream:
        self.pictures: Tensor | None = None
        self.labels: Tensor | None = None
        if isinstance(self.data, PointSet):
            draw = self.data.draw
            return Stream(lambda n, rng: draw(n, rng).to(self.device), self.rng["data"], block_rows(2))
        self.pictures = self.data.images.to(self.device)
        if self.pictures.dim() == 4:
            self.pictures = self.pictures.contiguous(memory_format=torch.channels_last)
        count = len(self.pictures)
        self.labels = labels_of(self.config, self.data, self.device)
        return Stream(lambda _n, rng: torch.randperm(count, generator=rng).to(self.device), self.rng["data"], count)

    def _next_real(self, n: int) -> tuple[Tensor, Tensor | None]:
        """(n, *shape) in the units of training: points normalised, pictures in [−1, 1]; and their labels (n, classes), where the players
        are told."""
        rows = self.reals.next(n)
        if self.pictures is None:
            return rows, None
        return to_unit(self.pictures[rows]), None if self.labels is None else one_hot(
            self.labels[rows], self.config.classes
        )

    @torch.no_grad()
    def _pair(self, real: Tensor, latents: Tensor) -> tuple[Tensor, Tensor] | None:
        """What D sees beside real and beside generated pictures, where it judges pairs: their codes."""
        return (self.e(real).float(), latents) if self.e is not None else None

    def _behind(self, latents: Tensor) -> Tensor | None:
        """What lies behind the noise: the classes that were asked for, or the code; None where there is nothing."""
        return latents[:, self.config.latent.dim :] if self.config.classes or self.config.codes else None

    def _noisy(self, x: Tensor) -> Tensor:
        """x ← x + σ · ε,  ε ~ N(0, I).   Sønderby et al. 2016, arXiv:1610.04490: what D sees, real and generated."""
        if not self._sigma:
            return x
        return x + self._sigma * torch.randn(x.shape, generator=self.rng["augment"], device=self.device)

    def _uniform(self, n: int) -> Tensor:
        return torch.rand(n, generator=self.rng["augment"], device=self.device)

    def _placed(self, n: int, at: str | None) -> Tensor | None:
        """What the points of a penalty are made with; None where they are those of the batch."""
        if at not in penalties.PLACES:
            return None
        return penalties.PLACES[at].draw(n, self.data.shape, self.config.discriminator.packing, self.rng["augment"])

    # ── few pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def border(self) -> float | None:
        """D's output between real and generated, where how likely augmentation is follows on which side real pictures lie."""
        adapts = self.config.augmentation != "none" and augment.TRANSFORMS[self.config.augmentation].adapts
        return registry.loss[self.config.loss].info["border"] if adapts else None

    def _critic(self, rows: int) -> Critic:
        """D, or D∘T with what T takes for so many samples."""
        c = self.config
        if not c.augments:
            return self.d
        name, strength, p, flips = c.augmentation, c.augment_strength, self.ada[0], c.augment_flips
        transform = augment.TRANSFORMS[name].apply
        numbers = augment.draw(name, rows, self.rng["augment"])
        return augment.Augmented(self.d, lambda x, given: transform(x, given, strength, p, flips), numbers)

    @torch.no_grad()
    def _watch(self, verdicts: Verdicts) -> None:
        """What goes on from what D says of a batch."""
        if (border := self.border) is not None:
            augment.watch(self.ada, verdicts.real, border)
        if self.config.lecam_weight:
            self.anchors.copy_(lecam.follow(self.anchors, verdicts.real, verdicts.fake))

    def _adapt(self) -> None:
        c = self.config
        if self.border is not None and self.step_count % augment.INTERVAL == 0:
            seen = c.batch_size * max(c.k_d, 1) * augment.INTERVAL
            self.ada.copy_(augment.adapted(self.ada, augment.amount(seen, c.ada_speed), c.ada_target))

    def _make_preview(self) -> Preview:
        rng, c = self.rng["preview"], self.config.latent
        if isinstance(self.data, PointSet):
            real = self.data.to_units(self.data.draw(PREVIEW_POINTS, rng))
            return Preview(draw_latents(PREVIEW_POINTS, c.dim, c.distribution, rng).to(self.device), real)
        return pictures_preview(self.config, self.data, rng, self.device)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def read_stats(self) -> Stats:
        """Means since the last reading, and the gradient norms of the last step. Waits for the device once."""
        norms = [self._gradient_norm(self._d_params), self._gradient_norm(self._g_params)]
        sums = torch.cat([self.d_sums, self.g_sum.view(1), torch.stack(norms), self.ada[:1]]).tolist()
        d_count, g_count = self._d_count or math.nan, self._g_count or math.nan
        d_loss, d_real, d_fake = (value / d_count for value in sums[:3])
        penalty = sums[3] / (self._penalty_count or math.nan)
        finite = all(map(math.isfinite, sums[:5]))
        stats = Stats(
            self.step_count, self.images, d_loss, sums[4] / g_count, d_real, d_fake, penalty, sums[5], sums[6], finite,
            sums[7] if self.border is not None else math.nan,
        )  # fmt: skip
        self._clear_sums()
        if not self.config.adversarial:  # in the places of D's loss and outputs, which there are none of
            return replace(stats, d_loss=math.nan, d_real=math.nan, d_fake=math.nan, reconstruction=d_real, kl=d_fake)
        return stats

    def _gradient_norm(self, params: list[nn.Parameter]) -> Tensor:
        gradients = [p.grad for p in params if p.grad is not None]
        return (
            nn.utils.get_total_norm(gradients).to(self.device)
            if gradients
            else torch.full((), math.nan, device=self.device)
        )

    def count(self, penalised: bool) -> None:
        """One step more is in the sums, taken by a compiled program."""
        c = self.config
        self._d_count += c.accumulation * c.k_d
        self._g_count += c.accumulation * c.k_g
        self._penalty_count += c.accumulation * c.k_d if penalised and self.objective.at else 0

    def _clear_sums(self) -> None:
        # A NaN or an infinity in any loss stays in these sums until they are read: that is the sticky flag.
        self.d_sums.zero_()
        self.g_sum.zero_()
        self.more_sums.zero_()
        self._d_count = self._g_count = self._penalty_count = 0

    @property
    def players(self) -> Players:
        """The living networks, to be looked at between two steps."""
        return Players(self.config, self.data, self.preview, self.device, self.g, self.ema.module, self.d, self.e)

    def sample(self, latents: Tensor, *, averaged: bool = True) -> Tensor:
        """(N, latent.dim) -> (N, *shape) float32 on the CPU: points in data units, pictures in [−1, 1]. In eval mode."""
        return self.players.sample(latents, averaged=averaged)

    def critic(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """As `Players.critic`."""
        return self.players.critic(x, labels)

    # ── changing and keeping ─────────────────────────────────────────────────────────────────────────────────────────────

    def change(self, config: RunConfig) -> None:
        """Go on with `config`, which may differ in live settings only; eagerly, where the compiled programs are not made for it.
        Raises ConfigError otherwise, and changes nothing."""
        changed = settings.live_differences(self.config, config)
        check_batch(config, self.data)
        if not plan.serve(self.config, config):
            self.use(None)
        self._apply(config)
        self._build_optimizers(tuple(p for p in ("g", "d") if f"{p}_optimizer.name" in changed))

    def _apply(self, config: RunConfig) -> None:
        self.config = config
        loss, penalty = registry.loss[config.loss], registry.penalty[config.penalty]
        at = penalty.info["at"]
        joint = not self._couples and at not in ("real", "fake")
        guesses = config.discriminator.conditioning == "classifier"
        self.objective = Objective(
            loss.value, config.g_needs_real, penalty.value, at, joint, config.class_weight if guesses else 0.0,
            config.info_weight if config.codes else None, config.latent.categories, config.paired,
        )  # fmt: skip
        self.unpenalised = replace(self.objective, at=None)
        for optimizer, c in ((self._g_optimizer, config.g_optimizer), (self._d_optimizer, config.d_optimizer)):
            optimizers.apply_settings(optimizer, c)
        self._follow_schedule()

    def _build_optimizers(self, players: tuple[str, ...]) -> None:
        c = self.config
        if "g" in players:
            self._g_optimizer = registry.optimizer[c.g_optimizer.name].value(self._g_params, c.g_optimizer)
        if "d" in players:
            self._d_optimizer = registry.optimizer[c.d_optimizer.name].value(self._d_params, c.d_optimizer)

    def slots(self, player: str) -> optimizers.Slots:
        """What the optimiser of "g" or "d" keeps for each parameter: the living tensors."""
        if player == "g":
            name, built, module = self.config.g_optimizer.name, self._g_optimizer, self.g
        else:
            name, built, module = self.config.d_optimizer.name, self._d_optimizer, self.d
        return optimizers.slots(built, registry.optimizer[name].info["update"], module.named_parameters())

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on, as nested dicts of tensors (shared, not copied) and numbers."""
        if self._compiled is not None:
            self._compiled.sync()
        return {
            "step": self.step_count,
            "images": self.images,
            "generator": self.g.state_dict(),
            "discriminator": self.d.state_dict(),
            "ema": self.ema.module.state_dict(),
            "g_optimizer": optimizers.named_state(self._g_optimizer, self._g_names),
            "d_optimizer": optimizers.named_state(self._d_optimizer, self._d_names),
            "reals": self.reals.state_dict(),
            "latents": self.latents.state_dict(),
            "augment": self.rng["augment"].get_state(),
            "ada": self.ada,
            "anchors": self.anchors,
        } | ({"encoder": self.e.state_dict()} if self.e is not None else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state of a run with the same configuration."""
        runner, self._compiled = self._compiled.runner if self._compiled is not None else None, None
        self.g.load_state_dict(state["generator"])
        self.d.load_state_dict(state["discriminator"])
        if self.e is not None:
            self.e.load_state_dict(state["encoder"])
        self.ema.module.load_state_dict(state["ema"])
        optimizers.load_named_state(self._g_optimizer, state["g_optimizer"], self._g_names)
        optimizers.load_named_state(self._d_optimizer, state["d_optimizer"], self._d_names)
        self.reals.load_state_dict(state["reals"])
        self.latents.load_state_dict(state["latents"])
        self.rng["augment"].set_state(state["augment"].cpu())
        for name, own in (("ada", self.ada), ("anchors", self.anchors)):
            own.copy_(state.get(name, torch.zeros(3)))  # states from before there were any had none
        self.step_count, self.images = int(state["step"]), int(state["images"])
        self._apply(self.config)
        self._clear_sums()
        self.use(runner)

    def _place(self, module: nn.Module) -> nn.Module:
        module = module.to(self.device).train()
        return module.to(memory_format=torch.channels_last) if len(self.data.shape) > 1 else module

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """The context that both players compute in."""
        wanted = self.config.precision
        wide = self.device.type == "cuda" and self.config.generator.network != "mlp"
        if wanted == "bfloat16" or (wanted == "auto" and wide):
            return torch.autocast(self.device.type, torch.bfloat16)
        return contextlib.nullcontext()


def check_batch(config: RunConfig, data: PointSet | ImageSet) -> None:
    """Raise ConfigError for a batch that has more samples than the data."""
    limit = data.largest_batch if isinstance(data, ImageSet) else None
    if limit is not None and config.batch_size > limit:
        raise ConfigError(N_("batch_size={batch_size} is larger than the data: {data} has {limit} samples. Use at most {limit}."),
                          batch_size=config.batch_size, data=config.data.name, limit=limit)  # fmt: skip


def _run_through(phases: Iterator[Phase]) -> None:
    for _ in phases:
        pass


def _add(total: list[Tensor] | None, gradients: tuple[Tensor, ...]) -> list[Tensor]:
    """g = Σᵢ gᵢ / n, the mean over the n parts of a batch.   Here their sum, which `_update` divides."""
    if total is None:
        return list(gradients)
    torch._foreach_add_(total, list(gradients))
    return total
