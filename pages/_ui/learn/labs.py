"""The labs inside a lesson: the live view of one run, or of two in step, with the few controls that the lesson is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import streamlit as st

from gan_core import config as settings
from gan_core.errors import PlaygroundError
from gan_core.lessons import LESSONS
from gan_core.lessons.lesson import Lab as LabPart
from gan_core.lessons.lesson import Pair as PairPart
from gan_core.lessons.lesson import tasks_of
from gan_core.lessons.sight import Sight, of_runs, of_session
from gan_core.runs.commands import Pause
from gan_core.runs.gauging import MOST, SHOWN
from gan_core.runs.session import TrainingSession
from gan_core.sharing import Share
from gan_core.text import N_, told
from pages._ui import charts, service, tokens
from pages._ui.controls import Controls
from pages._ui.failures import plain
from pages._ui.i18n import language, translate
from pages._ui.lab import FILES, Kind, Lab, Run, in_short, preview
from pages._ui.learn.keeping import keep, progress
from pages._ui.live import live_view
from pages._ui.live_words import LABELS, live_labels
from pages._ui.owner import owner_id
from pages._ui.share import Rules, show_refusal
from pages._ui.side_by_side import badge, leader

GONE = N_("The run of this step is not here any more. What you have done stays done; start another one to go on.")
LEFT = N_("Paused, since the lesson that it belongs to went on with another run.")
CURVES_SECONDS = 2.0
Translate = Callable[[str], str]


class LessonLab(Lab):
    """One run. Which one is known by the learner's progress, not by the address."""

    def __init__(self, lesson: str, part: LabPart, locked: bool) -> None:
        """locked: nothing but the lesson's own controls may be changed, in its runs too."""
        self.lesson, self.step, self.locked = lesson, part, locked
        config = part.config
        super().__init__(f"learn.{lesson}.{part.id}", cast(Kind, config.kind), part.preset, "lesson")
        st.session_state.setdefault(f"{self.page}.draft", config)
        if locked:
            share = Share(lock=frozenset(f.name for f in settings.fields()) - {*part.controls})
            self.rules = Rules(share, self.draft)
        else:
            self.rules = None

    @property
    def run_id(self) -> str | None:
        runs = progress().of(self.lesson).runs.get(self.step.id)
        return runs[0] if runs else None

    @run_id.setter
    def run_id(self, run_id: str | None) -> None:
        if run_id:
            _began(self.lesson, self.step.id, (run_id,))
            self._measure_often(run_id)

    def _measure_often(self, run_id: str) -> None:
        """Where tasks wait for what is measured beside the training, that gets as much of the time as it may have."""
        run = service.scheduler().get(run_id)
        waits = {target.figure for task in self.step.tasks for target in task.targets} & {*SHOWN}
        if waits and isinstance(run, TrainingSession) and run.gauge is not None:
            run.gauge.share = MOST

    def session(self) -> Run | None:
        """The run, if it is here and of this lab."""
        found = service.scheduler().get(self.run_id) if self.run_id else None
        return found if found is not None and found.config.kind == self.kind else None

    @property
    def own(self) -> TrainingSession | None:
        """The run, if the visitor may command it."""
        found = self.session()
        return found if isinstance(found, TrainingSession) and service.may_control(found) else None

    def show(self) -> None:
        """Controls and buttons on the left, the picture beside them."""
        _ = translate()
        session, own = self.session(), self.own
        if own is not None:
            self._follow(own)
            if not self.locked:
                self.rules = None
        if self.run_id and session is None:
            st.info(_(GONE), icon=":material/info:")
        show_refusal(self.page, _)
        with st.container(horizontal=True, vertical_alignment="center"):
            waiting = self._waiting(session, own is not None)
            text = _("Start training") if session is None else _("Start anew")
            primary = session is None or bool(waiting)
            if st.button(
                text, type="primary" if primary else "secondary", icon=":material/play_arrow:", key=f"{self.page}.start"
            ):
                self._start(_)
            st.button(_("As at the beginning"), icon=":material/undo:", key=f"{self.page}.undo", on_click=self._undo,
                      disabled=self.draft == self.step.config, help=_("The settings that this step of the lesson starts with."))  # fmt: skip
            if session is not None and not self.locked:
                st.page_link(
                    FILES[self.kind],
                    label=_("Open in the lab"),
                    icon=":material/open_in_new:",
                    query_params={"run": session.id},
                )
        st.caption(
            self._notice(session, own is not None, _)
            or in_short(own.expected_config if own is not None else self.draft, _)
        )
        if self.step.controls:
            self._controls(own)
        self._view(session, own is not None, _)

    def _controls(self, own: TrainingSession | None) -> None:
        config = self._shown(own.expected_config) if own is not None else self.draft
        controls = Controls(self.page, config, self._applier(own))
        shown = [name for name in self.step.controls if controls.means_something(name)]
        with st.container(key=f"lesson-controls-{self.step.id}"):
            for name in shown:
                controls.one(name)

    def _applier(self, session: TrainingSession | None) -> Callable[[dict[str, Any]], None]:
        apply = super()._applier(session)

        def suited(values: dict[str, Any]) -> None:
            weight = self.step.weights.get(values.get("penalty", ""))
            apply(values if weight is None else {**values, "penalty_weight": weight})

        return suited

    def _undo(self) -> None:
        start = self.step.config
        own = self.own
        if own is not None:
            changed = settings.differences(own.expected_config, start)
            live = {name: new for name, (_old, new) in changed.items() if settings.field(name).spec.live}
            if live:
                own.change(live)
        self.draft = start

    def sight(self) -> Sight | None:
        """What the run shows now; None without one."""
        run = service.scheduler().peek(self.run_id) if self.run_id else None
        return _sight(run)


class LessonPair:
    """Runs beside each other, in step; they differ in what the lesson says, and are started anew together."""

    def __init__(self, lesson: str, part: PairPart) -> None:
        self.lesson, self.part = lesson, part
        self.page = f"learn.{lesson}.{part.id}"

    def _runs(self) -> list[Run]:
        ids = progress().of(self.lesson).runs.get(self.part.id, ())
        found = [service.scheduler().get(run_id) for run_id in ids]
        there = [run for run in found if run is not None and run.config.kind == "points"]
        return there if len(there) == len(self.part.versions) else []

    def show(self, names: list[str]) -> None:
        """`names`: what each of them is called."""
        _ = translate()
        runs = self._runs()
        if not runs and self.part.id in progress().of(self.lesson).runs:
            st.info(_(GONE), icon=":material/info:")
        text = _("Start together") if not runs else _("Start anew together")
        if st.button(
            text, type="secondary" if runs else "primary", icon=":material/play_arrow:", key=f"{self.page}.start"
        ):
            self._start()
        mine = bool(runs) and all(isinstance(run, TrainingSession) and service.may_control(run) for run in runs)
        labels = live_labels(_, language().replace("_", "-"))
        configs = [run.expected_config for run in runs] if runs else self.part.configs
        still = [None] * len(runs) if runs else [preview(config) for config in configs]
        first = leader(runs) if runs else None
        live_view(run_id=first.id if first else None, token=tokens.issue_for(first.id, control=mine) if first else None,
                  frame=still[0], labels=labels, kind="points", key=f"{self.page}.bar", can_control=mine,
                  only="bar" if mine else "legend")  # fmt: skip
        for i, column in enumerate(st.columns(len(configs), gap="medium")):
            run = runs[i] if runs else None
            with column:
                st.markdown(f"{badge(i)} {names[i]}")
                live_view(run_id=run.id if run else None, token=tokens.issue_for(run.id, control=False) if run else None,
                          frame=still[i], labels=labels, kind="points", key=f"{self.page}.{i}.live", can_control=False, only="cell",
                          caption=in_short(configs[i], _))  # fmt: skip
        if runs and self.part.curves:
            st.fragment(self._curves, run_every=CURVES_SECONDS)([run.id for run in runs])

    def _curves(self, run_ids: list[str]) -> None:
        found = [service.scheduler().peek(run_id) for run_id in run_ids]
        seen = [
            (letter, run.latest) for letter, run in zip("ABCD", found, strict=False) if isinstance(run, TrainingSession)
        ]
        charts.compare(seen, LABELS, translate(), only=self.part.curves, key=self.page)

    def _start(self) -> None:
        _ = translate()
        try:
            runs = service.scheduler().create_together(self.part.configs, owner_id())
        except PlaygroundError as error:
            st.error(plain(told(error, _)), icon=":material/error:")
            return
        _began(self.lesson, self.part.id, tuple(run.id for run in runs))
        st.rerun()

    def sight(self) -> Sight | None:
        """What all of them show now; None while one is missing."""
        ids = progress().of(self.lesson).runs.get(self.part.id, ())
        seen = [_sight(service.scheduler().peek(run_id)) for run_id in ids]
        whole = [one for one in seen if one is not None]
        return of_runs(whole) if whole and len(whole) == len(ids) else None


def _began(lesson: str, part: str, run_ids: tuple[str, ...]) -> None:
    """These are the part's runs now. Those that it had before rest, and so do those of parts that are done."""
    record = progress().of(lesson)
    over = {place for place in record.runs if place == part or _is_over(lesson, place)}
    leave({run_id for place in over for run_id in record.runs[place]} - set(run_ids))
    keep(progress().put(lesson, record.began(part, run_ids)))


def _is_over(lesson: str, place: str) -> bool:
    """Whether all is ticked that the runs kept at `place` are for."""
    part, record = LESSONS[lesson].part(place), progress().of(lesson)
    tasks = tasks_of(part) if part is not None else ()
    return bool(tasks) and all(record.has(f"{place}.{task.id}") for task in tasks)


def leave(run_ids: Iterable[str]) -> None:
    """Pause runs that a lesson shows no more, as far as the visitor may: they would slow down those that it shows."""
    for run_id in run_ids:
        run = service.scheduler().peek(run_id)
        if isinstance(run, TrainingSession) and service.may_control(run):
            service.scheduler().send(run, Pause(LEFT))


def _sight(run: Run | None) -> Sight | None:
    return of_session(run) if isinstance(run, TrainingSession) else None
