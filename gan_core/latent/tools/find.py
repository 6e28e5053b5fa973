"""Directions found without labels, kept under a name so that places can be moved along them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.errors import ConfigError
from gan_core.latent import directions, reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.directions import Directions
from gan_core.latent.explored import NO_LAYERS, NO_STYLES, Explored
from gan_core.latent.explorer import AXES, Room, axes
from gan_core.latent.places import Known
from gan_core.latent.seen import small
from gan_core.networks.modulated import StyledConv
from gan_core.networks.style import StyleGenerator
from gan_core.text import N_

HOWS = ("axes", "ganspace", "sefa", "pictures", "chance")
SAMPLES = 2000  # latents whose features GANSpace looks at
_BLOCK = 250
_DRAWN, _SIDE = 64, 32  # pictures between two looks whether anybody still waits, and how small they are compared
MOST = 32


@ask("find", slow=True)
def find(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """Directions by `how`, in `space`, at most `count`. Facts: the name they are kept under, their sigma, their share of the variance (or of
    what the layer lets through), from how many samples."""
    explored = room.explored
    how = reading.choice(asked, "how", HOWS)
    space = reading.choice(asked, "space", ("z", "w"), "z")
    if space == "w" and (how == "pictures" or not explored.has_styles):
        raise ConfigError(NO_STYLES)
    count = min(reading.whole(asked, "count", 1, MOST, 10), explored.dim)
    if how == "axes":
        name, known = AXES, axes(explored)
    else:
        name = f"{how}.{space}.{explored.step}.{count}"
        known = Known(_found(explored, how, space, count, tell), space)
        room.explorer.keep(name, known)
    samples = SAMPLES if how in ("ganspace", "pictures") else 0
    facts = {"name": name, "how": how, "space": known.space, "sigma": known.directions.sigma.tolist(),
             "share": known.directions.share.tolist(), "samples": samples}  # fmt: skip
    return Answer({"vectors": known.directions.vectors.numpy()}, facts)


def _found(explored: Explored, how: str, space: str, count: int, tell: Tell) -> Directions:
    latents = explored.many(SAMPLES, 1)
    spread = float(latents[:, : explored.dim].std())
    if how == "chance":
        sigma = float(explored.styles(latents)[:, 0].std(0).mean()) if space == "w" else spread
        return directions.by_chance(explored.dim, count, torch.Generator().manual_seed(0), sigma)
    if how == "pictures":
        return _of_pictures(explored, latents, count, tell)
    if not explored.traits.open:
        raise ConfigError(NO_LAYERS)
    if how == "sefa":
        weight = style_weights(explored.g) if space == "w" else first_weight(explored)
        return _as_wide_as(explored, directions.factorised(weight, count, spread), latents, space)
    if space == "w":
        return directions.principal(explored.styles(latents)[:, 0], count)
    features = first_features(explored, latents, tell)
    return directions.principal_of_features(latents[:, : explored.dim], features, min(count, features.shape[1]))


def _of_pictures(explored: Explored, latents: Tensor, count: int, tell: Tell) -> Directions:
    """In z, by what the whole generator makes of latents: as GANSpace, with the pictures in the place of a layer's features."""
    parts = []
    for part in torch.split(latents, _DRAWN):
        samples = explored.draw(part)
        parts.append((small(samples, _SIDE) if samples.dim() == 4 else samples).flatten(1))
        tell(0.9 * sum(len(done) for done in parts) / len(latents))
    features = torch.cat(parts)
    return directions.principal_of_features(latents[:, : explored.dim], features, min(count, features.shape[1]))


def _as_wide_as(explored: Explored, found: Directions, latents: Tensor, space: str) -> Directions:
    """With sigma as the latents really have along each direction."""
    rows = explored.styles(latents)[:, 0] if space == "w" else latents[:, : explored.dim]
    return Directions(found.vectors, (rows @ found.vectors.t()).std(0), found.share)


def first_weight(explored: Explored) -> Tensor:
    """(out, dim): the weight of the first layer that takes z; what it takes besides is left out. Raises ConfigError where there is none."""
    wanted = (explored.dim, explored.inputs)
    for module in explored.g.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and weight.dim() == 2 and weight.shape[1] in wanted:
            return weight.detach().float().cpu()[:, : explored.dim]
    raise ConfigError(
        N_("The generator's first layer is not one whose directions can be factorised. Use GANSpace instead.")
    )


def style_weights(g: nn.Module) -> Tensor:
    """(Σ out, dim): of a style-based generator, the weights by which w becomes the styles of all layers.   SeFa, section 3.3."""
    assert isinstance(g, StyleGenerator)
    convs = [conv.conv for conv in g.convs if isinstance(conv, StyledConv)]
    return torch.cat([conv.style.weight.detach().float().cpu() for conv in convs])


def first_features(explored: Explored, latents: Tensor, tell: Tell) -> Tensor:
    """(N, F): what the generator's first layer makes of latents (N, inputs), flattened."""
    layer = explored.unit_layers[0].module
    parts: list[Tensor] = []
    with explored.switched({}) as g:
        handle = layer.register_forward_hook(lambda _m, _i, out: parts.append(out.flatten(1).float().cpu()))
        try:
            for done in range(0, len(latents), _BLOCK):
                with torch.no_grad():
                    explored.forward(latents[done : done + _BLOCK], 1.0, g)
                tell(0.8 * (done + _BLOCK) / len(latents))
        finally:
            handle.remove()
    return torch.cat(parts)
