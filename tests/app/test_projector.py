"""Projector mode, switched in the sidebar or by the address; and charts in words, against figures made by hand."""

from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import projector
from pages._ui.charts import enlarge, in_words

Open = Callable[..., AppTest]


def switch(app: AppTest) -> bool:
    return bool(app.sidebar.toggle(key="_projector_choice").value)


@pytest.mark.parametrize(("asked", "on"), [("1", True), ("0", False), ("yes", False), (None, False)])
def test_the_address_says_whether_it_is_on(visit: Open, asked: str | None, on: bool) -> None:
    app = visit("learn.py", **({} if asked is None else {"projector": asked}))
    assert switch(app) == on
    assert list(app.query_params.get("projector", [])) == (["1"] if on else [])


def test_the_switch_is_kept_on_other_pages_and_can_be_put_back(visit: Open) -> None:
    app = visit("learn.py")
    app.sidebar.toggle(key="_projector_choice").set_value(True).run()
    assert list(app.query_params["projector"]) == ["1"]
    app.query_params.clear()  # as when another page is opened
    app.switch_page("runs.py").run()
    assert switch(app)
    assert list(app.query_params["projector"]) == ["1"]
    app.sidebar.toggle(key="_projector_choice").set_value(False).run()
    assert not switch(app)
    assert "projector" not in app.query_params


def test_a_chart_in_words() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[9, 9], hoverinfo="skip")  # a band
    figure.add_scatter(x=[0, 100, 200, 300], y=[2.5, 0.25, 4, float("nan")], name="A", mode="lines")
    figure.add_scatter(x=[0, 1], y=[float("nan")] * 2, name="nothing", mode="lines")
    figure.update_layout(title={"text": "Loss"})
    assert in_words(figure, str) == "Loss. A: from 2.50 at 0 to 4 at 200, lowest 0.250, highest 4"
    points = go.Figure(go.Scattergl(x=[-1, 0.5, 2], y=[10, 20, 12.5], mode="markers"))
    assert in_words(points, str) == "3 points, across from −1 to 2, up from 10 to 20"


def test_a_chart_grows_with_the_type() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[1, 2], line={"width": 2})
    figure.update_layout(title={"text": "Losses", "font": {"size": 15}}, height=280, margin={"l": 8, "t": 64})
    enlarge(figure)
    assert (figure.layout.height, figure.layout.margin.t, figure.layout.margin.l) == (378, 86, 8)
    assert figure.layout.title.font.size == 20
    assert figure.layout.title.text == "Losses"
    assert figure.layout.xaxis.tickfont.size == figure.layout.legend.font.size == 16
    assert figure.data[0].line.width == pytest.approx(2.7)
    style = (Path(projector.__file__).parent / "projector.css").read_text(encoding="utf-8")
    assert f"font-size: {16 * projector.MAGNIFIED:.1f}px" in style
