"""The Dirac-GAN lab: what its route takes and answers, what a page gets of it, and what a browser cannot make up."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from gan_core import plugins, registry
from gan_core.dirac.settings import ORDERS, fields, parse, penalties
from gan_core.dirac.verdict import VERDICTS
from gan_core.dirac.verdict import facts as of_core
from gan_core.errors import ConfigError, PluginError
from gan_core.speech import Speech
from pages._ui import dirac
from pages._ui.dirac import ARROWS, EXTENTS, DiracRoute, _chosen, short


@pytest.fixture
def door() -> TestClient:
    route = DiracRoute(tuple)
    return TestClient(Starlette(routes=[Route("/api/dirac", route.play, methods=["POST"])]))


def asked(door: TestClient, given: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = door.post("/api/dirac", json={"settings": given} | more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_game_as_the_browser_gets_it(door: TestClient) -> None:
    found = asked(door, {"penalty": "r1", "weight": None, "order": "alternating", "k": 2})
    wanted = parse({"penalty": "r1", "order": "alternating", "k": 2})
    assert found["settings"] == vars(wanted) | {"weight": 1.0}
    path = np.array(found["path"]).reshape(-1, 2)
    assert path[0].tolist() == [1, 1]
    assert len(path) == 301
    assert len(found["field"]) == 2 * ARROWS**2
    assert np.array(found["field"]).reshape(ARROWS, ARROWS, 2)[ARROWS // 2, ARROWS // 2] == pytest.approx([0, 0])
    assert found["extent"] in EXTENTS
    assert found["extent"] >= np.abs(path).max()
    assert (found["verdict"], found["equilibrium"]) == ("converges", "below")
    assert found["says"][0].startswith("Converges: after 300 steps")
    assert found["weight"] == {"low": 0, "high": 10, "unit": "γ"}
    assert {"weight", "k"} <= set(found["shown"])
    assert "Spectral normalisation" in [title for title, _ in found["left"]]
    assert max(complex(*value).real for value in found["continuous"]) < 0


def test_a_kept_plane_and_no_field(door: TestClient) -> None:
    found = asked(door, {}, extent=6.0, field=False)
    assert (found["extent"], found["field"]) == (6.0, None)
    assert asked(door, {"penalty": "r1"}, least=8.0)["extent"] == 8.0


@pytest.mark.parametrize(
    ("given", "equilibrium"),
    [({"penalty": "wgan_gp"}, "kink"), ({"loss": "wasserstein", "h": 5, "steps": 1000}, "above")],
)
def test_what_has_no_eigenvalues_and_what_flies_apart(
    door: TestClient, given: dict[str, Any], equilibrium: str
) -> None:
    found = asked(door, given)
    assert found["equilibrium"] == equilibrium
    assert (found["discrete"] is None) == (equilibrium == "kink")
    if found["ended"]:
        assert "1,000,000" in found["says"][0]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[" * 3000, b"[]", b"7", b'"x"', b"{" * 20_000, b'{"settings": 7}', b'{"settings": []}', b'{"settings": {}, "extent": 2.7}',
     b'{"settings": {}, "extent": [2]}', b'{"settings": {}, "least": null}', b'{"settings": {}, "field": "yes"}', b"\xff\xfe"],
)  # fmt: skip
def test_requests_that_are_none(door: TestClient, content: bytes) -> None:
    answer = door.post("/api/dirac", content=content)
    assert answer.status_code == 400
    assert answer.json() == {"error": dirac.NO_REQUEST}


@pytest.mark.parametrize(
    ("given", "says"),
    [({"loss": "x"}, "minimax"), ({"h": -1}, "0.001"), ({"theta": 1e400}, "-4.0 to 4.0"), ({"steps": 10**7}, "10 to 1000"), ({"penalty": "r1", "weight": 99}, "0 to 10"),
     ({"loss": {"a": 1}}, "minimax"), ({"owner": "me"}, "There are: loss")],
)  # fmt: skip
def test_settings_that_cannot_be(door: TestClient, given: dict[str, Any], says: str) -> None:
    text = str({"settings": given}).replace("'", '"').replace("inf", "1e400")
    answer = door.post("/api/dirac", content=text.encode())
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_another_site_is_refused(door: TestClient) -> None:
    answer = door.post("/api/dirac", json={"settings": {}}, headers={"origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert "address" in answer.json()["error"]


@pytest.mark.parametrize("penalty", list(penalties()))
def test_the_ends_of_every_range_can_be_sent(penalty: str) -> None:
    """Numbers that JSON has, and sentences, however wild the game."""
    weight, chance = fields(penalty)["weight"].spec, random.Random(penalty)
    for loss in registry.loss:
        given = {"loss": loss, "penalty": penalty, "weight": chance.choice([weight.low, weight.high]), "order": chance.choice(list(ORDERS)), "h": chance.choice([0.001, 5]),
                 "k": chance.choice([1, 20]), "steps": 10, "theta": chance.choice([-4, 0, 4]), "psi": chance.choice([-4, 0, 4])}  # fmt: skip
        json.dumps(dirac.answer(parse(given), None, EXTENTS[0], True, "en"), allow_nan=False)


def test_a_step_that_is_far_too_large_is_said() -> None:
    wild = of_core(parse({"penalty": "r1_r2", "weight": 10, "order": "alternating", "h": 5, "k": 20, "steps": 11}))
    assert re.search(r"largest \|λ\| is \d\.\d · 10", dirac.sentences(wild, Speech())[1])


@pytest.fixture
def broken() -> Iterator[None]:
    with registry.loading("a test's plugin"):

        @registry.loss(
            "own_broken", title="Own broken", help="x.", paper="x", needs_real=False, targets=False, output="critic"
        )
        def own_broken(real: Any, fake: Any, smooth: float = 0.0) -> Any:
            """L_D = 0,  L_G = 0."""
            raise RuntimeError("no")

    yield
    registry.loss.withdraw("a test's plugin")


@pytest.mark.usefixtures("broken")
def test_a_plugin_that_breaks_is_said(door: TestClient) -> None:
    answer = door.post("/api/dirac", json={"settings": {"loss": "own_broken"}})
    assert answer.status_code == 500
    assert answer.json()["error"] == dirac.BROKEN


@pytest.mark.usefixtures("broken")
def test_a_page_goes_on_where_a_plugin_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, begin = parse({"loss": "own_broken"}), parse({})
    with pytest.raises(RuntimeError):  # nobody's file: a fault of ours
        dirac._safely(broken, begin)
    monkeypatch.setattr(plugins, "blamed", lambda error: PluginError("It broke: {error}", error=error))
    found, problem = dirac._safely(broken, begin)
    assert found == of_core(begin)
    assert str(problem) == "It broke: no"


def test_sentences_in_the_visitors_numbers() -> None:
    assert [short(v, Speech()) for v in (300, 2.034, 1.4e-12, 1e6, 123.4, 0.0123)] == [
        "300",
        "2.03",
        "1.4 · 10⁻¹²",
        "1,000,000",
        "123",
        "0.0123",
    ]
    for found in (of_core(parse({})), of_core(parse({"order": "alternating"}))):
        first, second = dirac.sentences(found, Speech())
        assert first == first.strip()
        assert "{" not in first + second
    assert "|λ| is 1.000012" in dirac.sentences(of_core(parse({"h": 0.01, "steps": 10})), Speech())[1]
    assert set(VERDICTS) >= {"converges", "circles", "cycles", "spirals_out", "unsettled"}


# ── on a page ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def page() -> None:
    import streamlit as st

    from pages._ui.dirac import dirac_lab

    found = dirac_lab("lab", start={"loss": "wasserstein", "penalty": "r1"}, locked=["loss"])
    st.text(f"{found.verdict} {found.settings.loss} {found.steps}")


def test_a_page_gets_the_facts_of_the_start() -> None:
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert app.text[0].value == "converges wasserstein 300"


def test_what_the_browser_says_is_checked() -> None:
    begin = parse({"loss": "wasserstein", "penalty": "r1"})
    held = {"loss": "wasserstein"}

    def chosen(told: Any) -> Any:
        return _chosen(told, "tag", held, begin)

    assert chosen({"of": "tag", "settings": {"h": 0.1, "loss": "hinge"}}) == parse({"h": 0.1, "loss": "wasserstein"})
    for told in (None, 7, "x", {}, {"of": "tag"}, {"of": "other", "settings": {"h": 0.1}}, {"of": "tag", "settings": 7}, {"of": "tag", "settings": {"h": 99}},
                 {"of": "tag", "settings": {"verdict": "converges"}}, {"of": "tag", "settings": {7: 7}}):  # fmt: skip
        assert chosen(told) == begin


def test_a_start_that_cannot_be_is_said() -> None:
    with pytest.raises(ConfigError, match=r"0\.001"):
        dirac.dirac_lab("lab", start={"h": 0})
    with pytest.raises(ConfigError, match="theta"):
        dirac.dirac_lab("lab", locked=["colour"])
