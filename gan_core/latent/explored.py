"""A generator as it is explored: of a run at one saved step, which nothing changes any more, or another one (`onnx_models`).

    explored = explored_from(folder)            # the newest checkpoint, or a kept step
    z = explored.seed(7)                        # (inputs,): the latent of the first sample that `sample --seed 7` draws
    explored.draw(z[None])                      # (1, C, H, W) in [−1, 1], or (1, 2) in data units
    explored.draw(explored.styles(z[None]))     # the same from its styles (1, layers, dim), of a style-based generator

Only files are read, so that a run which trains is never waited for, and its random streams stay as they are.
"""

from __future__ import annotations

import contextlib
import copy
import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from gan_core import data as data_sets
from gan_core import device as devices
from gan_core import registry, serial
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, PointSet
from gan_core.errors import CheckpointError, ConfigError, DataError, DeviceError, RunError
from gan_core.generate import BATCH
from gan_core.latent import units
from gan_core.latent.units import Factors, UnitLayer
from gan_core.networks import build_discriminator, build_encoder, build_generator
from gan_core.networks.modulated import StyledConv
from gan_core.networks.style import StyleGenerator
from gan_core.players import Players, Preview, as_pictures, class_name, draw_inputs, draw_latents, one_hot
from gan_core.runs.checkpoint import Saved
from gan_core.runs.folder import RunFolder
from gan_core.saliency import company
from gan_core.text import N_
from gan_core.variational import moments

_ROWS = 256  # through the generator at once
_VALUES_AT_ONCE, _LEAST_AT_ONCE = 1 << 26, 50  # of samples that are kept together, 256 MB; and samples, however large
LARGEST_SEED = 2**31 - 1
# layer, from 0: the seed of another noise in it, None for none; others keep their own
Noise: TypeAlias = Mapping[int, int | None]
NO_NOISE = N_("Only a style-based generator has noise in its layers. There is none to change here.")
NO_STYLES = N_("Only a style-based generator has styles. Use the latents z of this one.")
NO_LAYERS = N_("This generator came as an ONNX file, whose layers cannot be looked into or changed.")
NO_DATA = N_(
    "Nothing is known here of what this generator was trained on: there are no pictures to compare its own with."
)
NO_ENCODER = N_("This generator has no encoder: the latent of a picture has to be searched for.")


@dataclass(frozen=True)
class Traits:
    """What a generator's latents are: dim, the coordinates of z; distribution, of z; what lies behind z: classes that it can be asked for, or
    categories that it has found by itself and numbers of a code. judged: whether a discriminator says something of samples; probable: whether
    that stands for a probability; encodes: whether something finds the latent of a picture in one step; psi: the truncation that samples are
    looked at with; open: whether one can look into it: switch its layers' channels, and have gradients through it; without, these are found by
    differences, which takes long."""

    dim: int
    distribution: str
    classes: int = 0
    categories: int = 0
    continuous: int = 0
    judged: bool = False
    probable: bool = False
    encodes: bool = False
    psi: float = 1.0
    open: bool = True


class Explored(ABC):
    """A generator at one step. Latents come in two forms: inputs (N, inputs), what it is given (latents, and behind them a class or a code); and
    styles (N, layers, dim), one w a layer, where `has_styles`."""

    step: int

    @property
    @abstractmethod
    def traits(self) -> Traits: ...

    @property
    @abstractmethod
    def data(self) -> PointSet | ImageSet:
        """What it has learned; where nobody knows that, a set without pictures."""

    @property
    @abstractmethod
    def g(self) -> nn.Module:
        """inputs (N, inputs) -> (N, *shape), points in training's units."""

    @property
    @abstractmethod
    def device(self) -> torch.device: ...

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Memory behind it."""

    @property
    def has_data(self) -> bool:
        """Whether there are samples of what it has learned."""
        return isinstance(self.data, PointSet) or len(self.data.images) > 0

    @property
    def dim(self) -> int:
        """Coordinates of the latent space z."""
        return self.traits.dim

    @property
    def behind(self) -> int:
        """Numbers behind the latents: classes, or the parts of a code."""
        return self.traits.classes + self.traits.categories + self.traits.continuous

    @property
    def inputs(self) -> int:
        return self.dim + self.behind

    @property
    def has_styles(self) -> bool:
        return isinstance(self.g, StyleGenerator)

    @property
    def layer_names(self) -> list[str]:
        """What each w decides about; none without styles."""
        return self.g.layer_names if isinstance(self.g, StyleGenerator) else []

    @property
    def class_names(self) -> list[str]:
        """Of the classes that a conditional generator can be asked for, or of the categories that it found; none for others."""
        return [str(k) for k in range(self.traits.classes or self.traits.categories)]

    @property
    def usual_psi(self) -> float:
        """The truncation that samples are looked at with."""
        return self.traits.psi

    def most_at_once(self, count: int) -> int:
        """Of `count` samples as many as may be kept at once: larger pictures are fewer."""
        return min(count, max(_LEAST_AT_ONCE, _VALUES_AT_ONCE // math.prod(self.data.shape)))

    def watched(self, heard: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
        """While this lasts, `heard` is called between the parts of what this thread has drawn, where that takes long; it may raise."""
        return contextlib.nullcontext()

    # ── latents ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def seed(self, seed: int, label: int | None = None) -> Tensor:
        """(inputs,): of the first sample that `gan-playground sample --seed` draws, asked for class or category `label` where one is given.
        Raises ConfigError for a seed or a class that there is not."""
        if not 0 <= seed <= LARGEST_SEED:
            raise ConfigError(N_("seed={seed} is no seed: whole numbers from 0 to {largest} are."), seed=seed, largest=LARGEST_SEED)  # fmt: skip
        found = self._drawn_inputs(BATCH, torch.Generator().manual_seed(seed))[0]
        return found if label is None else self.asked(found, label)

    def many(self, count: int, seed: int) -> Tensor:
        """(count, inputs), always the same ones for a seed."""
        return self._drawn_inputs(count, torch.Generator().manual_seed(seed))

    def _drawn_inputs(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, inputs): latents, and behind them a class each, all as likely."""
        latents, classes = draw_latents(count, self.dim, self.traits.distribution, rng), self.traits.classes
        if not classes:
            return latents
        return torch.cat([latents, one_hot(torch.randint(classes, (count,), generator=rng), classes)], 1)

    def asked(self, inputs: Tensor, label: int) -> Tensor:
        """(…, inputs) with class or category `label` in the place of its own. Raises ConfigError where there is none such."""
        count = len(self.class_names)
        if not 0 <= label < count:
            raise ConfigError(N_("There is no class {label} here: the generator knows {count}, from 0 on."), label=label, count=count)  # fmt: skip
        changed = inputs.clone()
        changed[..., self.dim : self.dim + count] = one_hot(torch.tensor(label), count)
        return changed

    @torch.no_grad()
    def styles(self, inputs: Tensor) -> Tensor:
        """(N, inputs) -> (N, layers, dim): the w that the mapping network makes, the same for all layers. Raises ConfigError without styles."""
        g = self.g
        if not isinstance(g, StyleGenerator):
            raise ConfigError(NO_STYLES)
        w: Tensor = g.mapping(inputs[:, : self.dim].to(self.device)).float().cpu()
        return w[:, None].expand(-1, g.layers, -1).contiguous()

    @cached_property
    def mean_style(self) -> Tensor:
        """(dim,): w̄, where truncation leads to. Raises ConfigError without styles."""
        if not isinstance(self.g, StyleGenerator):
            raise ConfigError(NO_STYLES)
        return self.g.mean.float().cpu()

    # ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @torch.no_grad()
    def draw(
        self, latents: Tensor, psi: float | None = None, g: nn.Module | None = None, noise: Noise | None = None
    ) -> Tensor:
        """inputs (N, inputs) or styles (N, layers, dim) -> (N, *shape) float32 on the CPU: pictures in [−1, 1], points in data units.

        psi: truncation, `usual_psi` when left out. Of styles w̄ + ψ (w − w̄); of others ψ z, towards the middle of the latents: 0 leaves one
        picture (of each class). g: another generator of the same form, such as one with channels switched off. noise: as `noise_maps`."""
        parts = [self.forward(part, psi, g, noise).float().cpu() for part in torch.split(latents, _ROWS)]
        out = torch.cat(parts)
        return self.data.to_units(out) if isinstance(self.data, PointSet) else as_pictures(out)

    def forward(
        self, latents: Tensor, psi: float | None = None, g: nn.Module | None = None, noise: Noise | None = None
    ) -> Tensor:
        """As `draw`, with the history of the latents, on the device, unclamped, points in training's units."""
        g = self.g if g is None else g
        psi = self.usual_psi if psi is None else psi
        latents = latents.to(self.device)
        if isinstance(g, StyleGenerator):
            ws = latents if latents.dim() == 3 else g.mapping(latents[:, : self.dim])[:, None].expand(-1, g.layers, -1)
            return g.synthesis(g.truncated(ws, psi), self.noise_maps(noise) if noise else None)
        if noise:
            raise ConfigError(NO_NOISE)
        if latents.dim() != 2:
            raise ConfigError(NO_STYLES)
        if psi != 1:
            latents = torch.cat([latents[:, : self.dim] * psi, latents[:, self.dim :]], 1)
        out: Tensor = g(latents)
        return out

    @property
    def _noises(self) -> list[Tensor]:
        """(1, 1, H, W): the noise of each layer that stays the same; none without styles."""
        g = self.g
        return [conv.noise.fixed for conv in g.convs if isinstance(conv, StyledConv)] if isinstance(g, StyleGenerator) else []  # fmt: skip

    @property
    def noise_strengths(self) -> list[float]:
        """What the noise of each layer is multiplied by, as the generator has learned it; none without styles."""
        g = self.g
        return [float(conv.noise.strength) for conv in g.convs if isinstance(conv, StyledConv)] if isinstance(g, StyleGenerator) else []  # fmt: skip

    def noise_maps(self, noise: Noise) -> list[Tensor]:
        """(1, 1, H, W) a layer, on the device: Gaussian of a seed, or zeros, in the layers that `noise` names, and the generator's own in the others. A
        seed gives each layer a map of its own, whichever other layers follow it. Raises ConfigError for a layer without noise."""
        own = self._noises
        if not own:
            raise ConfigError(NO_NOISE)
        if not all(0 <= layer < len(own) for layer in noise):
            raise ConfigError(N_("Noise enters layers 0 to {last} of this generator. Choose one of them."), last=len(own) - 1)  # fmt: skip
        maps = list(own)
        for layer, seed in noise.items():
            if seed is None:
                maps[layer] = torch.zeros_like(own[layer])
                continue
            rng = torch.Generator().manual_seed(seed)
            drawn = [torch.randn(own[k].shape, generator=rng) for k in range(layer + 1)]
            maps[layer] = drawn[layer].to(own[layer])
        return maps

    # ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def unit_layers(self) -> list[UnitLayer]:
        """The layers whose channels can be switched; none where one cannot look into it."""
        return []

    @contextlib.contextmanager
    def switched(self, factors: Factors) -> Iterator[nn.Module]:
        """A generator whose channels give `factors` times what they would, for as long as this lasts; one at a time. Raises ConfigError for a
        layer or a channel that there is not."""
        if factors:
            raise ConfigError(NO_LAYERS)
        yield self.g

    # ── what D and the encoder say ───────────────────────────────────────────────────────────────────────────────────────

    def scores(self, samples: Tensor, inputs: Tensor | None = None) -> Tensor:
        """(N, *shape) as `draw` gives them -> D's logits (N,). inputs (N, inputs): for a D that is told the class. A D that sees several at once
        sees each with the same other samples. NaN where there is no D."""
        return torch.full((len(samples),), math.nan)

    def classes_of(self, inputs: Tensor) -> Tensor | None:
        """The class (N,) that inputs (N, inputs) ask for; None where none can be."""
        return inputs[:, self.dim :].argmax(1) if self.traits.classes else None

    def encoded(self, pictures: Tensor) -> Tensor:
        """Pictures (N, C, H, W) in [−1, 1] -> the latents (N, dim) that an encoder gives them. Raises ConfigError where there is none."""
        raise ConfigError(NO_ENCODER)


@dataclass(frozen=True)
class ExploredRun(Explored):
    """The players of a run at `step`."""

    players: Players
    step: int
    _switching: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _copying: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def config(self) -> RunConfig:
        return self.players.config

    @cached_property
    def traits(self) -> Traits:
        config, latent = self.config, self.config.latent
        probable = config.adversarial and registry.loss[config.loss].info["output"] == "probability"
        return Traits(
            latent.dim, latent.distribution, config.classes, latent.categories, latent.continuous, judged=config.adversarial, probable=probable,
            encodes=self.players.e is not None or not config.adversarial, psi=config.generator.truncation if self.has_styles else 1.0,
        )  # fmt: skip

    @property
    def data(self) -> PointSet | ImageSet:
        return self.players.data

    @property
    def g(self) -> nn.Module:
        """The averaged generator."""
        return self.players.average

    @property
    def device(self) -> torch.device:
        return self.players.device

    @cached_property
    def nbytes(self) -> int:
        """Memory behind the players' weights."""
        modules = [module for module in (self.g, self.players.d, self.players.e) if module is not None]
        return sum(t.nbytes for module in modules for t in (*module.parameters(), *module.buffers()))

    @property
    def class_names(self) -> list[str]:
        count = self.traits.classes or self.traits.categories
        return [class_name(self.config, self.data, k) for k in range(count)] if isinstance(self.data, ImageSet) else []

    def _drawn_inputs(self, count: int, rng: torch.Generator) -> Tensor:
        return draw_inputs(count, self.config, rng)

    @property
    def _own(self) -> tuple[nn.Module, list[UnitLayer]]:
        with self._copying:  # of two copies, one would be switched and the other one draw
            return self._copy

    @cached_property
    def _copy(self) -> tuple[nn.Module, list[UnitLayer]]:
        own = copy.deepcopy(self.g)
        return own, units.layers(own, self.seed(0)[None].to(self.device))

    @property
    def unit_layers(self) -> list[UnitLayer]:
        """The layers whose channels can be switched."""
        return self._own[1]

    @contextlib.contextmanager
    def switched(self, factors: Factors) -> Iterator[nn.Module]:
        """A generator whose channels give `factors` times what they would, for as long as this lasts; one at a time. Raises ConfigError for a
        layer or a channel that there is not."""
        with self._switching, units.switched(self.unit_layers, factors):
            yield self._own[0]

    @torch.no_grad()
    def scores(self, samples: Tensor, inputs: Tensor | None = None) -> Tensor:
        """(N, *shape) as `draw` gives them -> D's logits (N,). inputs (N, inputs): for a D that is told the class. A D that sees several at once
        sees each with the same other samples. NaN where there is no D."""
        if not self.config.adversarial:
            return torch.full((len(samples),), math.nan)
        labels = inputs[:, -self.config.classes :] if self.config.classes and inputs is not None else None
        if self.config.classes and labels is None:
            return torch.full((len(samples),), math.nan)
        together = len(company(self.players, 1, 0))
        if together == 1:
            return self.players.critic(samples, labels)
        others, theirs = self._others[: together - 1], self._others_inputs[: together - 1]
        found = []
        for i in range(len(samples)):
            seen = torch.cat([samples[i : i + 1], others])
            told = torch.cat([labels[i : i + 1], theirs[:, -self.config.classes :]]) if labels is not None else None
            found.append(self.players.critic(seen, told)[:1])
        return torch.cat(found)

    @cached_property
    def _others_inputs(self) -> Tensor:
        return self.many(64, 0)

    @cached_property
    def _others(self) -> Tensor:
        return self.draw(self._others_inputs)

    @torch.no_grad()
    def encoded(self, pictures: Tensor) -> Tensor:
        """Pictures (N, C, H, W) in [−1, 1] -> the latents (N, dim) that an encoder gives them. Raises ConfigError where there is none."""
        x = pictures.to(self.device)
        if self.players.e is not None:
            out: Tensor = self.players.e(x)
            return out.float().cpu()
        if self.config.adversarial:
            raise ConfigError(N_("This run has no encoder: the latent of a picture has to be searched for."))
        return moments(self.players.d(x))[0].float().cpu()


NO_LATENTS = N_("This run translates pictures: it is given a picture instead of noise, and has no latent space to explore. See it under "
                "Translate.")  # fmt: skip


def explored_from(folder: RunFolder, step: int | None = None) -> ExploredRun:
    """The players in a run's folder, of its newest checkpoint or of a kept `step`. Raises RunError for a run that is given pictures
    instead of noise, CheckpointError, ConfigError, DataError."""
    saved = folder.read_checkpoint() if step is None else folder.read_players(step)
    config = serial.from_dict(saved.config)
    if config.translates:
        raise RunError(NO_LATENTS)
    folder.know_table(config)
    device = device_of(config)
    try:
        data = data_sets.load(config.data)
    except DataError:
        if not data_sets.imported(config.data):
            raise
        data = data_sets.pictures.absent(config.data)  # they were deleted: what needs none of them still works
    return ExploredRun(_players(config, data, saved, device), int(saved.state["step"]))


def device_of(config: RunConfig) -> torch.device:
    """Where a run was trained, or the processor where there is no such device here."""
    try:
        return devices.resolve(config.device)
    except DeviceError:
        return torch.device("cpu")


def fill(module: nn.Module, saved: Saved, name: str, device: torch.device) -> None:
    """Give a network the saved weights of this name, for looking at it on the device. Raises CheckpointError where they are not its own."""
    try:
        module.load_state_dict(saved.state[name])
        module.to(device).requires_grad_(False).eval()
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise CheckpointError(N_("The checkpoint does not fit the run's settings ({reason})."), reason=str(error).splitlines()[0]) from None  # fmt: skip


def _players(config: RunConfig, data: PointSet | ImageSet, saved: Saved, device: torch.device) -> Players:
    rng = torch.Generator()
    made: dict[str, nn.Module | None] = {
        "ema": build_generator(config, data.shape, rng),
        "discriminator": build_discriminator(config, data.shape, rng),
        "encoder": build_encoder(config, data.shape, rng),
    }
    for name, module in made.items():
        if module is not None:
            fill(module, saved, name, device)
    g, d = made["ema"], made["discriminator"]
    assert g is not None
    assert d is not None
    nothing = Preview(torch.empty(0, config.latent.dim + config.classes + config.codes), torch.empty(0, *data.shape))
    return Players(config, data, nothing, device, g, g, d, made["encoder"])


def facts_of(explored: Explored) -> dict[str, Any]:
    """What a viewer has to know of it, as JSON."""
    traits = explored.traits
    shape = list(explored.data.shape)
    facts: dict[str, Any] = {
        "step": explored.step, "kind": explored.data.kind, "shape": shape, "dim": explored.dim, "inputs": explored.inputs,
        "distribution": traits.distribution, "styles": explored.has_styles, "layers": explored.layer_names,
        "classes": explored.class_names, "found": bool(traits.categories), "continuous": traits.continuous,
        "psi": explored.usual_psi, "judged": traits.judged, "encodes": traits.encodes,
        "known": explored.has_data, "open": traits.open, "saves": isinstance(explored, ExploredRun),
    }  # fmt: skip
    if isinstance(explored.data, PointSet):
        facts["extent"] = list(explored.data.extent)
    else:
        facts["labels"] = list(explored.data.class_names) if explored.data.labels is not None else []
        facts["factors"] = list(explored.data.factor_names)
    return facts
