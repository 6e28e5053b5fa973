"""What lessons see of figures that are no run: by the figure's name, from its settings to what its tasks look at."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from gan_core.dirac.game import Game
from gan_core.dirac.settings import parse
from gan_core.dirac.verdict import Facts, eigenvalues, judge
from gan_core.lessons.sight import Sight


def of_dirac(facts: Facts) -> Sight:
    """Of a trajectory of the Dirac-GAN."""
    figures = {"ratio": facts.ratio, "turns": facts.turns} | (
        {"radius": facts.radius} if facts.radius is not None else {}
    )
    return Sight(facts.steps, figures, facts={**dataclasses.asdict(facts.settings), "verdict": facts.verdict})


def _dirac(settings: Mapping[str, Any]) -> Sight:
    game = Game(parse(settings))
    return of_dirac(judge(game, game.trajectory(), eigenvalues(game)))


LOOKS: dict[str, Callable[[Mapping[str, Any]], Sight]] = {"dirac": _dirac}
