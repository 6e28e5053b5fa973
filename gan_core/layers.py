"""The layers of a network as people count them, and the length of each one's gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.networks.attention import SelfAttention
from gan_core.networks.conditional import ClassNorm
from gan_core.networks.modulated import StyledConv, ToPicture
from gan_core.networks.r3gan import Basis
from gan_core.networks.style import StyleGenerator

LINEAR, CONVOLUTION, TRANSPOSED, ATTENTION = "linear", "convolution", "transposed", "attention"
FIRST, OTHER = "first", "other"
KINDS = (LINEAR, CONVOLUTION, TRANSPOSED, ATTENTION, FIRST, OTHER)
_FOLLOWS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, ClassNorm)  # part of the layer before


@dataclass(frozen=True)
class Layer:
    """kind: one of KINDS; n_in, n_out: its numbers or channels, 0 where that says nothing; side: of a convolution's kernel or of first pictures, in pixels;
    parameters: all that is learned in it, its normalisation included."""

    kind: str
    n_in: int
    n_out: int
    side: int
    parameters: tuple[nn.Parameter, ...]

    @property
    def said(self) -> list[Any]:
        """kind, n_in, n_out, side."""
        return [self.kind, self.n_in, self.n_out, self.side]


def layers(network: nn.Module) -> list[Layer]:
    """The layers in the order in which the network was built. A normalisation belongs to the layer that it follows."""
    found: list[tuple[list[Any], list[nn.Parameter]]] = []
    early: list[nn.Parameter] = []  # of a normalisation before the first layer
    for said, parameters in _walk(network):
        if said is not None:
            found.append((said, [*early, *parameters]))
            early = []
        elif found:
            found[-1][1].extend(parameters)
        else:
            early.extend(parameters)
    return [Layer(kind, n_in, n_out, side, tuple(parameters)) for (kind, n_in, n_out, side), parameters in found]


def gradient_norms(found: Sequence[Layer]) -> Tensor:
    """(L,) float32 on the parameters' device: of each layer √Σ‖∂L/∂θ‖² over its parameters as the last step left it in `grad`; NaN for
    a layer without any."""
    gradients = [[p.grad for p in layer.parameters if p.grad is not None] for layer in found]
    flat = [g for group in gradients for g in group]
    if not flat:
        return torch.full((len(found),), math.nan)
    parts = torch.split(torch.stack(torch._foreach_norm(flat)).float(), [len(group) for group in gradients])
    none = torch.full((), math.nan, device=flat[0].device)
    return torch.stack([part.norm() if len(part) else none for part in parts])


def _walk(module: nn.Module) -> Iterator[tuple[list[Any] | None, list[nn.Parameter]]]:
    """What is said of each part that learns, and its parameters; None of a normalisation."""
    if isinstance(module, _FOLLOWS):
        yield None, list(module.parameters())
    elif isinstance(module, SelfAttention):
        yield [ATTENTION, module.query.in_channels, module.out.out_channels, 0], list(module.parameters())
    elif isinstance(module, (StyledConv, ToPicture)):
        n_out, n_in, side, _ = module.conv.weight.shape
        yield [CONVOLUTION, n_in, n_out, side], list(module.parameters())
    elif isinstance(module, nn.Linear):
        yield [LINEAR, module.in_features, module.out_features, 0], list(module.parameters())
    elif isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        kind = CONVOLUTION if isinstance(module, nn.Conv2d) else TRANSPOSED
        yield [kind, module.in_channels, module.out_channels, module.kernel_size[0]], list(module.parameters())
    else:
        own = list(module.parameters(recurse=False))
        # all that these have of their own are the pictures that they begin with
        if isinstance(module, (Basis, StyleGenerator)):
            *_, channels, side, _ = own[0].shape
            yield [FIRST, 0, channels, side], own
        elif own:
            yield _guessed(own), own
        for child in module.children():
            yield from _walk(child)


def _guessed(own: list[nn.Parameter]) -> list[Any]:
    """Of a layer that is none of torch's: what the shape of its largest parameter says."""
    shape = max(own, key=lambda p: p.numel()).shape
    if len(shape) == 2:
        return [LINEAR, shape[1], shape[0], 0]
    return [CONVOLUTION, shape[1], shape[0], shape[-1]] if len(shape) == 4 else [OTHER, 0, 0, 0]
