"""The same latents through several runs, in step on one scrubber: a browser component, and the route that draws for it.

One request carries all runs of a moment, each with the token that the page issued for it; one is in flight at a time, and the latest wins.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from gan_core.comparison.album import MOST_LATENTS, OWN, Album
from gan_core.comparison.entries import MOST
from gan_core.errors import PlaygroundError
from gan_core.runs.folder import RunFolder
from gan_core.text import N_
from pages._ui import i18n, origins, tokens
from pages._ui.bodies import body
from pages._ui.sockets import said
from pages._ui.tokens import Grant, TokenError

log = logging.getLogger(__name__)

SIDE = 320  # pixels of a picture
AT_ONCE = 2  # requests that are drawn at the same time, of all visitors
_LONGEST = 16_000  # bytes of a request
_HERE = Path(__file__).parent

LABELS = {
    "moment": N_("Moment"),
    "play": N_("Play"),
    "stop": N_("Stop"),
    "at": N_("step {step}"),
    "place": N_("{one}: {other}"),
    "none": N_("Nothing is kept of this run yet."),
    "failed": N_("This picture could not be drawn: {reason}"),
    "closed": N_("The server cannot be reached. Trying again …"),
    "old": N_("This page is too old. Reload it."),
    "given": N_("What was given"),
    "alt": N_("{name} at step {step}"),
    "help": N_(
        "All runs move together. Each shows the last moment kept of it up to there; arrow keys move the scrubber."
    ),
}

_component = st.components.v2.component(
    "gan_album",
    html='<div class="ga"></div>',
    css=(_HERE / "album.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("live/link.js", "album.js")),
)


@dataclass(frozen=True)
class Cell:
    """One run of the row: what it is called, its colour, where its kept moments are on the axis, and at which steps."""

    run: str
    letter: str
    name: str
    colour: str
    places: Sequence[float]
    steps: Sequence[int]


def album_view(
    cells: Sequence[Cell], latents: int, axis: str, *, translates: bool, key: str, _: Callable[[str], str]
) -> None:
    """Show the row with its scrubber; axis: what its places are, in words."""
    data = {
        "cells": [
            {"token": tokens.issue_for(cell.run, control=False), "run": cell.run, "letter": cell.letter, "name": cell.name, "colour": cell.colour,
             "places": list(cell.places), "steps": list(cell.steps)} for cell in cells
        ],
        "latents": latents, "axis": axis, "given": translates, "side": SIDE,
        "labels": {code: _(text) for code, text in LABELS.items()}, "lang": i18n.language().replace("_", "-"),
    }  # fmt: skip
    _component(data=data, key=key)


class AlbumRoute:
    """POST {"cells": [{"token", "step", "what"}], "latents", "side"} -> {"pictures": [{"data"} or {"error"}]}."""

    def __init__(
        self,
        folder: Callable[[str], RunFolder | None],
        touch: Callable[[str], None],
        check: Callable[[str], Grant],
        allowed_origins: Callable[[], tuple[str, ...]],
    ) -> None:
        """`folder`: of a run that is here; `touch`: somebody looks at it."""
        self._folder, self._touch, self._check, self._allowed_origins = folder, touch, check, allowed_origins
        self._album = Album()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def draw(self, request: Request) -> Response:
        """The pictures of one moment, each or why not."""
        language = i18n.known(request.query_params.get("lang")) or i18n.ENGLISH
        if not origins.is_allowed(request.headers, self._allowed_origins()):
            return JSONResponse({"error": "origin refused"}, 403)
        try:
            wanted = _read(await body(request, _LONGEST))
            runs = [self._check(cell["token"]).run for cell in wanted["cells"]]
        except ClientDisconnect:
            return JSONResponse({}, 400)
        except TokenError:
            return JSONResponse({"error": "token refused"}, 401)
        except ValueError:
            return JSONResponse({"error": "unknown request"}, 400)
        async with self._places:
            found = await asyncio.to_thread(self._all, runs, wanted, language)
        return JSONResponse({"pictures": found})

    def _all(self, runs: list[str], wanted: dict[str, Any], language: str) -> list[dict[str, str]]:
        return [self._one(run, cell, wanted, language) for run, cell in zip(runs, wanted["cells"], strict=True)]

    def _one(self, run: str, cell: dict[str, Any], wanted: dict[str, Any], language: str) -> dict[str, str]:
        folder = self._folder(run)
        try:
            if folder is None:
                raise PlaygroundError(N_("The run {run} is gone."), run=run)
            self._touch(run)
            data = self._album.picture(folder, cell["step"], wanted["latents"], wanted["side"], cell["what"])
        except PlaygroundError as error:
            return {"error": said(error, language)}
        except Exception:
            log.exception("a picture of run %s could not be drawn", run)
            return {"error": said(PlaygroundError(N_("the server could not draw it")), language)}
        return {"data": "data:image/webp;base64," + base64.b64encode(data).decode("ascii")}


def _read(content: bytes) -> dict[str, Any]:
    """A request as the component sends it. Raises ValueError for any other."""
    try:
        wanted = json.loads(content)
        cells, latents, side = wanted["cells"], wanted["latents"], wanted["side"]
        ok = (
            isinstance(cells, list)
            and 1 <= len(cells) <= MOST + 1
            and type(latents) is int
            and OWN <= latents <= MOST_LATENTS
        )
        ok = ok and type(side) is int and 32 <= side <= 2 * SIDE
        for cell in cells if ok else ():
            ok = (
                ok
                and isinstance(cell["token"], str)
                and type(cell["step"]) is int
                and cell["what"] in ("fake", "given")
            )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not ok:
        raise ValueError("unknown request")
    return {"cells": cells, "latents": latents, "side": side}
