"""The channels of a generator's layers: silenced or boosted one by one, and found by the part of a picture that they draw.   GAN Dissection,
Bau et al. 2019, arXiv:1811.10597."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from gan_core.errors import ConfigError
from gan_core.networks.modulated import StyledConv
from gan_core.networks.r3gan import Block
from gan_core.text import N_

_WHOLE = (StyledConv, Block)  # what is inside of these is a part of their layer
_BENDS = (nn.ReLU, nn.LeakyReLU, nn.SiLU, nn.GELU, nn.Tanh)

Factors: TypeAlias = Mapping[tuple[int, int], float]  # (layer, channel), both from 0: what its output is multiplied by


@dataclass(frozen=True)
class UnitLayer:
    """A layer whose channels can be switched: its module, how many channels, and the height and width of each (1, 1 in flat layers)."""

    module: nn.Module
    channels: int
    size: tuple[int, int]


def layers(g: nn.Module, inputs: Tensor) -> list[UnitLayer]:
    """The layers of a generator, from noise to picture, by what they give of inputs (B, …); its output is none of them."""
    found: list[UnitLayer] = []
    modules = list(_places(g))
    last = _last_of(g)
    with contextlib.ExitStack() as hooks, torch.no_grad():
        for module in modules:
            if module is last:
                continue

            def see(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
                size = (output.shape[2], output.shape[3]) if output.dim() == 4 else (1, 1)
                found.append(UnitLayer(module, output.shape[1], size))

            hooks.callback(module.register_forward_hook(see).remove)
        g(inputs)
    return found


@contextlib.contextmanager
def switched(places: list[UnitLayer], factors: Factors) -> Iterator[None]:
    """While this lasts, the channels of a generator give `factors` times what they would: 0 silences one, 2 boosts it. Raises ConfigError
    for a layer or a channel that there is not."""
    by_layer: dict[int, dict[int, float]] = {}
    for (layer, channel), factor in factors.items():
        if not 0 <= layer < len(places) or not 0 <= channel < places[layer].channels:
            raise ConfigError(N_("There is no channel {channel} in layer {layer} here. Layers go from 0 to {layers}, channels to {channels}."),
                              channel=channel, layer=layer, layers=len(places) - 1,
                              channels=places[layer].channels - 1 if 0 <= layer < len(places) else "–")  # fmt: skip
        by_layer.setdefault(layer, {})[channel] = factor
    with contextlib.ExitStack() as hooks:
        for layer, channels in by_layer.items():
            hooks.callback(places[layer].module.register_forward_hook(_multiply(channels)).remove)
        yield


@contextlib.contextmanager
def without(places: list[UnitLayer], layer: int, channels: Sequence[int]) -> Iterator[None]:
    """While this lasts, a batch has as many rows as there are channels, and row i is made without channel channels[i] of a layer."""

    def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        factor = torch.ones(output.shape[:2], device=output.device, dtype=output.dtype)
        factor[torch.arange(len(channels)), torch.tensor(channels)] = 0
        return output * factor.view(*output.shape[:2], *[1] * (output.dim() - 2))

    handle = places[layer].module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextlib.contextmanager
def overheard(places: list[UnitLayer], layer: int) -> Iterator[list[Tensor]]:
    """While this lasts, the list is filled with what a layer gives, (B, channels, …), before any of its channels is switched."""
    heard: list[Tensor] = []
    handle = places[layer].module.register_forward_hook(lambda _m, _i, output: heard.append(output), prepend=True)
    try:
        yield heard
    finally:
        handle.remove()


def responsible(
    g: Callable[[Tensor], Tensor], places: list[UnitLayer], layer: int, inputs: Tensor, region: Tensor
) -> Tensor:
    """(channels,): how much each channel of a layer has to do with a region (H, W) of weights from 0 to 1 in the pictures of inputs (B, …).

    Mean over the pictures of Σ |a ∂s/∂a| over the channel's places, s the sum of the picture in the region: what s would lose, to first order, were the channel
    silenced there.   Molchanov et al. 2017, arXiv:1611.06440, equation 7."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        kept.append(output.requires_grad_() if not output.requires_grad else output)
        return kept[-1]

    handle = places[layer].module.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            drawn = g(inputs)
            (gradient,) = torch.autograd.grad((drawn * region.to(drawn)).sum(), kept[-1])
    finally:
        handle.remove()
    return (
        (kept[-1].detach() * gradient).abs().flatten(2).sum(2).mean(0)
        if gradient.dim() > 2
        else (kept[-1].detach() * gradient).abs().mean(0)
    )


def _places(module: nn.Module) -> Iterator[nn.Module]:
    """Where a layer ends: behind its bend, or behind a block that is a layer by itself; in the order in which they were built."""
    for child in module.children():
        if isinstance(child, (*_WHOLE, *_BENDS)):
            yield child
        else:
            yield from _places(child)


def _last_of(g: nn.Module) -> nn.Module | None:
    """The bend that gives the picture, where one does: the one that nothing learned comes after."""
    for module in reversed([m for m in g.modules() if not list(m.children()) or list(m.parameters(recurse=False))]):
        if isinstance(module, _BENDS):
            return module
        if list(module.parameters(recurse=False)):
            return None
    return None


def _multiply(channels: Mapping[int, float]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        factor = torch.ones(output.shape[1], device=output.device, dtype=output.dtype)
        for channel, by in channels.items():
            factor[channel] = by
        return output * factor.view(1, -1, *[1] * (output.dim() - 2))

    return hook
