"""Networks: one file a family. `build(player, config, shape, generator)` gives an initialised module on the CPU."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from gan_core import data as data_sets
from gan_core import registry
from gan_core.networks import dcgan, mlp, r3gan, style, translation
from gan_core.networks.attention import SelfAttention
from gan_core.networks.begins import Begins
from gan_core.networks.conditional import ClassNorm
from gan_core.networks.encoder import encoder, guessing, paired
from gan_core.networks.spectral import add_spectral_norm
from gan_core.networks.together import MinibatchStd

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig, RunConfig

__all__ = ["build_discriminator", "build_encoder", "build_generator", "couples_samples", "dcgan", "encoder_on_meta", "fill", "given_shape", "mlp",
           "normalises_spectra", "on_meta", "r3gan", "style", "translation", "uses"]  # fmt: skip

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


def uses(name: str, setting: str) -> bool:
    """Whether networks of this family are built by the setting ("width", "norm", …); what they do not use is ignored."""
    return setting in registry.network[name].info["uses"]


def on_meta(config: RunConfig, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator without memory behind their weights: for counting, and to be filled afterwards."""
    with torch.device("meta"):
        if config.translates:
            return _translators(config, shape)
        family = {p: registry.network[getattr(config, p).network].value for p in ("generator", "discriminator")}
        told = {"classes": config.classes} if config.classes else {}
        g = family["generator"].generator(config.generator, config.latent.dim + config.codes, shape, **told)
        d = _discriminator(config, shape, **told)
        if not config.adversarial:
            d = encoder(d, 2 * config.latent.dim)
        elif config.codes:
            d = guessing(d, config.codes)
    return g, d


def _translators(config: RunConfig, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """Of a translation: G (B, *given) -> (B, *shape) and D (B, *shape) -> (B, P); of CycleGAN both in both directions, where D is told nothing."""
    given = given_shape(config, shape)
    g, d = (
        registry.network[config.generator.network].value.generator,
        registry.network[config.discriminator.network].value.discriminator,
    )
    c_g, c_d = config.generator, config.discriminator
    if not config.cycles:
        return g(c_g, given, shape), d(c_d, shape, given[0])
    return translation.Both(g(c_g, given, shape), g(c_g, shape, given)), translation.Both(d(c_d, shape), d(c_d, given))


def given_shape(config: RunConfig, shape: tuple[int, ...]) -> tuple[int, ...]:
    """(C', H, W) of what a translation is given, known without loading the data."""
    return (data_sets.info_of(config.data)["given"], *shape[1:])


def _discriminator(config: RunConfig, shape: tuple[int, ...], **told: int) -> nn.Module:
    """D of the run's family; one that judges pairs takes the code (B, latent.dim) in the label's place."""
    c = config.discriminator
    made: nn.Module = registry.network[c.network].value.discriminator(c, shape, **told)
    return paired(made, config.latent.dim) if config.paired else made


def build_encoder(config: RunConfig, shape: tuple[int, ...], rng: torch.Generator) -> nn.Module | None:
    """(B, *shape) -> (B, latent.dim): what plays with G where D judges pairs, with the layers of a discriminator that is told nothing; None
    for other methods."""
    e = encoder_on_meta(config, shape)
    return None if e is None else fill(e, rng)


def encoder_on_meta(config: RunConfig, shape: tuple[int, ...]) -> nn.Module | None:
    """The encoder of `build_encoder` without memory behind its weights."""
    if not config.paired:
        return None
    c = replace(config.discriminator, minibatch_std=False)  # a code is one sample's own
    with torch.device("meta"):
        return encoder(registry.network[c.network].value.discriminator(c, shape), config.latent.dim)


def build_generator(config: RunConfig, shape: tuple[int, ...], rng: torch.Generator) -> nn.Module:
    """(B, latent.dim + classes or codes) -> (B, *shape), its first weights drawn from `rng` (a CPU generator)."""
    g = fill(on_meta(config, shape)[0], rng)
    return add_spectral_norm(g, rng) if normalises_spectra(config.generator) else g


def build_discriminator(config: RunConfig, shape: tuple[int, ...], rng: torch.Generator) -> nn.Module:
    """(B, *shape) -> (B,) logits, its first weights drawn from `rng` (a CPU generator). With packing one logit a
    pack; told the class as its settings say, see `conditional`. Of a run with
    codes (B, 1 + codes): what it reads of them lies behind the logit. Of a method without a discriminator, the encoder in its place:
    (B, *shape) -> (B, 2 · latent.dim), means and log-variances."""
    d = fill(on_meta(config, shape)[1], rng)
    return add_spectral_norm(d, rng) if normalises_spectra(config.discriminator) else d


def normalises_spectra(part: GeneratorConfig | DiscriminatorConfig) -> bool:
    """Whether a player's weights are divided by their largest singular values."""
    return part.spectral_norm and uses(part.network, "spectral_norm")


def couples_samples(module: nn.Module) -> bool:
    """Whether a sample's output depends on the others of its batch, beyond those that are packed with it."""
    return any(isinstance(m, (nn.modules.batchnorm._BatchNorm, MinibatchStd)) for m in module.modules())


def fill(module: nn.Module, rng: torch.Generator) -> nn.Module:
    """Memory for a module built on the meta device, filled from `rng` alone: torch's global generator is never drawn from."""
    module = module.to_empty(device="cpu")
    for layer in module.modules():
        if isinstance(layer, Begins):
            layer.begin(rng)
        elif isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            _fill_affine(layer, rng)
        elif isinstance(layer, _NORMS):
            layer.reset_parameters()  # ones and zeros, nothing random
    for layer in module.modules():
        if isinstance(layer, (SelfAttention, ClassNorm)):  # what begins at zero, whatever its parts were filled with
            layer.reset()
    return module


def _fill_affine(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, rng: torch.Generator) -> None:
    """torch's own default for these layers, uniform in ±1/√fan_in, from our generator."""
    transposed = isinstance(layer, nn.ConvTranspose2d)
    fan_in = layer.weight[0].numel() if not transposed else layer.weight.shape[1] * layer.weight[0, 0].numel()
    bound = fan_in**-0.5
    nn.init.uniform_(layer.weight, -bound, bound, generator=rng)
    if layer.bias is not None:
        nn.init.uniform_(layer.bias, -bound, bound, generator=rng)
