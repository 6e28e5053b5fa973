"""Exhibits of the zoo: what is registered, in one list, with its years, its formula and what it is related to."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gan_core import config as settings
from gan_core import formulas, presets, registry
from gan_core.config import RunConfig
from gan_core.registry import Entry, Registry, Story
from gan_core.text import N_
from gan_core.zoo.papers import Paper, papers
from gan_core.zoo.sources import resolve

Translate = Callable[[str], str]
_BARE = str.maketrans("ıøłđ", "iold")  # letters that no accent makes
_METHODS = ("recipe", "translation")  # the goals of presets that are methods of the field


@dataclass(frozen=True)
class Kind:
    """`registered`: where its exhibits come from; `title`: of many, `one`: of one."""

    registered: Registry[Any]
    title: str
    one: str


KINDS = {
    "loss": Kind(registry.loss, N_("Losses"), N_("Loss")),
    "penalty": Kind(registry.penalty, N_("Penalties"), N_("Penalty")),
    "network": Kind(registry.network, N_("Networks"), N_("Network")),
    "method": Kind(registry.method, N_("Methods"), N_("Method")),
    "recipe": Kind(registry.preset, N_("Recipes"), N_("Recipe")),
    "trick": Kind(registry.trick, N_("Tricks"), N_("Trick")),
    "optimizer": Kind(registry.optimizer, N_("Optimisers"), N_("Optimiser")),
    "metric": Kind(registry.metric, N_("Metrics"), N_("Metric")),
}


@dataclass(frozen=True)
class Exhibit:
    """An entry of a registry in the zoo; `address` names it in links: "loss.wasserstein"."""

    kind: str
    entry: Entry[Any]

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.entry.name}"

    @property
    def story(self) -> Story | None:
        return self.entry.story

    @property
    def papers(self) -> list[Paper]:
        return papers(self.entry.paper)

    @property
    def year(self) -> int | None:
        """Of its first paper that says one."""
        return next((paper.year for paper in self.papers if paper.year), None)

    @property
    def sentence(self) -> str:
        """What it is; of a trick that does not say, what its setting says."""
        return self.entry.help or settings.field(self.entry.info["setting"]).spec.help

    @property
    def fixed(self) -> str:
        """What it fixed; a recipe has said what it changed."""
        return (self.story.fixed if self.story else "") or str(self.entry.info.get("changed", ""))

    @property
    def formula(self) -> str:
        """Its formulas, a line each, from docstrings; or the sentence that its docstring begins with."""
        if self.kind in ("loss", "penalty", "optimizer"):
            return formulas.of_entry(self.kind, self.name)
        if self.kind == "recipe":
            return formulas.of_objective(presets.load(self.name))
        if self.kind == "method":
            return "\n".join(formulas.lines(resolve(name).__doc__) for name in (self.story or Story()).code)
        if self.kind == "trick":
            return formulas.of_trick(self.name)
        if self.kind == "metric":
            return formulas.of_metric(self.name)
        return formulas.formula(self.entry.formula)


def all_of(kind: str | None = None) -> list[Exhibit]:
    """Every exhibit, or those of a kind, in the order of registration."""
    return [Exhibit(k, e) for k in ([kind] if kind else KINDS) for e in KINDS[k].registered.entries() if _shown(k, e)]


def _shown(kind: str, entry: Entry[Any]) -> bool:
    return kind != "recipe" or entry.info.get("goal") in _METHODS


def find(address: str) -> Exhibit | None:
    """The exhibit of this address, or None: an address comes from outside."""
    return next((one for one in all_of() if one.address == address), None)


def address_of(registered: Registry[Any], name: str) -> str | None:
    """The address of what is registered there under this name, where the zoo has it."""
    return next((f"{k}.{name}" for k, kind in KINDS.items() if kind.registered is registered), None)


def neighbours(exhibit: Exhibit) -> tuple[Exhibit | None, Exhibit | None]:
    """The one before and the one after it."""
    every = all_of()
    place = every.index(exhibit)
    return (every[place - 1] if place else None), (every[place + 1] if place + 1 < len(every) else None)


def matching(text: str, kinds: Sequence[str], _: Translate = str) -> list[Exhibit]:
    """Exhibits of these kinds (none: of all) that have every word of `text` in their title, name, sentence, story or paper, in English or as `_`
    says it; upper case and accents do not count."""
    words = _plain(text).split()
    found = [one for one in all_of() if not kinds or one.kind in kinds]
    return [one for one in found if all(word in _said(one, _) for word in words)]


def _said(one: Exhibit, _: Translate) -> str:
    story = one.story or Story()
    prose = (one.entry.title, one.sentence, one.fixed, story.use, story.fails, KINDS[one.kind].one)
    return _plain(
        " ".join([one.name.replace("_", " "), one.address, one.entry.paper, *prose, *map(_, filter(None, prose))])
    )


def _plain(text: str) -> str:
    """Lower case without accents, as people type the names of others."""
    return "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()).translate(_BARE) if not unicodedata.combining(c)
    )


# ── relations ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Related:
    """`builds`: what it builds on; `parts`: what a recipe is made of; `built_on`: what builds on it; `recipes`: which use it; `same_paper`: what
    else comes from one of its papers. Nothing is in two of them."""

    builds: list[Exhibit]
    parts: list[Exhibit]
    built_on: list[Exhibit]
    same_paper: list[Exhibit]
    recipes: list[Exhibit]


def related(exhibit: Exhibit) -> Related:
    every, seen = all_of(), {exhibit.address}

    def new(found: list[Exhibit]) -> list[Exhibit]:
        kept = [one for one in found if one.address not in seen]
        seen.update(one.address for one in kept)
        return kept

    urls = {paper.url for paper in exhibit.papers if paper.url}
    addresses = exhibit.story.builds if exhibit.story else ()
    inside = parts(exhibit)
    return Related(
        builds=new([one for one in every if one.address in addresses]),
        parts=new([one for one in every if one.address in inside]),
        built_on=new([one for one in every if one.story and exhibit.address in one.story.builds]),
        recipes=new([one for one in every if exhibit.address in parts(one)]),
        same_paper=new([one for one in every if urls & {paper.url for paper in one.papers}]),
    )


def parts(exhibit: Exhibit) -> frozenset[str]:
    """Addresses of what a recipe is made of; of anything else nothing."""
    if exhibit.kind != "recipe":
        return frozenset()
    return _parts(presets.load(exhibit.name))


def _parts(c: RunConfig) -> frozenset[str]:
    chosen = {f"network.{c.generator.network}", f"network.{c.discriminator.network}", f"method.{c.method}",
              f"optimizer.{c.g_optimizer.name}", f"optimizer.{c.d_optimizer.name}"}  # fmt: skip
    if c.adversarial:
        chosen |= {f"loss.{c.loss}", f"penalty.{c.penalty}"}
    for entry in registry.trick.entries():
        field = settings.field(entry.info["setting"])
        means = field.spec.shown_if is None or field.spec.shown_if(c)
        if means and entry.info["on"](c):
            chosen.add(f"trick.{entry.name}")
    return frozenset(chosen)
