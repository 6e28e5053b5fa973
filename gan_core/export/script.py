"""A run as one short Python file that needs only torch, and repeats it: the same draws in the same order, the same steps.

Losses, penalties, data, schedules and networks are the sources of the very functions that train here (sources.py); only the loop
around them is written out below, and only the parts of it that the run uses.
"""

from __future__ import annotations

import io
import math
import textwrap
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import device as devices
from gan_core import networks, optimizers, penalties, players, registry, schedules, streams
from gan_core.config import RunConfig
from gan_core.data import sets
from gan_core.data.sets import ImageSet, PointSet
from gan_core.errors import ExportError
from gan_core.export import modules, parts
from gan_core.export.literals import Literals
from gan_core.export.phases import Phase, phases
from gan_core.export.sources import Sources
from gan_core.generate import BATCH
from gan_core.networks import spectral
from gan_core.text import N_
from gan_core.trainer import PREVIEW_POINTS

_OPEN_END = 10_000  # steps of a run that has no horizon and has not been trained yet
_PLAYERS = (("G", "g_optimizer"), ("D", "d_optimizer"))


@dataclass(frozen=True)
class Script:
    """The text of the file, and the files that it reads from its own folder (few scripts need any)."""

    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    def zipped(self, name: str) -> bytes:
        """All of it in one archive; the script is called `name`."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, self.text)
            for file, data in self.files.items():
                archive.writestr(file, data)
        return buffer.getvalue()


def script(
    start: RunConfig, journal: Iterable[Mapping[str, Any]] = (), steps: int | None = None, threads: int | None = None
) -> Script:
    """The run that begins with `start`, with what its journal says was changed, up to `steps` (None: to the end of its schedule).
    `threads`: CPU threads that it was trained with. Raises ExportError for what cannot stand alone, DataError, ConfigError."""
    return _Writer(phases(start, journal, steps), steps, threads).script()


class _Writer:
    def __init__(self, found: list[Phase], steps: int | None, threads: int | None) -> None:
        self.phases, self.configs = found, [phase.config for phase in found]
        self.start = self.configs[0]
        if self.ever(lambda c: c.augmentation != "none" or c.lecam_weight or c.feature_matching):
            raise ExportError(N_("A run with augmentation, LeCam regularisation or feature matching cannot be written as a script yet. Take the "
                                 "configuration instead: with 'gan-playground train --config config.toml' it trains the same run."))  # fmt: skip
        self.steps = steps if steps is not None else _steps(self.start)
        self.threads = threads or self.start.threads or devices.default_threads(self.start.kind)
        self.literals = Literals()
        self.sources = Sources(self.literals, parts.RESERVED)
        self.data = _load(self.start)
        self.is_points = isinstance(self.data, PointSet)
        self.constants: set[str] = set()
        self.moves = any(c.schedule != "constant" and c.horizon > 0 for c in self.configs)
        self.sources.need("sys")
        self.sources.need("torch")
        self.sources.need("torch", "nn")

    def script(self) -> Script:
        random, data, made, seen = (
            self._part(part) for part in (self._random, self._data, self._networks, self._noise)
        )
        losses, learning = self._part(self._objectives), self._part(self._learning)
        loop, end = self._part(self._loop), self._part(self._end)
        changes = self._part(self._changes)  # now it is known which constants there are
        body = [random, data, made, seen, losses, learning, changes, loop, end]
        text = "\n\n".join([self._head(), self.sources.imports(), self._settings(), *body])
        return Script(_spaced(text), dict(self.literals.files))

    def _part(self, write: Callable[[], str]) -> str:
        """A part of the file, behind what it needs."""
        text = write()
        return self.sources.flush() + "\n" + text

    # ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, name: str) -> str:
        """The name of the constant that a setting becomes."""
        self.constants.add(name)
        return name.replace(".", "_").upper()

    def ever(self, test: Callable[[RunConfig], object]) -> bool:
        return any(map(test, self.configs))

    def always(self, name: str, value: object) -> bool:
        """Whether a setting has this value from first to last."""
        return all(settings.get(c, name) == value for c in self.configs)

    def varies(self, *names: str) -> bool:
        return any(settings.get(c, name) != settings.get(self.start, name) for c in self.configs for name in names)

    def scheduled(self, base: str, final: str) -> str:
        """The value of this moment of a setting that the schedule moves."""
        if not self.moves or self.always(final, 1.0):
            return self.value(base)
        return f"{self.value(base)} * {self._factor(self.value(final))}"

    def _factor(self, final: str) -> str:
        """What a value that ends at the share `final` is multiplied by at this moment."""
        arguments = f"images, {self.value('horizon')}, {final}"
        if self.varies("schedule"):
            return f"{self.sources.take(schedules.factor)}({self.value('schedule')}, {arguments})"
        return f"{self.sources.take(schedules.factor, given={'schedule': self.start.schedule})}({arguments})"

    def _betas(self) -> list[str]:
        """β₂ of this moment, where the schedule moves it."""
        if not self.moves or self.always("beta2_final", 0.0):
            return []
        lines = []
        for name in ("g_optimizer", "d_optimizer"):
            base, final = self.value(f"{name}.beta2"), self.value("beta2_final")
            now = f"{final} + ({base} - {final}) * {self._factor('0.0')}"
            now = now if self.ever(lambda c: c.beta2_final == 0) is False else f"{now} if {final} else {base}"
            for group, key, value in (
                ("adam", "betas", f"({self.value(f'{name}.beta1')}, {now})"), ("rmsprop", "alpha", now),
            ):  # fmt: skip
                if any(getattr(c, name).name == group for c in self.configs):
                    line = f'{name}.param_groups[0]["{key}"] = {value}'
                    lines.append(
                        line if self.always(f"{name}.name", group) else f'if "{key}" in {name}.defaults:\n    {line}'
                    )
        return lines

    def _half_life(self) -> str:
        """The average's half-life at this moment."""
        whole = self.value("ema_half_life")
        if not self.moves or self.always("ema_first", 1.0):
            return whole
        now = f"{whole} * (1 - (1 - {self.value('ema_first')}) * {self._factor('0.0')})"
        if not self.varies("schedule", "horizon"):
            return now
        return f'({now} if {self.value("schedule")} != "constant" and {self.value("horizon")} else {whole})'

    def _settings(self) -> str:
        lines = [f"STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {self.steps}"]
        for item in settings.fields():
            if item.name in self.constants:
                name, value = self.value(item.name), settings.get(self.start, item.name)
                unit = f", {item.spec.unit}" if item.spec.unit else ""
                lines.append(f"{name} = {_text(value)}  # {item.spec.title}{unit}")
        device = devices.resolve(self.start.device).type
        return "\n".join([*lines, f'DEVICE = torch.device("{device}")', f"torch.set_num_threads({self.threads})"])

    def _head(self) -> str:
        c = self.start
        words = [registry.dataset[c.data.name].title, f"{registry.loss[c.loss].title} loss"]
        words += [registry.penalty[c.penalty].title] if c.penalty != "none" else []
        words += [f"seed {c.seed}"]
        more = f"\nReads from its own folder: {', '.join(self.literals.files)}.\n" if self.literals.files else ""
        return parts.HEAD.format(
            title=", ".join(words), steps=self.steps, torch=torch.__version__, more=more, samples=self._samples_file,
            threads=f"{self.threads} thread{'s' if self.threads > 1 else ''}",
        )  # fmt: skip

    @property
    def _samples_file(self) -> str:
        if isinstance(self.data, PointSet):
            return "samples.csv"
        return "samples.pgm" if self.data.shape[0] == 1 else "samples.ppm"

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _random(self) -> str:
        c = self.start.latent
        draw = self.sources.take(players.draw_latents, given={"distribution": c.distribution})
        self.sources.need("collections.abc", "Callable")
        self.sources.need("torch", "Tensor")
        where = "" if self._on_cpu else 'DEVICE if purpose in ("latent", "augment") else "cpu"'
        return (
            parts.STREAM
            + parts.GENERATORS.format(
                seed=self.value("seed"), purposes=_words(streams.PURPOSES), count=len(streams.PURPOSES), where=where
            )
            + (
                f'latents = Stream(lambda n, rng: {draw}(n, {self.value("latent.dim")}, rng), rng["latent"], {streams.block_rows(c.dim)})'
            )
        )

    def _data(self) -> str:
        if isinstance(self.data, PointSet):
            draw = self.sources.take(self.data.draw)
            on = f"lambda n, rng: {draw}(n, rng).to(DEVICE)"
            return f'reals = Stream({on}, rng["data"], {streams.block_rows(2)})'
        self.sources.take(sets.to_unit)
        layout = ".contiguous(memory_format=torch.channels_last)" if self.data.images.dim() == 4 else ""
        pictures = self.literals.file("pictures", self.data.images)
        return parts.PICTURES.format(pictures=f"{pictures}.to(DEVICE){layout}")

    @property
    def _real(self) -> str:
        return "reals.next(n)" if self.is_points else f"{sets.to_unit.__name__}(pictures[order.next(n)])"

    def _networks(self) -> str:
        c, shape = self.start, self.data.shape
        g, d = networks.on_meta(c, shape)
        kinds = {type(m).__name__ for m in [*g.modules(), *d.modules()]} & {"Linear", "Conv2d", "ConvTranspose2d"}
        made = {
            name: modules.network(player, c, shape, self.sources)
            for name, player in (("G", "generator"), ("D", "discriminator"))
        }
        layout = "" if self.is_points else ".to(memory_format=torch.channels_last)"
        lines = [f"G = fill({made['G']})", f"D = fill({made['D']})"]
        for name, part in (("G", c.generator), ("D", c.discriminator)):
            if part.spectral_norm:
                at = 1 if name == "G" else len(lines)  # in the order in which the run's own are made
                lines.insert(at, f'{self.sources.take(spectral.add_spectral_norm)}({name}, rng["init"])')
        lines += [f"{name} = {name}.to(DEVICE){layout}" for name in ("G", "D")] if layout or not self._on_cpu else []
        if self._averages:
            self.sources.need("copy")
            lines.append("average = copy.deepcopy(G).requires_grad_(False)")
        lines += [f"{optimizer} = {self._optimizer(self.start, player)}" for player, optimizer in _PLAYERS]
        return parts.fill(sorted(kinds)) + "\n\n" + "\n".join(lines)

    @property
    def _on_cpu(self) -> bool:
        return devices.resolve(self.start.device).type == "cpu"

    @property
    def _averages(self) -> bool:
        return self.ever(lambda c: c.ema_half_life > 0 and c.k_g)

    def _optimizer(self, c: RunConfig, player: str) -> str:
        """torch's own optimiser with what is not so by default."""
        part = c.g_optimizer if player == "G" else c.d_optimizer
        where = torch.zeros((), device=devices.resolve(c.device), requires_grad=True)
        built = registry.optimizer[part.name].value([torch.nn.Parameter(where)], part)
        said = modules.arguments(type(built), built.defaults)
        name = f"{player.lower()}_optimizer"
        said |= {"lr": self.value(f"{name}.lr")}
        return f"torch.optim.{type(built).__name__}({player}.parameters(), {', '.join(f'{k}={v}' for k, v in said.items())})"

    def _noise(self) -> str:
        return parts.NOISY if self._is_noisy else ""

    @property
    def _is_noisy(self) -> bool:
        return self.ever(lambda c: c.instance_noise)

    def _seen(self, what: str) -> str:
        """What D sees of a sample."""
        return f"noisy({what})" if self._is_noisy else what

    # ── what the players minimise ────────────────────────────────────────────────────────────────────────────────────────

    def _objectives(self) -> str:
        kinds = list(dict.fromkeys(map(_kind, self.configs)))
        self.single = len(kinds) == 1
        blocks = []
        for c in [next(c for c in self.configs if _kind(c) == kind) for kind in kinds]:
            blocks += [self._d_loss(c), self._g_loss(c)]
        return "\n\n".join(dict.fromkeys(blocks))

    def loss_name(self, player: str, c: RunConfig) -> str:
        """What the loss function of a player is called, of all those that a run has had."""
        if self.single:
            return f"{player}_loss"
        words = (
            [c.loss, *([c.penalty] if _at(c) else []), *(["flipped"] if c.label_flip else [])]
            if player == "d"
            else [c.loss]
        )
        return "_".join([player, "loss", *words])

    def _d_loss(self, c: RunConfig) -> str:
        loss, at = self.sources.take(registry.loss[c.loss].value), _at(c)
        joint = not networks.couples_samples(networks.on_meta(c, self.data.shape)[1]) and at not in ("real", "fake")
        lines = [
            f"real = {self._seen(self._real)}",
            "with torch.no_grad():",
            f"    fake = {self._seen('G(latents.next(n))')}",
        ]
        if c.label_flip:
            lines.append(
                f"flips = {parts.uniform(c.discriminator.packing)} < {self.value('label_flip')}  # pairs that D sees under each other's label"
            )
        if at in penalties.PLACES:
            self.sources.take(penalties.PLACES[at].points)
            lines.append(
                f"u = {parts.placed(at, c.discriminator.packing)}{' if weight is not None else None' if self._is_lazy else ''}"
            )
        lines += self._forward(at, joint)
        lines += self._penalty(c, at, joint)
        if c.label_flip:
            lines.append(parts.FLIP)
        smooth = (
            f", {self.value('label_smoothing')}" if self.ever(lambda x: x.label_smoothing and x.loss == c.loss) else ""
        )
        lines.append(f"loss = {loss}(on_real, on_fake{smooth})[0]")
        result = "loss + weight * penalty" if at else "loss"
        lines.append(f"return {result} if weight is not None else loss" if at and self._is_lazy else f"return {result}")
        weight = f", weight: float{' | None' if self._is_lazy else ''}" if self._weighs else ""
        return _function(self.loss_name("d", c), f"n: int{weight}", parts.D_DOC if at else parts.D_DOC_FREE, lines)

    @property
    def _weighs(self) -> bool:
        """Whether any loss of D has a penalty."""
        return self.ever(_at)

    @property
    def _is_lazy(self) -> bool:
        return self.ever(lambda c: c.penalty_interval > 1 and _at(c))

    def _forward(self, at: str | None, joint: bool) -> list[str]:
        if at == "both" and joint:
            return [
                "both = torch.cat([real, fake]).requires_grad_()",
                "logits = D(both)",
                "on_real, on_fake = logits.chunk(2)",
            ]
        if joint:
            return ["on_real, on_fake = D(torch.cat([real, fake])).chunk(2)"]
        grown = [f"{x} = {x}.detach().requires_grad_()" for x in ("real", "fake") if at in (x, "both")]
        return [*grown, "on_real, on_fake = D(real), D(fake)"]

    def _penalty(self, c: RunConfig, at: str | None, joint: bool) -> list[str]:
        if not at:
            return []
        norm, penalty = (
            self.sources.take(f) for f in (penalties.squared_gradient_norm, registry.penalty[c.penalty].value)
        )
        lines = []
        if at in penalties.PLACES:
            lines.append(f"x = {at}(real, fake, u).requires_grad_()")
            logits = [("D(x)", "x")]
        elif at == "both" and joint:
            logits = [("logits", "both")]
        else:
            logits = [(f"on_{x}", x) for x in ("real", "fake") if at in (x, "both")]
        means = [f"{penalty}({norm}({on}, {x})).mean()" for on, x in logits]
        doubled = at == "both" and joint
        lines.append(f"penalty = {'2 * ' if doubled else ''}{' + '.join(means)}{parts.HALVES if doubled else ''}")
        return ["if weight is not None:", *(f"    {line}" for line in lines)] if self._is_lazy else lines

    def _g_loss(self, c: RunConfig) -> str:
        loss = self.sources.take(registry.loss[c.loss].value)
        lines = [f"fake = {self._seen('G(latents.next(n))')}"]
        if registry.loss[c.loss].info["needs_real"]:
            lines += [
                f"real = {self._seen(self._real)}",
                "on_fake = D(fake)",
                "with torch.no_grad():",
                "    on_real = D(real)",
            ]
        else:
            lines += ["on_fake = D(fake)", "on_real = on_fake.detach()  # makes no difference to this loss"]
        return _function(self.loss_name("g", c), "n: int", parts.G_DOC, [*lines, f"return {loss}(on_real, on_fake)[1]"])

    # ── the loop ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _learning(self) -> str:
        split = self.ever(lambda c: c.accumulation > 1)
        clip = self.ever(lambda c: c.grad_clip)
        lines = (
            [*parts.LEARN_SPLIT(self.value("accumulation"), self.value("batch_size"))]
            if split
            else [*parts.LEARN(self.value("batch_size"))]
        )
        laid = "torch.empty_like(p).copy_(g)  # laid out in memory as p is" if not self.is_points else "g"
        lines += ["for p, g in zip(parameters, gradients):", f"    p.grad = {laid}"]
        if clip:
            bound = self.value("grad_clip")
            lines += [f"if {bound}:"] if not all(c.grad_clip for c in self.configs) else []
            lines += [
                f"{'    ' if len(lines) and lines[-1].endswith(f'if {bound}:') else ''}nn.utils.clip_grad_norm_(parameters, {bound})"
            ]
        return _function("learn", "player: nn.Module, optimizer: torch.optim.Optimizer, loss: Callable[[int], Tensor]", parts.LEARN_DOC,
                         [*lines, "optimizer.step()", "return mean.item()"], "float", self.sources)  # fmt: skip

    def _loop(self) -> str:
        lines: list[str] = []
        if len(self.phases) > 1:
            lines.append("change(step)")
        rate = self.scheduled("g_optimizer.lr", "lr_final")
        if rate != "G_OPTIMIZER_LR" or self.varies("g_optimizer.lr", "d_optimizer.lr"):
            for name in ("g_optimizer", "d_optimizer"):
                lines.append(f'{name}.param_groups[0]["lr"] = {self.scheduled(f"{name}.lr", "lr_final")}')
        lines += self._betas()
        lines += [f"sigma = {self.scheduled('instance_noise', 'noise_final')}"] if self._is_noisy else []
        lines += self._weight()
        lines += self._steps_of("k_d", self._d_step())
        lines += self._steps_of("k_g", [f"g_mean = learn(G, g_optimizer, {self._called('g')})"])
        batch = self.value("batch_size")
        often = "" if not self.ever(lambda c: c.k_d > 1) else f" * max({self.value('k_d')}, 1)"
        lines.append(f"images += {batch}{often}")
        if self._averages:
            ramp = {} if self.ever(lambda c: c.ema_ramp) else {"ramp": 0.0}
            more = "" if ramp else f", {self.value('ema_ramp')}"
            decay = f"{self.sources.take(schedules.ema_decay, given=ramp)}({batch}, images, {self._half_life()}{more})"
            update = [
                "with torch.no_grad():",
                "    for a, p in zip(average.parameters(), G.parameters()):",
                f"        a.lerp_(p, 1 - {decay})",
            ]
            lines += (
                update
                if self.ever(lambda c: c.k_g) and all(c.k_g for c in self.configs)
                else [f"if {self.value('k_g')}:", *_indented(update)]
            )
        lines += parts.PRINT
        means = [f"{p}_mean = float('nan')" for p in ("d", "g") if any(getattr(c, f"k_{p}") == 0 for c in self.configs)]
        return "\n".join(["images = 0", *means, "for step in range(STEPS):", *_indented(lines)])

    def _weight(self) -> list[str]:
        """The penalty's weight, or the bound of clipping."""
        if not self.ever(lambda c: c.penalty != "none"):
            return []
        weight = self.scheduled("penalty_weight", "penalty_final")
        if not self._is_lazy:
            return [f"weight = {weight}"]
        interval = self.value("penalty_interval")
        return [
            f"weight = {weight}",
            f"lazy = {interval} * weight if step % {interval} == 0 else None  # the penalty at few steps, more strongly",
        ]

    def _called(self, player: str) -> str:
        return f"{player}_loss" if self.single else f"{player}_objective"

    def _d_step(self) -> list[str]:
        loss = self._called("d")
        if self._weighs:
            loss = f"lambda n: {loss}(n, {'lazy' if self._is_lazy else 'weight'})"
        lines = [f"d_mean = learn(D, d_optimizer, {loss})"]
        if self.ever(lambda c: c.penalty == "weight_clipping"):
            clip = f"{self.sources.take(penalties.clip_weights)}(D.parameters(), weight)"
            always = all(c.penalty == "weight_clipping" for c in self.configs)
            lines += [clip] if always else [f'if {self.value("penalty")} == "weight_clipping":', f"    {clip}"]
        return lines

    def _steps_of(self, name: str, lines: list[str]) -> list[str]:
        if self.always(name, 0):
            return []
        return lines if self.always(name, 1) else [f"for _ in range({self.value(name)}):", *_indented(lines)]

    def _changes(self) -> str:
        """What was changed while it trained."""
        if len(self.phases) == 1:
            return ""
        blocks, names = [], set()
        for before, phase in zip(self.phases, self.phases[1:], strict=False):
            lines, touched = self._change(before.config, phase.config)
            names |= touched
            blocks += [f"if step == {phase.step}:", *_indented(lines)] if lines else []
        said = (
            "\n".join(f"{p}_objective = {self.loss_name(p, self.start)}" for p in ("d", "g")) if not self.single else ""
        )
        if not blocks:
            blocks = ["pass"]
        begin = [f"global {', '.join(sorted(names))}"] if names else []
        return said + "\n\n\n" + _function("change", "step: int", parts.CHANGE_DOC, [*begin, *blocks], "None")

    def _change(self, old: RunConfig, new: RunConfig) -> tuple[list[str], set[str]]:
        lines: list[str] = []
        touched: set[str] = set()
        for name, (_old, value) in settings.differences(old, new).items():
            if name in self.constants:
                touched.add(self.value(name))
                lines.append(f"{self.value(name)} = {_text(value)}")
        for player in ("d", "g"):
            if not self.single and self.loss_name(player, old) != self.loss_name(player, new):
                touched.add(f"{player}_objective")
                lines.append(f"{player}_objective = {self.loss_name(player, new)}")
        for player, optimizer in _PLAYERS:
            one, two = getattr(old, optimizer), getattr(new, optimizer)
            if one.name != two.name:
                touched.add(optimizer)
                lines.append(f"{optimizer} = {self._optimizer(new, player)}  # its averages begin anew")
            elif (one.beta1, one.beta2, one.momentum) != (two.beta1, two.beta2, two.momentum):
                self.sources.need("types", "SimpleNamespace")
                apply = self.sources.take(optimizers.apply_settings)
                lines.append(
                    f"{apply}({optimizer}, SimpleNamespace(beta1={two.beta1}, beta2={two.beta2}, momentum={two.momentum}))"
                )
        return lines, touched

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _end(self) -> str:
        made = "average" if self._averages else "G"
        g = networks.on_meta(self.start, self.data.shape)[0]
        has_buffers = self.start.generator.spectral_norm or [*g.buffers()]
        buffers = parts.BUFFERS if self._averages and has_buffers else ""
        draw = f"{players.draw_latents.__name__}({BATCH}, {self.value('latent.dim')}, latent_rng)[: n - done]"
        scale = ""
        if isinstance(self.data, PointSet):
            scale += f" * {self.data.scale!r}" if self.data.scale != 1 else ""
            scale += f" + torch.tensor({self.data.origin!r})" if any(self.data.origin) else ""
        text = parts.SAMPLE.format(average=made, draw=draw, batch=BATCH, scale=scale, buffers=buffers)
        if isinstance(self.data, PointSet):
            self.sources.need("pathlib", "Path")
            return text + parts.POINTS_END.format(count=PREVIEW_POINTS, file=self._samples_file)
        self.sources.need("pathlib", "Path")
        side = players.preview_side(self.start)
        return text + parts.PICTURES_END.format(
            count=side * side, side=side, file=self._samples_file, code=5 if self.data.shape[0] == 1 else 6
        )


def _steps(c: RunConfig) -> int:
    """How many steps a run has that nobody has trained yet."""
    return math.ceil(c.horizon / (c.batch_size * max(c.k_d, 1))) if c.horizon else _OPEN_END


def _at(c: RunConfig) -> str | None:
    at: str | None = registry.penalty[c.penalty].info["at"]
    return at


def _kind(c: RunConfig) -> tuple[object, ...]:
    """What makes the players' losses different code."""
    return c.loss, c.penalty if _at(c) else None, bool(c.label_flip)


def _text(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _words(names: Iterable[str]) -> str:
    return f"({', '.join(map(_text, names))})"


def _load(c: RunConfig) -> PointSet | ImageSet:
    if c.method != "gan" or c.codes:
        raise ExportError(N_("A run with an encoder or a code that D reads cannot be written as a script yet. Take the configuration instead: with "
                             "'gan-playground train --config config.toml' it trains the same run."))  # fmt: skip
    if c.classes:
        raise ExportError(N_("A run whose players are told a class cannot be written as a script yet. Take the configuration instead: with "
                             "'gan-playground train --config config.toml' it trains the same run."))  # fmt: skip
    for player in (c.generator, c.discriminator):
        if registry.network[player.network].info.get("own_start"):
            raise ExportError(N_("Networks of the family {family} begin with weights of their own kind, which cannot be written as a script yet. "
                                 "Take the configuration instead: with 'gan-playground train --config config.toml' it trains the same run."),
                              family=registry.network[player.network].title)  # fmt: skip
    entry = registry.dataset[c.data.name]
    if entry.info.get("download"):
        raise ExportError(
            N_("{data} is downloaded and too large to go with a script. Take the configuration instead: with 'gan-playground train "
               "--config config.toml' it trains the same run."), data=entry.title)  # fmt: skip
    return data_sets.load(c.data)


def _function(
    name: str, arguments: str, doc: str, lines: list[str], result: str = "Tensor", sources: Sources | None = None
) -> str:
    if sources is not None:
        sources.need("collections.abc", "Callable")
        sources.need("torch", "Tensor")
    body = textwrap.indent("\n".join([f'"""{doc}"""', *lines]), "    ")
    return f"def {name}({arguments}) -> {result}:\n{body}\n"


def _indented(lines: list[str]) -> list[str]:
    return [line for part in lines for line in textwrap.indent(part, "    ").splitlines()]


def _spaced(text: str) -> str:
    """Two empty lines around definitions and at most one elsewhere, as Python files have them."""
    out: list[str] = []
    inside = False
    for line in text.splitlines():
        if not line and (not out or not out[-1]):
            continue
        begins = line.startswith(("def ", "class ", "@"))
        ends = inside and line and not line.startswith((" ", ")", "]"))
        if (begins and not (out and out[-1].startswith("@"))) or (ends and not begins):
            while out and not out[-1]:
                out.pop()
            out += ["", ""] if out else []
        if begins:
            inside = True
        elif ends:
            inside = False
        out.append(line)
    return "\n".join(out) + "\n"
