"""The server's own routes beside Streamlit's, under its base path and without (a proxy may strip the prefix)."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from pages._ui import service, settings, tokens
from pages._ui.hub import LiveHub, WatchedRun

HEALTH = "/api/health"
LIVE = "/api/live"


async def health(_request: Request) -> JSONResponse:
    """Answers as soon as the server does; for start-up checks."""
    return JSONResponse({"status": "ok"})


def _find(run_id: str) -> WatchedRun | None:
    return service.scheduler().get(run_id)


def routes() -> list[BaseRoute]:
    """Health and the live view."""
    hub = LiveHub(_find, service.command, tokens.check, lambda: settings.options().origins)
    prefixes = dict.fromkeys(("", settings.base_path()))
    return [
        route
        for prefix in prefixes
        for route in (Route(prefix + HEALTH, health), WebSocketRoute(prefix + LIVE, hub.serve))
    ]
