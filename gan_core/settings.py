"""What a setting is: its default, what is allowed, whether it may change during a run, and the words that explain it.

Controls, command-line flags, links, saved files and the reference page are all made from these specs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gan_core.errors import ConfigError
from gan_core.registry import Registry
from gan_core.text import N_


@dataclass(frozen=True)
class Spec:
    """One setting. `choices` is a registry or a tuple of codes; `low`/`high` are inclusive. `live`: may change mid-run."""

    title: str
    group: str
    help: str
    more: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: Registry[Any] | dict[Any, str] | None = None
    live: bool = False
    basic: bool = False
    log: bool = False  # a control for it moves in powers of ten
    zero_off: bool = False  # 0 means "off" although the range of a log control starts above it
    zero: str = N_("off")  # what 0 is called there
    marked: bool = True  # a change of it is a mark on the curves: not where it changes nothing about the result
    max_length: int = 0  # of a tuple
    own: bool = False  # 0 means the data set's own value
    valid: Callable[[str], bool] | None = None  # of a text that is no choice
    form: str = ""  # what such a text is, in words for an error message
    shown_if: Callable[[Any], bool] | None = None  # RunConfig -> whether the setting means anything now

    @property
    def codes(self) -> list[Any]:
        return list(self.choices) if self.choices is not None else []


def setting(default: Any, **spec: Any) -> Any:
    """A dataclass field with its Spec in the metadata."""
    return dataclasses.field(default=default, metadata={"spec": Spec(**spec)})


@dataclass(frozen=True)
class Field:
    """A setting in its place: dotted name, default, type and spec."""

    name: str
    default: Any
    spec: Spec

    @property
    def type(self) -> type:
        return type(self.default)

    @property
    def allowed(self) -> str:
        """What is allowed, in words for an error message."""
        spec = self.spec
        if spec.choices is not None:
            return ", ".join(map(str, spec.codes))
        if self.type is bool:
            return "true, false"
        if self.type is str:
            return spec.form
        whole = self.type in (int, tuple)
        low, high = (math.trunc(v) if whole and v is not None else v for v in (spec.low, spec.high))
        numbers = f"{'whole numbers' if whole else 'numbers'} from {low} to {high}"
        return f"at most {spec.max_length} {numbers}, with commas between" if self.type is tuple else numbers

    def parse(self, value: Any) -> Any:
        """`value` (of any type, text included) as this field's type, checked. Raises ConfigError with what is allowed."""
        try:
            result = _PARSERS[self.type](value)
            self._check(result)
        except (TypeError, ValueError, OverflowError):
            raise ConfigError(
                N_("{field} cannot be {value}. Allowed: {allowed}."),
                field=self.name, value=shorten(value), allowed=self.allowed,
            ) from None  # fmt: skip
        return result

    def _check(self, value: Any) -> None:
        spec = self.spec
        if spec.choices is not None and value not in spec.codes:
            raise ValueError(value)
        if spec.valid is not None and not spec.valid(value):
            raise ValueError(value)
        numbers = value if self.type is tuple else (value,)
        if self.type is tuple and len(value) > spec.max_length:
            raise ValueError(value)
        if self.type is str:
            return
        for number in numbers:
            if isinstance(number, float) and not math.isfinite(number):
                raise ValueError(value)
            if (spec.low is not None and number < spec.low) or (spec.high is not None and number > spec.high):
                raise ValueError(value)


def shorten(value: Any, limit: int = 60) -> str:
    """`value` as quoted text for a message, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _parse_int(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError(value)
    if isinstance(value, str):
        return int(value.strip())
    if value != int(value):
        raise ValueError(value)
    return int(value)


def _parse_float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    return float(value)


def _parse_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}[str(value).strip().lower()]


def _parse_str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _parse_ints(value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if isinstance(value, (int, float)):
        value = [value]
    if not isinstance(value, (list, tuple)):
        raise TypeError(value)
    return tuple(_parse_int(part) for part in value)


def _bool_or_error(value: Any) -> bool:
    try:
        return _parse_bool(value)
    except KeyError:
        raise ValueError(value) from None


_PARSERS: dict[type, Callable[[Any], Any]] = {
    int: _parse_int,
    float: _parse_float,
    bool: _bool_or_error,
    str: _parse_str,
    tuple: _parse_ints,
}
