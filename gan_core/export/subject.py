"""The run that a script repeats, as the parts of the file ask about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import device as devices
from gan_core import plugins, registry, schedules
from gan_core.config import RunConfig
from gan_core.data import sets
from gan_core.data.sets import ImageSet, PointSet
from gan_core.errors import ExportError
from gan_core.export import parts
from gan_core.export.literals import Literals
from gan_core.export.phases import Phase
from gan_core.export.sources import Sources
from gan_core.text import N_

PLAYERS = (("G", "g_optimizer"), ("D", "d_optimizer"))


class Subject:
    """The settings of a run from its first step to its last, its data, and what all parts of the file share: the functions that are taken
    along and the constants that settings become. Raises ExportError for a run that cannot stand alone, DataError."""

    def __init__(self, found: list[Phase]) -> None:
        self.phases, self.configs = found, [phase.config for phase in found]
        self.start = self.configs[0]
        if self.ever(lambda c: c.augmentation != "none" or c.lecam_weight or c.feature_matching):
            raise ExportError(N_("A run with augmentation, LeCam regularisation or feature matching cannot be written as a script yet. Take the "
                                 "configuration instead: with 'gan-playground train --config config.toml' it trains the same run."))  # fmt: skip
        self.literals = Literals()
        self.sources = Sources(self.literals, parts.RESERVED)
        self.data = _load(self.start)
        self.is_points = isinstance(self.data, PointSet)
        self.constants: set[str] = set()  # settings that the file has as constants
        self._moves = any(c.schedule != "constant" and c.horizon > 0 for c in self.configs)

    # ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, name: str) -> str:
        """The name of the constant that a setting becomes."""
        self.constants.add(name)
        return name.replace(".", "_").upper()

    def ever(self, test: Callable[[RunConfig], object]) -> bool:
        """Whether this has held at any step."""
        return any(map(test, self.configs))

    def always(self, name: str, value: object) -> bool:
        """Whether a setting has this value from first to last."""
        return all(settings.get(c, name) == value for c in self.configs)

    def varies(self, *names: str) -> bool:
        """Whether any of these settings has been changed."""
        return any(settings.get(c, name) != settings.get(self.start, name) for c in self.configs for name in names)

    def scheduled(self, base: str, final: str) -> str:
        """The value of this moment of a setting that the schedule moves."""
        if not self.moves(final, 1.0):
            return self.value(base)
        return f"{self.value(base)} * {self.factor(self.value(final))}"

    def moves(self, name: str, without: float) -> bool:
        """Whether there is a schedule and this setting of it counts; with the value `without` it does not."""
        return self._moves and not self.always(name, without)

    def factor(self, final: str) -> str:
        """What a value that ends at the share `final` is multiplied by at this moment."""
        arguments = f"images, {self.value('horizon')}, {final}"
        if self.varies("schedule"):
            return f"{self.sources.take(schedules.factor)}({self.value('schedule')}, {arguments})"
        return f"{self.sources.take(schedules.factor, given={'schedule': self.start.schedule})}({arguments})"

    # ── what follows from them ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def on_cpu(self) -> bool:
        return devices.resolve(self.start.device).type == "cpu"

    @property
    def averages(self) -> bool:
        """Whether the generator's average is kept."""
        return self.ever(lambda c: c.ema_half_life > 0 and c.k_g)

    @property
    def is_noisy(self) -> bool:
        """Whether D sees samples with noise."""
        return self.ever(lambda c: c.instance_noise)

    @property
    def weighs(self) -> bool:
        """Whether any loss of D has a penalty."""
        return self.ever(penalised_at)

    @property
    def is_lazy(self) -> bool:
        """Whether the penalty counts at some steps only."""
        return self.ever(lambda c: c.penalty_interval > 1 and penalised_at(c))

    @property
    def real(self) -> str:
        """The next n real samples."""
        return "reals.next(n)" if self.is_points else f"{sets.to_unit.__name__}(pictures[order.next(n)])"

    def seen(self, what: str) -> str:
        """What D sees of a sample."""
        return f"noisy({what})" if self.is_noisy else what

    # ── the players' losses ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def losses(self) -> list[RunConfig]:
        """The first settings with each code that the players' losses have had."""
        first: dict[tuple[object, ...], RunConfig] = {}
        for c in self.configs:
            first.setdefault(_kind(c), c)
        return list(first.values())

    @property
    def has_one_loss(self) -> bool:
        """Whether each player has the same loss function from first to last."""
        return len(self.losses) == 1

    def loss_name(self, player: str, c: RunConfig) -> str:
        """What the loss function of "d" or "g" is called, of all those that a run has had."""
        if self.has_one_loss:
            return f"{player}_loss"
        words = (
            [c.loss, *([c.penalty] if penalised_at(c) else []), *(["flipped"] if c.label_flip else [])]
            if player == "d"
            else [c.loss]
        )
        return "_".join([player, "loss", *words])

    def called(self, player: str) -> str:
        """By which name the loop calls the loss of "d" or "g"."""
        return f"{player}_loss" if self.has_one_loss else f"{player}_objective"


def penalised_at(c: RunConfig) -> str | None:
    """At which points the gradient is penalised; None without a penalty on gradients."""
    at: str | None = registry.penalty[c.penalty].info["at"]
    return at


def _kind(c: RunConfig) -> tuple[object, ...]:
    """What makes the players' losses different code."""
    return c.loss, c.penalty if penalised_at(c) else None, bool(c.label_flip)


def _load(c: RunConfig) -> PointSet | ImageSet:
    if files := plugins.used(c):
        raise ExportError(N_("A run with code of a plugin ({files}) cannot be written as a script yet. Take the configuration instead: with "
                             "'gan-playground train --config config.toml' and the plugin it trains the same run."),
                          files=", ".join(Path(file).name for file in files))  # fmt: skip
    if c.translates:
        raise ExportError(N_("A run that translates pictures cannot be written as a script yet. Take the configuration instead: with "
                             "'gan-playground train --config config.toml' it trains the same run."))  # fmt: skip
    if c.method != "gan" or c.codes:
        raise ExportError(N_("A run with an encoder or a code that D reads cannot be written as a script yet. Take the configuration instead: with "
                             "'gan-playground train --config config.toml' it trains the same run."))  # fmt: skip
    if c.classes:
        raise ExportError(N_("A run whose players are told a class cannot be written as a script yet. Take the configuration instead: with "
                             "'gan-playground train --config config.toml' it trains the same run."))  # fmt: skip
    for player in (c.generator, c.discriminator):
        if registry.network[player.network].info.get("own_start"):
            raise ExportError(N_("Networks of the family {family} begin with weights of their own kind, which cannot be written as a script yet. "
                                 "Take the configuration instead: with 'gan-playground train --config config.toml' it trains the same run."),
                              family=registry.network[player.network].title)  # fmt: skip
    entry = registry.dataset[c.data.name]
    if entry.info.get("download"):
        raise ExportError(
            N_("{data} is downloaded and too large to go with a script. Take the configuration instead: with 'gan-playground train "
               "--config config.toml' it trains the same run."), data=entry.title)  # fmt: skip
    return data_sets.load(c.data)
