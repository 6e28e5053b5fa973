"""RunConfig to and from a dict, JSON, TOML and a compact link. What comes from outside is checked field by field."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import tomli_w

from gan_core.config import RunConfig, field, fields, get, replace
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.settings import shorten
from gan_core.text import N_

LINK_VERSION = "1"
_LINK_LIMIT = 8000  # with the largest drawing; common proxies take addresses of 8 kB
_DEEPEST = 2  # sections inside sections; deeper ones can only be wrong


def to_dict(config: RunConfig) -> dict[str, Any]:
    """Nested dict of every setting, with lists for tuples."""
    out: dict[str, Any] = {}
    for item in fields():
        *sections, leaf = item.name.split(".")
        value = get(config, item.name)
        node = out
        for section in sections:
            node = node.setdefault(section, {})
        node[leaf] = list(value) if isinstance(value, tuple) else value
    return out


def from_dict(values: Mapping[str, Any]) -> RunConfig:
    """The inverse of to_dict; settings that are left out keep their defaults. Raises ConfigError for anything unknown."""
    return replace(RunConfig(), dict(_flat(values)))


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in values.items():
        nested = isinstance(value, Mapping) and prefix.count(".") < _DEEPEST
        pairs += _flat(value, f"{prefix}{key}.") if nested else [(f"{prefix}{key}", value)]
    return pairs


def to_json(config: RunConfig) -> str:
    return json.dumps(to_dict(config), indent=2, ensure_ascii=False)


def from_json(text: str) -> RunConfig:
    """Raises ConfigError for text that is no JSON object or holds a wrong setting."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(N_("This is not JSON: {reason}."), reason=error) from None
    if not isinstance(values, dict):
        raise ConfigError(N_("This JSON is not an object with settings, but {value}."), value=shorten(values))
    return from_dict(values)


def to_toml(config: RunConfig) -> str:
    return tomli_w.dumps(to_dict(config))


def from_toml(text: str) -> RunConfig:
    """Raises ConfigError for text that is no TOML or holds a wrong setting."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(N_("This is not TOML: {reason}."), reason=error) from None
    return from_dict(values)


def to_link(config: RunConfig) -> str:
    """All settings that differ from the defaults, as "1;data.name=grid;batch_size=150", safe inside a URL's query."""
    default = RunConfig()
    parts = [f"{item.name}={_word(get(config, item.name))}" for item in fields()
             if get(config, item.name) != get(default, item.name)]  # fmt: skip
    return quote(";".join([LINK_VERSION, *parts]), safe=";=.,-")


def _word(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def from_link(text: str) -> tuple[RunConfig, list[PlaygroundError]]:
    """The config of a link, and what was wrong with it: unknown or out-of-range settings are reported and ignored."""
    problems: list[PlaygroundError] = []
    text = unquote(text)
    version, _, rest = text.partition(";")
    if version != LINK_VERSION or len(text) > _LINK_LIMIT:
        return RunConfig(), [
            ConfigError(N_("This link is not one that this version of GAN Playground makes: its settings are ignored."))
        ]
    changes: dict[str, Any] = {}
    for part in filter(None, rest.split(";")):
        name, _, value = part.partition("=")
        try:
            changes[name] = field(name).parse(value)
        except PlaygroundError as error:
            problems.append(error)
    return _apply(changes, problems), problems


def _apply(changes: dict[str, Any], problems: list[PlaygroundError]) -> RunConfig:
    """All changes at once; where they do not go together, one after the other, without those that fit at no time."""
    config = RunConfig()
    try:
        return replace(config, changes)
    except ConfigError:
        left = dict(changes)
    while left:
        config, refused = _fitting(config, left)
        if refused.keys() == left.keys():
            problems += refused.values() if len(refused) == 1 else _together(config, left)
            break
        left = {name: left[name] for name in refused}  # they may fit now that others are in place
    return config


def _together(config: RunConfig, left: dict[str, Any]) -> list[ConfigError]:
    """Why these changes cannot be made at once, and which they are: each by itself may lack only the others."""
    try:
        replace(config, left)
    except ConfigError as error:
        return [error, ConfigError(N_("Left out of the settings of this link: {names}."), names=", ".join(left))]
    return []


def _fitting(config: RunConfig, changes: dict[str, Any]) -> tuple[RunConfig, dict[str, ConfigError]]:
    """`config` with one change after the other, and why the others were refused."""
    refused: dict[str, ConfigError] = {}
    for name, value in changes.items():
        try:
            config = replace(config, {name: value})
        except ConfigError as error:
            refused[name] = error
    return config, refused
