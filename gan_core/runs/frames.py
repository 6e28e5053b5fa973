"""Packs a Snapshot into one binary frame: the same bytes for every viewer. docs/architecture.md describes the format."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.diagnosis.findings import Evidence, Finding
from gan_core.runs.phase_view import PhaseView
from gan_core.runs.snapshots import Message, Metrics, Snapshot

MAGIC = b"GPF1"
_ALIGN = 8
_LOSSLESS_UP_TO = 32  # pixels a picture
CURVES = {
    # name: (panel, role)
    "d_loss": ("loss", "d"),
    "g_loss": ("loss", "g"),
    "l1": ("held", "g"),
    "cycle": ("held", "g"),
    "identity": ("held", "d"),
    "test_l1": ("translation", "neutral"),
    "cycle_there": ("translation", "real"),
    "cycle_back": ("translation", "fake"),
    "psnr": ("psnr", "neutral"),
    "ssim": ("ssim", "neutral"),
    "reconstruction": ("elbo", "g"),
    "kl": ("elbo", "d"),
    "d_real": ("critic", "real"),
    "d_fake": ("critic", "fake"),
    "d_gradient": ("gradients", "d"),
    "g_gradient": ("gradients", "g"),
    "encoder_gradient": ("gradients", "d"),
    "decoder_gradient": ("gradients", "g"),
    "penalty": ("penalty", "d"),
    "augment_p": ("augmentation", "neutral"),
    "quality": ("metrics", "neutral"),
    "coverage": ("metrics", "neutral"),
    "precision": ("metrics", "fake"),
    "recall": ("metrics", "real"),
    "class_coverage": ("metrics", "neutral"),
    "as_asked": ("metrics", "neutral"),
    "fd": ("frechet", "neutral"),
    "reverse_kl": ("divergence", "neutral"),
    "js": ("divergence", "neutral"),
    "class_kl": ("divergence", "neutral"),
    "swd": ("distance", "neutral"),
}
CURVE_NAMES = tuple(CURVES)
PROGRESS = ("images", "seconds")  # samples seen and seconds trained: what curves are drawn over, beside the step
KEPT_NAMES = (*CURVE_NAMES, *PROGRESS)


def pack(snapshot: Snapshot) -> bytes:
    """What a viewer sees at one moment."""
    return packed(_header(snapshot), _arrays(snapshot))


def packed(header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """header length, JSON header, arrays (float32 or uint8): each at a multiple of eight bytes, so that a browser reads them in place. The
    header gets their places under "arrays"."""
    header["arrays"] = {
        name: {"dtype": a.dtype.str[1:], "shape": list(a.shape), "offset": 0} for name, a in arrays.items()
    }
    # The header's own length depends on the offsets it states: reserve room for the widest numbers first.
    for entry in header["arrays"].values():
        entry["offset"] = 10**9
    length = _padded(len(_json(header)), 8)
    offset = len(MAGIC) + 4 + length
    for name, array in arrays.items():
        header["arrays"][name]["offset"] = offset
        offset = _padded(offset + array.nbytes, 0)
    parts = [MAGIC, struct.pack("<I", length), _json(header).ljust(length)]
    for array in arrays.values():
        raw = array.tobytes()
        parts += [raw, b"\0" * (_padded(len(raw), 0) - len(raw))]
    return b"".join(parts)


def _padded(length: int, before: int) -> int:
    """`length`, grown so that before + length is a multiple of the alignment."""
    return length + -(before + length) % _ALIGN


def _json(header: dict[str, Any]) -> bytes:
    return json.dumps(header, allow_nan=False, separators=(",", ":")).encode()


def _header(s: Snapshot) -> dict[str, Any]:
    header: dict[str, Any] = {
        "version": 1, "kind": s.kind, "run": s.run, "seq": s.seq, "step": s.step, "images": s.images, "seconds": s.seconds,
        "status": s.status, "message": _message(s.message), "engine": s.engine, "engine_reason": _message(s.engine_reason),
        "rate": _plain(s.rate), "rate_images": _plain(s.rate_images), "progress": s.progress, "queue": s.queue,
        "left": s.left, "horizon": s.horizon, "machine": dict(s.machine),
        "marks": [dataclasses.asdict(mark) for mark in s.marks],
        "curves": [{"name": n, "panel": CURVES[n][0], "role": CURVES[n][1]} for n in _drawn(s)],
        "metrics": _metrics(s.metrics), "judged": _metrics(s.judged), "diagnosis": [_finding(found) for found in s.diagnosis], "settings": dict(s.settings),
        "speed": s.speed, "phase": _phase(s.phase), "kept": s.kept,
    }  # fmt: skip
    if s.extent:
        header |= {"extent": list(s.extent), "field_kind": s.field_kind, "sheet": s.sheet}
    if s.kind != "points" and "fake" in s.arrays:
        n, _, height, width = s.arrays["fake"].shape
        columns = math.ceil(math.sqrt(n))
        header["grid"] = {"rows": math.ceil(n / columns), "cols": columns, "count": n, "cell": [height, width]}
        header["grid"] |= dict.fromkeys(s.arrays, "image/webp")
        header["grid"] |= {"classes": list(s.columns), "found": s.found} if s.columns else {}
    if s.layers:
        header["layers"] = {
            who: {"kinds": said["kinds"], "norms": [_plain(v) for v in said["norms"]]} for who, said in s.layers.items()
        }
    if s.closely:
        header["closely"] = dict(s.closely)
    if s.verdicts is not None:
        header["verdicts"] = {"step": s.verdicts.step, "kind": s.verdicts.kind, "pictures": s.verdicts.pictures}
    return header


def _message(m: Message | Evidence) -> dict[str, Any]:
    return {"template": m.template, "params": {k: _plain(v) for k, v in m.params.items()}}


def _finding(f: Finding) -> dict[str, Any]:
    remedy = {name: [str(old), str(new)] for name, (old, new) in f.remedy.items()}
    return {
        "code": f.code,
        "since": f.since,
        "evidence": _message(f.evidence),
        "remedy": remedy,
        "advice": _message(f.advice),
    }


def _drawn(s: Snapshot) -> list[str]:
    """Curves with at least one number to show."""
    if s.curve_values is None:
        return []
    return [name for i, name in enumerate(s.curve_names) if not np.isnan(s.curve_values[:, i]).all()]


def _metrics(m: Metrics | None) -> dict[str, Any] | None:
    if m is None:
        return None
    values = {name: _plain(value) for name, value in m.values.items()}
    by = {"by": m.by, "features": m.features} if m.by else {}
    return {"values": values, "samples": m.samples, "step": m.step, "floor": dict(m.floor)} | by


def _phase(view: PhaseView | None) -> dict[str, Any] | None:
    if view is None:
        return None
    place = view.place
    return {"code": place.code, "index": view.codes.index(place.code) + 1, "count": len(view.codes), "players": view.players,
            "repeat": {"round": place.round, "rounds": place.rounds, "part": place.part, "parts": place.parts},
            "values": {name: _plain(value) for name, value in view.values.items()}, "formula": view.formula,
            "layers": list(view.layers)}  # fmt: skip


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: null stands for both."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _arrays(s: Snapshot) -> dict[str, NDArray[Any]]:
    out: dict[str, NDArray[Any]] = {}
    drawn = s.arrays if s.kind == "points" else {}
    out |= {
        name: np.ascontiguousarray(a, np.uint8 if a.dtype == np.uint8 else np.float32)
        for name, a in (*drawn.items(), *s.extras.items())
    }
    if s.kind != "points":
        out |= {f"image_{n}": np.frombuffer(encode_grid(a), np.uint8) for n, a in s.arrays.items() if len(a)}
    if s.verdicts is not None:
        out |= {name: np.ascontiguousarray(a, np.float32) for name, a in s.verdicts.arrays.items()}
    if s.curve_steps is not None and s.curve_values is not None:
        out["curve_x"] = np.ascontiguousarray(s.curve_steps, np.float32)
        for name in _drawn(s):
            out[f"curve:{name}"] = np.ascontiguousarray(s.curve_values[:, s.curve_names.index(name)], np.float32)
    if s.phase is not None:
        out |= {f"phase:{name}": np.ascontiguousarray(a, np.float32) for name, a in s.phase.arrays.items()}
    return out


def encode_grid(images: NDArray[np.uint8]) -> bytes:
    """The picture that `grid` makes, as WebP. Small pictures are drawn pixel by pixel: theirs are lossless."""
    buffer = io.BytesIO()
    grid(images).save(buffer, "WEBP", quality=90, method=0, lossless=images.shape[2] <= _LOSSLESS_UP_TO)
    return buffer.getvalue()


def grid(images: NDArray[np.uint8]) -> Image.Image:
    """(N, C, H, W) uint8, C 1 or 3 -> one picture of ⌈√N⌉ columns, row by row."""
    n, channels, height, width = images.shape
    columns = math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    sheet = np.zeros((rows * columns, channels, height, width), np.uint8)
    sheet[:n] = images
    tiles = sheet.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    tiled = tiles.reshape(rows * height, columns * width, channels)
    return Image.fromarray(tiled[..., 0] if channels == 1 else tiled)
