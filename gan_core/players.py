"""The networks of a run as they are looked at: what the generator draws, what the discriminator says, and where it would push.

players = trainer.players                 # the living networks, of this very step
copy = players.copy(); copy.take(players) # ones that training does not touch, for another thread
"""

from __future__ import annotations

import contextlib
import copy
import math
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from gan_core import registry
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, PointSet
from gan_core.errors import ConfigError
from gan_core.networks.conditional import verdict
from gan_core.networks.style import StyleGenerator
from gan_core.text import N_
from gan_core.variational import moments

_ROWS = 1024  # through the generator at once


@dataclass(frozen=True)
class Preview:
    """What a viewer compares at every moment of a run: fixed latents (N, latent.dim + classes or codes) and fixed real samples (N, …). Where D
    is told something, a class or what was translated, it is the same for both in each place: labels (N, …)."""

    latents: Tensor
    real: Tensor
    labels: Tensor | None = None


@dataclass(frozen=True)
class Players:
    """Generator `g`, its average, discriminator `d`, and what they learn. Nothing here draws a random number."""

    config: RunConfig
    data: PointSet | ImageSet
    preview: Preview
    device: torch.device
    g: nn.Module
    average: nn.Module
    d: nn.Module
    e: nn.Module | None = None  # the encoder, where D judges pairs

    @torch.no_grad()
    def sample(self, latents: Tensor, *, averaged: bool = True) -> Tensor:
        """(N, latent.dim + classes or codes) -> (N, *shape) float32 on the CPU: points in data units, pictures in [−1, 1]. In eval mode."""
        g = self.average if averaged else self.g
        with evaluating(g):
            rows = torch.split(latents.to(self.device), _ROWS)
            parts = [drawn(g, part, self.config.generator.truncation).float().cpu() for part in rows]
        out = torch.cat(parts)
        return self.data.to_units(out) if isinstance(self.data, PointSet) else as_pictures(out)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """(n, latent.dim + classes or codes) from a generator on the CPU: what `sample` takes."""
        return draw_inputs(n, self.config, generator)

    def beside(self, *, held: bool) -> Callable[[Tensor], Tensor] | None:
        """What D is told beside pictures of the training part, or of the held-out one: from their places (n,); None where it is told nothing, or
        nobody knows."""
        data, classes = self.data, self.config.classes
        if not classes or not isinstance(data, ImageSet):
            return None
        labels = data.test_labels if held else data.labels
        return (lambda rows: one_hot(labels[rows], classes)) if labels is not None else None

    def told(self, inputs: Tensor) -> Tensor | None:
        """What D is told beside what the generator makes of these inputs, as `draw` gives them; None where it is told nothing."""
        return inputs[:, self.config.latent.dim :] if self.config.classes else None

    @torch.no_grad()
    def critic(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logits (N,) on the CPU for samples as `sample` gives them, one for as many as D sees together. labels (N, classes): of which
        class they are, for a D that is told. In eval mode. NaN where there is no D to judge them. A D that judges pairs sees each sample
        with the code that the encoder gives it."""
        if not self.config.adversarial:
            return torch.full((len(x),), math.nan)
        return self._logits(x, labels).float().cpu()

    @torch.no_grad()
    def rebuilt(self, x: Tensor) -> Tensor | None:
        """(N, *shape) pictures in [−1, 1] -> the same, drawn again from the means of their codes; None where nothing encodes."""
        parts = torch.split(x.to(self.device), _ROWS)
        if self.e is not None:
            with evaluating(self.e):
                return self.sample(torch.cat([self.e(part).float() for part in parts]))
        if self.config.adversarial:
            return None
        with evaluating(self.d):
            return self.sample(torch.cat([moments(self.d(part))[0] for part in parts]))

    def slope(self, x: Tensor) -> Tensor:
        """∇D(x): the gradient of each sample's own logit by its values, of the shape of x, on the CPU; for points per data unit.
        NaN where there is no D."""
        if not self.config.adversarial:
            return torch.full(x.shape, math.nan)
        with evaluating(self.d), torch.enable_grad():
            x = x.detach().to(self.device).requires_grad_()
            (gradient,) = torch.autograd.grad(self._logits(x).sum(), x)
        return gradient.float().cpu()

    def pull(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """(N,): what a generated sample's logit gains the generator. −N ∂L_G/∂D(xᵢ) for N logits of each kind, L_G the loss of the
        generator, which is a mean: sample i is pushed along pull_i · ∇D(xᵢ)."""
        with torch.enable_grad():
            fake = fake_logits.detach().requires_grad_()
            _d_loss, g_loss = registry.loss[self.config.loss].value(real_logits.detach(), fake)
            (gradient,) = torch.autograd.grad(g_loss, fake)
        return -len(fake) * gradient.detach()

    def logits(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """As `critic`, on the device and with the history of x, for gradients."""
        return self._logits(x, labels)

    def _logits(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        if isinstance(self.data, PointSet):
            x = self.data.from_units(x)
        x = x.to(self.device)
        if self.e is not None:
            with evaluating(self.e):
                labels = self.e(x).float()
        with evaluating(self.d):
            return verdict(self.d(x, *(() if labels is None else (labels.to(self.device),))))[0]

    # ── a copy that stays as it is while training goes on ────────────────────────────────────────────────────────────────

    def copy(self) -> Players:
        """The same with networks of their own, in eval mode."""
        frozen = [copy.deepcopy(module).requires_grad_(False).eval() for module in (self.g, self.average, self.d)]
        e = copy.deepcopy(self.e).requires_grad_(False).eval() if self.e is not None else None
        return replace(self, g=frozen[0], average=frozen[1], d=frozen[2], e=e)

    def with_settings(self, config: RunConfig) -> Players:
        """The same networks under other settings, whose loss `pull` goes by."""
        return replace(self, config=config)

    @torch.no_grad()
    def take(self, other: Players) -> None:
        """Give these networks the weights and buffers of `other`'s. A few dozen microseconds for small ones."""
        torch._foreach_copy_(self._tensors, other._tensors)

    @property
    def _tensors(self) -> list[Tensor]:
        modules = [module for module in (self.g, self.average, self.d, self.e) if module is not None]
        return [t.detach() for module in modules for t in (*module.parameters(), *module.buffers())]


def drawn(g: nn.Module, latents: Tensor, truncation: float) -> Tensor:
    """(N, …) of the generator as it is looked at: by styles as near to the mean one as `truncation` says, where it has styles."""
    out: Tensor = g(latents, truncation) if isinstance(g, StyleGenerator) else g(latents)
    return out


def as_pictures(x: Tensor) -> Tensor:
    """What a generator draws (N, C, H, W) as pictures in [−1, 1]: one without tanh may go a little beyond."""
    return x.clamp(-1, 1).contiguous()


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Eval mode for a moment: running statistics and spectral norm's vectors stay as they are."""
    was_training = module.training
    if not was_training:  # switching walks through every layer
        yield
        return
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


def draw_inputs(n: int, config: RunConfig, generator: torch.Generator) -> Tensor:
    """(n, latent.dim + classes or codes) for the generator of such a run: latents, and behind them a class each, all as likely; or a
    code: a category each, and numbers from −1 to 1."""
    latents = draw_latents(n, config.latent.dim, config.latent.distribution, generator)
    if config.codes:
        return torch.cat([latents, draw_codes(n, config, generator)], 1)
    if not config.classes:
        return latents
    labels = torch.randint(config.classes, (n,), generator=generator, device=generator.device)
    return torch.cat([latents, one_hot(labels, config.classes)], 1)


def draw_codes(n: int, config: RunConfig, generator: torch.Generator) -> Tensor:
    """(n, codes): one of the categories, all as likely, and continuous codes uniform in [−1, 1].   InfoGAN, Chen et al. 2016, section 7."""
    device, count = generator.device, config.latent.categories
    parts = [one_hot(torch.randint(count, (n,), generator=generator, device=device), count)] if count else []
    return torch.cat([*parts, torch.rand(n, config.latent.continuous, generator=generator, device=device) * 2 - 1], 1)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """(N,) -> (N, classes): 1 at the class, 0 elsewhere."""
    return torch.eye(classes, device=labels.device)[labels]


def classes_in(inputs: Tensor, config: RunConfig) -> Tensor | None:
    """The generator's inputs (N, latent.dim + classes) -> the class (N,) int64 that each asks for; None where it is told none."""
    return inputs[:, -config.classes :].argmax(1) if config.classes else None


def asked_for(latents: Tensor, labels: Tensor | None) -> Tensor:
    """The generator's inputs with these labels (N, classes) in the place of their own."""
    return latents if labels is None else torch.cat([latents[:, : -labels.shape[1]], labels], 1)


def labels_of(config: RunConfig, data: ImageSet, device: torch.device) -> Tensor | None:
    """The labels (N,) of the training pictures, for players that are told; None for others. Raises ConfigError where there are none."""
    if not config.classes:
        return None
    if data.labels is None:
        raise ConfigError(N_("{data} has no labels, and generator.conditioning={how} asks for a class. Set both players' conditioning to none."),
                          data=data.name, how=config.generator.conditioning)  # fmt: skip
    if (
        len(data.labels) != len(data.images)
        or not 0 <= int(data.labels.min()) <= int(data.labels.max()) < config.classes
    ):
        raise ConfigError(N_("The labels of {data} do not fit its pictures: each of the {count} pictures needs one from 0 to {last}, and "
                             "generator.conditioning={how} asks for a class. Mend the labels, or set both players' conditioning to none."),
                          data=data.name, count=len(data.images), last=config.classes - 1, how=config.generator.conditioning)  # fmt: skip
    return data.labels.to(device)


def preview_side(config: RunConfig) -> int:
    """How many pictures a side of the preview's square has: a column for each class or category, where there are few; of translations
    few, since each is shown with what was given and what should have come out."""
    if config.translates:
        return 4
    columns = config.classes or config.latent.categories
    return columns if 4 <= columns <= 12 else 8


def preview_classes(config: RunConfig) -> list[int]:
    """The class or category of each column of the preview, or nothing; of many some, evenly chosen."""
    side, columns = preview_side(config), config.classes or config.latent.categories
    return [i * columns // side for i in range(side)] if columns else []


def class_name(config: RunConfig, data: ImageSet, k: int) -> str:
    """What class k is called. A category that was not named but found gets a letter: a digit beside digits would look like a claim."""
    names = data.class_names if config.classes else string.ascii_uppercase
    return names[k] if k < len(names) else str(k)


def pictures_preview(config: RunConfig, data: ImageSet, rng: torch.Generator, device: torch.device) -> Preview:
    """A square of latents, and of training pictures beside them: drawn by chance, or of one class in each column."""
    count = preview_side(config) ** 2
    if not config.classes:
        real = data.images[torch.randint(len(data.images), (count,), generator=rng)]
        latents = draw_inputs(count, config, rng)
        if config.latent.categories:
            asked = torch.tensor(preview_classes(config)).repeat(preview_side(config))
            begin = config.latent.dim
            latents[:, begin : begin + config.latent.categories] = one_hot(asked, config.latent.categories)
        return Preview(latents.to(device), real)
    columns = torch.tensor(preview_classes(config)).repeat(preview_side(config))
    assert data.labels is not None
    rows = [_one_of(data.labels, int(label), rng) for label in columns]
    labels = one_hot(columns, config.classes)
    return Preview(asked_for(draw_inputs(count, config, rng), labels).to(device), data.images[rows], labels)


def _one_of(labels: Tensor, wanted: int, rng: torch.Generator) -> int:
    """The place of a picture of this class, or of any where there is none."""
    found = (labels == wanted).nonzero().flatten()
    found = found if len(found) else torch.arange(len(labels))
    return int(found[torch.randint(len(found), (), generator=rng)])


def draw_latents(n: int, dim: int, distribution: str, generator: torch.Generator) -> Tensor:
    """(n, dim) float32 on the generator's device. "sphere": length √dim, so that each coordinate has variance 1 as a Gaussian's."""
    if distribution == "uniform":
        return torch.rand(n, dim, generator=generator, device=generator.device) * 2 - 1
    z = torch.randn(n, dim, generator=generator, device=generator.device)
    return z if distribution == "gaussian" else nn.functional.normalize(z, dim=1) * math.sqrt(dim)
