"""Measuring in the Image Lab, as a page: what can be asked for, what is refused, what is shown of what was found."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_labs import start, texts, until

from gan_core import registry
from gan_core.metrics import inception, kernel
from gan_core.runs.measured import Measured
from gan_core.runs.scheduler import Scheduler

Open = Callable[..., AppTest]


@pytest.fixture(scope="module", autouse=True)
def few_subsets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "SUBSETS", 5)
        yield


def resting(visit: Open, scheduler: Scheduler, **query: str) -> tuple[AppTest, Any]:
    """A run that has trained for a moment and is saved."""
    app = visit("images.py", **query)
    run = start(app, "images", scheduler)
    until(lambda: run.step > 2)
    run.command("pause")
    until(lambda: run.status == "paused" and run.has_obeyed and run.step in run.folder.states())
    app.run()
    return app, run


def tables(app: AppTest) -> list[str]:
    return [e.proto.body for e in app.get("html") if "<table class='gp-measures'" in e.proto.body]


def rows(table: str) -> dict[str, list[str]]:
    """The cells of each figure, without their marks."""
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table)[1:]:
        cells = [html.unescape(re.sub(r"<[^>]+>", " ", cell)) for cell in re.findall(r"<div>(.*?)</div>", row)]
        name = re.findall(r"<b>(.*?)</b>", row)[0]
        found[html.unescape(name)] = [re.sub(r"\s+", " ", cell).strip() for cell in cells]
    return found


def measured(app: AppTest, run: Any, scheduler: Scheduler, samples: int = 150) -> AppTest:
    app.number_input(key="images.measure.samples").set_value(samples).run()
    app.button(key="images.measure.begin").click().run()
    job = scheduler.measurements.of(run.folder)
    assert job is not None
    deadline = time.monotonic() + 120
    while job.is_active:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert job.status == "done", job.error
    app.run()
    assert not app.exception
    return app


def test_a_run_is_measured_and_the_result_stays_with_it(visit: Open, scheduler: Scheduler) -> None:
    app, run = resting(visit, scheduler)
    assert not tables(app)
    measured(app, run, scheduler)
    found = rows(tables(app)[0])
    titles = [
        e.title
        for e in registry.metric.entries()
        if e.info["kind"] == "images" and e.name not in ("fd", "kd", "as_asked")
    ]
    assert set(found) == {
        "Fréchet distance (digits classifier)",
        "Kernel distance (digits classifier)",
        *titles,
        "Sliced Wasserstein",
    }
    assert not any("FID" in name or "KID" in name for name in found)
    kept = run.folder.measured.read()[0][0]
    fd = next(m for m in kept.measures if m.name == "fd")
    value, floor, counts, by = found["Fréchet distance (digits classifier)"][1:]
    assert "±" in value
    assert float(value.split(" ")[0].replace(",", "")) == pytest.approx(fd.value, rel=0.01)
    assert float(floor.replace(",", "")) == pytest.approx(fd.floor, rel=0.01)
    assert counts == "150 samples, 1,797 real"
    assert by.startswith("digits classifier, 64 features")
    said = tables(app)[0]
    assert "lower is better" in said
    assert "higher is better" in said
    assert f"Step {run.step:,} · digits classifier · 150 samples" in "\n".join(
        m.value.replace("\\", "") for m in app.markdown
    )
    # Another visitor, later: it is there, and cannot be measured by somebody else.
    other = visit("images.py", run=run.id)
    assert rows(tables(other)[0]) == found


def test_somebody_else_sees_it_and_does_not_measure(visit: Open, scheduler: Scheduler) -> None:
    app, run = resting(visit, scheduler)
    measured(app, run, scheduler)
    run.owner = "somebody else"
    other = visit("images.py", run=run.id)
    assert tables(other)
    assert "images.measure.begin" not in {button.key for button in other.button}


def test_too_few_samples_are_refused_with_how_many_are_needed(visit: Open, scheduler: Scheduler) -> None:
    app, run = resting(visit, scheduler)
    assert "65" in texts(app)
    app.number_input(key="images.measure.samples").set_value(99).run()
    assert "99 samples are too few: choose at least 100" in texts(app).replace("\\", "")
    assert app.button(key="images.measure.begin").disabled
    forced = app.button(key="images.measure.begin")
    forced.proto.disabled = False  # the browser may send what it likes
    forced.click().run()
    assert not app.exception
    assert scheduler.measurements.of(run.folder) is None


def test_inception_is_explained_where_it_is_missing(
    visit: Open, scheduler: Scheduler, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "cache_dir", lambda: tmp_path)
    app, _run = resting(visit, scheduler)
    app.session_state["images.measure.features"] = "inception"
    app.run()
    assert not app.exception
    said = texts(app).replace("\\", "")
    assert str(inception.weights_path()) in said
    assert "docs/adding.md" in said
    assert app.button(key="images.measure.begin").disabled


def test_a_broken_result_is_named_and_the_page_is_there(visit: Open, scheduler: Scheduler) -> None:
    app, run = resting(visit, scheduler)
    measured(app, run, scheduler)
    (file,) = run.folder.measured.path.glob("*")
    broken = file.with_name(f"{5:012}-classifier-150.json")
    broken.write_text(file.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    other = visit("images.py", run=run.id)
    said = texts(other).replace("\\", "")
    assert f"{run.id}/measures/{broken.name}" in said
    assert str(run.folder.path.parent) not in said
    assert tables(other)


def test_results_of_different_features_are_never_shown_together(visit: Open, scheduler: Scheduler) -> None:
    app, run = resting(visit, scheduler)
    measured(app, run, scheduler)
    mine = run.folder.measured.read()[0][0]
    run.folder.measured.keep(_as_inception(mine))
    run.folder.measured.keep(
        replace(mine, step=mine.step - 1, time="2020-01-01T00:00:00+00:00", found=dict(mine.found) | {"fd": 12345.0})
    )
    other = visit("images.py", run=run.id)
    (box,) = [box for box in other.selectbox if box.key and box.key.startswith("images.measure.shown")]
    assert len(box.options) == 3
    for choice in box.options:
        box.set_value(choice)
        other.run()
        (table,) = tables(other)
        is_inception = "standard Inception" in choice
        assert ("FID" in rows(table)) == is_inception
        assert ("Fréchet distance (digits classifier)" in rows(table)) != is_inception
        newer = f"Step {mine.step:,} " in choice
        assert ("12,345 at step" in table) == (newer and not is_inception)
        (box,) = [box for box in other.selectbox if box.key and box.key.startswith("images.measure.shown")]


def _as_inception(mine: Measured) -> Measured:
    more: dict[str, Any] = {}
    for name in ("fd", "kd", "score", "precision", "recall", "density", "covered"):
        more |= {f"{name}_by": "standard Inception", f"{name}_features": "standard Inception features, 2048 wide",
                 f"{name}_features_key": "inception-1", f"{name}_inception": True}  # fmt: skip
    return replace(mine, features="inception", time="2030-01-01T00:00:00+00:00", found=dict(mine.found) | more)


def test_the_share_of_the_time_can_be_chosen(visit: Open, scheduler: Scheduler) -> None:
    app, run = resting(visit, scheduler)
    (control,) = [c for c in app.get("button_group") if c.key and c.key.startswith("images.measure.share")]
    assert control.value == 0.05
    control.set_value(0.0).run()
    assert not app.exception
    assert run.gauge.share == 0.0
    app.run()
    (control,) = [c for c in app.get("button_group") if c.key and c.key.startswith("images.measure.share")]
    assert control.value == 0.0


def test_points_have_no_such_part(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    start(app, "lab", scheduler)
    app.run()
    assert not any("Measure" in box.label for box in app.expander)
