"""The page Zoo: an index with search, a timeline, a table of figures; and one thing seen closely, which the address names: `?entry=loss.wasserstein`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

import streamlit as st

from gan_core import config as settings
from gan_core import registry, serial, zoo
from gan_core.settings import shorten
from gan_core.text import N_, beside, joined, led
from gan_core.zoo import figures, tex, timeline
from gan_core.zoo.exhibits import Exhibit
from pages._ui.charts import PLAIN
from pages._ui.controls import full_title, value_text
from pages._ui.failures import plain
from pages._ui.hints import hints
from pages._ui.i18n import number, percent
from pages._ui.share import LABS

Translate = Callable[[str], str]
FILE = "zoo.py"
VIEWS = {"index": N_("Index"), "timeline": N_("Timeline"), "figures": N_("Measurements")}
_BENCHMARKS = {  # of each benchmark its title, and how it was measured
    "recipes": (N_("Recipes of the Image Lab"),
                N_("On the small digits, at the end of each schedule: 5,000 samples, judged by the classifier of the digits.")),
    "translations": (N_("Presets of Translate"), N_("At the end of each schedule: the translations of all held-out pictures.")),
    "mixtures": (N_("Mixtures of Gaussians"), N_("Compiled, after at most a minute of the clock: 2,500 samples.")),
}  # fmt: skip
_RELATED = {
    "builds": N_("Builds on"),
    "parts": N_("Made from"),
    "built_on": N_("Built on by"),
    "recipes": N_("Recipes with it"),
    "same_paper": N_("From the same paper"),
}
UNKNOWN_VIEW = N_("The zoo has no view called {name}. A link may name one of: {allowed}.")
UNKNOWN = N_("There is nothing called {name} in the zoo. Search for it below.")


@dataclass
class Zoo:
    """The page."""

    _: Translate

    def draw(self) -> None:
        _ = self._
        st.query_params.from_dict(
            st.query_params.to_dict()
        )  # links to this very page leave the browser's address as it was
        asked = st.query_params.get("entry")
        exhibit = zoo.find(asked) if asked else None
        if exhibit is not None:
            self._closely(exhibit)
            return
        st.header(_("Zoo of GANs"), anchor=False)
        if asked:
            st.warning(plain(_(UNKNOWN).format(name=shorten(asked))), icon=":material/link_off:")
        st.markdown(
            _(
                "Losses, penalties, networks and tricks from 2014 to now: what each fixed, when to use it, how it fails, and its code as it runs here."
            )
        )
        if (view := st.query_params.get("view", "")) and view not in VIEWS:
            allowed = ", ".join(VIEWS)
            st.warning(plain(_(UNKNOWN_VIEW).format(name=shorten(view), allowed=allowed)), icon=":material/link_off:")
        view = self._view()
        {"index": self._index, "timeline": self._timeline, "figures": self._figures}[view]()

    def _view(self) -> str:
        """Which view; the address keeps it, and the browser's Back brings it."""
        _, state = self._, st.session_state
        asked = st.query_params.get("view", "")
        if "zoo.view" not in state:
            state["zoo.view"] = asked if asked in VIEWS else state.get("zoo.view.kept", "index")
        elif asked != state.get("zoo.view.asked", asked):  # not by this control; unknown where a rerun broke in
            state["zoo.view"] = asked if asked in VIEWS else "index"
        chosen = st.segmented_control(
            _("View"), list(VIEWS), format_func=lambda v: _(VIEWS[v]), key="zoo.view", label_visibility="collapsed", required=True,
        )  # fmt: skip
        view = str(chosen or "index")
        state["zoo.view.kept"] = view
        if view != "index" or asked:
            st.query_params["view"] = view
        state["zoo.view.asked"] = st.query_params.get("view", "")
        return view

    # ── index ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _index(self) -> None:
        _ = self._
        with st.container(key="zoo-search"):
            text = st.text_input(
                _("Search"), key="zoo.text", max_chars=80, persist_state="session", icon=":material/search:",
                placeholder=_("Name, year, author or what it is about"),
            )  # fmt: skip
            kinds = st.pills(
                _("Kinds"), list(zoo.KINDS), selection_mode="multi", key="zoo.kinds", persist_state="session",
                format_func=lambda kind: _(zoo.KINDS[kind].title),
            )  # fmt: skip
        found = zoo.matching(text or "", list(kinds or ()), _)
        st.caption(_("{count} of {all}").format(count=number(len(found)), all=number(len(zoo.all_of()))))
        if not found:
            st.info(_("Nothing matches. Take a word or a kind away."), icon=":material/search_off:")
        for kind, what in zoo.KINDS.items():
            members = [one for one in found if one.kind == kind]
            if not members:
                continue
            st.subheader(_(what.title), anchor=False)
            with st.container(key=f"zoo-rows-{kind}"):
                for one in members:
                    with st.container(gap=None):
                        self._link(one)
                        st.caption(
                            " · ".join(
                                [*([str(one.year)] if one.year else []), *_of_plugin(one, _), plain(_(one.sentence))]
                            )
                        )

    def _titled(self, one: Exhibit) -> str:
        """With its kind."""
        _ = self._
        return beside(_(one.entry.title), _(zoo.KINDS[one.kind].one), _)

    def _link(self, one: Exhibit, label: str = "", icon: str | None = None) -> None:
        st.page_link(
            FILE, label=plain(label or self._(one.entry.title)), icon=icon, query_params={"entry": one.address}
        )

    # ── timeline ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _timeline(self) -> None:
        _ = self._
        every = zoo.all_of()
        years = timeline.by_year(every)
        st.caption(
            _(
                "Each mark is one thing, in the year of its paper; click one to open it. The list below has the same and opens the same, with the keyboard as well."
            )
        )
        turn = st.session_state.setdefault("zoo.timeline.turn", 0)
        shown = sum(len(found) for year, found in years.items() if timeline.FIRST <= year <= timeline.LAST)
        with st.container(key="zoo-chart"):
            event = st.plotly_chart(
                timeline.chart(every, _, lambda one: f"<b>{_(one.entry.title)}</b><br>{_(zoo.KINDS[one.kind].one)}, {one.year}"),
                key=f"zoo.timeline.{turn}", on_select="rerun", selection_mode="points", width="stretch", config=PLAIN,
                alt=_("Timeline from {first} to {last} with {count} marks, a band for each kind. Its marks are for the pointer; the list below has the same as links.").format(
                    first=timeline.FIRST, last=timeline.LAST, count=shown),
            )  # fmt: skip
        chosen = [point.get("customdata") for point in event.selection.points]
        if chosen and (one := zoo.find(_first(chosen[0]))) is not None:
            st.session_state["zoo.timeline.turn"] += 1  # a mark that stayed chosen would open again on the way back
            st.switch_page(FILE, query_params={"entry": one.address})
        st.subheader(_("By year"), anchor=False)
        for year, found in years.items():
            with st.container(horizontal=True, key=f"zoo-year-{year}"):
                st.markdown(f"**{year}**", width="content")
                for one in found:
                    self._link(one, self._titled(one))
        undated = [one for one in every if not one.year]
        if undated:
            with st.container(horizontal=True, key="zoo-year-none"):
                st.markdown(f"**{_('Without a paper')}**", width="content")
                for one in undated:
                    self._link(one, self._titled(one))

    # ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _figures(self) -> None:
        _ = self._
        st.markdown(
            _(
                "Measured by this project's own benchmarks. Figures of one seed can be luck: where several were taken, the mean ± one standard deviation stands here."
            )
        )
        for benchmark, (title, about) in _BENCHMARKS.items():
            table = figures.table(benchmark)
            st.subheader(_(title), anchor=False)
            st.markdown(_(about))
            names = [e.name for e in registry.preset.entries() if e.name in table.rows or (benchmark == "recipes" and e.info["goal"] == "recipe")
                     or (benchmark == "translations" and e.info["goal"] == "translation")]  # fmt: skip
            columns = figures.COLUMNS[benchmark]
            head = [_("Preset"), *(_(registry.metric[name].title) for name in columns), _("Seeds")]
            rows = [[self._preset(name), *self._cells(benchmark, table.rows.get(name))] for name in names]
            with st.container(key=f"zoo-table-{benchmark}"):
                st.markdown("\n".join(["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]))
            st.caption(_("Machine: {machine}.").format(machine=plain(_machine(table, _))))

    def _preset(self, name: str) -> str:
        entry = registry.preset[name]
        title = plain(self._(entry.title))
        return f"[{title}](zoo?entry=recipe.{name})" if zoo.find(f"recipe.{name}") else title

    def _cells(self, benchmark: str, row: figures.Row | None) -> list[str]:
        columns = figures.COLUMNS[benchmark]
        if row is None:
            return [self._("not measured"), *[""] * len(columns)]
        return [*(_figure(name, row.figures.get(name)) for name in columns), _seeds(row)]

    # ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _closely(self, exhibit: Exhibit) -> None:
        _ = self._
        before, after = zoo.neighbours(exhibit)
        with st.container(horizontal=True, key="zoo-way"):
            st.page_link(FILE, label=_("All of the zoo"), icon=":material/arrow_back:", query_params={})
            if before:
                self._link(before, icon=":material/chevron_left:")
            if after:
                self._link(after, icon=":material/chevron_right:")
        st.header(plain(_(exhibit.entry.title)), anchor=False)
        st.caption(
            " · ".join(
                [
                    _(zoo.KINDS[exhibit.kind].one),
                    *([str(exhibit.year)] if exhibit.year else []),
                    *_of_plugin(exhibit, _),
                    f"`{exhibit.name}`",
                ]
            )
        )
        st.markdown(plain(_(exhibit.sentence)))
        self._papers(exhibit)
        self._formula(exhibit)
        self._open(exhibit)
        self._story(exhibit)
        self._measured(exhibit)
        self._code(exhibit)
        self._related(exhibit)

    def _papers(self, exhibit: Exhibit) -> None:
        _, story = self._, exhibit.story
        said = [
            f"{plain(paper.said)}, [{plain(paper.label)}]({paper.url})" if paper.url else plain(paper.said)
            for paper in exhibit.papers
        ]
        if said:
            st.markdown(f":material/article: {led(_('Paper.'), '; '.join(said))}")
        elif story and story.source:
            st.markdown(f":material/article: {plain(_(story.source))}")

    def _formula(self, exhibit: Exhibit) -> None:
        """Its formulas as KaTeX; a formula that has no TeX, as it is written; words that go with them beside."""
        _ = self._
        for line in exhibit.formula.split("\n"):
            formula, words = tex.split(line)
            if not formula:
                continue
            written = tex.tex(formula)
            with st.container(key=f"zoo-formula-{abs(hash(line))}"):
                if written is None:
                    st.code(formula, language=None, wrap_lines=True)
                else:
                    st.latex(written)
            if words:
                st.caption(plain(_(words)))

    def _open(self, exhibit: Exhibit) -> None:
        _ = self._
        config = zoo.lab(exhibit)
        if config is None:
            st.caption(_("No preset here goes with it: choose it in a lab."))
            return
        lab = LABS[config.kind]
        if st.button(
            _("Open in the lab"),
            type="primary",
            icon=":material/science:",
            key="zoo.open",
            help=_("Opens these settings; nothing starts by itself."),
        ):
            st.session_state.pop(f"{lab}.link", None)  # the same link may have been followed before
            st.switch_page(f"{lab}.py", query_params={"c": unquote(serial.to_link(config))})
        if exhibit.kind == "trick":
            field = settings.field(exhibit.entry.info["setting"])
            st.caption(_("Setting: {title}, here {value}.").format(
                title=plain(full_title(field, _)), value=plain(value_text(field, settings.get(config, field.name), _))))  # fmt: skip

    def _story(self, exhibit: Exhibit) -> None:
        _, story = self._, exhibit.story
        parts = [
            (":material/build:", _("What it fixed"), exhibit.fixed),
            (
                ":material/rule:",
                _("What it needs"),
                str(exhibit.entry.info.get("needs", "")) if exhibit.kind == "recipe" else "",
            ),
            (":material/recommend:", _("When to use it"), story.use if story else ""),
            (":material/warning:", _("Known failures"), story.fails if story else ""),
        ]
        for icon, title, text in parts:
            if text:
                st.markdown(f"{icon} **{title}**  \n{plain(_(text))}")
        if exhibit.kind == "recipe":
            for hint in hints(exhibit.entry, _):
                st.markdown(hint)

    def _measured(self, exhibit: Exhibit) -> None:
        """What benchmarks say of a recipe."""
        if exhibit.kind != "recipe":
            return
        _, found = self._, figures.of_preset(exhibit.name)
        st.markdown(f":material/speed: **{_('Measured')}**")
        if found is None:
            st.markdown(_("Not measured yet."))
            return
        benchmark, row = found
        told = [name for name in figures.COLUMNS[benchmark] if name in row.figures]
        head = [*(_(registry.metric[name].title) for name in told), _("Seeds")]
        cells = [*(_figure(name, row.figures[name]) for name in told), _seeds(row)]
        with st.container(key="zoo-table-one"):
            st.markdown("\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), cells)))
        machine = _("Machine: {machine}.").format(machine=plain(_machine(figures.table(benchmark), _)))
        st.caption(joined(_(_BENCHMARKS[benchmark][1]), machine))

    def _code(self, exhibit: Exhibit) -> None:
        _ = self._
        found = zoo.sources(exhibit)
        if not found:
            return
        st.subheader(_("Its settings") if exhibit.kind == "recipe" else _("Its code here"), anchor=False)
        for source in found:
            file, line = f"`{source.file}`", _("line {line}").format(line=source.line)
            st.caption(beside(file, line, _) if source.line else file)
            st.code(source.text, language="python")

    def _related(self, exhibit: Exhibit) -> None:
        _, related = self._, zoo.related(exhibit)
        groups = [(title, getattr(related, name)) for name, title in _RELATED.items()]
        if not any(members for _title, members in groups):
            return
        st.subheader(_("Related"), anchor=False)
        for place, (title, members) in enumerate(groups):
            if members:
                with st.container(horizontal=True, key=f"zoo-related-{place}"):
                    st.markdown(f"**{_(title)}**", width="content")
                    for one in members:
                        self._link(one, self._titled(one))


def _of_plugin(one: Exhibit, _: Translate) -> list[str]:
    from pathlib import Path

    return [_("from the plugin {file}").format(file=plain(Path(one.entry.origin).name))] if one.entry.origin else []


def _first(value: object) -> str:
    """A mark's own data, which Plotly may wrap."""
    return str(value[0] if isinstance(value, list | tuple) else value)


def _figure(name: str, found: figures.Figure | None) -> str:
    if found is None:
        return "–"
    written = registry.metric[name].info.get("written")

    def say(value: float, spread: bool = False) -> str:
        if written == "percent":
            return percent(value, 1 if found.mean < 0.1 or spread else 0)
        if written == "count" and not spread:
            return number(value, 0)
        return number(value, 4 if abs(found.mean) < 0.1 else 3 if abs(found.mean) < 1 else 1)

    return say(found.mean) + (f" ± {say(found.spread, True)}" if found.spread is not None else "")


def _seeds(row: figures.Row) -> str:
    return f"{row.seeds[0]}…{row.seeds[-1]}" if len(row.seeds) > 1 else str(row.seeds[0])


def _machine(table: figures.Table, _: Translate) -> str:
    told = _("{cores} cores of an {processor}, {gpu}, torch {torch}")
    gpu = table.machine.get("gpu") or _("no GPU")
    return told.format(
        cores=table.machine["cores"], processor=table.machine["processor"], gpu=gpu, torch=table.machine["torch"]
    )
