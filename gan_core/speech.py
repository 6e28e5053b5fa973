"""How something is said to people: a language's words, its way of writing numbers, and the names and values of settings in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from babel import numbers

from gan_core import config as settings
from gan_core.config import GROUPS
from gan_core.registry import Registry
from gan_core.settings import Field
from gan_core.text import N_, pair

_LONGEST_TEXT = 8  # of a drawing or the name of what was imported
ON, OFF, SETS_OWN = N_("on"), N_("off"), N_("the set's own")


@dataclass(frozen=True)
class Speech:
    """translate: a message of the catalogue in this language; language: its code as Babel writes it ("en", "zh_CN")."""

    translate: Callable[[str], str] = str
    language: str = "en"

    def number(self, value: float, digits: int | None = None) -> str:
        """`value` in this language's way of writing numbers, rounded to `digits` decimals if given; with the minus sign of formulas and axes."""
        pattern = None if digits is None else "#,##0." + "0" * digits if digits else "#,##0"
        return _minus(numbers.format_decimal(value, format=pattern, locale=self.language))

    def percent(self, share: float, digits: int = 0) -> str:
        """`share` (0…1) as a percentage."""
        pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
        return _minus(numbers.format_percent(share, format=pattern, locale=self.language))

    def title(self, field: Field) -> str:
        """The title of a setting outside its group: "Generator: Hidden layers" where the discriminator has some too."""
        _ = self.translate
        title = _(field.spec.title)
        alone = [f.spec.title for f in settings.fields()].count(field.spec.title) == 1
        return title if alone else pair(_(GROUPS[field.spec.group]), title, _)

    def code(self, field: Field, code: Any) -> str:
        """The label of one of a setting's codes."""
        choices = field.spec.choices
        if isinstance(choices, Registry):
            return self.translate(choices[code].title) if code in choices else str(code)
        return self.translate(choices[code]) if choices else str(code)

    def value(self, field: Field, value: Any) -> str:
        """A setting's value as people write it."""
        _ = self.translate
        if field.spec.choices is not None:
            return self.code(field, value)
        if field.type is bool:
            return _(ON) if value else _(OFF)
        if field.type is tuple:
            return ", ".join(map(str, value))
        if field.type is str:
            return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}…"
        if field.spec.own and value == 0:
            return _(SETS_OWN)
        return _(field.spec.zero) if field.spec.zero_off and value == 0 else self._short(value)

    def _short(self, value: float) -> str:
        if isinstance(value, int):
            return self.number(value)
        if abs(value) >= 1e4:
            return self.number(value)
        digits, e, power = f"{value:g}".partition("e")
        return _minus(f"{digits}e{int(power)}" if e else digits)


def _minus(number: str) -> str:
    """With a minus for the hyphen that it begins with; the one of an exponent stays as it is typed."""
    return "\u2212" + number[1:] if number.startswith("-") else number
