"""The page Side by side: what differs, what is set for all, starting together, links, and what is wrong in an address; and ghosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from _mirrored import shown
from _until import until
from streamlit.testing.v1 import AppTest

from gan_core import presets, registry, serial
from gan_core.config import RunConfig, replace
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from pages._ui.owner import public_id

Open = Callable[..., AppTest]
WIDGETS = ("selectbox", "toggle", "text_input", "select_slider", "slider", "number_input")


TINY: dict[str, Any] = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (8, 8), "discriminator.hidden": (8, 8), "batch_size": 16, "threads": 1,
}  # fmt: skip
PICTURES = {"data.name": "digits", "data.image_size": 8, "batch_size": 8}


def points(**changes: Any) -> RunConfig:
    return replace(RunConfig(), TINY | changes)


def drafts(app: AppTest) -> list[RunConfig]:
    found: list[RunConfig] = app.session_state["compare.drafts"]
    return found


def widgets(app: AppTest, prefix: str) -> dict[str, Any]:
    """The controls of settings whose key begins with `prefix`, by dotted name."""
    found = [w for kind in WIDGETS for w in app.get(kind) if w.key and w.key.startswith(f"{prefix}:")]
    return {w.key.split(":")[1]: w for w in found}


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def started(app: AppTest, scheduler: Scheduler) -> list[TrainingSession]:
    press(app, "compare.start")
    runs = app.query_params["runs"]
    found = [scheduler.get(run_id) for run_id in (runs if isinstance(runs, str) else runs[0]).split(",")]
    return [run for run in found if isinstance(run, TrainingSession)]


def said(app: AppTest) -> str:
    """All sentences, as they read: without the escapes of Markdown."""
    return "\n".join(e.value for kind in (app.warning, app.error, app.info, app.caption) for e in kind).replace(
        "\\", ""
    )


def tiny(**changes: Any) -> str:
    return serial.to_link(points(**changes))


def test_what_differs_has_a_control_in_each_column_and_the_rest_is_set_for_all(visit: Open) -> None:
    app = visit("compare.py")
    assert [config.penalty for config in drafts(app)] == ["r1_r2", "none"]
    assert set(widgets(app, "compare.0")) == set(widgets(app, "compare.1")) == {"penalty"}
    everywhere = widgets(app, "compare")
    assert "penalty" not in everywhere
    assert {"data.name", "seed", "loss"} <= set(everywhere)
    everywhere["loss"].set_value("hinge").run()
    assert [config.loss for config in drafts(app)] == ["hinge", "hinge"]
    widgets(app, "compare.1")["penalty"].set_value("r1").run()
    assert [config.penalty for config in drafts(app)] == ["r1_r2", "r1"]  # with the usual weight of R1
    shown(app, "multiselect", "compare.chosen").set_value(["loss", "penalty"]).run()
    assert "loss" in widgets(app, "compare.0")
    press(app, "compare.add")
    assert len(drafts(app)) == 3
    widgets(app, "compare.2")["loss"].set_value("wasserstein").run()
    assert [config.loss for config in drafts(app)] == ["hinge", "hinge", "wasserstein"]
    press(app, "compare.0.remove")
    assert [config.loss for config in drafts(app)] == ["hinge", "wasserstein"]
    shown(app, "multiselect", "compare.chosen").set_value([]).run()  # all get the values of A
    assert not app.exception
    assert drafts(app)[0] == drafts(app)[1]


def test_they_start_together_and_change_one_by_one_or_all_at_once(visit: Open, scheduler: Scheduler) -> None:
    app = visit("compare.py", v=[tiny(), tiny(k_d=2)])
    runs = started(app, scheduler)
    assert [run.config.k_d for run in runs] == [1, 2]
    assert all(run.together == tuple(r.id for r in runs) for run in runs)
    assert {run.owner for run in runs} == {public_id(app.session_state["_owner_secret"])}
    assert "v" not in app.query_params
    widgets(app, "compare.1")["k_d"].set_value(3).run()
    until(lambda: runs[1].config.k_d == 3)
    assert runs[0].config.k_d == 1
    widgets(app, "compare")["batch_size"].set_value(24).run()
    until(lambda: all(run.config.batch_size == 24 for run in runs))
    widgets(app, "compare")["data.name"].set_value("moons").run()
    assert {config.data.name for config in drafts(app)} == {"moons"}
    assert "A new start is needed for: Data set" in said(app)
    again = started(app, scheduler)
    assert {run.config.data.name for run in again} == {"moons"}
    assert {run.id for run in again}.isdisjoint(run.id for run in runs)


def test_a_link_gives_the_same_configurations(visit: Open) -> None:
    configs = [points(), points(loss="hinge"), points(loss="wasserstein", penalty="wgan_gp")]
    app = visit("compare.py", v=[serial.to_link(config) for config in configs])
    assert drafts(app) == configs
    assert not app.warning
    (offered,) = [code.value for code in app.code if "?v=" in code.value]
    links = offered.split("?")[1].removeprefix("v=").split("&v=")
    assert [serial.from_link(link)[0] for link in links] == configs
    one = visit("compare.py", v=tiny())
    assert drafts(one) == [points()] * 2


def test_a_preset_can_be_chosen_and_named_in_the_address(visit: Open) -> None:
    app = visit("compare.py", preset="moons")
    assert drafts(app) == [presets.load("moons")] * 2
    shown(app, "selectbox", "compare.preset").set_value("grid").run()
    assert drafts(app) == [presets.load("grid")] * 2
    shown(app, "selectbox", "compare.preset").set_value("wgan").run()
    assert drafts(app) == presets.versions("wgan")
    assert registry.preset["wgan"].info["try_this"] in said(app)
    assert set(widgets(app, "compare.0")) == {"penalty", "penalty_weight"}
    assert "no preset called" in said(visit("compare.py", preset="nobody"))


def test_what_is_wrong_in_an_address_is_said_and_the_page_stays(visit: Open) -> None:
    fine = [config.penalty for config in drafts(visit("compare.py"))]
    for query, words in (
        ({"v": [tiny(), tiny(seed=5)]}, "differ: seed"),
        ({"v": [tiny(), serial.to_link(points(**PICTURES))]}, "Only configurations of the 2-D Lab"),
        ({"v": ["1;loss=nonsense", "1;nobody=1"]}, "nobody"),
        ({"v": ["<script>", "%00"]}, "not one that this version"),
        ({"v": [tiny(k_d=i) for i in range(1, 6)]}, "At most 4"),
        ({"runs": "nobody,../../etc,<img src=x>"}, "no run nobody here"),
    ):
        app = visit("compare.py", **query)
        assert words in said(app), query
        assert len(drafts(app)) in (2, 4)
        if "seed" in words or "2-D" in words or "runs" in query:
            assert [config.penalty for config in drafts(app)] == fine


def test_runs_of_others_are_watched_and_their_settings_can_be_taken(visit: Open, scheduler: Scheduler) -> None:
    alone = [scheduler.create(points(seed=seed, k_d=seed), "somebody") for seed in (1, 2)]
    app = visit("compare.py", runs=",".join(run.id for run in alone))
    assert "Not all of these runs are yours" in said(app)
    assert not widgets(app, "compare.0")
    (use,) = [button for button in app.button if button.label == "Use their settings"]
    use.click().run()
    assert [(config.seed, config.k_d) for config in drafts(app)] == [(1, 1), (1, 2)]
    pictures = scheduler.create(points(**PICTURES), "somebody")
    assert "learns pictures" in said(visit("compare.py", runs=f"{alone[0].id},{pictures.id}"))


def test_a_full_server_says_so(visit: Open, scheduler: Scheduler) -> None:
    scheduler.max_per_owner = 1
    app = visit("compare.py")
    press(app, "compare.start")
    assert "at most 1 runs of one person at once" in said(app)
    assert scheduler.sessions() == []


def test_a_run_becomes_the_ghost_of_the_next(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py", c=tiny())
    press(app, "lab.start")
    first = app.query_params["run"][0] if isinstance(app.query_params["run"], list) else app.query_params["run"]
    app.query_params["ghost"] = first
    app.run()
    assert not app.exception
    press(app, "lab.start")
    assert app.query_params["ghost"] in (first, [first])
    assert app.query_params["run"] not in (first, [first])
    scheduler.delete(first)
    app.run()
    assert "ghost" not in app.query_params
    assert any("ghost" in toast.value for toast in app.toast)
    gone = visit("lab.py", ghost=scheduler.create(points(**PICTURES), "me").id)
    assert "ghost" not in gone.query_params


def test_a_card_of_home_starts_all_versions_in_step(visit: Open, scheduler: Scheduler) -> None:
    app = visit()
    app.button(key="start-label_noise").click().run()
    assert not app.exception
    runs = scheduler.sessions()[::-1]
    assert [run.config for run in runs] == presets.versions("label_noise")
    assert all(run.together == tuple(one.id for one in runs) for run in runs)
