"""Who owns a run: a random secret in a cookie of the browser, and the public id made from it."""

import hashlib
import re
import secrets

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "gan_owner"
_SECRET = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)  # 128 bits in URL-safe base64
_YEAR = 365 * 24 * 3600
_SESSION_KEY = "_owner_secret"


def owner_id() -> str:
    """The visitor's public id, 16 hex digits; nobody gets back from it to the cookie that proves it.

    Without a cookie (tests, a browser that refuses them) the Streamlit session is the owner.
    """
    secret = st.context.cookies.get(COOKIE, "")
    if not (isinstance(secret, str) and _SECRET.fullmatch(secret)):  # AppTest answers with a mock
        secret = st.session_state.setdefault(_SESSION_KEY, _new_secret())
    return public_id(secret)


def public_id(secret: str) -> str:
    """The id that others may see of the browser that holds `secret`."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def _new_secret() -> str:
    return secrets.token_urlsafe(16)


class OwnerCookie:
    """Middleware: gives each browser that asks for a page its secret, unless it has a well-formed one."""

    def __init__(self, app: ASGIApp, path: str = "/") -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _has_secret(scope):
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(scope, message):
                headers = MutableHeaders(scope=message)
                headers.append("set-cookie", self._cookie(scope))
                # A cache between here and the browser would hand one visitor's secret to the next.
                headers["cache-control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _cookie(self, scope: Scope) -> str:
        parts = [f"{COOKIE}={_new_secret()}", f"Path={self._path}", f"Max-Age={_YEAR}", "HttpOnly", "SameSite=Lax"]
        return "; ".join([*parts, "Secure"] if is_secure(scope) else parts)


def is_secure(scope: Scope) -> bool:
    """Whether the browser came by TLS, as far as this server or the proxy in front of it says."""
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "").split(",")[0].strip().lower()
    return (forwarded or scope.get("scheme", "http")) in ("https", "wss")


def _has_secret(scope: Scope) -> bool:
    return _SECRET.fullmatch(HTTPConnection(scope).cookies.get(COOKIE, "")) is not None


def _is_page(scope: Scope, start: Message) -> bool:
    """Whether this response shows a page: HTML, or "not modified" in answer to a request for HTML."""
    if start["status"] == 304:
        return "text/html" in Headers(scope=scope).get("accept", "")
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
