"""The board below a run that translates: when it is there, what the browser is handed, and its words."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import presets
from gan_core.runs.scheduler import Scheduler
from pages._ui import hand, tokens

Open = Callable[..., AppTest]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(hand, "_component", lambda data, **_more: found.append(dict(data)))
    return found


def test_it_is_there_with_a_run(visit: Open, scheduler: Scheduler, handed: list[dict[str, Any]]) -> None:
    app = visit("translate.py", preset="neon")
    assert not handed
    assert not app.subheader
    app.button(key="translate.start").click().run()
    assert not app.exception
    (session,) = scheduler.sessions()
    assert [(one.value, one.anchor) for one in app.subheader] == [("Try it yourself", hand.ANCHOR)]
    assert any(f"(#{hand.ANCHOR})" in one.value for one in app.markdown)  # the way down to it
    said = handed[-1]
    assert (said["run"], said["control"], said["cycles"]) == (session.id, True, True)
    grant = tokens.check(said["token"])
    assert (grant.run, grant.capability) == (session.id, "control")
    words = said["labels"]
    assert (words["hand.board"], words["hand.made"], words["hand.back"]) == ("Paper: draw here", "Neon, translated", "Paper, and back")  # fmt: skip


def test_other_labs_have_none(visit: Open, scheduler: Scheduler, handed: list[dict[str, Any]]) -> None:
    app = visit("images.py")
    app.button(key="images.start").click().run()
    assert not app.exception
    assert scheduler.sessions()
    assert not handed


def test_the_words_are_those_of_the_direction_and_all_are_there() -> None:
    edges = presets.load("edges")
    there = hand.hand_labels(edges, lambda text: f"{text}!", "en")
    assert (there["hand.board"], there["hand.made"], there["lang"]) == (
        "Outline!: draw here!",
        "Digit!, translated!",
        "en",
    )
    back = hand.hand_labels(settings.replace(edges, {"data.direction": "back"}), str, "en")
    assert (back["hand.board"], back["hand.made"]) == ("Digit: draw here", "Outline, translated")
    script = hand.SCRIPT
    used = set(re.findall(r'words\.get\("([\w.]+)"', script)) | {
        f"hand.{code}" for code in ("board", "made", "back", "board.saved")
    }
    assert len(used) > 20
    own = {
        code
        for code in used
        if code.split(".")[0] in ("hand", "sketch", "project", "undo", "redo", "nothing", "waiting")
    }
    assert own
    assert own <= set(there)
