"""What "open in the lab" opens: settings that have an exhibit in them, and go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_core import presets, registry
from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError

if TYPE_CHECKING:
    from gan_core.zoo.exhibits import Exhibit

_METRICS = {"points": "ring", "images": "digits", "pairs": "edges"}  # a preset in which each kind of metric is measured


def lab(exhibit: Exhibit) -> RunConfig | None:
    """The settings, None where there are none that go with it (of a plugin, say)."""
    if exhibit.kind == "recipe":
        return presets.load(exhibit.name)
    story, own = exhibit.story, _own(exhibit)
    base = (story.base if story else "") or _base(exhibit)
    try:
        return replace(presets.load(base), {**own, **(story.settings if story else {})})
    except ConfigError:
        return None


def _own(exhibit: Exhibit) -> Mapping[str, Any]:
    """The settings that choose it."""
    name, info = exhibit.name, exhibit.entry.info
    match exhibit.kind:
        case "loss":
            smooth = {} if info["targets"] else {"label_smoothing": 0.0}
            return {"loss": name, **smooth}
        case "penalty":
            return {"penalty": name} | ({"penalty_weight": info["weight"]} if info["weight"] else {})
        case "network":
            return {f"{player}.network": name for player in _players(exhibit)}
        case "method":
            return {"method": name} | dict(exhibit.entry.value.needs)
        case "optimizer":
            return {"g_optimizer.name": name, "d_optimizer.name": name}
        case "trick":
            return {info["setting"]: info["value"]}
    return {}


def _players(exhibit: Exhibit) -> tuple[str, ...]:
    plays: tuple[str, ...] = exhibit.entry.info.get("plays", ("generator", "discriminator"))
    return plays


def _base(exhibit: Exhibit) -> str:
    """The preset that an entry changes which names none."""
    info = exhibit.entry.info
    if exhibit.kind == "metric":
        return _METRICS[info["kind"]]
    kinds = info.get("kinds") or getattr(exhibit.entry.value, "kinds", None) or ("points",)
    return _METRICS[kinds[0]] if exhibit.kind in ("network", "method") else next(iter(registry.preset))
