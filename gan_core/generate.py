"""Samples from a saved run: the averaged generator, in eval mode, from latents that a seed fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gan_core import data as data_sets
from gan_core import device as devices
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import CheckpointError, ConfigError
from gan_core.memory import sample_shape
from gan_core.metrics.evaluation import Draw
from gan_core.networks import build_generator
from gan_core.networks.style import StyleGenerator
from gan_core.players import Preview, as_pictures, classes_in, draw_inputs, drawn
from gan_core.runs.folder import RunFolder
from gan_core.text import N_
from gan_core.translation.players import ROWS, Translators, in_turn

BATCH = 512


@dataclass(frozen=True)
class SavedGenerator:
    """The generator of a run at a saved step. `scale` and `origin` turn its output into data units."""

    module: nn.Module
    config: RunConfig
    step: int
    scale: float
    origin: tuple[float, float] = (0.0, 0.0)

    @torch.no_grad()
    def sample(
        self,
        n: int,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """(n, *shape) float32: points in data units, pictures in [−1, 1]. Latents come from a CPU generator with this seed, in
        blocks of one size, so that they depend neither on the device nor on n: ten samples are the first ten of a thousand. `truncation`: ψ of a
        style-based generator, otherwise as the settings say. Raises ConfigError for another generator."""
        device = next(self.module.parameters()).device
        rng = torch.Generator().manual_seed(seed)
        psi = self.config.generator.truncation if truncation is None else truncation
        if truncation is not None and not isinstance(self.module, StyleGenerator):
            raise ConfigError(N_("Truncation means something for style-based generators only, and generator.network={network} is none. Leave it out."),
                              network=self.config.generator.network)  # fmt: skip
        parts = []
        inputs = self._inputs()
        for done in range(0, n, BATCH):
            parts.append(self._draw(inputs(BATCH, rng)[: n - done], device, psi))
            if progress:
                progress(min(n, done + BATCH), n)
        if self.config.kind != "points":
            return as_pictures(torch.cat(parts))
        scaled = torch.cat(parts).contiguous() * self.scale
        return scaled + scaled.new_tensor(self.origin) if any(self.origin) else scaled

    def drawing(self, seed: int = 0) -> Draw:
        """draw(k) gives the next k of the pictures that `sample` gives all at once, with the classes (k,) that they were asked to be
        where the generator is told; no more than a block of them is held."""
        blocks = self._blocks(seed)
        waiting: list[tuple[Tensor, Tensor | None]] = []

        def draw(k: int) -> Any:
            taken: list[tuple[Tensor, Tensor | None]] = []
            while k:
                images, asked = waiting.pop() if waiting else next(blocks)
                if len(images) > k:
                    waiting.append((images[k:], None if asked is None else asked[k:]))
                    images, asked = images[:k], None if asked is None else asked[:k]
                taken.append((images, asked))
                k -= len(images)
            images = torch.cat([one for one, _ in taken])
            classes = [asked for _, asked in taken if asked is not None]
            return (images, torch.cat(classes)) if classes else images

        return draw

    def _blocks(self, seed: int) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Without an end."""
        device = next(self.module.parameters()).device
        rng = torch.Generator().manual_seed(seed)
        draw = self._inputs()
        while True:
            inputs = draw(BATCH, rng)
            with torch.no_grad():  # not around the yield: whoever draws has its own
                images = as_pictures(self._draw(inputs, device, self.config.generator.truncation))
            yield images, classes_in(inputs, self.config)

    def translators(self, data: data_sets.PairSet) -> Translators:
        """The generator of a run that translates, to be measured; without a discriminator."""
        nothing = torch.empty(0)
        device = next(self.module.parameters()).device
        return Translators(
            self.config, data, Preview(nothing, nothing), device, self.module, self.module, nn.Identity()
        )

    def _inputs(self) -> Callable[[int, torch.Generator], Tensor]:
        """What draws inputs of the generator: latents, or the held-out pictures of a set of pairs, which is loaded for it. Raises DataError."""
        if not self.config.translates:
            return lambda n, rng: draw_inputs(n, self.config, rng)
        data = data_sets.load(self.config.data)
        assert isinstance(data, data_sets.PairSet)
        return in_turn(data)

    def _draw(self, inputs: Tensor, device: torch.device, psi: float) -> Tensor:
        """What comes of them, on the CPU; pictures that are translated a few at a time, for they pass through at their full size."""
        rows = torch.split(inputs.to(device), ROWS if self.config.translates else BATCH)
        return torch.cat([drawn(self.module, part, psi).float().cpu() for part in rows])


def load(folder: RunFolder, device: str = "auto", *, step: int | None = None, averaged: bool = True) -> SavedGenerator:
    """The generator in a run's folder, of its last checkpoint or of a kept `step`; the averaged one, or the one that trains. Raises
    CheckpointError, ConfigError, DeviceError."""
    kept = folder.read_players if averaged else folder.read_state
    saved = folder.read_checkpoint() if step is None else kept(step)
    state, config = saved.state, serial.from_dict(saved.config)
    module = build_generator(config, sample_shape(config), torch.Generator())
    try:
        module.load_state_dict(state["ema" if averaged else "generator"])
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(N_("The checkpoint in {path} does not fit the run's settings ({reason})."),
                              path=folder.path.name, reason=str(error).splitlines()[0]) from None  # fmt: skip
    folder.know_table(config)
    points = data_sets.load(config.data) if config.kind == "points" else None
    scale, origin = (points.scale, points.origin) if isinstance(points, data_sets.PointSet) else (1.0, (0.0, 0.0))
    return SavedGenerator(
        module.to(devices.resolve(device)).requires_grad_(False).eval(), config, int(state["step"]), scale, origin
    )
