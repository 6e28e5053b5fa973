"""What can be asked of a saved generator, and the answers: arrays and facts, ready to be packed for a browser.

    @ask("draw")
    def draw(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer: ...

    @ask("translate", of=TRANSLATION)
    def translate(moment: Moment, asked: Mapping[str, Any], tell: Tell) -> Answer: ...

A quick one is answered at once, while somebody drags; a slow one on a thread of its own, with progress, until it is called off. What it is
about is read from the run's folder by the reader of that kind (`reads`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from gan_core.errors import ConfigError
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.runs.folder import RunFolder

# What a question may be about: a generator of noise, in a `Room`; one that is given pictures.
LATENTS, TRANSLATION = "latents", "translation"


@dataclass(frozen=True)
class Answer:
    """arrays: float32, or uint8 for pictures; facts: JSON."""

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class CalledOffError(Exception):
    """Raised in a slow answer that nobody waits for any more."""


class Tell(Protocol):
    """Says how far a slow answer is, from 0 to 1, and what there is of it already. Raises CalledOffError when it shall end."""

    def __call__(self, share: float, so_far: Answer | None = None) -> None: ...


class Read(Protocol):
    """A saved moment of a run, which nothing changes any more."""

    @property
    def nbytes(self) -> int:
        """Memory behind it."""
        ...


Answering = Callable[[Any, Mapping[str, Any], Tell], Answer]
Reader = Callable[["RunFolder", int], Read]


@dataclass(frozen=True)
class Ask:
    """name: what a browser calls it; slow: whether it may take more than a moment; writes: whether it changes the run's folder, which only
    its owner may have done; of: the kind of moment that it is about."""

    name: str
    answer: Answering
    slow: bool
    writes: bool
    of: str = LATENTS


ASKS: dict[str, Ask] = {}
READERS: dict[str, Reader] = {}


def ask(name: str, *, slow: bool = False, writes: bool = False, of: str = LATENTS) -> Callable[[Answering], Answering]:
    """Registers what can be asked under a name."""

    def register(answer: Answering) -> Answering:
        assert name not in ASKS, name
        ASKS[name] = Ask(name, answer, slow, writes, of)
        return answer

    return register


def reads(of: str) -> Callable[[Reader], Reader]:
    """Registers what reads the moments of this kind; it raises RunError for a run that has none such, and CheckpointError."""

    def register(reader: Reader) -> Reader:
        assert of not in READERS, of
        READERS[of] = reader
        return reader

    return register


def asked_for(name: object) -> Ask:
    """What is called so. Raises ConfigError for a name that there is not."""
    found = ASKS.get(name) if isinstance(name, str) else None
    if found is None:
        raise ConfigError(N_("There is nothing called {name} to be asked for here."), name=repr(name)[:60])
    return found
