"""The page: the list of lessons, one lesson, or the glossary, as the address says."""

from __future__ import annotations

import streamlit as st

from gan_core.lessons import LESSONS
from gan_core.text import N_
from pages._ui.failures import plain
from pages._ui.i18n import translate
from pages._ui.learn import words
from pages._ui.learn.keeping import progress, sync
from pages._ui.learn.lesson import LOCKED, LessonPage
from pages._ui.share import address

LESSON = "lesson"  # of the address
_NO_LESSON = N_("There is no lesson called “{name}”. These are the lessons.")
_NO_TERM = N_("“{name}” is not in the glossary. This is all that is in it.")
_UNREADABLE = N_(
    "Part of what this browser kept of your progress could not be read and was left out. What you do from now on is kept."
)


def draw() -> None:
    """What the address asks for."""
    _ = translate()
    st.query_params.from_dict(
        st.query_params.to_dict()
    )  # links to this very page leave the browser's address as it was
    unreadable = sync()
    if unreadable:
        st.warning(_(_UNREADABLE), icon=":material/info:")
    name, term = st.query_params.get(LESSON), st.query_params.get(words.TERM)
    if term is not None:
        _glossary(term)
    elif name in LESSONS:
        LessonPage(LESSONS[name], st.query_params.get(LOCKED) == "1", _).draw()
    else:
        if name is not None:
            st.warning(plain(_(_NO_LESSON).format(name=name[:60])), icon=":material/link_off:")
        _index()
    words.explain()


def _index() -> None:
    _ = translate()
    st.header(_("Learn"), anchor=False)
    st.markdown(
        _(
            "Each lesson asks a question, has you predict the answer, and lets you see it happen in a live run. Your progress is kept in this browser."
        )
    )
    with st.container(key="presets-lessons"):
        for i, (name, lesson) in enumerate(LESSONS.items()):
            texts, record = words.of(name), progress().of(name)
            with st.container(border=True, height="stretch", vertical_alignment="distribute"):
                with st.container():
                    st.caption(_("Lesson {number} · about {minutes} min").format(number=i + 1, minutes=lesson.minutes))
                    st.subheader(texts["title"], anchor=False)
                    words.write(texts["question"])
                share = record.share(lesson)
                if share:
                    st.progress(share, text=_("Done") if share >= 1 else _("Begun"))
                label = _("Look at it again") if share >= 1 else _("Go on") if share else _("Begin")
                st.page_link("learn.py", label=label, icon=":material/arrow_forward:", query_params={LESSON: name})
    st.page_link("learn.py", label=_("Glossary"), icon=":material/menu_book:", query_params={words.TERM: ""})
    _class()


def _class() -> None:
    """For teachers: how the lessons make a class, and their locked links."""
    _, texts = translate(), words.of("class")
    with st.expander(texts["title"], icon=":material/school:"):
        for part in ("intro", "before", "during", "after"):
            words.write(texts[part])
        minutes = sum(lesson.minutes for lesson in LESSONS.values())
        st.caption(_("All lessons together take about {minutes} minutes. Locked links:").format(minutes=minutes))
        line = _("{title} ({minutes} min): {link}")
        rows = [f"{i}. " + line.format(title=words.of(name)["title"], minutes=lesson.minutes, link=f"`{address()}?{LESSON}={name}&{LOCKED}=1`")
                for i, (name, lesson) in enumerate(LESSONS.items(), 1)]  # fmt: skip
        st.markdown("\n".join(rows))


def _glossary(term: str) -> None:
    _, texts = translate(), words.of("glossary")
    names = sorted(
        (name for name in texts if not name.endswith(".title")), key=lambda name: texts[f"{name}.title"].lower()
    )
    st.page_link("learn.py", label=_("All lessons"), icon=":material/arrow_back:")
    st.header(_("Glossary"), anchor=False)
    if term and term not in names:
        st.warning(plain(_(_NO_TERM).format(name=term[:60])), icon=":material/link_off:")
    for name in [term] * (term in names) + [name for name in names if name != term]:
        with st.container(border=name == term):
            st.markdown(f"**{texts[f'{name}.title']}**  \n{words.written(texts[name])}")
