"""One small registry, used by losses, penalties, networks, optimisers, data sets, metrics, presets, conditions, methods and tricks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gan_core.errors import ConfigError
from gan_core.text import N_

T = TypeVar("T")


@dataclass(frozen=True)
class Story:
    """What the zoo tells of a registered thing beside its formula and its paper: what it `fixed`, when to `use` it, how it `fails`. `source`: why
    there is no paper. `builds`: addresses in the zoo ("loss.wasserstein") of what it builds on. `code`: where its code lies ("module:name"), where
    the registered value is not that itself. It opens in the lab with the settings of the preset `base` and these `settings`, its own among them."""

    fixed: str = ""
    use: str = ""
    fails: str = ""
    source: str = ""
    builds: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    base: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered thing: its code, its value, the words shown for it, and what its kind needs to know (`info`). origin: the file of a
    plugin that registered it, "" for what comes with the app."""

    name: str
    value: T
    title: str
    help: str
    paper: str
    info: Mapping[str, Any]
    origin: str = ""
    story: Story | None = None

    @property
    def formula(self) -> str:
        """The docstring of the registered function (or its `doc`): formula, source, shapes."""
        return (getattr(self.value, "doc", "") or getattr(self.value, "__doc__", None) or "").strip()


class Registry(Generic[T]):
    """Names to entries, in the order of registration."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[T]] = {}

    def __call__(
        self, name: str, *, title: str, help: str, paper: str = "", story: Story | None = None, **info: Any
    ) -> Callable[[T], T]:
        """Decorator that registers a function or value under `name`. Raises ValueError for a name taken twice."""

        def register(value: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = Entry(name, value, title, help, paper, info, _origin, story)
            return value

        return register

    def __getitem__(self, name: str) -> Entry[T]:
        try:
            return self._entries[name]
        except KeyError:
            raise ConfigError(
                N_("There is no {kind} called '{name}'. Choose one of: {allowed}."),
                kind=self.kind, name=name, allowed=", ".join(self._entries),
            ) from None  # fmt: skip

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> list[Entry[T]]:
        return list(self._entries.values())

    def withdraw(self, origin: str) -> None:
        """Forget what a plugin has registered."""
        self._entries = {name: entry for name, entry in self._entries.items() if entry.origin != origin}


_origin = ""  # whose code is being loaded


@contextlib.contextmanager
def loading(origin: str) -> Iterator[None]:
    """While this lasts, what is registered is this plugin's."""
    global _origin
    before, _origin = _origin, origin
    try:
        yield
    finally:
        _origin = before


loss: Registry[Any] = Registry(N_("loss"))
penalty: Registry[Any] = Registry(N_("penalty"))
network: Registry[Any] = Registry(N_("network"))
optimizer: Registry[Any] = Registry(N_("optimizer"))
dataset: Registry[Any] = Registry(N_("data set"))
metric: Registry[Any] = Registry(N_("metric"))
preset: Registry[Any] = Registry(N_("preset"))
condition: Registry[Any] = Registry(N_("condition"))
method: Registry[Any] = Registry(N_("method"))
trick: Registry[Any] = Registry(N_("trick"))
ALL = (loss, penalty, network, optimizer, dataset, metric, preset, condition, method, trick)
