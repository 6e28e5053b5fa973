"""The page Compare: which runs, what differs, whether it is luck, again with other seeds; and the route that draws its pictures."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from _mirrored import shown
from _until import until
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from gan_core.config import RunConfig, replace
from gan_core.runs.commands import Pause
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from pages._ui import tokens
from pages._ui.album import AlbumRoute

Open = Callable[..., AppTest]
TINY: dict[str, Any] = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (8, 8), "discriminator.hidden": (8, 8), "batch_size": 16, "threads": 1,
    "engine": "eager", "horizon": 0,
}  # fmt: skip


def trained(scheduler: Scheduler, owner: str = "me", **changes: Any) -> TrainingSession:
    run = scheduler.create(replace(RunConfig(), TINY | changes), owner)
    until(lambda: run.step > 20)
    run.send(Pause())
    until(lambda: run.status == "paused")
    assert run.folder is not None
    folder = run.folder
    until(lambda: folder.has_checkpoint and folder.facts().get("status") == "paused")
    return run


def both(scheduler: Scheduler, **changes: Any) -> list[TrainingSession]:
    """Two runs that stand at the same step; the second has no penalty."""
    first = replace(RunConfig(), TINY | changes)
    runs = scheduler.create_together([first, replace(first, {"penalty": "none"})], "me")
    until(lambda: all(run.step > 20 for run in runs))
    scheduler.send(runs[0], Pause())
    folders = [scheduler.store.folder(run.id) for run in runs]
    until(lambda: all(folder.facts().get("status") == "paused" for folder in folders))
    assert runs[0].step == runs[1].step
    return runs


def said(app: AppTest) -> str:
    kinds = (app.warning, app.error, app.info, app.caption, app.markdown, app.subheader)
    return "\n".join(e.value for kind in kinds for e in kind).replace("\\", "")


def test_it_says_what_differs_and_that_one_seed_says_nothing(visit: Open, scheduler: Scheduler) -> None:
    a, b = both(scheduler)
    app = visit("comparison.py", runs=f"{a.id},{b.id}")
    assert "| Penalty | R1 + R2 | None |" in said(app)
    assert "nobody can tell it from luck" in said(app)
    assert "The same latents through all generators" in said(app)
    assert app.session_state["comparison.by"] == "quality"
    app.selectbox(key="comparison.by").set_value("swd").run()
    assert "Sliced Wasserstein: " in said(app)
    for axis in ("images", "seconds", "step"):
        app.session_state["comparison.axis"] = axis
        app.run()
        assert not app.exception
    assert f"At Step {a.step}" in said(app)
    chinese = said(visit("comparison.py", runs=f"{a.id},{b.id}", lang="zh_CN"))
    # Markdown would not end the bold between a full stop and a letter.
    assert "**。差值为" in chinese


def test_again_with_other_seeds_in_one_click(visit: Open, scheduler: Scheduler) -> None:
    a, b = both(scheduler, seed=1)
    app = visit("comparison.py", runs=f"{a.id},{b.id}")
    app.number_input(key="comparison.n").set_value(2).run()
    app.button(key="comparison.repeat").click().run()
    assert not app.exception
    asked = app.query_params["runs"]
    ids = (asked if isinstance(asked, str) else asked[0]).split(",")
    assert ids[:2] == [a.id, b.id]
    made = [scheduler.get(run_id) for run_id in ids[2:]]
    assert [run.config.seed for run in made if run is not None] == [2, 2]
    assert {run.config.penalty for run in made if run is not None} == {"r1_r2", "none"}
    folders = [scheduler.store.folder(run_id) for run_id in ids[2:]]
    until(lambda: all(folder.facts().get("status") == "finished" for folder in folders))
    assert [run.step for run in made if run is not None] == [a.step, b.step]
    app.run()
    assert "| Seeds | 2 | 2 |" in said(app)
    assert "± " in said(app)


def test_what_is_gone_or_of_another_kind_is_said_and_the_rest_goes_on(visit: Open, scheduler: Scheduler) -> None:
    a = trained(scheduler)
    pictures = trained(scheduler, **{"data.name": "digits", "data.image_size": 8, "batch_size": 8})
    app = visit("comparison.py", runs=f"{a.id},ring-20200101-000000-abcdef,../../etc")
    assert "There is no run ring-20200101-000000-abcdef here any more." in said(app)
    assert "Choose two to eight runs above" in said(app)
    app = visit("comparison.py", runs=f"{a.id},{pictures.id}")
    assert "choose runs of one kind" in said(app)
    app = visit("comparison.py")
    assert "Choose two to eight runs above" in said(app)
    assert len(shown(app, "multiselect", "comparison.runs").options) == 2


@pytest.fixture
def door(scheduler: Scheduler) -> TestClient:
    def folder(run_id: str) -> Any:
        return scheduler.store.folder(run_id) if scheduler.store.exists(run_id) else None

    route = AlbumRoute(folder, lambda run_id: None, tokens.check, tuple)
    return TestClient(Starlette(routes=[Route("/api/album", route.draw, methods=["POST"])]))


def test_the_route_draws_all_runs_of_a_moment(scheduler: Scheduler, door: TestClient) -> None:
    run = trained(scheduler)
    token, step = tokens.issue_for(run.id, control=False), run.step
    cells = [{"token": token, "step": step, "what": "fake"}, {"token": token, "step": 10**9, "what": "fake"}]
    answer = door.post("/api/album", json={"cells": cells, "latents": 0, "side": 64})
    assert answer.status_code == 200
    drawn, missing = answer.json()["pictures"]
    assert base64.b64decode(drawn["data"].split(",")[1])[8:12] == b"WEBP"
    assert missing["error"].startswith("Nothing is kept of this run")
    other = door.post("/api/album", json={"cells": cells[:1], "latents": 5, "side": 64}).json()["pictures"][0]
    assert other["data"] != drawn["data"]
    scheduler.delete(run.id)
    gone = door.post("/api/album", json={"cells": cells[:1], "latents": 0, "side": 64}).json()["pictures"][0]
    assert "is gone" in gone["error"]


@pytest.mark.parametrize("change", [
    {"cells": []}, {"cells": [{}]}, {"cells": 3}, {"latents": -1}, {"latents": 1000}, {"latents": True}, {"side": 100_000}, {"side": "64"},
    {"cells": [{"token": 3, "step": 1, "what": "fake"}]}, {"cells": [{"token": "", "step": 1.5, "what": "fake"}]},
    {"cells": [{"token": "", "step": 1, "what": "real"}]}, {"cells": [{"token": "", "step": 1, "what": "fake"}] * 10},
])  # fmt: skip
def test_an_unknown_request_is_refused(door: TestClient, change: dict[str, Any]) -> None:
    good = {"cells": [{"token": "", "step": 1, "what": "fake"}], "latents": 0, "side": 64}
    assert door.post("/api/album", json=good | change).status_code == 400


def test_strangers_are_refused(door: TestClient) -> None:
    good = {"cells": [{"token": "nonsense", "step": 1, "what": "fake"}], "latents": 0, "side": 64}
    assert door.post("/api/album", json=good).status_code == 401
    assert door.post("/api/album", json=good, headers={"origin": "http://elsewhere.example"}).status_code == 403
    assert door.post("/api/album", content=b"{" * 20_000).status_code == 400
    assert door.post("/api/album", content=b"[" * 10_000).status_code == 400
