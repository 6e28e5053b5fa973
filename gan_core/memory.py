"""How much memory a run will need, estimated before anything is built."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import torch
from torch import Tensor, nn

from gan_core import data as data_sets
from gan_core import device as devices
from gan_core import registry
from gan_core.errors import ConfigError
from gan_core.networks import encoder_on_meta, given_shape, on_meta
from gan_core.networks.begins import Begins
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import RunConfig

_COPIES = 7  # weights, gradients, two Adam averages, the EMA, and the saved copy while it is replaced
_BYTES = 4
_SHARE = 0.8  # of what is free


def sample_shape(config: RunConfig) -> tuple[int, ...]:
    """The shape of one sample, known without loading the data."""
    info = data_sets.info_of(config.data)
    size = config.data.image_size
    return (2,) if info["kind"] == "points" else (info["channels"], size, size)


class Needs(NamedTuple):
    """Bytes. weights: with their copies; activations: of one discriminator and one generator step."""

    weights: int
    activations: int


def estimate(config: RunConfig) -> int:
    """Bytes: the weights and their copies, and the activations of one discriminator and one generator step."""
    return sum(needs(config))


def needs(config: RunConfig) -> Needs:
    """What `estimate` adds up."""
    shape = sample_shape(config)
    g, d = on_meta(config, shape)
    e = encoder_on_meta(config, shape)
    weights = sum(p.numel() for net in (g, d, e) if net is not None for p in net.parameters()) * _COPIES
    batch = config.batch_size // config.accumulation
    n, classes = 2 * config.discriminator.packing, config.latent.dim if config.paired else config.classes
    told = [torch.empty(n, classes, device="meta")] if classes else []
    if config.cycles:
        weights += config.history * (math.prod(shape) + math.prod(given_shape(config, shape)))
    if config.translates:
        return Needs(_BYTES * weights, _BYTES * 2 * batch * _translated(config, g, d, shape))
    per_sample = _activations(g, torch.empty(2, config.latent.dim + config.classes + config.codes, device="meta"))
    per_sample += 2 * _activations(d, torch.empty(n, *shape, device="meta"), *told)
    per_sample += _activations(e, torch.empty(2, *shape, device="meta")) if e is not None else 0
    twice = 2 if registry.penalty[config.penalty].info["at"] else 1  # the second backward pass keeps its own graph
    return Needs(_BYTES * weights, _BYTES * 2 * twice * batch * per_sample)


def _translated(config: RunConfig, g: nn.Module, d: nn.Module, shape: tuple[int, ...]) -> int:
    """Numbers for each pair of a translation: G once and D on two pictures; of CycleGAN both ways, there, back again and what stays."""
    given, wanted = torch.empty(2, *given_shape(config, shape), device="meta"), torch.empty(2, *shape, device="meta")
    if not config.cycles:
        return _activations(g, given) + 2 * _activations(d, wanted, given)
    ways = 6 if config.identity_weight else 4
    return ways * _activations(g, given) + 4 * _activations(d, wanted)


@torch.no_grad()
def _activations(net: nn.Module, *inputs: Tensor) -> int:
    """Numbers that the layers put out for each row of inputs on the meta device: nothing is computed."""
    total = 0

    def count(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        nonlocal total
        total += output.numel()

    for layer in net.modules():
        if not list(layer.children()) or isinstance(layer, Begins):
            layer.register_forward_hook(count)
    net(*inputs)
    return math.ceil(total / len(inputs[0]))


def check_memory(config: RunConfig) -> None:
    """Raise ConfigError when the run cannot fit into the memory that is free on its device."""
    needed, free = estimate(config), _free(devices.resolve(config.device))
    if needed > _SHARE * free:
        raise ConfigError(
            N_("These networks need about {needed} GB with this batch size, and a run may take {most} of the {free} GB that are free. Make them "
               "narrower (generator.hidden, generator.width, discriminator.hidden, discriminator.width) or the batch smaller (batch_size)."),
            needed=f"{needed / 1e9:.1f}", most=f"{_SHARE * free / 1e9:.1f}", free=f"{free / 1e9:.1f}",
        )  # fmt: skip


def fitting_batch(config: RunConfig) -> int | None:
    """The largest batch of a half, a quarter, … of `config.batch_size` that goes with the other settings and by the estimate fits into the
    memory that is free now; the smallest that goes where none fits by the estimate, which is rough; None where no smaller one goes."""
    found = None
    try:
        free = float(_free(devices.resolve(config.device)))
    except RuntimeError:  # a device that is full may not even say so
        free = math.inf
    for smaller in _halves(config):
        found = smaller
        if estimate(smaller) <= _SHARE * free:
            break
    return found.batch_size if found else None


def _halves(config: RunConfig) -> Iterator[RunConfig]:
    """The same with half the batch, a quarter, …, as long as that goes with the other settings."""
    while config.batch_size % 2 == 0 and config.batch_size >= 4:
        try:
            config = replace(config, batch_size=config.batch_size // 2)
        except ConfigError:
            return
        yield config


def _free(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)
