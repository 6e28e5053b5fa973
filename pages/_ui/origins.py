"""Which web pages may open the live view: our own, and those that `--allow-origin` names."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

_DEFAULT_PORT = {"http": 80, "https": 443}


def is_allowed(headers: Mapping[str, str], allowed: Collection[str] = ()) -> bool:
    """Whether a request with these (lower-case) headers comes from an allowed page.

    A browser always sends Origin, and no page can change it. A program that is not a browser sends none; it needs
    a token like everyone else, so that is allowed.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    if _normal(origin) in {_normal(other) for other in allowed}:
        return True
    scheme, _, place = _normal(origin).partition("://")
    hosts = [headers.get("host", ""), headers.get("x-forwarded-host", "").split(",")[0]]
    return bool(place) and place in {
        _normal(f"{scheme}://{host.strip()}").partition("://")[2] for host in hosts if host
    }


def _normal(origin: str) -> str:
    """scheme://host:port in lower case, without a port that the scheme implies; "" for what is no origin."""
    try:
        parts = urlsplit(origin.strip().lower())
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname or parts.username is not None:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port in (None, _DEFAULT_PORT.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"
