"""Translate: what the page offers, what goes with what, a run of it, and where it cannot be explored."""

from collections.abc import Callable

import pytest
from _mirrored import shown
from streamlit.testing.v1 import AppTest
from test_labs import start, texts, until

from gan_core import config as settings
from gan_core import presets, registry
from gan_core.config import RunConfig
from gan_core.latent.explored import NO_LATENTS
from gan_core.metrics import kernel
from gan_core.runs.scheduler import Scheduler
from pages._ui.failures import plain

Open = Callable[..., AppTest]
NAMES = [e.name for e in registry.preset.entries() if e.info["page"] == "translate"]


def draft(app: AppTest) -> RunConfig:
    config = app.session_state["translate.draft"]
    assert isinstance(config, RunConfig)
    return config


def choose(app: AppTest, name: str, value: str) -> AppTest:
    shown(app, "selectbox", f"translate:{name}").set_value(value).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_is_offered_and_shows_what_means_something(visit: Open, name: str) -> None:
    app = visit("translate.py", preset=name)
    assert draft(app) == presets.load(name)
    assert shown(app, "selectbox", "translate.preset").options == [registry.preset[n].title for n in NAMES]
    keys = {w.key.split(":")[1] for kind in ("selectbox", "slider", "number_input", "select_slider", "toggle") for w in app.sidebar.get(kind)
            if w.key and ":" in w.key}  # fmt: skip
    config = draft(app)
    assert keys == {f.name for f in settings.fields() if f.spec.shown_if is None or f.spec.shown_if(config)}
    assert not keys & {"latent.dim", "penalty", "augmentation", "generator.hidden"}
    assert ("l1_weight" in keys) is (config.method == "pix2pix")
    assert ("cycle_weight" in keys) is (config.method == "cyclegan")


def test_every_choice_of_the_registries_is_offered(visit: Open) -> None:
    app = visit("translate.py")
    pairs = [e for e in registry.dataset.entries() if e.info["kind"] == "pairs"]
    assert shown(app, "selectbox", "translate:data.name").options == [e.title for e in pairs]
    assert shown(app, "selectbox", "translate:method").options == [
        e.title for e in registry.method.entries() if "pairs" in e.value.kinds
    ]
    for player in ("generator", "discriminator"):
        networks = [e.title for e in registry.network.entries() if player in e.info.get("plays", ())]
        assert shown(app, "selectbox", f"translate:{player}.network").options == networks


def test_a_set_without_pairs_brings_the_method_that_needs_none(visit: Open) -> None:
    app = choose(visit("translate.py"), "data.name", "styles")
    assert (draft(app).data.name, draft(app).method) == ("styles", "cyclegan")
    choose(app, "method", "pix2pix")
    assert "no picture has a partner" in app.error[0].value
    assert draft(app).method == "cyclegan"


def test_kinds_with_other_channels_cannot_stay_as_they_are(visit: Open) -> None:
    app = visit("translate.py", preset="neon")
    assert draft(app).identity_weight > 0
    choose(app, "data.name", "grey")
    assert (draft(app).method, draft(app).identity_weight) == ("cyclegan", 0)
    app = choose(visit("translate.py", preset="colour"), "method", "cyclegan")
    assert draft(app).identity_weight == 0


def test_the_direction_is_said_by_the_names_of_both_kinds(visit: Open) -> None:
    app = visit("translate.py")
    assert shown(app, "selectbox", "translate:data.direction").options == ["Outline → Digit", "Digit → Outline"]
    choose(app, "data.direction", "back")
    assert draft(app).data.direction == "back"


def test_a_run_starts_and_has_no_latent_space(visit: Open, scheduler: Scheduler) -> None:
    app = visit("translate.py")
    app.button(key="translate.start").click().run()
    assert not app.exception
    (session,) = scheduler.sessions()
    run = session.id
    assert session.config == presets.load("edges")
    assert not [b for b in app.button if b.key == "translate.explore"]
    explorer = visit("latent.py", run=run)
    assert plain(NO_LATENTS) in explorer.warning[0].value
    assert run not in str([w.options for w in explorer.selectbox])


def test_what_comes_with_a_choice_for_the_next_run_leaves_the_present_one_alone(
    visit: Open, scheduler: Scheduler
) -> None:
    app = visit("translate.py", preset="neon")
    app.button(key="translate.start").click().run()
    (session,) = scheduler.sessions()
    choose(app, "data.name", "grey")
    assert (draft(app).data.name, draft(app).identity_weight) == ("grey", 0)
    assert session.expected_config.identity_weight == 0.5
    assert "A new run is needed" in str([c.value for c in app.caption])


def test_a_batch_larger_than_any_memory_does_without_one(visit: Open) -> None:
    app = visit("translate.py")
    app.session_state["translate.draft"] = settings.replace(presets.load("edges"), {"batch_size": 1000})
    choose(app.run(), "data.name", "styles")
    assert not app.error
    assert (draft(app).method, draft(app).history) == ("cyclegan", 0)


def test_translations_are_measured_as_pictures_too(
    visit: Open, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "SUBSETS", 5)
    app = visit("translate.py")
    run = start(app, "translate", scheduler)
    until(lambda: run.step > 2)
    run.command("pause")
    until(lambda: run.status == "paused" and run.has_obeyed and run.folder.has_checkpoint)
    app.session_state["translate.export.open"] = True
    app.session_state["translate.export"] = "samples"
    app.run()
    assert not app.exception
    assert [w.label for w in app.number_input if "export" in str(w.key)] == ["How many", "Seed of the order"]
    assert "translate.measure.samples" not in [widget.key for widget in app.number_input]
    assert "Every held-out picture is translated once; figures that need more" in texts(app)
    app.button(key="translate.measure.begin").click().run()
    job = scheduler.measurements.of(run.folder)
    assert job is not None
    job.join(120)
    assert job.status == "done", job.error
    app.run()
    assert not app.exception
    (kept,), _broken = run.folder.measured.read()
    assert kept.samples == 297
    assert any("Fréchet distance (edges classifier)" in e.proto.body for e in app.get("html"))
