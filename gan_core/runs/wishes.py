"""What viewers may ask to see besides the picture: computed and sent only while one of them looks at it.

neurons            thumbnails of all neurons
neuron:d.2.5       one neuron closely: player (g or d), layer, neuron, counted from 1
close:fake.12      one picture of a grid closely, see `closely`
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from gan_core.neurons import Maps
from gan_core.players import Players
from gan_core.runs import closely

MOST = 8  # names that one viewer may ask for
ALTOGETHER = 24  # names that all viewers of a run get together: a frame carries them all
_NEURON = re.compile(r"neuron:([gd])\.(\d{1,2})\.(\d{1,4})", re.ASCII)


def is_known(name: object) -> bool:
    """Whether this is the name of something that can be asked for (which a certain run may yet not have)."""
    return isinstance(name, str) and (
        name == "neurons" or _NEURON.fullmatch(name) is not None or closely.is_known(name)
    )


def read(names: object) -> frozenset[str] | None:
    """The wishes in a viewer's message: a list of at most MOST known names; None where it is anything else."""
    if not isinstance(names, list) or len(names) > MOST or not all(map(is_known, names)):
        return None
    return frozenset(names)


def together(wishes: Iterable[frozenset[str]]) -> frozenset[str]:
    """What several viewers want: all of it, as far as it is not too much for one frame; earlier ones first."""
    found: dict[str, None] = {}
    for names in wishes:
        found |= dict.fromkeys(sorted(names))
    return frozenset(list(found)[:ALTOGETHER])


def granted(players: Players, wishes: frozenset[str]) -> dict[str, NDArray[Any]]:
    """The arrays that were wished for, by their names in the frame. Draws nothing from the run's generators."""
    if not wishes:
        return {}
    maps = Maps(players)
    found: dict[str, NDArray[Any]] = {}
    if "neurons" in wishes and maps.exists:
        found |= maps.thumbnails()
    parts = [match.groups() for name in sorted(wishes) if (match := _NEURON.fullmatch(name))]
    return found | maps.close((player, int(layer), int(neuron)) for player, layer, neuron in parts)
