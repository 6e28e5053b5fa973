"""The page Zoo: its index, search, views, one thing closely, addresses that are wrong, and what a plugin brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import plugins, zoo
from gan_core.registry import Entry

Open = Callable[..., AppTest]
PLUGIN = Path(__file__).resolve().parents[2] / "examples" / "plugins" / "my_loss.py"


def said(app: AppTest) -> str:
    kinds = (app.header, app.subheader, app.warning, app.info, app.caption, app.markdown, app.latex)
    return "\n".join(e.value for kind in kinds for e in kind).replace("\\", "")


def linked(app: AppTest) -> list[str]:
    """Labels of links to pages in the main part."""
    return [link.proto.label.replace("\\", "") for link in app.main.get("page_link")]


def test_the_index_has_everything(visit: Open) -> None:
    app = visit("zoo.py")
    assert app.header[0].value == "Zoo of GANs"
    assert not app.warning
    assert len(linked(app)) == len(zoo.all_of())
    assert [sub.value for sub in app.subheader] == [kind.title for kind in zoo.KINDS.values()]
    assert "2017 · The critic estimates a distance" in said(app)


def test_search_and_kinds_go_together(visit: Open) -> None:
    app = visit("zoo.py")
    app.text_input(key="zoo.text").set_value("wasserstein").run()
    everywhere = linked(app)
    assert "Wasserstein" in everywhere
    assert "Hinge" in everywhere  # it builds its story on it
    app.button_group(key="zoo.kinds").set_value(["penalty"]).run()
    assert [sub.value for sub in app.subheader] == ["Penalties"]
    assert set(linked(app)) < set(everywhere)
    app.text_input(key="zoo.text").set_value("nothing of that name").run()
    assert linked(app) == []
    assert "Nothing matches" in said(app)


def test_one_thing_closely(visit: Open) -> None:
    app = visit("zoo.py", entry="loss.wasserstein")
    text = said(app)
    assert app.header[0].value == "Wasserstein"
    assert "[arXiv:1701.07875](https://arxiv.org/abs/1701.07875)" in text
    for title in ("What it fixed", "When to use it", "Known failures"):
        assert title in text
    assert r"\mathbb{E}[D(x)]" in "\n".join(e.value for e in app.latex)
    assert "return fake.mean() - real.mean(), -fake.mean()" in app.code[0].value
    assert "gan_core/losses.py" in text
    assert linked(app)[:3] == ["All of the zoo", "Least squares", "Hinge"]
    assert "WGAN-GP (Recipe)" in linked(app)


@pytest.mark.parametrize(
    "address",
    [f"{kind}.{next(iter(zoo.all_of(kind))).name}" for kind in zoo.KINDS]
    + ["recipe.neon", "recipe.r3gan_cifar", "trick.accumulation"],
)
def test_every_kind_can_be_seen_closely(visit: Open, address: str) -> None:
    app = visit("zoo.py", entry=address)
    assert app.code
    assert app.button(key="zoo.open")
    text = said(app)
    assert ("Measured" in text) is address.startswith("recipe.")
    assert ("Not measured yet." in text) is (address == "recipe.r3gan_cifar")
    if address == "trick.accumulation":
        assert "No paper: a sum of gradients" in text


@pytest.mark.parametrize("bad", ["loss.nothing", "<script>alert(1)</script>", "../../etc", "x" * 5000, "loss"])
def test_a_wrong_address_gets_a_sentence_and_the_index(visit: Open, bad: str) -> None:
    app = visit("zoo.py", entry=bad)
    assert len(app.warning) == 1
    assert app.warning[0].value.startswith("There is nothing called")
    assert len(app.warning[0].value) < 200
    assert "<script>" not in app.warning[0].value
    assert len(linked(app)) == len(zoo.all_of())


def test_figures_say_what_was_not_measured(visit: Open) -> None:
    app = visit("zoo.py", view="figures")
    text = said(app)
    assert "| [DCGAN](zoo?entry=recipe.dcgan) | 57% ± 3.0% | 0.1% ± 0.2% | 97.4 ± 11.1 | 0…2 |" in text
    assert "| [Outlines to digits](zoo?entry=recipe.edges) | 0.0234 | 28.3 | 0.961 | 7.2 | – | – | 0 |" in text
    assert "[R3GAN, CIFAR-10](zoo?entry=recipe.r3gan_cifar) | not measured |" in text
    assert "94% ± 2.0%" in text
    assert "0…4" in text
    assert text.count("2 cores of an AMD EPYC, no GPU, torch 2.14.1") == 3


def test_the_timeline_is_also_a_list(visit: Open) -> None:
    app = visit("zoo.py", view="timeline")
    assert len(app.get("plotly_chart")) == 1
    assert len(linked(app)) == len(zoo.all_of())
    assert "**2014**" in said(app)
    assert "Minimax (saturating) (Loss)" in linked(app)


def test_an_address_that_comes_back_brings_its_view(visit: Open) -> None:
    app = visit("zoo.py", view="timeline")
    app.segmented_control(key="zoo.view").set_value("figures").run()
    assert app.query_params["view"] == "figures"
    app.query_params["view"] = "timeline"  # as Back does
    app.run()
    assert app.segmented_control(key="zoo.view").value == "timeline"
    del app.query_params["view"]
    app.run()
    assert app.segmented_control(key="zoo.view").value == "index"
    assert not app.exception
    del app.session_state["zoo.view.asked"]  # a rerun has come before it was written
    app.run()
    assert not app.exception
    assert app.segmented_control(key="zoo.view").value == "index"


def test_a_wrong_view_is_told_and_is_the_index(visit: Open) -> None:
    app = visit("zoo.py", view="nothing")
    assert len(linked(app)) == len(zoo.all_of())
    assert "no view called 'nothing'" in app.warning[0].value.replace("\\", "")
    assert "index, timeline, figures" in app.warning[0].value


def test_it_opens_in_the_lab(visit: Open) -> None:
    app = visit("zoo.py", entry="penalty.dragan")
    app.button(key="zoo.open").click().run()
    assert not app.exception
    shown = [box.value for box in app.sidebar.selectbox if box.label == "Penalty"]
    assert shown == ["dragan"]
    assert any(button.label == "Start training" for button in app.button)


@pytest.fixture
def of_a_plugin() -> Iterator[Entry[object]]:
    yield plugins.load(PLUGIN)[0]
    plugins._forget(str(PLUGIN.resolve()))


def test_what_a_plugin_brings_shows_what_it_has(visit: Open, of_a_plugin: Entry[object]) -> None:
    app = visit("zoo.py", entry=f"loss.{of_a_plugin.name}")
    text = said(app)
    assert app.header[0].value == of_a_plugin.title
    assert "from the plugin my_loss.py" in text
    assert f"def {of_a_plugin.name}" in app.code[0].value
    assert "Known failures" not in text
    app.button(key="zoo.open").click().run()
    assert [box.value for box in app.sidebar.selectbox if box.label == "Loss"] == [of_a_plugin.name]


def test_controls_link_to_the_zoo(visit: Open) -> None:
    app = visit("lab.py")
    told = {box.label: box.help for box in app.sidebar.selectbox}
    assert "(zoo?entry=loss.relativistic)" in told["Loss"]
    assert "zoo?entry" not in told["Data set"]
