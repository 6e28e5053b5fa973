"""The server's own routes beside Streamlit's, under its base path and without (a proxy may strip the prefix)."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from pages._ui import files_out, service, settings, tokens
from pages._ui.album import AlbumRoute
from pages._ui.dirac import DiracRoute
from pages._ui.hub import LiveHub, WatchedRun
from pages._ui.latent_hub import LatentHub
from pages._ui.uploads import UploadRoute

HEALTH = "/api/health"
LIVE = "/api/live"
LATENT = "/api/latent"
UPLOADS = "/api/uploads"
ALBUM = "/api/album"
DIRAC = "/api/dirac"
PICTURES = "/api/pictures"
PICTURES_FOLDER = Path(__file__).parent / "pictures"
_A_DAY = 86_400  # seconds


async def health(_request: Request) -> JSONResponse:
    """Answers as soon as the server does; for start-up checks."""
    return JSONResponse({"status": "ok"})


async def picture(request: Request) -> Response:
    """The picture of a preset, to be kept by browsers for a day: Streamlit would encode it anew and forget it with the page."""
    known = {file.stem: file for file in PICTURES_FOLDER.glob("*.webp")}
    file = known.get(request.path_params["name"])
    if file is None:
        return JSONResponse({"error": "There is no such picture."}, 404)
    return FileResponse(file, media_type="image/webp", headers={"Cache-Control": f"public, max-age={_A_DAY}"})


def _find(run_id: str) -> WatchedRun | None:
    return service.scheduler().get(run_id)


def routes() -> list[BaseRoute]:
    """Health, the pictures of presets, files that visitors bring and take away, the live view, the Latent Explorer, and the Dirac-GAN."""
    hub = LiveHub(_find, service.command, tokens.check, lambda: settings.options().origins)
    latent = LatentHub(
        service.explorers, service.explorable, service.touch, tokens.check, lambda: settings.options().origins
    )
    uploads = UploadRoute(service.arrivals, tokens.uploads.check, lambda: settings.options().origins)
    album = AlbumRoute(service.run_folder, service.touch, tokens.check, lambda: settings.options().origins)
    dirac = DiracRoute(lambda: settings.options().origins)
    prefixes = dict.fromkeys(("", settings.base_path()))
    return [
        route
        for prefix in prefixes
        for route in (
            Route(prefix + HEALTH, health),
            Route(prefix + PICTURES + "/{name}.webp", picture),
            Route(prefix + files_out.FILES + "/{token}", files_out.take),
            Route(prefix + UPLOADS, uploads.bring, methods=["POST"]),
            Route(prefix + ALBUM, album.draw, methods=["POST"]),
            Route(prefix + DIRAC, dirac.play, methods=["POST"]),
            WebSocketRoute(prefix + LIVE, hub.serve),
            WebSocketRoute(prefix + LATENT, latent.serve),
        )
    ]
