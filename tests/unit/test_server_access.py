"""Who is who: the cookie of a browser, the public id made from it, the tokens of the live view, the allowed origins."""

import re
from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from pages._ui import origins, owner, tokens

SECRET = "A" * 22


async def page(_request: Request) -> Response:
    return HTMLResponse("<p>page</p>", headers={"cache-control": "no-cache"})


async def data(_request: Request) -> Response:
    return JSONResponse({})


async def unchanged(_request: Request) -> Response:
    return Response(status_code=304)


@pytest.fixture
def client() -> Callable[..., TestClient]:
    routes = [Route("/", page), Route("/data", data), Route("/unchanged", unchanged)]

    def make(path: str = "/", base_url: str = "http://testserver") -> TestClient:
        app = Starlette(routes=routes, middleware=[Middleware(owner.OwnerCookie, path=path)])
        return TestClient(app, base_url=base_url)

    return make


def test_a_browser_gets_its_secret_once(client: Callable[..., TestClient]) -> None:
    browser = client()
    first = browser.get("/")
    cookie = first.headers["set-cookie"]
    assert re.fullmatch(r"gan_owner=[\w-]{22}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax", cookie)
    assert first.headers["cache-control"] == "no-store"
    second = browser.get("/")
    assert "set-cookie" not in second.headers
    assert second.headers["cache-control"] == "no-cache"


def test_two_browsers_have_two_secrets(client: Callable[..., TestClient]) -> None:
    assert client().get("/").cookies["gan_owner"] != client().get("/").cookies["gan_owner"]


@pytest.mark.parametrize("value", ["", "short", "A" * 23, "A" * 21 + "%", "A" * 21 + "é"])
def test_a_malformed_secret_is_replaced(client: Callable[..., TestClient], value: str) -> None:
    assert "set-cookie" in client().get("/", headers={"cookie": f"gan_owner={value}".encode()}).headers


def test_another_sites_odd_cookie_does_not_hide_ours(client: Callable[..., TestClient]) -> None:
    assert "set-cookie" not in client().get("/", headers={"cookie": f"a=[b; =; x; gan_owner={SECRET}"}).headers


def test_the_cookie_behind_tls_and_under_a_base_path(client: Callable[..., TestClient]) -> None:
    assert "; Secure" in client().get("/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert "; Secure" in client(base_url="https://testserver").get("/").headers["set-cookie"]
    assert "; Path=/gan;" in client("/gan").get("/").headers["set-cookie"]


def test_only_pages_carry_the_cookie(client: Callable[..., TestClient]) -> None:
    assert "set-cookie" not in client().get("/data").headers
    assert "set-cookie" not in client().get("/unchanged", headers={"accept": "image/png"}).headers
    assert "set-cookie" in client().get("/unchanged", headers={"accept": "text/html"}).headers


def test_the_public_id_does_not_show_the_secret() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", owner.public_id(SECRET))
    assert owner.public_id(SECRET) == owner.public_id(SECRET) != owner.public_id("B" * 22)


def _page_that_says_who() -> None:
    import streamlit as st

    from pages._ui.owner import owner_id

    st.text(owner_id())


def test_without_a_cookie_each_session_is_an_owner() -> None:
    one, other = (AppTest.from_function(_page_that_says_who).run() for _ in range(2))
    first = one.text[0].value
    assert one.run().text[0].value == first != other.text[0].value


def test_a_token_says_what_it_was_issued_for() -> None:
    assert tokens.check(tokens.issue("ring-1", "control")) == tokens.Grant("ring-1", "control")
    assert tokens.check(tokens.issue_for("r", control=True)).capability == "control"
    assert tokens.check(tokens.issue_for("r", control=False)).capability == "view"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "ä.b", "." * 4000])
def test_no_token(text: str) -> None:
    with pytest.raises(tokens.TokenError):
        tokens.check(text)


def test_a_token_of_another_process_or_time_is_refused() -> None:
    here, other = tokens.Signer(b"1" * 32), tokens.Signer(b"2" * 32)
    with pytest.raises(tokens.TokenError):
        here.check(other.issue("r", "view"))
    with pytest.raises(tokens.TokenError):
        tokens.Signer(b"1" * 32, expiry_seconds=-1).check(here.issue("r", "view"))


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"host": "localhost:8501"}, True),  # no browser
        ({"host": "localhost:8501", "origin": "http://localhost:8501"}, True),
        ({"host": "LocalHost:8501", "origin": "http://localhost:8501"}, True),
        ({"host": "[::1]:8501", "origin": "http://[::1]:8501"}, True),
        ({"host": "gan.example:443", "origin": "https://gan.example"}, True),
        ({"host": "10.0.0.2:8501", "x-forwarded-host": "gan.example, proxy", "origin": "https://gan.example"}, True),
        ({"host": "10.0.0.2:8501", "origin": "https://allowed.example"}, True),
        ({"host": "10.0.0.2:8501", "origin": "HTTPS://allowed.example:443"}, True),
        ({"host": "10.0.0.2:8501", "origin": "http://allowed.example"}, False),
        ({"host": "localhost:8501", "origin": "http://localhost:8502"}, False),
        ({"host": "localhost:8501", "origin": "http://evil.example"}, False),
        ({"host": "gan.example", "origin": "https://gan.example.evil"}, False),
        ({"host": "gan.example", "origin": "https://gan.example@evil"}, False),
        ({"host": "localhost:8501", "origin": "null"}, False),
        ({"host": "", "origin": ""}, False),
        ({"host": "localhost:x", "origin": "http://localhost:x"}, False),
    ],
)
def test_origins(headers: dict[str, str], allowed: bool) -> None:
    assert origins.is_allowed(headers, ["https://allowed.example/"]) is allowed
