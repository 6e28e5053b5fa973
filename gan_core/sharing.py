"""What a link allows beside the settings that it carries: which of them are locked or hidden, and a note to show.

    share = Share(lock=frozenset({"loss", "penalty"}), note="Which modes are missing?")
    sharing.to_query(config, share)     # {"c": …, "lock": …, "note": …, "sum": …}
    sharing.from_query(query)           # the same again, or ShareError for a link that was altered
    share.check({"loss": "hinge"})      # raises: the link keeps it as it is

A run that was started from such a link remembers it in run.json, and keeps to it whoever asks.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from gan_core import config as settings
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.text import N_

VERSION = "1"
PARAMETERS = ("c", "lock", "hide", "note", "sum")  # of a link, in its query
LONGEST_NOTE = 500
_LONGEST_LIST = 4000
_BUT = "!"  # a list that begins with it means every setting but these
LOCKED = N_("{fields} cannot be changed here: the link that you came by keeps it as it is.")
ALTERED = N_("This link was altered after it was made, or cut short: nothing of it is used. Ask for it again.")
OTHER_VERSION = N_("This link was made by another version of GAN Playground: nothing of it is used. Ask for a new one.")


class ShareError(PlaygroundError):
    """A link whose locks cannot be relied on."""


@dataclass(frozen=True)
class Share:
    """`lock`: dotted names of settings that stay as they are; `hide`: of those that are not shown either; `note`: plain text.

    Raises ConfigError for an unknown setting. A note is cut to what is allowed, without control characters.
    """

    lock: frozenset[str] = frozenset()
    hide: frozenset[str] = frozenset()
    note: str = ""

    def __post_init__(self) -> None:
        for name in self.lock | self.hide:
            settings.field(name)
        object.__setattr__(self, "note", clean(self.note))

    def __bool__(self) -> bool:
        return bool(self.lock or self.hide or self.note)

    @property
    def kept(self) -> frozenset[str]:
        """What may not change: what is locked, and what is hidden."""
        return self.lock | self.hide

    def check(self, names: Iterable[str]) -> None:
        """Raise ConfigError if one of these settings may not change."""
        if refused := sorted(self.kept & {*names}):
            raise ConfigError(LOCKED, fields=", ".join(refused))

    def hold(self, config: RunConfig, to: RunConfig) -> RunConfig:
        """`config` with every locked setting as it is in `to`. Raises ConfigError where these do not go together."""
        return settings.replace(config, {name: settings.get(to, name) for name in self.kept})

    def to_dict(self) -> dict[str, Any]:
        """For run.json."""
        return {"lock": sorted(self.lock), "hide": sorted(self.hide), "note": self.note}

    @staticmethod
    def from_dict(values: Any) -> Share:
        """As run.json has it; a setting that there is no more locks nothing."""
        if not isinstance(values, dict):
            return Share()
        known = [f.name for f in settings.fields()]

        def names(key: str) -> frozenset[str]:
            listed = values.get(key)
            return frozenset(name for name in listed if name in known) if isinstance(listed, list) else frozenset()

        note = values.get("note")
        return Share(names("lock"), names("hide"), note if isinstance(note, str) else "")


class Shared(NamedTuple):
    """What a link says; `problems`: what of its settings could not be used."""

    config: RunConfig
    share: Share
    problems: list[PlaygroundError]


def clean(note: str) -> str:
    """A note as it may be shown: no control characters but line breaks, at most 500 characters."""
    kept = "".join(c for c in note.replace("\r\n", "\n") if c == "\n" or unicodedata.category(c)[0] != "C")
    return kept.strip()[:LONGEST_NOTE]


def to_query(config: RunConfig, share: Share) -> dict[str, str]:
    """The parameters of the link's address, not yet percent-encoded; `c` as `serial.to_link` makes it."""
    query = {"c": serial.to_link(config)}
    for key, names in (("lock", share.lock), ("hide", share.hide)):
        if names:
            query[key] = _list(names)
    if share.note:
        query["note"] = share.note
    return query | ({"sum": _sum(query)} if share else {})


def from_query(query: Mapping[str, str]) -> Shared:
    """What a link says. Raises ShareError for locks or a note that were altered or come from another version: a locked link is
    taken as a whole or not at all."""
    config, problems = serial.from_link(query.get("c", ""))
    if not any(query.get(key) for key in ("lock", "hide", "note", "sum")):
        return Shared(config, Share(), problems)
    told = {key: query[key] for key in PARAMETERS if query.get(key) and key != "sum"}
    for key in ("lock", "hide"):
        if told.get(key) and not told[key].startswith(f"{VERSION};"):
            raise ShareError(OTHER_VERSION)
    if query.get("sum") != _sum(told) or any(len(text) > _LONGEST_LIST for key, text in told.items() if key != "c"):
        raise ShareError(ALTERED)
    if problems:  # a lock on a setting that this version reads otherwise would lock something else
        raise ShareError(OTHER_VERSION)
    try:
        return Shared(
            config, Share(_names(told.get("lock", "")), _names(told.get("hide", "")), told.get("note", "")), problems
        )
    except ConfigError:
        raise ShareError(OTHER_VERSION) from None


def _list(names: frozenset[str]) -> str:
    """ "1;loss,penalty", or what is left out, where that is shorter."""
    every = [f.name for f in settings.fields()]
    inside, outside = [n for n in every if n in names], [n for n in every if n not in names]
    return f"{VERSION};" + (",".join(inside) if len(inside) <= len(outside) else _BUT + ",".join(outside))


def _names(text: str) -> frozenset[str]:
    """Raises ConfigError for a setting that there is not."""
    listed = text.partition(";")[2]
    named = {settings.field(name).name for name in listed.removeprefix(_BUT).split(",") if name}
    return frozenset({f.name for f in settings.fields()} - named if listed.startswith(_BUT) else named)


def _sum(query: Mapping[str, str]) -> str:
    """A checksum against links that were cut or altered; nothing secret, since anybody may make a link."""
    text = "\n".join(
        f"{key}={unquote(query[key]) if key == 'c' else query[key]}" for key in PARAMETERS if query.get(key)
    )
    return f"{zlib.crc32(text.encode()):08x}"
