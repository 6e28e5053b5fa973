"""Networks that are told a class: labels are rows of one number a class, 1 at the class and 0 elsewhere (a mixture lies between).

A conditional generator takes the labels behind the latents, (B, dim + classes); a conditional discriminator as its second argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gan_core.networks import family

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig


class ClassNorm(nn.Module):
    """γ(c) · (x − μ) / √(σ² + ε) + β(c), with a scale and a shift for each class c.

    (B, C, …) and (B, classes) -> (B, C, …). Conditional batch normalisation, Dumoulin et al. 2017, arXiv:1610.07629, with γ = 1
    and β = 0 at first.
    """

    def __init__(self, norm: nn.Module, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = norm
        self.scale = nn.Linear(classes, channels, bias=False)
        self.shift = nn.Linear(classes, channels, bias=False)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        place = (-1, self.scale.out_features, *[1] * (x.dim() - 2))
        out: Tensor = self.norm(x) * (1 + self.scale(labels).view(place)) + self.shift(labels).view(place)
        return out

    @torch.no_grad()
    def reset(self) -> None:
        """No class has a scale or a shift of its own yet."""
        self.scale.weight.zero_()
        self.shift.weight.zero_()


class Told(nn.Module):
    """(B, dim + classes) -> samples: layers one after the other, whose normalisations are told the class."""

    def __init__(self, layers: Sequence[nn.Module], dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        x, labels = x[:, : self.dim], x[:, self.dim :]
        for layer in self.layers:
            x = layer(x, labels) if isinstance(layer, ClassNorm) else layer(x)
        return x


class Beside(nn.Module):
    """D by concatenation: the label is laid beside the sample, as channels of its own.   Mirza & Osindero 2014, arXiv:1411.1784."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        planes = labels.view(*labels.shape, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
        out: Tensor = self.layers(torch.cat([x, planes], 1))
        return out


class Projection(nn.Module):
    """D(x, y) = vᵀφ(x) + yᵀVφ(x).   Miyato & Koyama 2018, arXiv:1802.05637, equation 3; φ here keeps the places of a map."""

    def __init__(self, features: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.features = features
        self.linear = nn.Linear(width, 1)
        self.embed = nn.Linear(classes, width, bias=False)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        seen = self.features(x)
        out: Tensor = self.linear(seen).squeeze(1) + (self.embed(labels) * seen).sum(1)
        return out


class Guessing(nn.Module):
    """D that also guesses the class: (B, …) -> (B, 1 + classes), its logit and one for each class.   AC-GAN, Odena et al. 2017,
    arXiv:1610.09585. It is asked with the label like the others, and does not look at it."""

    def __init__(self, features: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.features = features
        self.linear = nn.Linear(width, 1 + classes)

    def forward(self, x: Tensor, _labels: Tensor | None = None) -> Tensor:
        out: Tensor = self.linear(self.features(x))
        return out


def told_how(c: GeneratorConfig, latent_dim: int, classes: int) -> tuple[int, int]:
    """How many numbers G's first layer takes, and how many classes its normalisations are told of."""
    if classes and c.conditioning == "norm":
        return latent_dim, classes
    return latent_dim + classes, 0


def norm(name: str, channels: int, *, flat: bool, classes: int = 0) -> list[nn.Module]:
    """A normalisation as `family.norm` gives it; with `classes` one whose scale and shift each class has of its own."""
    plain = family.norm(name, channels, flat=flat, affine=not classes)
    return [ClassNorm(layer, channels, classes) for layer in plain] if classes else plain


def chain(layers: Sequence[nn.Module], latent_dim: int, told: int) -> nn.Module:
    """G from its layers, `told` as `told_how` says."""
    return Told(layers, latent_dim) if told else nn.Sequential(*layers)


def seen_shape(c: DiscriminatorConfig, shape: tuple[int, ...], classes: int) -> tuple[int, ...]:
    """The shape of what D's first layer sees: the label may lie beside the sample."""
    return (shape[0] + classes, *shape[1:]) if classes and c.conditioning == "concat" else shape


def judge(c: DiscriminatorConfig, features: Sequence[nn.Module], width: int, classes: int) -> nn.Module:
    """D from the layers that lead to its (B, width) features: as its settings say that it is told the class."""
    match c.conditioning if classes else "none":
        case "projection":
            return Projection(nn.Sequential(*features), width, classes)
        case "classifier":
            return Guessing(nn.Sequential(*features), width, classes)
        case how:
            whole = nn.Sequential(*features, nn.Linear(width, 1), family.Logit())
            return Beside(whole) if how == "concat" else whole


def verdict(out: Tensor) -> tuple[Tensor, Tensor | None]:
    """What a discriminator gives, as its logits (B,) and, where it guesses, one more for each class (B, classes)."""
    return (out, None) if out.dim() == 1 else (out[:, 0], out[:, 1:])
