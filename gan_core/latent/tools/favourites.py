"""Places that somebody keeps: in the run's folder, and as files that leave it."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from gan_core.data.sets import PointSet, to_pixels
from gan_core.errors import ConfigError, ExportError, PlaygroundError
from gan_core.export.drawing import drawing
from gan_core.export.drawing_onnx import drawing_onnx
from gan_core.latent import favourites as kept_favourites
from gan_core.latent import reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import Explored, ExploredRun
from gan_core.latent.explorer import Room
from gan_core.latent.favourites import Favourite, FavouriteFile, Kept, favourite, name_of
from gan_core.latent.models import as_file
from gan_core.latent.onnx_models import ExploredOnnx
from gan_core.latent.tools.look import BACKGROUND, drawn, look_of
from gan_core.runs.stills import FAKE, NEUTRAL, REAL
from gan_core.text import N_

log = logging.getLogger(__name__)

CHUNK = "gan-playground"  # the keyword of the text in a PNG
LARGE = 256  # pixels that an enlarged picture has at least
_WRITTEN = frozenset({"psi", "off", "noise"})  # what a script knows of a look
_SIDE = 512  # pixels of a picture of points


@ask("favourites")
def favourites(room: Room, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """What is kept with the run. Facts: "favourites", each with "there": whether the state of its step still is; "damaged": how many cannot be
    read or do not fit this generator."""
    return _listed(room, _file(room).read())


@ask("keep", writes=True)
def keep(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Keeps `favourites`, a list of {"name", "at"} and perhaps "look", "step", "created", "id"; the generator of each one's step is kept with
    them, where it still is. Facts as `favourites`."""
    said = reading.items(asked, "favourites", 1, kept_favourites.MOST)
    new = [_fitting(room, entry) for entry in said]
    return _listed(room, _file(room).add(new, lambda: _pin(room, {one.step for one in new})))


@ask("rename", writes=True)
def rename(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Calls the favourite `id` by another `name`. Facts as `favourites`."""
    return _listed(room, _file(room).rename(reading.text(asked, "id", 40), name_of(asked)))


@ask("forget", writes=True)
def forget(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Removes the favourite `id`. What it pinned goes with the next change, not with this one, which may be undone. Facts as `favourites`."""
    room.explorer.folder.unpin()
    return _listed(room, _file(room).forget(reading.text(asked, "id", 40)))


@ask("checked")
def checked(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Which of `favourites`, as `keep` takes them, fit this generator. Facts: "favourites", complete; "refused": how many are not among them.
    `run`: whose they are; the step of another run's says nothing here, and becomes this one. Raises ConfigError where none fits."""
    mine = reading.text(asked, "run", 200, "") in ("", _run(room))
    found, problem = [], None
    said = reading.items(asked, "favourites", 1, kept_favourites.MOST)
    for entry in said:
        try:
            one = entry if mine or not isinstance(entry, dict) else {**entry, "step": room.explored.step}
            found.append(_fitting(room, one))
        except PlaygroundError as error:
            problem = problem or error
    if not found and problem is not None:
        raise problem
    return Answer(facts={"favourites": [one.as_json() for one in found], "refused": len(said) - len(found)})


@ask("as_png")
def as_png(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The picture of `at` as a PNG file, as large as it is or, with `large`, each pixel as a square so that it has at least 256 a side. Of a 2-D
    generator the point among the data. In it lies a text, its keyword "gan-playground": JSON with run, step, at, look, name. Arrays: "file",
    its bytes; facts: "name"."""
    one = _fitting(room, asked)
    pixels = _pixels(room, one)
    image = Image.fromarray(pixels)
    factor = -(-LARGE // max(image.size)) if reading.truth(asked, "large", False) else 1
    if factor > 1:
        image = image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST)
    said = {"version": kept_favourites.VERSION, "run": _run(room), "step": room.explored.step, "at": one.at, "look": dict(one.look), "name": one.name}  # fmt: skip
    about = PngInfo()
    about.add_text(CHUNK, json.dumps(said))  # ASCII: the others are escaped
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=about)
    return _as_file(buffer.getvalue(), f"{_file_name(room, one)}.png")


@ask("as_script")
def as_script(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """A Python file that draws `at` again from the checkpoint. Arrays: "file", its bytes; facts: "name", "checkpoint": where in the run's
    folder the weights are, of a model what its ONNX file is called. Raises ExportError where it cannot stand alone."""
    one, explorer = _fitting(room, asked), room.explorer
    more = sorted(set(one.look) - _WRITTEN)
    if more:
        raise ExportError(N_("This picture is looked at in a way that a script cannot repeat ({names}). Take it as PNG or JSON instead."), names=", ".join(more))  # fmt: skip
    explored, look = room.explored, look_of(room.explored, one.look)
    if isinstance(explored, ExploredOnnx):
        file = f"{explored.name}.onnx"
        text = drawing_onnx(explored, room.settled({"at": one.at}), look.psi, one.name, file)
        answer = _as_file(text.encode("utf-8"), f"{_file_name(room, one)}.py")
        return Answer(answer.arrays, {**answer.facts, "checkpoint": file})
    path = explorer.folder.explorable().get(explored.step)  # what is pinned rather than a checkpoint that will go
    if path is None:
        raise ExportError(N_("The checkpoint of step {step} is not kept any more: no script could draw this from it."), step=room.explored.step)  # fmt: skip
    assert isinstance(explored, ExploredRun)
    file = path.relative_to(explorer.folder.path).as_posix()
    text = drawing(
        explored, room.settled({"at": one.at}), look.psi, look.factors, look.noise, one.name, _run(room), file
    )
    answer = _as_file(text.encode("utf-8"), f"{_file_name(room, one)}.py")
    return Answer(answer.arrays, {**answer.facts, "checkpoint": file})


def _file(room: Room) -> FavouriteFile:
    return room.explorer.folder.favourites


def _pin(room: Room, steps: set[int]) -> None:
    """Has the players of these steps stay with the run; of this one even where no file holds them any more."""
    folder = room.explorer.folder
    if not folder.is_run:
        return  # a model that was brought: its checkpoint stays
    folder.unpin()
    states = folder.states()
    there = {*states, *([room.explored.step] if room.explored.step <= max(states, default=0) else [])}
    for step in sorted(steps & (there - folder.pinned.files().keys())):
        try:
            explored = room.explored if step == room.explored.step else room.explorer.room(step).explored
        except PlaygroundError as error:  # thinned out meanwhile, or damaged: it is listed as one that is not there
            log.warning("step %d of %s cannot be pinned: %s", step, folder.path, error)
            continue
        assert isinstance(explored, ExploredRun)
        folder.pinned.add(step, as_file(explored))


def _run(room: Room) -> str:
    return room.explorer.folder.path.name


def _fitting(room: Room, said: object) -> Favourite:
    """A favourite that this generator can draw. Raises ConfigError."""
    one = favourite(said, room.explored.step)
    room.settled({"at": one.at})
    look = look_of(room.explored, one.look)
    if look.factors:
        with room.explored.switched(look.factors):  # refuses channels that there are not
            pass
    return one


def _listed(room: Room, kept: Kept) -> Answer:
    steps = set(room.explorer.steps())
    found, damaged = [], kept.damaged
    for one in kept.favourites:
        try:
            room.settled({"at": one.at})
            look_of(room.explored, one.look)
            found.append(one.as_json() | {"there": one.step in steps})
        except ConfigError:
            damaged += 1
    return Answer(facts={"favourites": found, "damaged": damaged})


def _pixels(room: Room, one: Favourite) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3): drawn alone, as the page draws its current place."""
    explored = room.explored
    sample = drawn(explored, room.settled({"at": one.at})[None], look_of(explored, one.look))
    if isinstance(explored.data, PointSet):
        return _among_the_data(explored, explored.data, sample[0])
    pixels: NDArray[np.uint8] = to_pixels(sample)[0].permute(1, 2, 0).squeeze(2).contiguous().numpy()
    return pixels


def _among_the_data(explored: Explored, data: PointSet, point: Tensor) -> NDArray[np.uint8]:
    """Real points as circles, generated ones as diamonds, and a ring around this one."""
    x0, x1, y0, y1 = data.extent
    side = 2 * _SIDE  # made smaller afterwards, which smooths the edges
    scale = side / max(x1 - x0, y1 - y0)
    image = Image.new("RGB", (side, side), NEUTRAL)
    pen = ImageDraw.Draw(image)

    def placed(points: Tensor) -> list[tuple[float, float]]:
        return [
            (side / 2 + (float(x) - (x0 + x1) / 2) * scale, side / 2 - (float(y) - (y0 + y1) / 2) * scale)
            for x, y in points
        ]

    for x, y in placed(data.to_units(data.draw(BACKGROUND, torch.Generator().manual_seed(0)))):
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=_pale(REAL))
    for x, y in placed(explored.draw(explored.many(BACKGROUND, 0))):
        pen.polygon([(x - 5, y), (x, y - 5), (x + 5, y), (x, y + 5)], fill=_pale(FAKE))
    for x, y in placed(point[None]):
        pen.polygon([(x - 14, y), (x, y - 14), (x + 14, y), (x, y + 14)], fill=FAKE)
        pen.ellipse((x - 24, y - 24, x + 24, y + 24), outline=(20, 20, 20), width=6)
    return np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX))


def _pale(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = ((c + n) // 2 for c, n in zip(colour, NEUTRAL, strict=True))
    return red, green, blue


def _file_name(room: Room, one: Favourite) -> str:
    """What a file of it is called, without its ending: run, step, and what of the name every file system takes."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", one.name).strip("-").lower()[:40]
    return "-".join(part for part in (_run(room), str(room.explored.step), name) if part)


def _as_file(data: bytes, name: str) -> Answer:
    return Answer({"file": np.frombuffer(data, np.uint8)}, {"name": name})
