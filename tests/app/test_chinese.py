"""Every page in Chinese: no message without words, no English sentence left on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import presets
from gan_core.lessons import LESSONS
from gan_core.runs.scheduler import Scheduler
from pages._ui import owner

Open = Callable[..., AppTest]
PAGES = [
    "home.py",
    "lab.py",
    "compare.py",
    "images.py",
    "translate.py",
    "latent.py",
    "learn.py",
    "runs.py",
    "comparison.py",
]
# What is called so in Chinese, too; and what a person or a paper is called.
NAMES = re.compile(
    r"`[^`]*`|https?://\S+|:material/\w+:|\$[^$]*\$|\[[^\]]*\]\([^)]*\)|arXiv:\S+|"
    r"\b(GAN Playground|et al|Jupyter|TensorBoard|safetensors|CPU,? \d+ cores?|Language)\b"
)
ENGLISH = re.compile(r"\b[A-Za-z][a-z]+(?: [a-z]{2,}){2,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def texts(app: AppTest) -> Iterator[str]:
    """Whatever a visitor can read on a page, in its controls and in what these say when asked."""
    for kind in ("title", "header", "subheader", "markdown", "caption", "text", "warning", "error", "info", "success"):
        yield from (element.value for element in app.get(kind))
    for kind in ("button", "selectbox", "slider", "select_slider", "number_input", "text_input", "text_area", "toggle", "checkbox",
                 "radio", "multiselect", "expander", "popover", "page_link", "download_button"):  # fmt: skip
        for element in app.get(kind):
            proto = element.proto
            yield from (getattr(proto, name, "") for name in ("label", "help", "placeholder"))
            yield from getattr(proto, "options", ())


def left(app: AppTest) -> set[str]:
    """English sentences on the page."""
    return {found[0] for text in texts(app) for found in ENGLISH.finditer(NAMES.sub(" ", str(text)))}


@pytest.mark.parametrize("page", PAGES)
def test_no_english_is_left(visit: Open, page: str) -> None:
    app = visit(page, lang="zh_CN")
    assert any(CHINESE.search(str(text)) for text in texts(app))
    assert left(app) == set()


@pytest.mark.parametrize("name", list(LESSONS))
def test_lessons_are_chinese(visit: Open, name: str) -> None:
    app = visit("learn.py", lang="zh_CN", lesson=name)
    assert left(app) == set()


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_no_english_is_left_beside_a_run(
    visit: Open, scheduler: Scheduler, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings.replace(
        presets.load(name), {"data.image_size": 8, "horizon": 64} if name == "digits" else {"horizon": 256}
    )
    run: Any = scheduler.create(config, "me")
    monkeypatch.setattr(owner, "owner_id", lambda: "me")
    for page in ("lab.py" if name == "ring" else "images.py", "runs.py", "latent.py"):
        assert left(visit(page, lang="zh_CN", run=run.id)) == set()
