"""What can be chosen in the Dirac-GAN lab: every field with its range and words, which of them mean something, and what was left out and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gan_core.catalogue  # noqa: F401 - fills the registries that the choices below come from
from gan_core import registry
from gan_core.errors import ConfigError
from gan_core.settings import Field, Spec, setting
from gan_core.text import N_

SIMULTANEOUS, ALTERNATING = "simultaneous", "alternating"
ORDERS = {SIMULTANEOUS: N_("Simultaneous"), ALTERNATING: N_("Alternating")}
NOISE, CONSENSUS, CLIPPING = "instance_noise", "consensus", "weight_clipping"
REACH = 4.0  # a start lies within ±REACH on both axes


@dataclass(frozen=True)
class Penalty:
    """A way to hold the critic, with the range of its strength in this game. symbol "": it has none."""

    title: str
    help: str
    paper: str
    symbol: str = ""
    default: float = 0.0
    low: float = 0.0
    high: float = 0.0


# Of the paper's table, and no penalty of D alone: instance noise changes the data, consensus both players.
_BESIDES = {
    NOISE: Penalty(
        N_("Instance noise"),
        N_("Noise is added to what the critic sees, real and generated. Here: the expected loss under Gaussian noise of standard deviation σ."),
        "Sønderby et al. 2017, arXiv:1610.04490", "σ", 1.0, 0.0, 3.0),
    CONSENSUS: Penalty(
        N_("Consensus optimisation"),
        N_("Both players also make the whole vector field shorter: each goes down γ · ½‖v‖² besides its own loss."),
        "Mescheder et al. 2017, arXiv:1705.10461", "γ", 1.0, 0.0, 10.0),
}  # fmt: skip
_CLIP = (
    0.5,
    0.01,
    4.0,
)  # usual, least and largest bound: the slope is the critic's only weight, and 1 is a slope like any other
_GRADIENT = (1.0, 10.0)  # a larger usual weight is made for small steps of large networks, and would overshoot here

# What cannot be chosen, and why.
LEFT_OUT = (
    (N_("Spectral normalisation"), N_("The critic has one weight. Divided by its own size it is always 1 or −1, and nothing is left to learn.")),
    (N_("LeCam"), N_("It remembers moving averages of D's outputs: its state is more than (θ, ψ), and does not fit into the plane.")),
    (N_("Feature matching"), N_("It compares hidden layers, and this critic has none.")),
)  # fmt: skip
NO_SMOOTHING = (
    N_("Label smoothing"),
    N_(
        "The target for real samples changes nothing with this loss: the real point lies at 0, where D says the same whatever ψ is."
    ),
)
_OWN_KIND = N_("It is neither a gradient penalty nor a bound on weights that this game knows.")


@dataclass(frozen=True)
class DiracSettings:
    """One trajectory. Made by `parse`, which checks everything."""

    loss: str = setting(
        "minimax",
        title=N_("Loss"),
        group="game",
        choices=registry.loss,
        help=N_("What each of the two players minimises."),
    )
    penalty: str = setting("none", title=N_("Penalty"), group="game", help=N_("What holds the critic back. The slope of this critic is ψ everywhere: "
        "R1 and R2 are the same here, and so are WGAN-GP and DRAGAN."))  # fmt: skip
    weight: float = setting(0.0, title=N_("Strength"), group="game", help=N_("How much the penalty counts."))
    smooth: float = setting(
        0.0,
        title=N_("Label smoothing"),
        group="game",
        low=0.0,
        high=0.5,
        help=N_("Real samples get the target 1 minus this."),
    )
    order: str = setting(SIMULTANEOUS, title=N_("Order of steps"), group="steps", choices=ORDERS,
        help=N_("Simultaneous: both players step from the same place. Alternating: the critic first, and the generator answers."))  # fmt: skip
    h: float = setting(0.2, title=N_("Step size"), group="steps", low=0.001, high=5.0, log=True, unit="h",
        help=N_("How far each player goes along its gradient: the learning rate of both."))  # fmt: skip
    k: int = setting(
        1,
        title=N_("Critic steps"),
        group="steps",
        low=1,
        high=20,
        unit="k",
        help=N_("Steps of the critic for one of the generator."),
    )
    steps: int = setting(
        300, title=N_("Steps"), group="steps", low=10, high=1000, help=N_("How many steps of the generator are taken.")
    )
    theta: float = setting(
        1.0,
        title=N_("Start θ"),
        group="start",
        low=-REACH,
        high=REACH,
        help=N_("Where the generated point lies at first. The real one is at 0."),
    )
    psi: float = setting(
        1.0, title=N_("Start ψ"), group="start", low=-REACH, high=REACH, help=N_("The critic's slope at first.")
    )


def penalties() -> dict[str, Penalty]:
    """What can hold the critic here, by code: registered penalties that this game can have, and what the paper has besides."""
    found = {}
    for entry in registry.penalty.entries():
        if entry.name == CLIPPING:
            strength: tuple[str, float, float, float] | tuple[()] = (entry.info["symbol"], *_CLIP)
        elif entry.info["at"]:
            usual, most = _GRADIENT
            high = min(entry.info["high"], most)
            strength = (entry.info["symbol"], min(entry.info["weight"], usual, high), entry.info["low"], high)
        elif entry.name == "none":
            strength = ()
        else:
            continue
        found[entry.name] = Penalty(entry.title, entry.help, entry.paper, *strength)
    return found | _BESIDES


def left_out(*, smoothing: bool) -> list[tuple[str, str]]:
    """Titles of what cannot be chosen, each with a sentence why. smoothing: label smoothing changes something."""
    unknown = [(e.title, _OWN_KIND) for e in registry.penalty.entries() if e.name not in penalties()]
    return [*LEFT_OUT, *unknown, *([] if smoothing else [NO_SMOOTHING])]


def fields(penalty: str = "none") -> dict[str, Field]:
    """Every field by its name; the strength as the given penalty has it."""
    known = penalties()
    found = {}
    for item in dataclasses.fields(DiracSettings):
        spec: Spec = item.metadata["spec"]
        default = item.default
        if item.name == "penalty":
            spec = dataclasses.replace(spec, choices={code: one.title for code, one in known.items()})
        if item.name == "weight":
            own = known[penalty]
            spec, default = dataclasses.replace(spec, low=own.low, high=own.high, unit=own.symbol), own.default
        found[item.name] = Field(item.name, default, spec)
    return found


def parse(given: Mapping[str, Any]) -> DiracSettings:
    """Settings from names and values of any type; what is missing has its default, and the strength that of its penalty.

    What means nothing beside the rest is set to where it does nothing, so that equal games are equal settings. Raises ConfigError."""
    names = fields()
    unknown = sorted(str(name) for name in given if name not in names)
    if unknown:
        raise ConfigError(
            N_("There is no setting called {name} here. There are: {allowed}."),
            name=unknown[0][:60],
            allowed=", ".join(names),
        )
    penalty = names["penalty"].parse(given.get("penalty", names["penalty"].default))
    own = fields(penalty)
    values = {
        name: field.parse(given[name]) if given.get(name) is not None else field.default for name, field in own.items()
    }
    if values["order"] != ALTERNATING:
        values["k"] = own["k"].default
    if not registry.loss[values["loss"]].info["targets"]:
        values["smooth"] = 0.0
    return DiracSettings(**values)
