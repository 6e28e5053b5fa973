"""Another method than a GAN on the page: which controls it has, what they are called, and what comes with choosing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import formulas, presets, registry

Open = Callable[..., AppTest]
WIDGETS = ("selectbox", "toggle", "text_input", "select_slider", "slider", "number_input")


def controls(app: AppTest) -> dict[str, Any]:
    """The controls of settings, by dotted name."""
    found = [widget for kind in WIDGETS for widget in app.sidebar.get(kind)]
    return {w.key.split(":")[1]: w for w in found if w.key and ":" in w.key}


@pytest.mark.parametrize("name", ["vae"])
def test_a_recipe_shows_what_means_something_under_its_own_name(visit: Open, name: str) -> None:
    app, config = visit("images.py", preset=name), presets.load(name)
    found, method = controls(app), registry.method[config.method].value
    assert set(found) == {f.name for f in settings.fields() if f.spec.shown_if is None or f.spec.shown_if(config)}
    for field, (title, help_, _more) in method.words.items():
        if field in found:
            assert found[field].label.startswith(title)
            assert help_ in found[field].help
    headings = [m.value for m in app.sidebar.markdown]
    for group, title in method.groups.items():
        assert f"**{title}**" in headings
        assert f"**{settings.GROUPS[group]}**" not in headings
    assert [c.value for c in app.sidebar.code] == [formulas.of_objective(config)]


def test_choosing_a_vae_settles_what_goes_with_it_alone(visit: Open) -> None:
    app = visit("images.py", preset="projection")
    controls(app)["method"].set_value("vae").run()
    assert not app.exception
    assert not app.error
    draft = app.session_state["images.draft"]
    assert draft.method == "vae"
    assert all(settings.get(draft, name) == value for name, value in registry.method["vae"].value.needs.items())
    assert "loss" not in controls(app)
    assert "kl_weight" in controls(app)
    controls(app)["method"].set_value("gan").run()
    assert app.session_state["images.draft"].method == "gan"
    assert "loss" in controls(app)


def test_what_does_not_go_together_is_said_beside_the_control(visit: Open) -> None:
    app = visit("images.py", preset="wgan_gp")
    controls(app)["method"].set_value("bigan").run()
    assert not app.exception
    assert any("penalty=wgan\\_gp" in e.value or "penalty=wgan_gp" in e.value for e in app.error)
    assert app.session_state["images.draft"].method == "gan"
