"""What lessons are made of: their words in both languages, their parts, what is kept of a learner's progress."""

from __future__ import annotations

import json
import re

import pytest

from gan_core import config as settings
from gan_core import registry, zoo
from gan_core.dirac import settings as dirac
from gan_core.errors import ConfigError
from gan_core.lessons import LESSONS, symbols, texts
from gan_core.lessons.lesson import Ask, Figure, Lab, Lesson, Pair, Prose, Reveal, Target, Task, Trial, tasks_of
from gan_core.lessons.progress import LONGEST, Progress, Record, merged, read
from gan_core.lessons.sight import Sight, of_runs
from gan_core.runs.snapshots import Mark
from pages._ui import i18n

LANGUAGES = ("en", "zh_CN")
EVERY = [pytest.param(lesson, id=name) for name, lesson in LESSONS.items()]


def wanted(lesson: Lesson) -> set[str]:
    """The texts that a lesson needs."""
    names = {"title", "question", "end", "teacher"}
    for part in lesson.parts:
        names |= {part.id} | {f"{part.id}.{task.id}" for task in tasks_of(part)}
        if isinstance(part, Ask):
            names |= {f"{part.id}.{option}" for option in part.options} | (
                {f"{part.id}.why"} if part.checked else set()
            )
        if isinstance(part, Pair):
            names |= {f"{part.id}.{letter}" for letter in "abcd"[: len(part.versions)]}
        if isinstance(part, Trial):
            names |= {f"{part.id}.{trick}{what}" for trick in part.tricks for what in ("", ".what")}
    return names


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lesson", EVERY)
def test_each_text_is_there_and_none_is_left_over(lesson: Lesson, language: str) -> None:
    assert (texts.FOLDER / f"{lesson.name}.{language}.md").is_file()
    found = texts.of(lesson.name, language)
    assert set(found) == wanted(lesson)
    assert all(found.values())


@pytest.mark.parametrize("lesson", EVERY)
def test_languages_say_the_same_in_their_own_words(lesson: Lesson) -> None:
    here, there = (texts.of(lesson.name, language) for language in LANGUAGES)
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for name in here:
        assert not chinese.search(here[name]), name
        assert chinese.search(there[name]) or not re.search("[a-z]{5}", there[name]), name
        assert {*texts.symbols(here[name])} == {*texts.symbols(there[name])}, name
        assert {*texts.terms(here[name])} == {*texts.terms(there[name])}, name
        assert here[name].count("$") % 2 == there[name].count("$") % 2 == 0, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms_and_symbols_are_explained(language: str) -> None:
    glossary, meanings = texts.of("glossary", language), texts.of("symbols", language)
    assert set(meanings) == set(symbols.LATEX)
    terms = {name for name in glossary if not name.endswith(".title")}
    assert {f"{term}.title" for term in terms} == set(glossary) - terms
    for name in LESSONS:
        for text in texts.of(name, language).values():
            assert {*texts.terms(text)} <= terms
            assert {*texts.symbols(text)} <= set(symbols.LATEX)
            symbols.drawn(texts.with_links(text, "?{term}", glossary))


def test_each_language_has_every_file() -> None:
    names = {path.name.split(".")[0] for path in texts.FOLDER.glob("*.md")}
    assert names == {*LESSONS, "class", "glossary", "symbols"}
    assert set(texts.languages()) == set(LANGUAGES)


@pytest.mark.parametrize("lesson", EVERY)
def test_its_parts_go_together(lesson: Lesson) -> None:
    ids = [part.id for part in lesson.parts]
    assert len(set(ids)) == len(ids)
    assert 5 <= lesson.minutes <= 10
    done: set[str] = set()
    predictions = 0
    for part in lesson.parts:
        assert set(part.after) <= done, f"{part.id} waits for what comes after it"
        if isinstance(part, Ask):
            done.add(part.id)
            predictions += not part.checked
            if part.is_number:
                assert part.low < part.right < part.high  # type: ignore[operator]
                assert part.tolerance > 0
            else:
                assert part.right in part.options
                assert len(part.options) >= 2
        if isinstance(part, Reveal) and part.of:
            assert part.of in done
        if isinstance(part, Lab):
            known = {field.name for field in settings.fields()}
            assert set(part.controls) <= known
            part.config  # noqa: B018 - raises for what does not go together
            assert set(part.weights) <= {entry.name for entry in registry.penalty.entries()}
        if isinstance(part, Figure) and part.name == "dirac":
            assert set(part.controls) <= set(dirac.fields())
            for task in tasks_of(part):
                assert {*task.solution} <= {*part.controls}, "a locked link lets the goal be reached"
        if isinstance(part, Pair):
            assert 2 <= len(part.configs) <= 4
        if isinstance(part, Trial):
            assert 2 <= len(part.seeds) <= 4  # as many runs as a place of the progress keeps
            assert not {*part.tricks} & {"plain", *(task.id for task in part.tasks)}
            for trick in ("", *part.tricks):
                part.configs(trick)
        done |= {f"{part.id}.{task.id}" for task in tasks_of(part)}
    assert predictions >= 1, "a prediction before what it predicts"
    assert any(task.goal for part in lesson.parts for task in tasks_of(part)), "a goal that checks itself"
    assert any(isinstance(part, (Lab, Pair, Trial, Figure)) for part in lesson.parts)
    assert isinstance(lesson.parts[0], Prose)


def test_a_file_of_texts_is_read() -> None:
    assert texts.read("\n@title\nOne\n\ntwo\n@a.b\n  three  \n") == {"title": "One\n\ntwo", "a.b": "three"}
    for wrong in ("words\n@title\nOne", "@title\nOne\n@title\nTwo"):
        with pytest.raises(texts.TextError):
            texts.read(wrong)


def test_a_symbol_is_found_by_its_colour() -> None:
    found = symbols.by_colour()
    assert list(found.values()) == list(symbols.LATEX)
    assert len({symbols.colour(name) for name in symbols.LATEX}) == len(symbols.LATEX)
    hexes = re.findall(r"#([0-9a-f]{6})", symbols.drawn(r"$\s{D}(\s{x})$"))
    named = [found["rgb({}, {}, {})".format(*bytes.fromhex(one))] for one in hexes]
    assert named == ["D", "x"]


NUMBER = Ask("n", low=-1, high=2, right=0.5, tolerance=0.01)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("0.5", 0.5),
        (" 0,5 ", 0.5),
        ("−1", -1.0),
        ("1．5", 1.5),
        ("５e-1", 0.5),
        (2, 2.0),
        ("3/4", 0.75),
        ("−1／2", -0.5),
        ("75%", 0.75),
        ("１２,5 ％", 0.125),
    ],
)
def test_numbers_as_people_type_them(typed: object, value: float) -> None:
    assert NUMBER.read(typed) == value


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a half",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "3",
        "-1.01",
        None,
        "0.5.5",
        "$x$",
        "1" * 400,
        "1/0",
        "1/",
        "1/2/2",
        "inf/inf",
        "%",
        "5%%",
        "%5",
        "300%",
    ],
)
def test_what_is_no_answer_is_told(typed: object) -> None:
    with pytest.raises(ConfigError) as error:
        NUMBER.read(typed)
    assert str(error.value)


def test_what_is_asked_for_in_per_cent_may_carry_its_sign() -> None:
    share = Ask("n", high=100, right=10, tolerance=0.5, percent=True)
    assert [share.read(typed) for typed in ("10", "10%", "10 ％", 10)] == [10] * 4
    asked = {ask.id for lesson in LESSONS.values() for ask in lesson.asks().values() if ask.percent}
    assert asked == {ask.id for name, lesson in LESSONS.items() for ask in lesson.asks().values()
                     if ask.is_number and "per cent" in texts.of(name, "en")[ask.id]}  # fmt: skip


def test_a_choice_is_one_of_the_options() -> None:
    ask = Ask("a", options=("one", "two"), right="two")
    assert ask.read("one") == "one"
    assert (ask.is_right("two"), ask.is_right("one")) == (True, False)
    for wrong in ("three", 1, None, ["one"]):
        with pytest.raises(ConfigError):
            ask.read(wrong)
    assert NUMBER.is_right(0.51)
    assert not NUMBER.is_right(0.52)


def test_a_task_looks_at_step_figures_and_settings() -> None:
    task = Task(
        "t",
        (Target("modes", at_most=3), Target("quality", at_least=0.5)),
        after_step=100,
        when=lambda s: s.status != "paused",
    )
    assert task.is_done(Sight(100, {"modes": 3, "quality": 0.5}))
    assert not task.is_done(Sight(99, {"modes": 3, "quality": 0.5}))
    assert not task.is_done(Sight(100, {"modes": 4, "quality": 0.5}))
    assert not task.is_done(Sight(100, {"modes": 3}))
    assert not task.is_done(Sight(100, {"modes": 3, "quality": float("nan")}))
    assert not task.is_done(Sight(100, {"modes": 3, "quality": 0.5}, status="paused"))
    both = of_runs([Sight(7, {"modes": 1.0}), Sight(5, {"modes": 2.0})])
    assert (both.step, both.figures) == (5, {"a.modes": 1.0, "b.modes": 2.0})


# ── progress ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

LESSON = Lesson(
    "one",
    5,
    (Prose("p"), Ask("a", options=("x", "y"), right="x"), NUMBER, Lab("lab", "ring", tasks=(Task("t"), Task("u")))),
)
KNOWN = {"one": LESSON}
RECORD = Record(
    {"a": "x", "n": 0.5}, frozenset({"lab.t"}), {"lab": ("ring-20260101-000000-abcdef",)}, frozenset({"lab"}), 2
)


def test_progress_survives_the_browser() -> None:
    whole = Progress({"one": RECORD})
    assert read(whole.write(), KNOWN) == (whole, True)
    assert Progress().write() == ""
    assert read("", KNOWN) == (Progress(), True)
    assert RECORD.share(LESSON) == 3 / 4


@pytest.mark.parametrize("text", [
    "{", "[]", "null", "3", '"x"', '{"v":1}', '{"v":2,"lessons":{}}', '{"v":1,"lessons":[]}', "x" * (LONGEST + 1), "[" * 5000,
    7, {"v": 1},
])  # fmt: skip
def test_progress_that_cannot_be_read_begins_anew(text: object) -> None:
    assert read(text, KNOWN) == (Progress(), False)


@pytest.mark.parametrize("said", [
    {"answers": {"a": "z"}}, {"answers": {"n": "1e9"}}, {"answers": {"other": "x"}}, {"done": ["lab.t", "lab.other"]}, {"done": ["a"]},
    {"runs": {"lab": ["../../etc"]}}, {"runs": {"lab": "ring"}}, {"runs": {"lab": []}}, {"runs": {"other": ["ring"]}},
    {"turn": -1}, {"turn": "2"}, {"turn": True}, {"opened": ["nothing"]},
])  # fmt: skip
def test_what_was_altered_is_left_out_and_the_rest_stays(said: dict[str, object]) -> None:
    found, whole = read(json.dumps({"v": 1, "lessons": {"one": {"answers": {"a": "x"}} | said, "gone": {}}}), KNOWN)
    assert not whole
    record = found.of("one")
    assert record.done <= {"lab.t", "lab.u"}
    assert record.runs == {}
    assert record.turn == 0
    assert record.opened == frozenset()
    assert set(record.answers) <= {"a"}


def test_two_tabs_become_one() -> None:
    here = Progress({"one": Record({"a": "x"}, frozenset({"lab.t"}))})
    there = Progress({"one": Record({"a": "y", "n": 1.0}, frozenset({"lab.u"}), {"lab": ("r",)})})
    both = merged(here, there).of("one")
    assert both.answers == {"a": "x", "n": 1.0}
    assert both.done == {"lab.t", "lab.u"}
    assert both.runs == {"lab": ("r",)}
    again = here.anew("one")
    assert merged(again, there) == again
    assert merged(there, again).of("one") == Record(turn=1)


def test_a_part_opens_when_what_it_waits_for_is_done() -> None:
    record = Record()
    assert not record.is_open("p", ("a", "lab.t"))
    record = record.answered("a", "y").ticked(frozenset({"lab.t"}))
    assert record.is_open("p", ("a", "lab.t"))
    assert record.answered("a", "x").answers == {"a": "y"}, "the first answer stays"
    assert Record().opens("p").is_open("p", ("a",))


@pytest.mark.parametrize("lesson", EVERY)
def test_what_it_leads_on_to_is_there(lesson: Lesson) -> None:
    for entry in lesson.zoo:
        assert zoo.find(entry), entry


_BOLD = re.compile(r"\*\*(.+?)\*\*")


@pytest.mark.parametrize("lesson", EVERY)
def test_controls_are_called_what_they_are_called(lesson: Lesson) -> None:
    """What an English text names in bold letters and the app says, too, has its own Chinese name in the Chinese text."""
    translate = i18n.translator("zh_CN").gettext
    here, there = (texts.of(lesson.name, language) for language in LANGUAGES)

    def named(text: str, language: str) -> set[str]:
        glossary = texts.of("glossary", language)
        plain = re.sub(r"\[\[([a-z-]+)(?:\|([^\]]+))?\]\]", lambda m: m[2] or glossary[f"{m[1]}.title"], text)
        return {part.strip() for bold in _BOLD.findall(plain) for part in bold.split("→")}

    for name, text in here.items():
        wanted = {translate(label) for label in named(text, "en") if translate(label) != label}
        found = named(there[name], "zh_CN")
        assert wanted <= found, name


@pytest.mark.parametrize("task", LESSONS["collapse"].part("cure").tasks, ids=lambda task: task.id)  # type: ignore[union-attr]
def test_a_cure_counts_when_it_has_lasted(task: Task) -> None:
    """What an earlier remedy has brought about is not taken for the work of the one that was chosen a moment ago."""
    lab = LESSONS["collapse"].part("cure")
    assert isinstance(lab, Lab)
    config = settings.replace(lab.config, dict(task.solution) or {"loss": "hinge"})
    covered = {"modes": 8.0, "reverse_kl": 0.1}
    mark = Mark(1000, "loss", "a", "b")
    assert task.is_done(Sight(1000, covered, config))
    assert not task.is_done(Sight(1100, covered, config, marks=(mark,)))
    assert task.is_done(Sight(1600, covered, config, marks=(mark,)))
    assert not task.is_done(Sight(990, covered, config, marks=(mark,))), "measured before the change"


@pytest.mark.parametrize(("task", "changes"), [
    ("gp", {"penalty": "wgan_gp", "penalty_weight": 1.0}), ("bound", {"penalty": "weight_clipping", "penalty_weight": 0.5}),
])  # fmt: skip
def test_a_way_to_hold_the_critic_counts_when_it_has_lasted(task: str, changes: dict[str, object]) -> None:
    """What the run had learned while nothing held its critic is not the work of the penalty that was chosen a moment ago."""
    lab = LESSONS["distances"].part("critic")
    assert isinstance(lab, Lab)
    config = settings.replace(lab.config, changes)
    found = {"quality": 0.4, "reverse_kl": 0.1, "slope": 0.9}
    mark = Mark(1000, "penalty", "none", str(changes["penalty"]))
    wanted = next(one for one in lab.tasks if one.id == task)
    assert wanted.is_done(Sight(1000, found, config))
    assert not wanted.is_done(Sight(1100, found, config, marks=(mark,)))
    assert wanted.is_done(Sight(1200, found, config, marks=(mark,)))
