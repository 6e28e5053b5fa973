"""Notebooks: valid, and run from top to bottom they end in a picture of what the run has learned."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import _tiny
import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from PIL import Image

from gan_core.config import RunConfig, replace
from gan_core.export.notebook import notebook
from gan_core.training import new_trainer

STEPS = 3
FORMS = {
    "points": _tiny.points(), "pictures": _tiny.pictures(), "a file beside it": _tiny.pictures(data__image_size=16),
    "told a class": _tiny.pictures(generator__conditioning="concat", discriminator__conditioning="projection"), "a translation": _tiny.pairs(),
    "points of its own kind": _tiny.points(lecam_weight=0.1, loss="hinge", penalty="none"),
}  # fmt: skip
CHANGE = {"step": 2, "do": "change", "changes": {"g_optimizer.lr": [0.001, 0.5]}}


def run(text: str, folder: Path) -> Any:
    book = nbformat.reads(text, as_version=4)
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return book


def picture(book: Any) -> Any:
    """The data of the last cell's only output."""
    (output,) = book.cells[-1].outputs
    return output["data"]


@pytest.mark.parametrize("name", FORMS)
def test_it_is_valid_and_says_what_it_needs(name: str) -> None:
    made = notebook(FORMS[name], [CHANGE], STEPS)
    book = nbformat.reads(made.text, as_version=4)
    nbformat.validate(book)
    assert json.loads(made.text)["nbformat_minor"] == 5
    kinds = [cell.cell_type for cell in book.cells]
    assert kinds[0] == "markdown"
    assert kinds[-1] == "code"
    for cell in book.cells:
        if cell.cell_type == "code":
            compile(cell.source, "cell", "exec")
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    assert ("gan_core" in code) == (not made.alone)
    assert "sys.argv" not in code
    assert "__file__" not in code
    assert made.alone == (name in ("points", "pictures", "a file beside it"))


def test_the_script_in_cells_draws_what_the_run_draws(tmp_path: Path) -> None:
    made = notebook(FORMS["pictures"], [CHANGE], STEPS)
    for file, data in made.files.items():
        (tmp_path / file).write_bytes(data)
    book = run(made.text, tmp_path)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture(book)["image/png"]))))
    trainer = _trained(FORMS["pictures"])
    rng = torch.Generator().manual_seed(0)
    wanted = trainer.players.sample(trainer.players.draw(512, rng)[:64])
    pixels = (
        ((wanted + 1) * 127.5)
        .round()
        .clamp(0, 255)
        .to(torch.uint8)
        .view(8, 8, 8, 8)
        .permute(0, 2, 1, 3)
        .reshape(64, 64)
    )
    np.testing.assert_array_equal(shown, pixels.numpy())


def _trained(config: RunConfig) -> Any:
    trainer = new_trainer(config)
    for step in range(STEPS):
        if step == CHANGE["step"]:
            trainer.change(replace(config, {"g_optimizer.lr": 0.5}))
        trainer.step()
    return trainer


def test_with_the_library_it_trains_the_same_run(tmp_path: Path) -> None:
    config = FORMS["a translation"]
    book = run(notebook(config, [CHANGE], STEPS).text, tmp_path)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture(book)["image/png"]))))
    players = _trained(config).players
    pixels = ((players.sample(players.preview.latents) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    side = int(len(pixels) ** 0.5)
    _, c, h, w = pixels.shape
    grid = pixels[: side * side].view(side, side, c, h, w).permute(0, 3, 1, 4, 2).reshape(side * h, side * w, c)
    np.testing.assert_array_equal(shown.reshape(grid.shape), grid.numpy())
    assert "step       3" in "".join(
        out.get("text", "") for cell in book.cells if cell.cell_type == "code" for out in cell.outputs
    )


def test_points_end_as_a_drawing(tmp_path: Path) -> None:
    book = run(notebook(FORMS["points"], [], STEPS).text, tmp_path)
    assert picture(book)["image/svg+xml"].count("<circle") == 1000
