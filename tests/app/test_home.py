"""Home, the navigation and the languages."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import estimate, presets, registry
from gan_core.runs.scheduler import Scheduler
from pages._ui.i18n import languages
from pages._ui.owner import public_id

Open = Callable[..., AppTest]


def test_home_offers_every_preset_and_says_what_the_machine_is(visit: Open) -> None:
    app = visit()
    assert app.title[0].value == "GAN Playground"
    offered = [e for e in registry.preset.entries() if e.info["goal"] in presets.GOALS]
    assert [b.key for b in app.button if b.label == "Start"] == [f"start-{e.name}" for e in offered]
    assert [h.value for h in app.header][: len(presets.GOALS)] == list(presets.GOALS.values())
    shown = iter([s.value for s in app.subheader])
    for goal in presets.GOALS:
        assert [next(shown) for e in registry.preset.entries() if e.info["goal"] == goal] == [
            e.title for e in registry.preset.entries() if e.info["goal"] == goal
        ]
    told = "\n".join(c.value for c in app.caption)
    assert all(e.info["see"] in told and e.info["try_this"] in told for e in offered)
    assert any("does the training" in m.value for m in app.markdown)


@pytest.mark.parametrize(("seconds", "said"), [(2.0, "About 5 s"), (88.0, "About 90 s"), (1465.0, "About 24 min")])
def test_a_long_time_is_said_in_minutes(
    visit: Open, monkeypatch: pytest.MonkeyPatch, seconds: float, said: str
) -> None:
    monkeypatch.setattr(estimate, "seconds_here", lambda *_: seconds)
    assert any(f"{said} on this machine." in c.value for c in visit().caption)


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_start_opens_the_lab_with_the_new_run(visit: Open, scheduler: Scheduler, name: str) -> None:
    app = visit()
    app.button(key=f"start-{name}").click().run()
    assert not app.exception
    (session,) = scheduler.sessions()
    assert session.config == presets.load(name)
    assert session.owner == public_id(app.session_state["_owner_secret"])
    assert app.header[0].value == {"ring": "2-D Lab", "digits": "Image Lab"}[name]


def test_home_lists_the_runs_that_go_on(visit: Open, scheduler: Scheduler) -> None:
    scheduler.create(presets.load("moons"), "0" * 16)
    captions = [c.value for c in visit().caption]
    assert any("somebody else's" in text for text in captions)


@pytest.mark.parametrize("page", ["home.py", "lab.py", "images.py"])
@pytest.mark.parametrize("code", ["en", "zh_CN", "zh-Hans-CN", "xx", "<b>"])
def test_every_page_in_every_language(visit: Open, page: str, code: str) -> None:
    app = visit(page, lang=code)
    translated = "zh_CN" in languages() and code.startswith("zh")
    shown = (app.title or app.header)[0].value
    expected = {"home.py": "GAN Playground", "lab.py": "2-D Lab", "images.py": "Image Lab"}[page]
    assert shown == expected if not translated or page == "home.py" else shown != expected
