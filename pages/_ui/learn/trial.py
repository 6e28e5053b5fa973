"""Tricks on trial: runs without and with one, over the same seeds, their curves as they come in, and whether the difference is luck."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import streamlit as st

from gan_core.comparison import figures, luck, telling
from gan_core.comparison.entries import Compared, Entry
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError, RunError
from gan_core.lessons import trials
from gan_core.lessons.lesson import OUTCOMES
from gan_core.lessons.lesson import Trial as TrialPart
from gan_core.lessons.sight import Sight
from gan_core.lessons.trials import Outcome
from gan_core.runs import words
from gan_core.runs.about import About
from gan_core.text import N_, joined, led, listed, pair
from pages._ui import service, tokens
from pages._ui.charts import show_chart
from pages._ui.failures import plain
from pages._ui.i18n import language, number, speech, translate
from pages._ui.lab import Kind, in_short
from pages._ui.learn.keeping import keep, progress
from pages._ui.learn.labs import GONE
from pages._ui.live import live_view
from pages._ui.live_words import live_labels
from pages._ui.owner import owner_id
from pages._ui.side_by_side import badge

if TYPE_CHECKING:
    import plotly.graph_objects as go

Translate = Callable[[str], str]
WATCH_SECONDS = 2.0
TOP = 2  # times the largest value at the end, to which a chart reaches at most
SAID = {
    "better": N_("It helps: better by more than chance"),
    "same": N_("No difference that is larger than chance"),
    "worse": N_("It harms: worse by more than chance"),
}
_CAME = {"better": N_("helped"), "same": N_("may be chance"), "worse": N_("harmed")}


class LessonTrial:
    """The trial of one trick after another; the runs without any are made once."""

    def __init__(self, lesson: str, part: TrialPart, texts: Mapping[str, str], locked: bool) -> None:
        """locked: nothing leads out of the lesson."""
        self.lesson, self.part, self.texts, self.locked = lesson, part, texts, locked
        self.page = f"learn.{lesson}.{part.id}"

    # ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _ids(self, trick: str = "") -> tuple[str, ...]:
        """The runs with this trick, if they are all here and have its settings: a browser may name any."""
        ids = progress().of(self.lesson).runs.get(self.part.place(trick), ())
        store = service.scheduler().store
        if len(ids) != len(self.part.seeds) or not all(store.exists(run_id) for run_id in ids):
            return ()
        try:
            return ids if [_config(run_id) for run_id in ids] == self.part.configs(trick) else ()
        except PlaygroundError:
            return ()

    def _runs(self, trick: str = "") -> list[Compared]:
        """The same, read; none where one of them cannot be."""
        try:
            return [_read(run_id) for run_id in self._ids(trick)]
        except PlaygroundError:
            return []

    def _tried(self) -> list[str]:
        """The tricks that have runs."""
        return [trick for trick in self.part.tricks if self._ids(trick)] if self._ids() else []

    def _outcomes(self) -> dict[str, Outcome | None]:
        plain_runs = self._runs()
        return {trick: trials.outcome(self.part, plain_runs, self._runs(trick)) for trick in self._tried()}

    def sight(self) -> Sight | None:
        """What has come out so far."""
        outcomes = self._outcomes()
        return trials.sight(outcomes) if outcomes else None

    @property
    def begun(self) -> bool:
        """Whether there are runs."""
        return bool(self._tried())

    def _name(self, trick: str) -> str:
        return self.texts[f"{self.part.id}.{trick}"]

    # ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self) -> None:
        """A trick to choose, what it was predicted to do, its runs."""
        _ = translate()
        tried = self._tried()
        first = next(iter(self.part.tricks))
        st.session_state.setdefault(f"{self.page}.trick", tried[-1] if tried else first)
        trick = st.pills(
            _("Trick"), list(self.part.tricks), key=f"{self.page}.trick", required=True, format_func=self._name
        )
        trick = str(trick or first)
        st.markdown(self.texts[f"{self.part.id}.{trick}.what"])
        watched = self._predicted(trick, _) and trick in tried
        if watched:
            ended = self._outcomes().get(trick) is not None
            st.fragment(self._watch, run_every=None if ended else WATCH_SECONDS)(trick, ended)
        elif self.part.place(trick) in progress().of(self.lesson).answers:
            self._offer(trick, _)
        self._summary(_)
        if watched:
            self._live(trick, _)

    def _predicted(self, trick: str, _: Translate) -> bool:
        """Whether there is a prediction; else ask for one."""
        key, place = f"{self.page}.{trick}", self.part.place(trick)
        said = progress().of(self.lesson).answers.get(place)
        if said is not None:
            st.markdown(f":material/edit_note: {_('You said: {answer}').format(answer=_(SAID[str(said)]))}")
            return True
        st.radio(_("What will it do here?"), OUTCOMES, index=None, key=key, format_func=lambda one: _(SAID[one]))

        def give() -> None:
            record = progress().of(self.lesson)
            if (answer := st.session_state.get(key)) in OUTCOMES:
                keep(progress().put(self.lesson, record.answered(place, answer)))
            else:
                st.session_state[f"{key}!"] = True

        st.button(_("This is my prediction"), key=f"{key}.give", on_click=give)
        if st.session_state.pop(f"{key}!", False):
            st.error(_("There is no answer yet."), icon=":material/error:")
        return False

    def _offer(self, trick: str, _: Translate) -> None:
        if self.part.place(trick) in progress().of(self.lesson).runs:
            st.info(_(GONE), icon=":material/info:")
        count = len(self.part.seeds) * (1 if self._ids() else 2)
        text = _("Start {count} runs with it") if self._ids() else _("Start {count} runs, half of them with it")
        if st.button(
            text.format(count=number(count)), type="primary", icon=":material/play_arrow:", key=f"{self.page}.{trick}.start"
        ):  # fmt: skip
            self._start(trick, _)
        st.caption(
            _("{steps} steps each, with the seeds {seeds}. They are ordinary runs: you find them on the page Runs, too.").format(
                steps=number(self.part.steps), seeds=", ".join(map(str, self.part.seeds)))
        )  # fmt: skip

    def _start(self, trick: str, _: Translate) -> None:
        scheduler, owner, made = service.scheduler(), owner_id(), dict[str, tuple[str, ...]]()
        here = list[str]()
        try:
            for one in (trick,) if self._ids() else ("", trick):
                begun = len(here)
                for config in self.part.configs(one):
                    here.append(scheduler.create(config, owner).id)
                    name = _("{trick}, seed {seed}").format(
                        trick=self._name(one) if one else _("Without a trick"), seed=config.seed
                    )
                    with contextlib.suppress(RunError):  # it can be named later
                        scheduler.store.describe(here[-1], About(name=name))
                made[self.part.place(one)] = tuple(here[begun:])
        except PlaygroundError as error:
            for run_id in here:
                with contextlib.suppress(RunError):
                    scheduler.delete(run_id)
            st.error(plain(_(error.template).format(**error.params)), icon=":material/error:")
            return
        record = progress().of(self.lesson)
        for place, ids in made.items():
            record = record.began(place, ids)
        keep(progress().put(self.lesson, record))
        st.rerun()

    def _live(self, trick: str, _: Translate) -> None:
        """The runs with the first seed, as they train."""
        labels = live_labels(_, language().replace("_", "-"))
        with st.expander(
            _("The two runs with seed {seed}, live").format(seed=self.part.seeds[0]),
            icon=":material/visibility:",
            expanded=True,
        ):
            for i, (column, one) in enumerate(zip(st.columns(2, gap="medium"), ("", trick), strict=True)):
                run = service.scheduler().get(self._ids(one)[0])
                with column:
                    st.markdown(f"{badge(i)} {self._name(trick) if one else _('Without a trick')}")
                    if run is not None:
                        live_view(run_id=run.id, token=tokens.issue_for(run.id, control=False), frame=None, labels=labels, kind=cast(Kind, run.config.kind),
                                  key=f"{self.page}.{trick}.{i}.live", can_control=False, only="cell", caption=in_short(run.config, _))  # fmt: skip

    def _watch(self, trick: str, ended: bool) -> None:
        """Curves of all runs, their figures, and what can be said of the difference."""
        _ = translate()
        for one in ("", trick):
            for run_id in self._ids(one):
                service.touch(run_id)
        plain_runs, tried = self._runs(), self._runs(trick)
        found = trials.entries(plain_runs, tried)
        if len(found) < 2:
            return
        outcome = trials.outcome(self.part, plain_runs, tried)
        if outcome is not None and not ended:
            st.rerun()
        chart = figures.curve_chart(found, self.part.figure, "step", 0.0, _)
        if chart is not None:
            _reach(chart)
            show_chart(chart, f"{self.page}.{trick}.chart", _)
        st.markdown(self._table(found, trick, _))
        if outcome is None:
            st.caption(_("The figures come as the runs end; a server trains only some of them at once."))
            return
        verdict = trials.verdict(self.part, found, outcome)
        for values, text in telling.sentences(speech(), verdict):
            st.markdown(led(plain(values), plain(text)))
        st.caption(self._basis(found, _))
        said = progress().of(self.lesson).answers.get(self.part.place(trick))
        right = said == outcome.verdict
        icon = ":material/check_circle:" if right else ":material/lightbulb:"
        came = _("You predicted it.") if right else _("It came otherwise than you predicted.")
        st.markdown(f"{icon} {came}")
        if not self.locked:
            ids = ",".join(run.id for run in (*plain_runs, *tried))
            st.page_link(
                "comparison.py",
                label=_("Compare these runs in full"),
                icon=":material/balance:",
                query_params={"runs": ids},
            )

    def _table(self, found: list[Entry], trick: str, _: Translate) -> str:
        """A row an arm: each seed's figure or how far it is, and the mean with its standard deviation."""
        heads = ["", *(_("Seed {seed}").format(seed=seed) for seed in self.part.seeds), _("Mean ± standard deviation")]
        lines = [f"| {' | '.join(heads)} |", "| --- " + "| ---: " * (len(heads) - 1) + "|"]
        for i, entry in enumerate(found):
            values = {run.config.seed: trials.ended(self.part, run) for run in entry.runs}
            far = {run.config.seed: self._far(run, _) for run in entry.runs}
            cells = [telling.written(speech(), self.part.figure, v) if (v := values.get(seed)) is not None else far.get(seed, "–")
                     for seed in self.part.seeds]  # fmt: skip
            known = [v for v in values.values() if v is not None]
            mean = "–"
            if len(known) == len(self.part.seeds):
                ends = (statistics.fmean(known), statistics.stdev(known))
                mean = " ± ".join(telling.written(speech(), self.part.figure, v) for v in ends)
            name = self._name(trick) if i else _("Without a trick")
            lines.append(f"| {badge(i)} {name} | {' | '.join(cells)} | {mean} |")
        return "\n".join(lines)

    def _basis(self, found: list[Entry], _: Translate) -> str:
        """Where the figures are from, and what a perfect generator would score."""
        parts = [_("Measured at step {step}.").format(step=number(self.part.steps))]
        if used := luck.samples_used(found[0].config, self.part.figure):
            parts.append(_(telling.SAMPLES).format(n=number(used)))
        floor = luck.floor(found[0].runs[0], self.part.figure)
        if floor is not None:
            parts.append(_(telling.FLOOR).format(floor=telling.written(speech(), self.part.figure, floor)))
        return plain(joined(*parts))

    def _far(self, run: Compared, _: Translate) -> str:
        """How far a run is that has not ended as the trial wants."""
        if run.changed or run.step > self.part.steps:
            return _("changed on its way")
        state = _(words.STATUSES.get(run.status, run.status))
        return listed((state, _("step {step}").format(step=number(run.step))), _)

    def _summary(self, _: Translate) -> None:
        """All tricks that have been tried."""
        outcomes = {trick: one for trick, one in self._outcomes().items() if one is not None}
        if not outcomes:
            return
        said = progress().of(self.lesson).answers
        figure = self.part.figure
        arrow = "↑" if luck.is_higher_better(figure) else "↓"
        title = f"{words.curve_title(figure, _)} {arrow}"
        lines = [f"| {_('Trick')} | {pair(_('Difference'), title, _)} | {_('95% interval')} | {_('Verdict')} | {_('You said')} |",
                 "| --- | ---: | ---: | --- | --- |"]  # fmt: skip
        for trick, one in outcomes.items():
            value, low, high = (_signed(v) for v in (one.difference.value, one.difference.low, one.difference.high))
            predicted = _(_CAME[str(said[self.part.place(trick)])]) if self.part.place(trick) in said else "–"
            lines.append(
                f"| {self._name(trick)} | {value} | {low} … {high} | **{_(_CAME[one.verdict])}** | {predicted} |"
            )
        st.markdown(f"**{_('So far')}**")
        st.markdown("\n".join(lines))
        right, known = trials.agreed(
            outcomes.items(), {t: str(said[self.part.place(t)]) for t in outcomes if self.part.place(t) in said}
        )
        if known:
            st.caption(_("{right} of {known} predictions came true.").format(right=number(right), known=number(known)))


def _reach(chart: go.Figure) -> None:
    """Let the end be seen of curves that began many times as high."""
    lines = [[float(y) for y in line.y] for line in chart.data if len(line.y)]
    top = TOP * max(line[-1] for line in lines)
    if 0 < top < max(max(line) for line in lines):
        chart.update_yaxes(range=[0, top])


def _signed(value: float) -> str:
    text = number(value, 3)
    return f"+{text}" if value > 0 else text


@lru_cache(maxsize=256)
def _config(run_id: str) -> RunConfig:
    """The settings that a run began with, which do not change. Raises CheckpointError, ConfigError."""
    return service.scheduler().store.folder(run_id).config()


def _read(run_id: str) -> Compared:
    """A run's files as they are now. Raises CheckpointError, ConfigError."""
    folder, session = service.scheduler().store.folder(run_id), service.scheduler().peek(run_id)
    status = session.status if session is not None else ""
    if session is not None and status != "finished":  # what its files say is older, and not needed
        found = Compared.read(run_id, folder, status=status)
        return Compared(run_id, folder, found.name, status, session.step, found.config, found.changed)
    try:
        stamp = (folder.path / "run.json").stat().st_mtime_ns
    except OSError:
        stamp = 0
    return _kept(run_id, stamp)


@lru_cache(maxsize=256)
def _kept(run_id: str, _stamp: int) -> Compared:
    return Compared.read(run_id, service.scheduler().store.folder(run_id))
