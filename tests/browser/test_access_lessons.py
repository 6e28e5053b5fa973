"""Every lesson for everybody: with all of its parts open, axe finds nothing serious in it, in light and in dark."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from test_access import in_both, settled
from test_learn_page import KEY

from gan_core.lessons import LESSONS

CLOSED = "The lesson goes on here once the step above is done."


def done(name: str) -> dict[str, Any]:
    """Of a lesson, all of it: what opens its last part."""
    lesson = LESSONS[name]
    asks = lesson.asks()
    answers = {ask: one.right if one.is_number else one.options[0] for ask, one in asks.items()}
    return {"answers": answers, "done": sorted(set(lesson.steps) - set(asks))}


@pytest.mark.parametrize("name", LESSONS)
def test_axe_finds_nothing_serious_in_a_lesson(visitor: Callable[..., Any], name: str) -> None:
    page = visitor()
    page.goto("/api/health")  # the smallest page there is: it only has to be of this server
    kept = json.dumps({"v": 1, "lessons": {name: done(name)}})
    page.evaluate("([key, kept]) => localStorage.setItem(key, kept)", [KEY, kept])
    page.set_default_timeout(150_000)  # one of them trains a classifier before it shows anything
    settled(page, f"/learn?lesson={name}", ".st-key-lesson-end")
    assert page.get_by_text(CLOSED).count() == 0
    assert in_both(page) == []
