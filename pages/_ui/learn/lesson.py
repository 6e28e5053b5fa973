"""One lesson as it is shown: its parts one below the other, each closed until what it comes after is done."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from gan_core import registry
from gan_core.errors import ConfigError
from gan_core.lessons import LESSONS
from gan_core.lessons.lesson import Ask, Figure, Lab, Lesson, Pair, Part, Prose, Reveal, Target, Task, Trial, tasks_of
from gan_core.lessons.progress import Record
from gan_core.lessons.sight import Sight
from gan_core.runs.words import CURVES
from gan_core.text import N_, beside, pair, told
from pages._ui.failures import plain
from pages._ui.i18n import number
from pages._ui.learn import words
from pages._ui.learn.figures import FIGURES, OF_RUNS, TITLES
from pages._ui.learn.keeping import keep, progress
from pages._ui.learn.labs import LessonLab, LessonPair, leave
from pages._ui.learn.trial import LessonTrial
from pages._ui.share import address

LOOK_SECONDS = 1.5
_MOST_DECIMALS = 7
LOCKED = "locked"  # of the address: the teacher's link
Translate = Callable[[str], str]


class LessonPage:
    """A lesson with the learner's own progress in it."""

    def __init__(self, lesson: Lesson, locked: bool, _: Translate) -> None:
        self.lesson, self.locked, self._ = lesson, locked, _
        self.texts = words.of(lesson.name)

    @property
    def record(self) -> Record:
        return progress().of(self.lesson.name)

    def _keep(self, record: Record) -> None:
        keep(progress().put(self.lesson.name, record))

    def draw(self) -> None:
        """The whole lesson."""
        _ = self._
        self._head()
        closed: str | None = None
        for part in self.lesson.parts:
            if self.record.is_open(part.id, part.after):
                self._part(part)
            elif isinstance(part, Reveal) and part.aside:
                continue
            elif closed is None:
                closed = part.id
                self._closed(part)
            if closed is not None:
                break
        if closed is None:
            self._end()
        if not self.locked:
            self._notes()

    # ── above and below ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _head(self) -> None:
        _, names = self._, list(LESSONS)
        with st.container(key="lesson-head"):
            if not self.locked:
                st.page_link("learn.py", label=_("All lessons"), icon=":material/arrow_back:")
            st.caption(_("Lesson {number} · about {minutes} min").format(
                number=names.index(self.lesson.name) + 1, minutes=self.lesson.minutes))  # fmt: skip
            st.header(self.texts["title"], anchor=False)
            st.markdown(f"**{words.written(self.texts['question'])}**")
            done = sum(self.record.has(step) for step in self.lesson.steps)
            st.progress(
                self.record.share(self.lesson),
                text=_("{done} of {all} steps done").format(done=done, all=len(self.lesson.steps)),
            )

    def _closed(self, part: Part) -> None:
        """What comes next, and what has to be done before."""
        _ = self._
        with st.container(border=True, key="lesson-closed"):
            st.markdown(f":material/lock_clock: {_('The lesson goes on here once the step above is done.')}")
            if not self.locked:
                st.button(
                    _("Go on without it"),
                    key=f"learn.open.{part.id}",
                    on_click=lambda: self._keep(self.record.opens(part.id)),
                )

    def _end(self) -> None:
        _, names = self._, list(LESSONS)
        after = names.index(self.lesson.name) + 1
        with st.container(border=True, key="lesson-end"):
            if all(self.record.has(step) for step in self.lesson.steps):
                st.markdown(f":material/check_circle: **{_('You have done all of this lesson.')}**")
            words.write(self.texts["end"])
            if not self.locked:
                self._read_on()
            with st.container(horizontal=True):
                if after < len(names):
                    query = {"lesson": names[after]} | ({LOCKED: "1"} if self.locked else {})
                    st.page_link("learn.py", label=_("Next: {title}").format(title=words.of(names[after])["title"]),
                                 icon=":material/arrow_forward:", query_params=query)  # fmt: skip
                st.button(_("Begin this lesson anew"), icon=":material/restart_alt:", key="learn.anew",
                          on_click=self._begin_anew,
                          help=_("Your answers and ticks of this lesson go; its runs stay on the page Runs."))  # fmt: skip

    def _begin_anew(self) -> None:
        name = self.lesson.name
        leave(run_id for run_ids in progress().of(name).runs.values() for run_id in run_ids)
        keep(progress().anew(name))

    def _read_on(self) -> None:
        """What the lesson was about, in the zoo."""
        _ = self._
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("In the zoo:"), width="content")
            for address_of in self.lesson.zoo:
                kind, _dot, name = address_of.partition(".")
                title = getattr(registry, kind)[name].title
                st.page_link("zoo.py", label=plain(_(title)), query_params={"entry": address_of})

    def _notes(self) -> None:
        _ = self._
        with st.container(key="lesson-notes"), st.expander(_("Teacher's notes"), icon=":material/school:"):
            words.write(self.texts["teacher"])
            st.caption(
                _(
                    "This link opens the lesson with its controls locked: only what each step is about can be changed, nothing can be skipped. Pause, single steps and going back stay free: they change no setting, and looking closely is what a lesson is for."
                )
            )
            st.code(f"{address()}?lesson={self.lesson.name}&{LOCKED}=1", language=None, wrap_lines=True)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _part(self, part: Part) -> None:
        match part:
            case Prose():
                self._text(self.texts[part.id])
            case Ask():
                self._ask(part)
            case Reveal():
                self._reveal(part)
            case Lab():
                self._lab(part)
            case Pair():
                self._pair(part)
            case Trial():
                self._trial(part)
            case Figure():
                self._figure(part)

    def _text(self, text: str) -> None:
        with st.container(key=f"lesson-text-{len(text)}-{hash(text) & 0xFFFF}"):
            words.write(text)

    def _ask(self, ask: Ask) -> None:
        _ = self._
        answer = self.record.answers.get(ask.id)
        with st.container(border=True, key=f"lesson-ask-{ask.id}"):
            st.markdown(f":material/help: {words.written(self.texts[ask.id])}")
            if answer is not None:
                self._answered(ask, answer)
                return
            key = f"learn.{self.lesson.name}.{ask.id}"
            with st.form(f"{key}.form", border=False):  # Enter gives the answer, too
                if ask.is_number:
                    st.text_input(_("Your answer"), key=key, max_chars=20)
                else:
                    st.radio(_("Your answer"), ask.options, index=None, key=key, label_visibility="collapsed",
                             format_func=lambda option: words.written(self.texts[f"{ask.id}.{option}"]))  # fmt: skip
                st.form_submit_button(
                    _("Answer") if ask.checked else _("This is my prediction"),
                    key=f"{key}.give",
                    on_click=self._answer,
                    args=(ask, key),
                )
            if problem := st.session_state.pop(f"{key}!", None):
                st.error(plain(told(problem, _)), icon=":material/error:")

    def _answer(self, ask: Ask, key: str) -> None:
        said = st.session_state.get(key)
        if said in (None, ""):
            st.session_state[f"{key}!"] = ConfigError(N_("There is no answer yet."))
            return
        try:
            self._keep(self.record.answered(ask.id, ask.read(said)))
        except ConfigError as error:
            st.session_state[f"{key}!"] = error

    def _said(self, ask: Ask, answer: str | float) -> str:
        return number(float(answer)) if ask.is_number else words.written(self.texts[f"{ask.id}.{answer}"])

    def _answered(self, ask: Ask, answer: str | float) -> None:
        _ = self._
        said = _("You said: {answer}").format(answer=self._said(ask, answer))
        if not ask.checked:
            st.markdown(f":material/edit_note: {said}")
            return
        right = ask.is_right(answer)
        st.markdown(
            f"{':material/check_circle:' if right else ':material/cancel:'} {said}  \n"
            + words.written(self.texts[f"{ask.id}.why"])
        )

    def _reveal(self, part: Reveal) -> None:
        _ = self._
        with st.container(border=True, key=f"lesson-reveal-{part.id}"):
            ask = self.lesson.asks().get(part.of)
            answer = self.record.answers.get(part.of)
            if ask is not None and answer is not None:
                verdict = (
                    _("You predicted it: {answer}")
                    if ask.is_right(answer)
                    else _("You predicted: {answer} It came otherwise.")
                )
                icon = ":material/check_circle:" if ask.is_right(answer) else ":material/lightbulb:"
                st.markdown(f"{icon} *{verdict.format(answer=self._said(ask, answer))}*")
            words.write(self.texts[part.id])

    def _lab(self, part: Lab) -> None:
        self._text(self.texts[part.id])
        lab = LessonLab(self.lesson.name, part, self.locked)
        with st.container(border=True, key=f"lesson-lab-{part.id}"):
            self._tasks(part, lab.sight)
            lab.show()

    def _pair(self, part: Pair) -> None:
        self._text(self.texts[part.id])
        pair = LessonPair(self.lesson.name, part)
        with st.container(border=True, key=f"lesson-lab-{part.id}"):
            self._tasks(part, pair.sight)
            pair.show([words.written(self.texts[f"{part.id}.{letter}"]) for letter in "abcd"[: len(part.versions)]])

    def _trial(self, part: Trial) -> None:
        self._text(self.texts[part.id])
        trial = LessonTrial(self.lesson.name, part, self.texts, self.locked)
        with st.container(border=True, key=f"lesson-lab-{part.id}"):
            self._tasks(part, trial.sight)
            trial.show()

    def _figure(self, part: Figure) -> None:
        self._text(self.texts[part.id])
        with st.container(border=True, key=f"lesson-lab-{part.id}"):
            place = st.container()
            key = f"learn.{self.lesson.name}.{part.id}"
            if part.needs:
                runs = {lab: self.record.runs[lab][0] for lab in part.needs if lab in self.record.runs}
                sight = OF_RUNS[part.name](key, part.needs, runs)
            else:
                sight = FIGURES[part.name](key, part.start, part.controls if self.locked else ())
            with place:
                self._tasks(part, lambda: sight)

    def _has_runs(self, part: Part) -> bool:
        return any(place == part.id or place.startswith(f"{part.id}.") for place in self.record.runs)

    # ── what ticks itself ────────────────────────────────────────────────────────────────────────────────────────────────

    def _tasks(self, part: Part, look: Callable[[], Sight | None]) -> None:
        if not tasks_of(part):
            return
        waits = isinstance(part, (Lab, Pair, Trial)) and not all(
            self.record.has(f"{part.id}.{task.id}") for task in tasks_of(part)
        )
        st.fragment(_ticks, run_every=LOOK_SECONDS if waits and self._has_runs(part) else None)(self, part, look)


def _ticks(page: LessonPage, part: Part, look: Callable[[], Sight | None]) -> None:
    """What there is to do, ticked as soon as the run shows it."""
    _ = page._
    sight, record = look(), page.record
    new = frozenset(f"{part.id}.{task.id}" for task in tasks_of(part)
                    if sight is not None and not record.has(f"{part.id}.{task.id}") and task.is_done(sight))  # fmt: skip
    if new:
        keep(progress().put(page.lesson.name, record.ticked(new)))
        st.rerun()
    lines = []
    for task in tasks_of(part):
        done = record.has(f"{part.id}.{task.id}")
        icon = ":material/check_box:" if done else ":material/check_box_outline_blank:"
        text = words.written(page.texts[f"{part.id}.{task.id}"])
        if task.goal:
            text = _("**Goal:** {task}").format(task=text)
        lines.append(f"{icon} {text}" + ("" if done else _now(task, sight, _)))
    with st.container(key=f"lesson-tasks-{part.id}"):
        st.markdown("  \n".join(lines))


def _now(task: Task, sight: Sight | None, _: Translate) -> str:
    """How far it is: what the targets' figures are now, and of how many samples."""
    if sight is None:
        return ""
    said = [beside(f"{_title(t.figure, _)} {_value(t, sight)}", _bound(t, _), _) for t in task.targets]
    if task.after_step and sight.step < task.after_step:
        said.append(_("step {step} of {goal}").format(step=number(sight.step), goal=number(task.after_step)))
    if sight.samples and task.targets:
        said.append(_("of {count} samples").format(count=number(sight.samples)))
    now = plain(_("Now: {figures}").format(figures=" · ".join(said)))
    return f"  \n:small[:gray[{now}]]" if said else ""


def _value(target: Target, sight: Sight) -> str:
    value = sight.figures.get(target.figure)
    if value is None:
        return "–"
    rounded = float(f"{value:.3g}")
    small = 0 < abs(rounded) < 1e-3
    return number(rounded, min(2 - math.floor(math.log10(abs(rounded))), _MOST_DECIMALS) if small else None)


def _bound(target: Target, _: Translate) -> str:
    if target.at_least is not None and target.at_least == target.at_most:
        return _("wanted: {value}").format(value=number(target.at_least))
    if target.at_least is not None and target.at_most is not None:
        return _("wanted: {low} to {high}").format(low=number(target.at_least), high=number(target.at_most))
    if target.at_least is not None:
        return _("wanted: at least {value}").format(value=number(target.at_least))
    return _("wanted: at most {value}").format(value=number(target.at_most or 0.0))


def _title(figure: str, _: Translate) -> str:
    letter, dot, name = figure.rpartition(".")
    title = _(TITLES.get(name) or CURVES.get(name) or name)
    return pair(letter.upper(), title, _) if dot else title
