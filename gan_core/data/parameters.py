"""Parameters of distributions in the plane: which ones a set has, what its own values are, and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gan_core import registry

if TYPE_CHECKING:
    from gan_core.config import DataConfig


@dataclass(frozen=True)
class Parameter:
    """One parameter of one set: the set's own value, and the range and steps in which it may be changed."""

    own: float
    low: float
    high: float
    step: float


def of(name: str) -> Mapping[str, Parameter]:
    """The parameters of a data set, by the last part of their dotted name; none for pictures."""
    found: Mapping[str, Parameter] = registry.dataset[name].info.get("parameters", {})
    return found


def uses(name: str, parameter: str) -> bool:
    """Whether a data set has this parameter."""
    return parameter in of(name)


def effective(data: DataConfig, parameter: str) -> Any:
    """What a setting of 0 means: the set's own value; any other value is itself. Of the setting's own type."""
    given = getattr(data, parameter)
    return given if given else type(given)(of(data.name)[parameter].own)


def whole(own: int, low: int, high: int) -> Parameter:
    """A count."""
    return Parameter(own, low, high, 1)


def number(own: float, low: float, high: float, step: float) -> Parameter:
    """A length, a width or a ratio."""
    return Parameter(own, low, high, step)


IMBALANCE = number(1.0, 1.0, 100.0, 1.0)  # the likeliest mode is so many times as likely as the rarest
