"""A stand-in for the app: serves the live component on a bare page and speaks the live protocol."""

import asyncio
import io
import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages._ui.live import HTML, SCRIPT, STYLE

BASE = "/some/base"  # the component must find its socket under a base path

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module" src="{base}/static/js/index.js"></script>
<style>body {{ margin: 16px; background: var(--st-background-color); font-family: var(--st-font) }}
:root {{ --st-font: system-ui, sans-serif; --st-primary-color: #3457d5; --st-base-radius: 8px;
  --st-background-color: #ffffff; --st-secondary-background-color: #f3f4f7; --st-text-color: #23262f }}
:root.dark {{ --st-background-color: #0f1218; --st-secondary-background-color: #1b2029; --st-text-color: #e8eaf0;
  --st-primary-color: #7f9cff }}</style>
<div id="host"></div>
<script type="module">
import live from "{base}/live.js";
const host = document.getElementById("host");
const shadow = host.attachShadow({{ mode: "open" }}); // as Streamlit mounts it
shadow.innerHTML = `{html}<style></style>`;
shadow.querySelector("style").textContent = await (await fetch("{base}/live.css")).text();
window.triggers = [];
window.errors = [];
window.addEventListener("error", (e) => window.errors.push(e.message));
window.addEventListener("unhandledrejection", (e) => window.errors.push(String(e.reason)));
window.mount = (data) => {{
  window.cleanup = live({{ data, parentElement: shadow, setStateValue() {{}},
    setTriggerValue: (name, value) => window.triggers.push([name, value]) }});
}};
window.ready = true;
</script></html>"""


def pack(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """A frame as the server packs it: magic, header length, header, arrays, each at a multiple of 8."""
    specs = {
        name: {"dtype": "u1" if a.dtype == np.uint8 else "f4", "shape": list(a.shape), "offset": 0}
        for name, a in arrays.items()
    }
    start = 0
    for _ in range(3):  # the offsets are part of the header, so that its length settles after a round or two
        text = json.dumps({**header, "arrays": specs}).encode()
        text += b" " * (-len(text) % 8)
        start = 8 + len(text)
        for name, array in arrays.items():
            specs[name]["offset"] = start
            start += array.nbytes + -array.nbytes % 8
    blob = b"GPF1" + len(text).to_bytes(4, "little") + text
    for array in arrays.values():
        blob += array.tobytes() + b"\0" * (-array.nbytes % 8)
    return blob


def curves(steps: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Plausible curves of `steps` steps, with a gap in one of them."""
    n = min(500, max(1, steps // 10))
    x = np.linspace(1, max(1, steps), n, dtype=np.float32)
    t = x / 400
    noise = lambda s: rng.normal(0, s, n)  # noqa: E731 - three letters of shorthand for the lines below
    found = {
        "curve_x": x,
        "curve:d_loss": 1.386 - 0.5 * np.exp(-t / 3) + noise(0.03),
        "curve:g_loss": 0.69 + 1.1 * np.exp(-t / 2) + noise(0.05),
        "curve:d_real": 0.5 + 0.35 * np.exp(-t / 3) + noise(0.015),
        "curve:d_fake": 0.5 - 0.35 * np.exp(-t / 3) + noise(0.015),
        "curve:d_gradient": np.exp(noise(0.2)) * (0.2 + 2 * np.exp(-t)),
        "curve:g_gradient": np.exp(noise(0.2)) * (0.05 + 0.8 * np.exp(-t)),
    }
    found["curve:g_loss"][n // 3 : n // 3 + 4] = np.nan
    return {name: a.astype(np.float32) for name, a in found.items()}


CURVES = [
    {"name": "d_loss", "panel": "loss", "role": "d"}, {"name": "g_loss", "panel": "loss", "role": "g"},
    {"name": "d_real", "panel": "critic", "role": "real"}, {"name": "d_fake", "panel": "critic", "role": "fake"},
    {"name": "d_gradient", "panel": "gradients", "role": "d"}, {"name": "g_gradient", "panel": "gradients", "role": "g"},
]  # fmt: skip


def header(run: str, seq: int, kind: str, step: int, **more: object) -> dict[str, Any]:
    """A frame's header in the middle of a run."""
    return {
        "kind": kind, "run": run, "seq": seq, "version": 1, "step": step, "images": step * 256, "seconds": step / 812,
        "status": "running", "message": "", "rate": 812.3, "rate_images": 207000.0, "progress": min(1.0, step / 6000),
        "queue": 0, "metrics": None, "curves": CURVES, "engine": "compiling", "engine_reason": "",
        "marks": [{"step": 500, "text": "learning rate 0.001 → 0.0005"}] if step > 500 else [],
    } | more  # fmt: skip


def points_frame(run: str, seq: int, *, step: int = 1234, **more: object) -> bytes:
    """A ring of eight, more or less learned."""
    rng = np.random.default_rng(7)
    angle = rng.integers(0, 8, 1000) * np.pi / 4
    real = np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.02, (1000, 2))
    spread = 0.06 + 0.5 * np.exp(-step / 900)
    fake = real[::-1] * (1 - 0.5 * np.exp(-step / 900)) + rng.normal(0, 1, (1000, 2)) * spread
    fake += 0.03 * np.sin(seq)
    y, x = np.mgrid[0:48, 0:48] / 47 * 3.2 - 1.6
    ring = np.exp(-((np.hypot(x, y) - 1) ** 2) / 0.12) * (0.75 + 0.25 * np.cos(8 * np.arctan2(y, x)))
    field_ = np.clip(255 * (0.28 + 0.5 * ring), 0, 255).astype(np.uint8)
    live = fake + rng.normal(0, 0.08, fake.shape)
    arrays = {"real": real, "fake": fake, "fake_live": live, "field": field_} | layers(real, fake, live)
    arrays = {k: v if v.dtype == np.uint8 else v.astype(np.float32) for k, v in arrays.items()} | curves(step, rng)
    metrics = {"values": {"modes": 8, "modes_total": 8, "quality": 0.912, "reverse_kl": 0.0034}, "samples": 2500,
               "step": 1200, "floor": {"quality": 0.989}}  # fmt: skip
    top = {"extent": [-1.6, 1.6, -1.6, 1.6], "field_kind": "probability", "sheet": "grid", "metrics": metrics}
    return pack(header(run, seq, "points", step, **(top | more)), arrays)


def layers(real: np.ndarray, fake: np.ndarray, live: np.ndarray) -> dict[str, np.ndarray]:
    """What else is drawn of a run on points: D likes what is a unit away from the middle."""
    y, x = np.mgrid[-2:2:21j, -2:2:21j]
    sheet = np.stack([x, y], 2)
    found = {"noise": fake * 1.5, "sheet_noise": sheet, "sheet": sheet / 2, "sheet_live": sheet / 2.2}
    for name, points in (("real", real), ("fake", fake), ("live", live)):
        found[f"logits_{name}"] = 1 - 3 * np.abs(np.hypot(*points.T) - 1)
    for name, points in (("", fake[:160]), ("_live", live[:160])):
        radius = np.hypot(*points.T)[:, None]
        found[f"slope{name}"] = -3 * np.sign(radius - 1) * points / radius
        found[f"pull{name}"] = np.full(160, 0.5) * np.linspace(-1, 1, 160)
    return found


def digits_frame(run: str, seq: int, *, step: int = 1234, wants: Sequence[str] = (), says: Mapping[str, object] | None = None,
                 measured: dict[str, np.ndarray] | None = None,
                 **more: object) -> bytes:  # fmt: skip
    """Two 8×8 grids of handwritten digits, the second one spoiled; and what is said of single pictures that somebody wants closely: as
    `closely_facts`, but for what `says` says. `measured`: further arrays."""
    from sklearn.datasets import load_digits

    pictures = np.kron(load_digits().images[seq : seq + 64] * 15.9, np.ones((4, 4)))[:, 2:30, 2:30]
    rng = np.random.default_rng(seq)
    spoiled = np.clip(pictures * 0.85 + rng.normal(20, 22, pictures.shape), 0, 255)
    arrays = {f"image_{name}": _sheet(a) for name, a in (("real", pictures), ("fake", spoiled))} | curves(step, rng)
    arrays |= measured or {}
    grid = {"rows": 8, "cols": 8, "cell": [28, 28], "real": "image/png", "fake": "image/png"}
    closely = {}
    for name in wants:
        closely[name] = closely_facts(name) | {"logit": step / 1000} | (says or {})
        arrays |= {
            f"{name}:saliency": np.eye(28, dtype=np.float32),
            f"{name}:nearest": pictures[:4, None].astype(np.uint8),
        }
    more = {"grid": grid} | ({"closely": closely} if closely else {}) | more
    return pack(header(run, seq, "images", step, **more), arrays)


def closely_facts(name: str) -> dict[str, Any]:
    """What the server says of one picture: nearer to a training picture than nearly all that nobody learned."""
    by = "features" if name.endswith("features") else "pixels"
    scale = 40 if by == "features" else 1
    return {"chance": 0.31, "means": {"real": 1.5, "fake": -0.5}, "packed": 1, "by": by, "ready": True, "features": "digits classifier",
            "distances": [scale * d for d in (0.05, 0.1, 0.11, 0.12)], "rows": [5, 6, 7, 8], "names": ["3", "3", "8", "3"],
            "held_out": [scale * (0.1 + 0.002 * i) for i in range(100)], "nearer": 1.0}  # fmt: skip


def _sheet(pictures: np.ndarray) -> np.ndarray:
    sheet = pictures.reshape(8, 8, 28, 28).transpose(0, 2, 1, 3).reshape(224, 224).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(sheet).save(target, "PNG")
    return np.frombuffer(target.getvalue(), np.uint8)


@dataclass
class FakeServer:
    """What the server does is set by the test; what it heard is kept in `heard`."""

    address: str = ""
    kind: str = "points"
    capability: str = "control"
    refuse: int | None = None  # a close code in answer to the token
    more: dict[str, object] = field(default_factory=dict)  # header fields of the next frames
    interval: float = 0.1
    good_tokens: set[str] | None = None
    heard: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    unacked: int = 0
    most_unacked: int = 0
    kick: bool = False  # drop the connection once
    moments: list[int] = field(default_factory=list)  # steps of the past that are kept
    branches: list[int] = field(default_factory=list)
    missing: set[int] = field(default_factory=set)  # steps of those that turn out not to be there
    deaf: bool = False  # to wishes for the past
    wants: list[str] = field(default_factory=list)  # what was wished for last
    answers: bool = True  # wishes for a picture of a grid
    says: dict[str, object] = field(default_factory=dict)  # of such a picture, instead of what is usual
    measured: dict[str, np.ndarray] = field(default_factory=dict)  # further arrays of the frames of pictures
    keeps: bool = False  # every picture of the present; said of each with the one after it

    def heard_of(self, name: str) -> list[Any]:
        """The values of all messages that had this key."""
        return [message[name] for message in self.heard if name in message]

    async def serve(self, ws: WebSocket) -> None:
        await ws.accept()
        self.connections += 1
        token = json.loads(await ws.receive_text())
        self.heard.append(token)
        code = self.refuse or (
            4401 if self.good_tokens is not None and token["token"] not in self.good_tokens else None
        )
        if code:
            await ws.close(code)
            return
        run = token["token"].split(":")[0]
        await ws.send_json({"hello": {"capability": self.capability, "run": run, "status": "running"}})
        free, seen = asyncio.Event(), asyncio.Event()
        free.set()
        seen.set()
        self.unacked = 0
        reader = asyncio.create_task(self._read(ws, free, seen))
        try:
            while not reader.done():
                await asyncio.wait_for(self._turn(ws, run, free, seen), 30)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            pass
        finally:
            reader.cancel()

    async def _turn(self, ws: WebSocket, run: str, free: asyncio.Event, seen: asyncio.Event) -> None:
        if self.kick:
            self.kick = False
            await ws.close(1011)
            raise WebSocketDisconnect
        if free.is_set() and seen.is_set():
            free.clear()
            self.sent += 1
            self.unacked += 1
            self.most_unacked = max(self.most_unacked, self.unacked)
            await ws.send_bytes(self._frame(run))
        await asyncio.sleep(self.interval)

    def _frame(self, run: str) -> bytes:
        more = {"step": 600 + 40 * self.sent} | self.more
        if self.keeps:
            more["kept"] = self.moments[-1] if self.moments else None
            self.moments.append(int(str(more["step"])))
        if more.pop("bare", False):  # as before the first look at a run
            return pack(header(run, self.sent, self.kind, **(more | {"step": 0, "curves": []})), {})
        if self.kind == "points":
            return points_frame(run, self.sent, **more)
        return digits_frame(run, self.sent, wants=self._answered, says=self.says, measured=self.measured, **more)

    @property
    def _answered(self) -> list[str]:
        return [name for name in self.wants if name.startswith("close:")] if self.answers else []

    async def _read(self, ws: WebSocket, free: asyncio.Event, seen: asyncio.Event) -> None:
        while True:
            message = json.loads(await ws.receive_text())
            self.heard.append(message)
            if "want" in message:
                self.wants = message["want"]
            if "ack" in message:
                self.unacked -= 1
                free.set()
            if "moments" in message:
                await ws.send_json({"moments": {"steps": self.moments, "branches": self.branches}})
            for step in () if self.deaf else message.get("at", ()):
                if step in self.missing:
                    await ws.send_json({"missing": {"step": step, "message": "It has gone."}})
                elif self.kind == "images":
                    await ws.send_bytes(digits_frame("r1", 0, step=step, status="past", wants=self._answered))
                else:
                    await ws.send_bytes(points_frame("r1", 0, step=step, status="past"))
            if "visible" in message:
                (seen.set if message["visible"] else seen.clear)()
            if message.get("do") in ("pause", "stop"):
                self.more = {**self.more, "status": "paused" if message["do"] == "pause" else "stopped"}
            elif message.get("do") == "speed":
                self.more = {**self.more, "speed": message["value"]}
            elif message.get("do") == "resume":
                self.more = {**self.more, "status": "running"}


def start(server: FakeServer) -> uvicorn.Server:
    """Serve `server` on a free port in a thread; `server.address` is the page. Set `.should_exit` to end it."""
    page = PAGE.format(base=BASE, html=HTML)
    script = lambda text, kind: lambda request: Response(text, media_type=kind)  # noqa: E731
    app = Starlette(routes=[
        Route(f"{BASE}/lab/deep", lambda request: HTMLResponse(page)),
        Route(f"{BASE}/live.js", script(SCRIPT, "text/javascript")),
        Route(f"{BASE}/live.css", script(STYLE, "text/css")),
        Route(f"{BASE}/static/js/index.js", script("", "text/javascript")),
        WebSocketRoute(f"{BASE}/api/live", server.serve),
    ])  # fmt: skip
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    runner = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    threading.Thread(target=runner.run, args=([door],), daemon=True).start()
    while not runner.started:
        time.sleep(0.02)
    server.address = f"http://127.0.0.1:{door.getsockname()[1]}{BASE}/lab/deep"
    return runner
