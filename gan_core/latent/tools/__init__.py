"""What can be asked of an explored generator, one file a tool. Importing this registers all of them."""

from gan_core.latent.tools import (
    arithmetic,
    favourites,
    find,
    look,
    map,
    model,
    named,
    nearest,
    noises,
    project,
    strips,
    truncation,
    units,
    way,
    weak,
)

__all__ = [
    "arithmetic",
    "favourites",
    "find",
    "look",
    "map",
    "model",
    "named",
    "nearest",
    "noises",
    "project",
    "strips",
    "truncation",
    "units",
    "way",
    "weak",
]
