"""The two labs: every control, presets, links, wrong input, starting, changing and watching a run."""

import math
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _mirrored import shown
from _until import until
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import formulas, presets, registry, serial
from gan_core.config import RunConfig
from gan_core.registry import Entry
from gan_core.runs.commands import Reset
from gan_core.runs.scheduler import Scheduler
from pages._ui.owner import public_id

Open = Callable[..., AppTest]
LABS = {"lab": "ring", "images": "digits"}
WIDGETS = ("selectbox", "toggle", "text_input", "select_slider", "slider", "number_input")


def controls(app: AppTest) -> dict[str, Any]:
    """The controls of settings, by dotted name."""
    found = [widget for kind in WIDGETS for widget in app.sidebar.get(kind)]
    return {w.key.split(":")[1]: w for w in found if w.key and ":" in w.key}


def set_value(app: AppTest, page: str, name: str, value: object) -> AppTest:
    widget = controls(app)[name]
    assert widget.key.startswith(f"{page}:{name}")
    widget.set_value(value).run()
    assert not app.exception
    return app


def draft(app: AppTest, page: str) -> RunConfig:
    config = app.session_state[f"{page}.draft"]
    assert isinstance(config, RunConfig)
    return config


def texts(app: AppTest) -> str:
    return "\n".join(e.value for kind in (app.warning, app.error, app.info, app.caption) for e in kind)


def escaped(text: str) -> str:
    """As a pattern for `text` with Markdown's characters escaped or not."""
    return "".join(rf"\\?{re.escape(c)}" for c in text)


def _one(value: str | list[str]) -> str:
    return value if isinstance(value, str) else value[0]


def start(app: AppTest, page: str, scheduler: Scheduler) -> Any:
    app.button(key=f"{page}.start").click().run()
    assert not app.exception
    session = scheduler.get(_one(app.query_params["run"]))
    assert session is not None
    return session


@pytest.mark.parametrize(("page", "preset"), LABS.items())
def test_every_setting_that_means_something_has_a_control_with_help(visit: Open, page: str, preset: str) -> None:
    app = visit(f"{page}.py")
    config = presets.load(preset)
    wanted = {f.name for f in settings.fields() if f.spec.shown_if is None or f.spec.shown_if(config)}
    found = controls(app)
    assert set(found) == wanted
    for name, widget in found.items():
        assert widget.label, name
        assert f"`{name}`" in widget.help
        assert len(widget.help) > len(name) + 20, name


@pytest.mark.parametrize(("page", "kind"), [("lab", "points"), ("images", "images")])
def test_every_choice_of_the_registries_is_offered(visit: Open, page: str, kind: str) -> None:
    offered = {name: w.options for name, w in controls(visit(f"{page}.py")).items() if hasattr(w, "options")}
    assert offered["loss"] == [e.title for e in registry.loss.entries()]
    assert offered["penalty"] == [e.title for e in registry.penalty.entries()]
    assert offered["g_optimizer.name"] == [e.title for e in registry.optimizer.entries()]
    assert offered["data.name"] == [e.title for e in registry.dataset.entries() if e.info["kind"] == kind]
    assert offered["generator.network"] == [e.title for e in registry.network.entries() if kind in e.info["kinds"]]


@pytest.mark.parametrize("page", LABS)
def test_every_preset_can_be_chosen_and_is_recognised(visit: Open, page: str) -> None:
    app, entries = visit(f"{page}.py"), [e for e in registry.preset.entries() if e.info["page"] == page]
    assert entries
    for entry in entries:
        shown(app, "selectbox", f"{page}.preset").set_value(entry.name).run()
        assert not app.exception
        assert draft(app, page) == presets.load(entry.name)
        assert shown(app, "selectbox", f"{page}.preset").value == entry.name
        assert any(entry.info["see"] in c.value for c in app.sidebar.caption)
        if entry.info["goal"] == "recipe":
            says_what_it_is(app, entry)


@pytest.mark.parametrize(
    "entry",
    [e for e in registry.preset.entries() if e.info["page"] in LABS and e.info["goal"] != "recipe"],
    ids=lambda e: e.name,
)
def test_an_address_with_a_preset(visit: Open, entry: Entry[Any]) -> None:
    page = entry.info["page"]
    assert draft(visit(f"{page}.py", preset=entry.name), page) == presets.load(entry.name)


def says_what_it_is(app: AppTest, entry: Entry[Any]) -> None:
    """A recipe, in full."""
    (about,) = (box for box in app.sidebar.expander if box.label == "About this method")
    said = "\n".join(x.value for x in (*about.markdown, *about.code, *about.caption))
    assert all(entry.info[part] in said for part in ("changed", "needs"))
    config = presets.load(entry.name)
    assert formulas.of_objective(config) in said
    if config.adversarial:
        assert (
            config.paired or formulas.of_entry("loss", config.loss) in said
        )  # of pairs it is written out with their codes
        assert "E(x)" in said or not config.paired
        assert formulas.of_penalty(config.penalty) in said
    else:
        assert "σ²" in said
    assert ("log P(y | x)" in said) is (config.discriminator.conditioning == "classifier")
    assert "](https://arxiv.org/abs/" in said


def test_an_address_with_a_preset_that_is_not_here(visit: Open) -> None:
    (said,) = (w.value for w in visit("lab.py", preset="nonsense").warning)
    here = ", ".join(entry.name for entry in registry.preset.entries() if entry.info["page"] == "lab")
    assert re.fullmatch(escaped(f"There is no preset called 'nonsense' here. Choose one of: {here}."), said)


@pytest.mark.parametrize(("page", "name"), [("lab", "digits"), ("images", "ring")])
def test_a_preset_of_another_lab_opens_there(visit: Open, page: str, name: str) -> None:
    there = registry.preset[name].info["page"]
    app = visit(f"{page}.py", preset=name)
    assert not app.warning
    assert draft(app, there) == presets.load(name)
    assert shown(app, "selectbox", f"{there}.preset").value == name


def test_a_comparison_opens_side_by_side(visit: Open) -> None:
    app = visit("lab.py", preset="wgan")
    assert not app.warning
    assert app.session_state["compare.drafts"] == presets.versions("wgan")


@pytest.mark.parametrize(
    "query", [{"preset": "moons"}, {"c": serial.to_link(presets.load("moons"))}], ids=["preset", "link"]
)
def test_what_an_address_names_is_taken_each_time_that_it_comes_to_name_it(visit: Open, query: dict[str, str]) -> None:
    app = set_value(visit("lab.py", **query), "lab", "batch_size", 77)
    assert draft(app, "lab").batch_size == 77
    shown(app, "selectbox", "lab.preset").set_value("grid").run()
    assert not {*query} & {*app.query_params}
    assert draft(app, "lab") == presets.load("grid")
    for name, value in query.items():  # as the browser's way back does
        app.query_params[name] = value
    assert draft(app.run(), "lab") == presets.load("moons")


def test_own_settings_are_called_so(visit: Open) -> None:
    app = set_value(visit("lab.py"), "lab", "batch_size", 77)
    assert shown(app, "selectbox", "lab.preset").value == ""
    assert "Your own settings" in shown(app, "selectbox", "lab.preset").options
    assert draft(app, "lab").batch_size == 77


def test_start_makes_a_run_of_this_visitor(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    session = start(app, "lab", scheduler)
    assert session.config == presets.load("ring")
    assert session.owner == public_id(app.session_state["_owner_secret"])
    assert app.button(key="lab.start").label == "Start a new run"


def test_a_link_carries_all_settings(visit: Open) -> None:
    config = settings.replace(presets.load("grid"), {"loss": "hinge", "generator.hidden": (16, 8), "seed": 7,
                                                     "d_optimizer.name": "rmsprop", "k_d": 2})  # fmt: skip
    link = serial.to_link(config)
    app = visit("lab.py", c=link)
    assert draft(app, "lab") == config
    assert not app.warning
    assert any(link in code.value for code in app.code)  # and the page offers the same link on
    assert shown(app, "text_input", "lab:generator.hidden").value == "16,8"


@pytest.mark.parametrize(
    "wrong", ["loss=nonsense", "batch_size=-4", "nobody=1", "g_optimizer.lr=nan", "seed=<img src=x onerror=alert(1)>"]
)
def test_what_is_wrong_in_a_link_is_said_and_the_rest_applies(visit: Open, wrong: str) -> None:
    app = visit("lab.py", c=f"1;{wrong};generator.hidden=5,5")
    assert draft(app, "lab").generator.hidden == (5, 5)
    assert len(app.warning) == 1
    assert re.search(escaped(wrong.split("=")[0]), app.warning[0].value)
    assert not re.search(r"(?<!\\)<", app.warning[0].value)  # escaped: Markdown sees no markup
    assert len(set_value(app, "lab", "seed", 3).warning) == 1  # it stays as long as the link does


def test_a_link_of_another_version_or_lab_is_said(visit: Open) -> None:
    assert "ignored" in visit("lab.py", c="9;seed=4").warning[0].value
    digits = visit("lab.py", c=serial.to_link(presets.load("digits")))
    assert "other lab" in digits.warning[0].value
    assert draft(digits, "lab") == presets.load("ring")


@pytest.mark.parametrize("typed", ["<img src=x onerror=alert(1)>", "64,,x", "0", "1.5", "9" * 70, "1,1,1,1,1,1,1,1,1"])
def test_wrong_text_is_refused_and_the_old_value_stays(visit: Open, typed: str) -> None:
    app = set_value(visit("lab.py"), "lab", "generator.hidden", typed)
    assert len(app.error) == 1
    assert re.search(escaped("generator.hidden") + " cannot be", app.error[0].value)
    assert not re.search(r"(?<!\\)<", app.error[0].value)
    assert shown(app, "text_input", "lab:generator.hidden").value == "32,32,32"
    assert draft(app, "lab") == presets.load("ring")
    assert not app.run().error  # said once


def test_batch_normalisation_with_a_gradient_penalty_is_refused_with_the_way_out(visit: Open) -> None:
    app = set_value(visit("lab.py"), "lab", "discriminator.norm", "batch")
    assert re.search("couples the samples", app.error[0].value)
    assert re.search(escaped("Use discriminator.norm=layer, instance or none."), app.error[0].value)
    assert shown(app, "selectbox", "lab:discriminator.norm").value == "none"
    coupled = settings.replace(presets.load("digits"), {"penalty": "none", "discriminator.norm": "batch"})
    app = set_value(visit("images.py", c=serial.to_link(coupled)), "images", "penalty", "r1")
    assert re.search("couples the samples", app.error[0].value)
    assert shown(app, "selectbox", "images:penalty").value == "none"


def test_settings_that_go_together_change_together(visit: Open) -> None:
    app = set_value(visit("lab.py"), "lab", "penalty", "wgan_gp")
    assert draft(app, "lab").penalty_weight == registry.penalty["wgan_gp"].info["weight"]
    app = set_value(visit("images.py"), "images", "data.name", "cifar10")
    assert draft(app, "images").data.image_size == 32


@pytest.mark.parametrize("name", ["digits", "stacked_digits", "fashion_mnist", "emnist", "stacked_mnist", "cifar10"])
def test_a_picture_set_shows_its_licence_and_where_its_files_belong(
    visit: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    entry = registry.dataset[name]
    config = settings.replace(presets.load("digits"), {"data.name": name, "data.image_size": entry.info["native"]})
    app = visit("images.py", c=serial.to_link(config))
    assert any(re.search(escaped(entry.info["licence"]), c.value) for c in app.sidebar.caption)
    missing = data_sets.missing(name)
    assert (missing is None) is not entry.info["download"]
    assert any(f"{entry.title} is fetched" in i.value for i in app.info) is entry.info["download"]
    by_hand = [c.value for c in app.caption if "Without a network" in c.value]
    assert len(by_hand) == bool(missing)
    for words in (*missing.files, *missing.inside, str(missing.folder)) if missing else ():
        assert re.search(escaped(words), by_hand[0])


def test_files_put_there_by_hand_are_seen_at_the_next_look(
    visit: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    monkeypatch.setattr(data_sets, "_cache", type(data_sets._cache)())
    link = serial.to_link(settings.replace(presets.load("digits"), {"data.name": "mnist", "seed": 17}))
    assert "is fetched" in texts(visit("images.py", c=link))
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 200), ("t10k", 100)):
        for what, shape in (("images-idx3", (count, 28, 28)), ("labels-idx1", (count,))):
            head = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
            (raw / f"{part}-{what}-ubyte").write_bytes(head + bytes(math.prod(shape)))
    app = visit("images.py", c=link)
    assert "is fetched" not in texts(app)
    assert not app.error


def test_a_live_setting_changes_the_run_and_becomes_a_row(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    session = start(app, "lab", scheduler)
    set_value(app, "lab", "g_optimizer.lr", 5e-4)
    until(lambda: bool(session.latest.marks))
    assert session.config.g_optimizer.lr == 5e-4
    app.run()
    table = app.dataframe[0].value
    assert list(table["Setting"]) == ["Learning rate of G"]
    assert list(table["After"]) == ["0.0005"]


def test_a_fixed_setting_waits_for_a_new_run(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    first = start(app, "lab", scheduler)
    set_value(app, "lab", "generator.hidden", "32,32")
    assert "A new run is needed for: Generator: Hidden layers" in texts(app)
    assert first.config.generator.hidden == (32, 32, 32)
    set_value(app, "lab", "g_optimizer.lr", 1e-4)  # meanwhile the run below still listens
    until(lambda: first.config.g_optimizer.lr == 1e-4)
    next(b for b in app.button if b.label == "Discard these changes").click().run()
    assert "A new run is needed" not in texts(app)
    set_value(app, "lab", "generator.hidden", "32,32")
    second = start(app, "lab", scheduler)
    assert second.id != first.id
    assert second.config.generator.hidden == (32, 32)
    assert "A new run is needed" not in texts(app)


def test_the_controls_follow_what_is_set_beside_the_picture(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    session = start(app, "lab", scheduler)
    set_value(app, "lab", "generator.hidden", "16,16")  # waits for a new run, and stays
    session.change({"speed": 5})
    session.send(Reset(9))
    until(lambda: session.config.seed == 9)
    app.run()
    assert (controls(app)["speed"].value, controls(app)["seed"].value) == (5, 9)
    assert "A new run is needed for: Generator: Hidden layers" in texts(app)
    assert "Seed" not in texts(app)
    set_value(app, "lab", "speed", 0)
    until(lambda: session.config.speed == 0)
    assert session.latest.marks == ()


def test_somebody_elses_run_is_watched_and_its_settings_can_be_taken(visit: Open, scheduler: Scheduler) -> None:
    theirs = scheduler.create(settings.replace(presets.load("moons"), {"seed": 5}), "0" * 16)
    app = visit("lab.py", run=theirs.id)
    assert "watching somebody else's run" in texts(app)
    set_value(app, "lab", "g_optimizer.lr", 1e-5)
    next(b for b in app.button if b.label == "Use its settings").click().run()
    assert draft(app, "lab") == theirs.config
    assert theirs.expected_config.g_optimizer.lr == presets.load("moons").g_optimizer.lr
    mine = start(app, "lab", scheduler)
    assert mine.id != theirs.id
    assert mine.config == theirs.config


@pytest.mark.parametrize("run", ["nothing-here", "../../etc", "<img src=x onerror=alert(1)>", "x" * 500])
def test_a_run_that_does_not_exist(visit: Open, run: str) -> None:
    app = visit("lab.py", run=run)
    assert "no such run" in app.warning[0].value
    assert app.button(key="lab.start").label == "Start training"


def test_a_run_of_the_other_lab_opens_there(visit: Open, scheduler: Scheduler) -> None:
    digits = scheduler.create(presets.load("digits"), "0" * 16)
    app = visit("lab.py", run=digits.id)
    assert app.header[0].value == "Image Lab"
    assert "watching somebody else's run" in texts(app)


def test_the_limit_of_runs_and_a_failure_are_said(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    set_value(app, "lab", "generator.hidden", "2048,2048")
    set_value(app, "lab", "device", "mps")
    app.button(key="lab.start").click().run()
    assert not app.exception
    assert app.error
    assert not scheduler.sessions()
