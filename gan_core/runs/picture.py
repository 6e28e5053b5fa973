"""The part of a snapshot that is drawn: what the generator makes of the preview's latents, and what the critic sees in it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_core import registry
from gan_core.data.sets import PointSet, to_pixels, to_unit
from gan_core.neurons import lattice
from gan_core.players import Players, class_name, preview_classes
from gan_core.translation.players import Translators

FIELD_CELLS = 48
ARROWS = 160  # generated samples that show where they are pushed
SHEET_ROWS, THREAD_POINTS = 21, 241  # lines of the warped grid each way; points along a warped line or circle
_NOISE_SHOWN = 4  # latent coordinates that a viewer can read of a point


def picture(players: Players) -> dict[str, Any]:
    """Arrays and what describes them: the same from the same weights, whenever they are looked at."""
    if isinstance(players.data, PointSet):
        return points(players, players.data)
    if isinstance(players, Translators):
        return {"arrays": translations(players)}
    arrays = {"real": players.preview.real.numpy(), "fake": to_pixels(players.sample(players.preview.latents)).numpy()}
    rebuilt = players.rebuilt(to_unit(players.preview.real))
    if rebuilt is not None:
        arrays["rebuilt"] = to_pixels(rebuilt).numpy()
    columns = tuple(class_name(players.config, players.data, k) for k in preview_classes(players.config))
    return {"arrays": arrays, "columns": columns, "found": bool(players.config.codes)}


def translations(players: Translators) -> dict[str, Any]:
    """Of pictures that are translated, all (N, C, H, W) uint8: given, fake, and real, what should have come out (or other pictures of the
    kind, where nobody knows). Of CycleGAN back: fake, translated back again; and, the other way round from real, other_fake and
    other_back."""
    given, real = players.preview.latents.cpu(), to_unit(players.preview.real)
    fake = players.sample(given)
    found = {"given": given, "fake": fake, "real": real}
    if (back := players.back(fake)) is not None:
        other = players.back(real)
        assert other is not None
        found |= {"back": back, "other_fake": other, "other_back": players.sample(other)}
    return {name: to_pixels(pictures).numpy() for name, pictures in found.items()}


def points(players: Players, data: PointSet) -> dict[str, Any]:
    """Everything of a run on points. Positions in data units, float32 but for the field; what ends in _live is of the generator
    at this very step, of the averaged one otherwise.

    real, fake, fake_live (N, 2); noise (N, ≤4): their latents; logits_real, logits_fake, logits_live (N,): D's outputs;
    field (FIELD_CELLS, FIELD_CELLS) uint8: D over `extent`, the lowest row first; slope, slope_live (ARROWS, 2): ∇D at the first
    generated samples; pull, pull_live (ARROWS,): these times the slope is where the generator's loss pushes them;
    sheet, sheet_live, sheet_noise (rows, columns, 2): a grid, line or circle of latents (`sheet` says which), warped by the
    generator, and where it was in latent space.
    """
    sheet = sheet_of(players.config.latent.dim, players.config.latent.distribution)
    latents = torch.cat([players.preview.latents.cpu(), sheet.latents])
    n = len(players.preview.latents)
    drawn = players.sample(latents), players.sample(latents, averaged=False)
    fake, live = (samples[:n] for samples in drawn)
    real = players.preview.real
    every = [players.critic(part) for part in (lattice(data.extent, FIELD_CELLS), real, fake, live)]
    cells, logits = every[0], every[1:]
    slopes = players.slope(torch.cat([fake[:ARROWS], live[:ARROWS]]))
    output = registry.loss[players.config.loss].info["output"]
    shape = (*sheet.shape, 2)
    arrays = {
        "real": real, "fake": fake, "fake_live": live, "noise": players.preview.latents[:, :_NOISE_SHOWN].cpu(),
        "field": _shades(cells, output, float(logits[0].mean() + logits[2].mean()) / 2),
        "logits_real": logits[0], "logits_fake": logits[1], "logits_live": logits[2],
        "slope": slopes[:ARROWS], "slope_live": slopes[ARROWS:],
        "pull": players.pull(logits[0], logits[1])[:ARROWS], "pull_live": players.pull(logits[0], logits[2])[:ARROWS],
        "sheet": drawn[0][n:].view(shape), "sheet_live": drawn[1][n:].view(shape), "sheet_noise": sheet.places,
    }  # fmt: skip
    kind = "probability" if output == "probability" else "critic"
    return {"arrays": {name: array.numpy() for name, array in arrays.items()}, "extent": data.extent, "field_kind": kind,
            "sheet": sheet.kind}  # fmt: skip


# ── the noise that is seen being warped ──────────────────────────────────────────────────────────────────────────────────


class Sheet(NamedTuple):
    """kind: "grid", "line" or "circle", with "slice " before it where the latent space has dimensions beyond. shape: (rows, columns).
    latents (rows · columns, dim). places (rows, columns, 2): the first two coordinates."""

    kind: str
    shape: tuple[int, int]
    latents: Tensor
    places: Tensor


@lru_cache(16)
def sheet_of(dim: int, distribution: str) -> Sheet:
    """Latents in order, between any two neighbours of which the generator is as likely to start: quantiles of the Gaussian, even
    steps of the others. Of more than two dimensions the first two vary and the rest rests at 0, the middle of the distribution."""
    if distribution == "sphere" and dim > 1:
        angles = torch.arange(THREAD_POINTS, dtype=torch.float64) * (2 * math.pi / (THREAD_POINTS - 1))
        places, kind = math.sqrt(dim) * torch.stack([angles.cos(), angles.sin()], 1)[None], "circle"
    elif dim == 1:
        along = _quantiles(THREAD_POINTS, distribution)
        places, kind = torch.stack([along, torch.zeros_like(along)], 1)[None], "line"
    else:
        along = _quantiles(SHEET_ROWS, distribution)
        y, x = torch.meshgrid(along, along, indexing="ij")
        places, kind = torch.stack([x, y], 2), "grid"
    places = places.float()
    rows, columns = places.shape[:2]
    latents = torch.zeros(rows * columns, dim)
    latents[:, : min(dim, 2)] = places.view(-1, 2)[:, : min(dim, 2)]
    return Sheet(f"slice {kind}" if dim > 2 else kind, (rows, columns), latents, places)


def _quantiles(n: int, distribution: str) -> Tensor:
    """(n,): equally likely steps from the edge, or (Gaussian) from half a step inside it, to the other."""
    if distribution == "gaussian":
        inside: Tensor = torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n)
        return inside
    return torch.linspace(-1, 1, n, dtype=torch.float64)


# ── the critic's field ───────────────────────────────────────────────────────────────────────────────────────────────────


def _shades(logits: Tensor, output: str, middle: float) -> Tensor:
    """(cells²,) logits -> (cells, cells) uint8: 0 surely generated, 127.5 undecided, 255 surely real.

    "probability": σ(logit). "target": 0 … 1 as they are. "critic": only differences mean anything, so the `middle` is half-way
    between the mean outputs on the real and the generated samples shown, and the scale is the field's own 95th percentile.
    """
    if output == "probability":
        share = logits.sigmoid()
    elif output == "target":
        share = logits
    else:
        centred = logits - (middle if np.isfinite(middle) else 0.0)
        share = 0.5 + centred / (2 * centred.abs().quantile(0.95).clamp(min=1e-6))
    shades = (share.nan_to_num(0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return shades.view(FIELD_CELLS, FIELD_CELLS)
