"""What each neuron of a fully connected network computes over the plane of its inputs.

A network is cut into layers, each from a linear map up to the next one: normalisation and activation belong to the layer that they
follow. The last layer is the network's output. Layers and neurons are counted from 1, as people count them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_core.data.sets import PointSet
from gan_core.networks import on_meta
from gan_core.players import Players, evaluating

if TYPE_CHECKING:
    from gan_core.config import LatentConfig, RunConfig

SMALL, LARGE = 16, 48  # cells a side of a thumbnail, and of one neuron looked at closely
LINE = 4  # a line has this many times as many cells as a square has a side
MOST = 32  # thumbnails a layer
_FAINTEST = 0.05  # of the layer's largest value: what is smaller than that looks faint
_FINITE = 1e30


@dataclass(frozen=True)
class Layer:
    """How many neurons a layer has, and how many numbers are learned in it."""

    neurons: int
    parameters: int


def layers(network: nn.Module) -> list[list[nn.Module]]:
    """The modules of each layer of an MLP (a Sequential), the output last."""
    found: list[list[nn.Module]] = []
    for module in network.children():
        if isinstance(module, nn.Linear):
            found.append([])
        if found:
            found[-1].append(module)
    return found


@lru_cache(maxsize=32)
def describe(config: RunConfig) -> dict[str, tuple[Layer, ...]]:
    """The layers of "g" and of "d"; nothing for networks that are not fully connected, or whose samples are not points."""
    if not _suits(config):
        return {}
    return {
        player: tuple(
            Layer(int(layer[0].out_features), sum(p.numel() for m in layer for p in m.parameters()))  # type: ignore[arg-type]
            for layer in layers(network)
        )
        for player, network in zip("gd", on_meta(config, (2,)), strict=True)
    }


def _suits(config: RunConfig) -> bool:
    return config.kind == "points" and config.generator.network == config.discriminator.network == "mlp"


def half_width(latent: LatentConfig) -> float:
    """The noise plane is shown from minus this to this: 99 % of a Gaussian's coordinates, all of a uniform one's, and a sphere (of
    radius √dim) with a margin, unless its coordinates are as good as Gaussian."""
    if latent.distribution == "uniform":
        return 1.0
    return 2.5 if latent.distribution == "gaussian" else min(2.5, 1.25 * math.sqrt(latent.dim))


def lattice(extent: tuple[float, float, float, float], cells: int) -> Tensor:
    """(cells², 2) centres of the cells of [x0, x1] × [y0, y1], the lowest row first."""
    x0, x1, y0, y1 = extent
    offsets = (torch.arange(cells) + 0.5) / cells
    y, x = torch.meshgrid(y0 + offsets * (y1 - y0), x0 + offsets * (x1 - x0), indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def noise_lattice(latent: LatentConfig, cells: int) -> Tensor:
    """(cells², dim) noise over the plane of the first two coordinates, the others 0: the middle of what is drawn. With one
    coordinate (LINE · cells, 1) along the line."""
    half = half_width(latent)
    if latent.dim == 1:
        count = LINE * cells
        return (((torch.arange(count) + 0.5) / count * 2 - 1) * half).unsqueeze(1)
    plane = lattice((-half, half, -half, half), cells)
    return torch.cat([plane, torch.zeros(len(plane), latent.dim - 2)], 1)


@torch.no_grad()
def activations(network: nn.Module, x: Tensor, depth: int | None = None) -> list[Tensor]:
    """(N, inputs) -> the outputs (N, neurons) of each layer (of the first `depth`), in eval mode: nothing in the network changes, no row sees another."""
    found: list[Tensor] = []
    with evaluating(network):
        for layer in layers(network)[:depth]:
            for module in layer:
                x = module(x)
            found.append(x.reshape(len(x), -1))
    return found


class Maps:
    """The neurons of a run's two networks over their planes: the averaged generator's over the noise, in data units where they are
    its outputs; the discriminator's over the data's part of the plane."""

    def __init__(self, players: Players) -> None:
        self.players = players
        self.exists = isinstance(players.data, PointSet) and _suits(players.config)

    def thumbnails(self) -> dict[str, NDArray[np.uint8]]:
        """ "neurons:g.1" … -> (n, SMALL, SMALL) uint8 of the first MOST neurons of each layer, (n, LINE · SMALL) where the noise is a
        line. 127.5 is 0; each neuron has a scale of its own, of at least a twentieth of the layer's."""
        if not self.exists:
            return {}
        found = {}
        for player in "gd":
            for number, values in enumerate(self._over_plane(player, SMALL), 1):
                found[f"neurons:{player}.{number}"] = self._shape(player, _shades(values[:, :MOST]), SMALL)
        return found

    def close(self, wanted: Iterable[tuple[str, int, int]]) -> dict[str, NDArray[np.float32]]:
        """ "neuron:d.2.5" -> (LARGE, LARGE) float32 of neuron 5 of layer 2, (LINE · LARGE,) where the noise is a line; `wanted` has
        player, layer, neuron. What the networks do not have is left out."""
        names = list(wanted)
        if not self.exists:
            return {}
        found = {}
        for player in {name[0] for name in names}:
            own = [(layer, neuron) for of, layer, neuron in names if of == player]
            values = self._over_plane(player, LARGE, max(layer for layer, _ in own))
            for layer, neuron in own:
                if 1 <= layer <= len(values) and 1 <= neuron <= values[layer - 1].shape[1]:
                    one = values[layer - 1][:, neuron - 1 : neuron]
                    found[f"neuron:{player}.{layer}.{neuron}"] = self._shape(player, one, LARGE)[0]
        return found

    def _over_plane(self, player: str, cells: int, depth: int | None = None) -> list[Tensor]:
        """The activations (places, neurons) of each layer (of the first `depth`), finite, on the CPU."""
        players, data = self.players, self.players.data
        assert isinstance(data, PointSet)
        if player == "g":
            network, places = players.average, noise_lattice(players.config.latent, cells)
        else:
            network, places = players.d, data.from_units(lattice(data.extent, cells))
        values = [v.float().cpu() for v in activations(network, places.to(players.device), depth)]
        if player == "g" and len(values) == len(layers(network)):
            values[-1] = data.to_units(values[-1])
        return [v.nan_to_num(0.0, _FINITE, -_FINITE) for v in values]

    def _shape(self, player: str, values: Tensor, cells: int) -> NDArray[Any]:
        """(places, n) -> (n, cells, cells), or (n, LINE · cells) along a line."""
        rows = values.T.contiguous()
        line = player == "g" and self.players.config.latent.dim == 1
        return (rows if line else rows.view(-1, cells, cells)).numpy()


def _shades(values: Tensor) -> Tensor:
    """(places, n) -> the same as uint8: 127.5 is 0, and 0 and 255 are minus and plus each neuron's scale."""
    largest = values.abs().amax(0)
    scale = torch.maximum(largest, _FAINTEST * largest.max()).clamp(min=1e-12)
    return ((values / scale + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
