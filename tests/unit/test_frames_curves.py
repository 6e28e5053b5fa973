"""Frames: the format byte by byte."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from PIL import Image

import gan_core.presets  # noqa: F401 - fills the registries
from gan_core import registry
from gan_core.players import Players
from gan_core.runs import frames
from gan_core.runs.frames import CURVE_NAMES, encode_grid, pack
from gan_core.runs.picture import FIELD_CELLS, picture
from gan_core.runs.preview import preview_frame
from gan_core.runs.snapshots import Mark, Message, Metrics, Snapshot
from gan_core.trainer import Trainer
from pages._ui import live


def unpack(blob: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A reader written from the description of the format alone."""
    assert blob[:4] == b"GPF1"
    (length,) = struct.unpack("<I", blob[4:8])
    assert (8 + length) % 8 == 0

    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} in JSON")

    header = json.loads(blob[8 : 8 + length].decode("utf-8"), parse_constant=no_constant)
    arrays, end = {}, 8 + length
    for name, entry in header["arrays"].items():
        assert entry["offset"] % 8 == 0
        assert entry["offset"] >= end
        assert entry["dtype"] in ("f4", "u1")
        array = np.frombuffer(blob, np.dtype("<" + entry["dtype"]), math.prod(entry["shape"]), entry["offset"])
        arrays[name] = array.reshape(entry["shape"])
        end = entry["offset"] + array.nbytes
    assert end <= len(blob) < end + 8
    return header, arrays


def snapshot(kind: str = "points", **more: Any) -> Snapshot:
    return Snapshot(run="r", kind=kind, seq=7, status="running", **more)


class _Critic(torch.nn.Module):
    """A critic that is a formula."""

    def __init__(self, formula: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.formula(x)


def _with_critic(trainer: Trainer, formula: Callable[[torch.Tensor], torch.Tensor]) -> Players:
    return dataclasses.replace(trainer.players, d=_Critic(formula))


@pytest.mark.parametrize("loss", list(registry.loss))
def test_points(loss: str) -> None:
    trainer = _tiny.trained(_tiny.points(data__name="grid", loss=loss), 2)
    header, arrays = unpack(pack(snapshot(**picture(trainer.players))))
    assert header["extent"] == list(trainer.data.extent)  # type: ignore[union-attr]
    assert header["field_kind"] == ("probability" if registry.loss[loss].info["output"] == "probability" else "critic")
    assert arrays["real"].shape == arrays["fake"].shape == arrays["fake_live"].shape == (1000, 2)
    assert arrays["field"].shape == (FIELD_CELLS, FIELD_CELLS)
    assert arrays["field"].dtype == np.uint8
    assert np.array_equal(arrays["fake"], trainer.sample(trainer.preview.latents).numpy())
    assert np.array_equal(arrays["real"], trainer.preview.real.numpy())


def test_the_field_lies_as_the_axes_do() -> None:
    """Row 0 is the bottom, column 0 the left; a critic that likes x > 0 and y > 0 is bluest in the upper right."""
    trainer = _tiny.trained(_tiny.points(loss="non_saturating"), 0)
    for weights, bright in ((((1.0, 0.0)), (slice(None), slice(24, 48))), (((0.0, 1.0)), (slice(24, 48), slice(None)))):
        field = picture(_with_critic(trainer, lambda x, w=weights: x[:, 0] * w[0] + x[:, 1] * w[1]))["arrays"]["field"]
        assert (field[bright] > 127).all()
        assert float(field.mean()) == pytest.approx(127.5, abs=1)
    x0, x1, *_ = trainer.data.extent  # type: ignore[union-attr]
    sure = picture(_with_critic(trainer, lambda x: x[:, 0] * 0 + 3.0))
    assert int(sure["arrays"]["field"][0, 0]) == round(255 / (1 + math.exp(-3)))
    assert x1 > x0


def test_a_broken_critic_still_makes_a_frame() -> None:
    trainer = _tiny.trained(_tiny.points(loss="wasserstein"), 0)
    broken = picture(_with_critic(trainer, lambda x: x[:, 0] * float("nan")))
    header, arrays = unpack(pack(snapshot(**broken, rate=float("nan"), rate_images=float("inf"))))
    assert header["rate"] is None
    assert header["rate_images"] is None
    assert set(arrays["field"].flatten().tolist()) <= {127, 128}


def test_pictures() -> None:
    trainer = _tiny.trained(_tiny.pictures(), 1)
    made = picture(trainer.players)
    header, arrays = unpack(pack(snapshot("images", **made)))
    grid = header["grid"]
    assert (grid["rows"], grid["cols"], grid["cell"]) == (8, 8, [8, 8])
    for name in ("real", "fake"):
        sheet = np.asarray(Image.open(io.BytesIO(arrays[f"image_{name}"].tobytes())).convert("L"))
        assert sheet.shape == (64, 64)
        third = made["arrays"][name][10, 0]  # second row, third column: row by row, lossless
        assert np.abs(sheet[8:16, 16:24].astype(int) - third).max() <= 1
    assert grid["real"] == grid["fake"] == "image/webp"


@pytest.mark.parametrize(("count", "channels", "size"), [(1, 1, 8), (5, 3, 16), (64, 1, 28), (10, 3, 64)])
def test_grids(count: int, channels: int, size: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, channels, size, size), dtype=np.uint8)
    sheet = np.asarray(Image.open(io.BytesIO(encode_grid(images))))
    columns = math.ceil(math.sqrt(count))
    assert sheet.shape[:2] == (math.ceil(count / columns) * size, columns * size)
    if size <= 32:
        last = sheet[(count - 1) // columns * size :, (count - 1) % columns * size :][:size, :size]
        wanted = images[-1].transpose(1, 2, 0)
        assert np.array_equal(
            last if channels == 3 else last[..., 0] if last.ndim == 3 else last,
            wanted if channels == 3 else wanted[..., 0],
        )


def test_the_rest_of_the_header() -> None:
    values = np.full((3, len(CURVE_NAMES)), np.nan, np.float32)
    values[:, CURVE_NAMES.index("d_loss")] = [1, np.nan, 3]
    header, arrays = unpack(pack(snapshot(
        message=Message("<b>{x}</b>", {"x": float("inf")}), metrics=Metrics({"quality": 0.5, "reverse_kl": math.inf}, 2500, 3, {"quality": 0.989}),
        marks=(Mark(5, "loss", "hinge", "<i>数</i>"),), curve_names=CURVE_NAMES,
        curve_steps=np.array([1, 2, 3], np.float32), curve_values=values, progress=None, step=3, images=9,
    )))  # fmt: skip
    assert header["message"] == {"template": "<b>{x}</b>", "params": {"x": None}}
    assert header["metrics"]["values"] == {"quality": 0.5, "reverse_kl": None}
    assert header["metrics"]["samples"] == 2500
    assert header["metrics"]["floor"]["quality"] == pytest.approx(0.989, abs=1e-3)
    assert header["marks"] == [{"step": 5, "name": "loss", "old": "hinge", "new": "<i>数</i>"}]
    assert [c["name"] for c in header["curves"]] == ["d_loss"]
    assert np.array_equal(arrays["curve:d_loss"], np.array([1, np.nan, 3], np.float32), equal_nan=True)
    assert arrays["curve_x"].tolist() == [1, 2, 3]


def test_an_empty_snapshot() -> None:
    header, arrays = unpack(pack(snapshot("images")))
    assert arrays == {}
    assert header["metrics"] is None


def test_the_preview_before_a_run() -> None:
    for config in (_tiny.points(), _tiny.pictures()):
        blob = preview_frame(config)
        assert blob is not None
        assert unpack(blob)[0]["status"] == "preview"


def test_the_lines_of_what_is_measured_from_time_to_time_go_on_in_between() -> None:
    """The live view draws them so in the panels of the metrics, and in no other."""
    source = (Path(live.__file__).parent / "live" / "curves.js").read_text(encoding="utf-8")
    listed = re.search(r"SPARSE_PANELS = new Set\(\[(.*?)\]\)", source)
    assert listed is not None
    measured = {panel for name, (panel, *_rest) in frames.CURVES.items() if name in registry.metric}
    assert set(re.findall(r'"(\w+)"', listed[1])) == measured
