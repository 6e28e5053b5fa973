"""What a lesson is made of. Its words are in `texts`, in each language by hand; here is what they hang on.

    Lesson("collapse", minutes=10, parts=(
        Prose("intro"),
        Ask("guess", options=("spread", "few"), right="few"),
        Lab("cause", preset="ring", controls=("loss", "k_d"), tasks=(Task("collapsed", (Target("modes", at_most=3),), after_step=500),)),
        Reveal("seen", of="guess"),
    ))

A part is closed until what it comes `after` is done: predictions come before what they predict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gan_core import config as settings
from gan_core import presets
from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.lessons.sight import Sight
from gan_core.text import N_

NO_NUMBER = N_("“{text}” is no number. Type digits, such as {example}.")
OUT_OF_RANGE = N_("{value} cannot be the answer: it lies between {low} and {high}.")
OUTCOMES = ("better", "same", "worse")  # of a trick on trial
_TYPED = str.maketrans("−，．,／％", "-.../%")  # as keyboards of other languages write them
NO_OPTION = N_("“{text}” is none of the answers. Choose one of them.")


@dataclass(frozen=True)
class Prose:
    """Words to read."""

    id: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """A question that is answered before its Reveal. Either `options` with the `right` one, or a number between `low` and `high` that is
    right within ±`tolerance`; `percent`: asked for in per cent. `checked`: whether the answer is judged at once, as an exercise is; a prediction
    is not."""

    id: str
    options: tuple[str, ...] = ()
    right: str | float = ""
    low: float = 0.0
    high: float = 0.0
    tolerance: float = 0.0
    percent: bool = False
    checked: bool = False
    after: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        return not self.options

    def read(self, text: object) -> str | float:
        """An answer as it was typed or chosen; with a decimal comma, a full-width digit, as a fraction or as a percentage, too. Raises ConfigError
        for what cannot be one."""
        if not self.is_number:
            if text not in self.options:
                raise ConfigError(NO_OPTION, text=str(text)[:40])
            return str(text)
        said = str(text).translate(_TYPED).strip()
        whole, sign = said.removesuffix("%"), said.endswith("%")
        top, stroke, bottom = whole.partition("/")
        try:
            value = float(top) / float(bottom) if stroke else float(whole)
        except (ValueError, ZeroDivisionError):
            value = float("nan")
        if value != value:
            raise ConfigError(NO_NUMBER, text=str(text)[:40], example="0.5")
        if sign and not self.percent:
            value /= 100
        if not self.low <= value <= self.high:
            raise ConfigError(OUT_OF_RANGE, value=f"{value:g}", low=f"{self.low:g}", high=f"{self.high:g}")
        return value

    def is_right(self, answer: str | float) -> bool:
        if not self.is_number:
            return answer == self.right
        return abs(float(answer) - float(self.right)) <= self.tolerance + 1e-12


@dataclass(frozen=True)
class Target:
    """A figure of the run on one side of a number, both included."""

    figure: str
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, sight: Sight) -> bool:
        value = sight.figures.get(self.figure)
        if value is None:
            return False
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True)
class Task:
    """What ticks itself when the learner has done it: all targets are met from step `after_step` on, and the run's settings are as `when`
    wants them. `goal`: it is what the lesson is about; then the lab's own settings fail, and with the changes in
    `solution`, made at step `at_step`, it is done by step `by_step` (of a figure: with these instead of its `start`): both are tested."""

    id: str
    targets: tuple[Target, ...] = ()
    after_step: int = 0
    when: Callable[[Sight], bool] | None = None
    goal: bool = False
    solution: Mapping[str, Any] = field(default_factory=dict)
    at_step: int = 0
    by_step: int = 0

    def is_done(self, sight: Sight) -> bool:
        in_time = sight.step >= self.after_step
        return in_time and all(t.is_met(sight) for t in self.targets) and (self.when is None or self.when(sight))


@dataclass(frozen=True)
class Lab:
    """A live run. It starts as the `preset` with `changes`; the learner may set what `controls` names. weights: what the weight becomes when a
    penalty is chosen, by its name, where its usual one does not suit this run."""

    id: str
    preset: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    controls: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def config(self) -> RunConfig:
        """The settings that it starts with."""
        return settings.replace(presets.load(self.preset), dict(self.changes))


@dataclass(frozen=True)
class Pair:
    """Two live runs beside each other, in step, that differ in what `versions` says of each; below them the `curves` of all in the same charts."""

    id: str
    preset: str
    versions: tuple[Mapping[str, Any], ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    curves: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def configs(self) -> list[RunConfig]:
        """The settings of each."""
        base = settings.replace(presets.load(self.preset), dict(self.changes))
        return [settings.replace(base, dict(version)) for version in self.versions]


@dataclass(frozen=True)
class Trial:
    """Tricks on trial: runs of `steps` steps with and without, for each of the `seeds`, judged by the metric `figure`. tricks: what each one
    changes. Before the runs of a trick begin, a prediction is given: a question by its name, as "trial.ema"."""

    id: str
    preset: str
    tricks: Mapping[str, Mapping[str, Any]]
    figure: str
    steps: int
    seeds: tuple[int, ...] = (1, 2, 3)
    changes: Mapping[str, Any] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()
    after: tuple[str, ...] = ()

    def place(self, trick: str = "") -> str:
        """Where a learner's progress keeps the runs with this trick, and what it was predicted to do; "": without any."""
        return f"{self.id}.{trick or 'plain'}"

    def configs(self, trick: str = "") -> list[RunConfig]:
        """The settings of the runs with this trick ("": without any), one for each seed; eager, since engines differ in the last digits."""
        base = settings.replace(presets.load(self.preset), {**self.changes, "engine": "eager"})
        one = settings.replace(base, dict(self.tricks[trick]) if trick else {})
        horizon = self.steps * one.batch_size * max(one.k_d, 1)
        return [settings.replace(one, {"seed": seed, "horizon": horizon}) for seed in self.seeds]

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The predictions."""
        return tuple(Ask(self.place(trick), options=OUTCOMES) for trick in self.tricks)


@dataclass(frozen=True)
class Figure:
    """Something to play with that is no run; `name`: what draws it. It tells facts that tasks look at. `needs`: the labs whose newest runs
    it shows. controls: the settings that its step asks to change, where the others are held by a locked link; (): all are free."""

    id: str
    name: str
    start: Mapping[str, Any] = field(default_factory=dict)
    controls: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reveal:
    """What was to be seen, with the learner's own answer to `of` beside it. aside: the lesson goes on without it, and it comes once it is open."""

    id: str
    of: str = ""
    aside: bool = False
    after: tuple[str, ...] = ()


Part: TypeAlias = Prose | Ask | Lab | Pair | Trial | Figure | Reveal


@dataclass(frozen=True)
class Lesson:
    """name: in addresses and files. minutes: of a class. zoo: entries to read on, as "loss.hinge"."""

    name: str
    minutes: int
    parts: tuple[Part, ...]
    zoo: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """What there is to do, in order: questions by their ids, tasks as "lab.task"."""
        found: list[str] = []
        for part in self.parts:
            if isinstance(part, Ask):
                found.append(part.id)
            found += [f"{part.id}.{task.id}" for task in tasks_of(part)]
        return tuple(found)

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.id == name), None)

    def asks(self) -> dict[str, Ask]:
        own = [part for part in self.parts if isinstance(part, Ask)]
        return {
            ask.id: ask for ask in [*own, *(ask for part in self.parts if isinstance(part, Trial) for ask in part.asks)]
        }

    @property
    def places(self) -> frozenset[str]:
        """What runs can be kept under: parts, and the tricks of trials."""
        tricks = {part.place(trick) for part in self.parts if isinstance(part, Trial) for trick in ("", *part.tricks)}
        return frozenset({part.id for part in self.parts} | tricks)


def tasks_of(part: Part) -> tuple[Task, ...]:
    return part.tasks if isinstance(part, (Lab, Pair, Trial, Figure)) else ()
