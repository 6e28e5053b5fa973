"""A generator that came as an ONNX file: what it takes and gives, found out or asked for, and how it is explored.

    found = probe(path, "dcgan", Answers())     # in a process of its own, with bounds on memory and time
    explored = ExploredOnnx(path, found.plan)   # pad, map, projection …: as a run's generator, without D, data and layers

The file is untrusted: this process never opens it. onnxruntime runs it in a child (`onnx_worker`), which may use MEMORY and gets SECONDS for an
answer; then it is ended, and the next question begins a new one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_core.config import DISTRIBUTIONS
from gan_core.data.sets import ImageSet
from gan_core.errors import ConfigError, RunError
from gan_core.latent import onnx_worker
from gan_core.latent.explored import Explored, Traits
from gan_core.latent.onnx_worker import LARGEST, MOST_CLASSES, MOST_DIM, SIDE, SMALLEST
from gan_core.text import N_

FILE, NOTE = "generator.onnx", "model.json"  # in a model's folder
SECONDS = 60.0  # for an answer
MEMORY = 4 << 30  # bytes of addresses, besides a few times the file
_FLOATS = 2**22  # of pictures in one answer
_MOST_ROWS = 64
_LINE = 2**20
STEP, STEP_HALF = 1e-2, 0.1  # of differences: both errors are about 1e-5 in 32-bit arithmetic, 1e-2 in 16-bit
_probing = threading.BoundedSemaphore(2)  # each may take MEMORY
RANGES = {"signed": (-1.0, 1.0), "unit": (0.0, 1.0), "bytes": (0.0, 255.0)}

MISSING = N_("ONNX files need two more packages on the server: onnx and onnxruntime. Install them with pip install -e '.[onnx]' and start the server again.")  # fmt: skip
NO_DIM = N_(
    "{name} leaves open how many numbers its noise has, and none of the usual sizes fits. Say it: whoever trained the generator knows it."
)
NO_CLASSES = N_("{name} is asked for a class, and does not say how many there are. Say how many.")
GONE = N_("The file of {name} is not there any more: the model was deleted. What is on the screen stays.")
_TIME = N_(
    "{name} has taken longer than {seconds} seconds for a few pictures, and was stopped. A smaller generator can be explored."
)
_CRASHED = N_(
    "{name} has made the program that runs it end. It is damaged, or made for another version of onnxruntime."
)
_REFUSED = {
    "missing": N_("{name} cannot be run here: the packages onnx and onnxruntime do not load. Install them again on the server, with pip install -e '.[onnx]', and start it again."),
    "damaged": N_("{name} is no ONNX model: it is damaged, cut short, or of another kind. Export it again."),
    "external": N_("{name} keeps its weights in other files ({tensor} among them), and a file from outside may not name files here. Save it as one file: in Python onnx.save(onnx.load(path), new, save_as_external_data=False)."),
    "operator": N_("{name} uses an operation that onnxruntime does not have: {operator}. Export it with standard operators alone."),
    "version": N_("{name} was written for a later version of ONNX than this server has. Export it with an older opset, such as 17, or update onnx and onnxruntime."),
    "no_latent": N_("{name} has no input that could be the noise: one of floating-point numbers, (pictures, size) or (pictures, size, 1, 1). Export the generator alone."),
    "inputs": N_("{name} wants more than noise and a class: {names}. Give these inputs fixed values when you export it."),
    "dim": N_("{name} takes noise of {dim} numbers; from 1 to {most} can be explored."),
    "classes": N_("{name} has {classes} classes; at most {most} can be explored."),
    "batch": N_("{name} takes exactly {batch} latents at once; at most {most} can be drawn. Export it for any number."),
    "output": N_("{name} gives no pictures, but {found}. Pictures are (pictures, channels, height, width) or (pictures, height, width, channels), with 1 or 3 channels and sides of {smallest} to {largest} pixels."),
    "finite": N_("The pictures of {name} are not all numbers: it had diverged, or wants its noise in another form."),
    "chance": N_("{name} draws another picture each time it gets the same noise. Export it for inference, with its own random numbers fixed or left out."),
    "size": N_("{name} does not run with noise of {dim} numbers ({reason}). Say another size: whoever trained the generator knows it."),
    "memory": N_("{name} needs more memory than the {size} GB that a model may have here."),
    "run": N_("{name} could not be run: {reason}"),
}  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """What somebody says of a file, in the place of what would be guessed: latent, the input that is the noise; dim, its size; classes; how the
    noise is distributed; values, a code of RANGES. "" and 0: nothing is said."""

    latent: str = ""
    dim: int = 0
    classes: int = 0
    distribution: str = ""
    values: str = ""


@dataclass(frozen=True)
class Plan:
    """How a file is run, as `onnx_worker` reads it, and what its numbers mean: distribution, of the noise; values, a code of RANGES."""

    latent: str
    dim: int
    label: str
    form: str
    classes: int
    output: str
    layout: str
    shape: tuple[int, int, int]
    batch: int
    rows: int
    half: bool
    distribution: str
    values: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """What was found out of a file. latents: the inputs that may be the noise, the likeliest as `latent`; dim, classes: 0 where they have to
    be said; free, counted: whether the file leaves the size open, and says how many classes; full: the pictures' own (C, H, W), None before they
    could be drawn; values, low, high: the likely range, and what was seen. plan: None while something has to be said first."""

    latents: tuple[str, ...]
    latent: str
    dim: int
    free: bool
    label: str
    classes: int
    counted: bool
    full: tuple[int, int, int] | None
    values: str
    low: float
    high: float
    plan: Plan | None


def at_hand() -> bool:
    """Whether ONNX files can be run here."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))


def probe(path: Path, name: str, said: Answers) -> Found:
    """Finds out what a file takes and gives, with a few pictures where nothing has to be said first. Raises ConfigError for what is no generator,
    or answers that do not fit it; RunError where it cannot be run within the bounds."""
    if not at_hand():
        raise ConfigError(MISSING)
    _check(said)
    given = {key: value for key, value in (("latent", said.latent), ("dim", said.dim), ("classes", said.classes)) if value}  # fmt: skip
    with _probing:
        child = _Child(path, name, given, known=False)
        child.end()
    plan, facts = child.first["plan"], child.first["facts"]
    low, high = float(facts.get("low", 0.0)), float(facts.get("high", 0.0))
    values = said.values or likely_range(low, high)
    whole = None
    if not facts["needs"]:
        whole = plan_of({**plan, "distribution": said.distribution or "gaussian", "values": values})
    return Found(
        tuple(facts["latents"]), plan["latent"], plan["dim"], facts["free"], plan["label"], plan["classes"], facts["counted"],
        tuple(facts["full"]) if whole is not None else None, values, low, high, whole,
    )  # fmt: skip


def likely_range(low: float, high: float) -> str:
    """The code of RANGES that values from low to high most likely are of."""
    if high > 3:
        return "bytes"
    return "signed" if low < -0.1 else "unit"


def plan_of(said: object) -> Plan:
    """A plan from JSON. Raises ConfigError for what is none."""
    try:
        assert isinstance(said, dict)
        plan = Plan(**{one.name: said[one.name] for one in fields(Plan)} | {"shape": tuple(said["shape"])})
        whole = [plan.dim, plan.classes, plan.batch, plan.rows, *plan.shape]
        texts = [plan.latent, plan.label, plan.output]
        fits = (
            all(type(n) is int for n in whole)
            and all(isinstance(t, str) for t in texts)
            and isinstance(plan.half, bool)
            and len(plan.shape) == 3
        )
        assert fits
        assert 1 <= plan.dim <= MOST_DIM
        assert 0 <= plan.classes <= MOST_CLASSES
        assert plan.rows >= 1
        assert plan.shape[0] in (1, 3)
        assert all(SMALLEST <= side <= SIDE for side in plan.shape[1:])
        assert plan.values in RANGES
        assert plan.distribution in DISTRIBUTIONS
    except (AssertionError, KeyError, TypeError):
        raise ConfigError(N_("What is known of this model cannot be read. Delete it and bring its file again.")) from None  # fmt: skip
    return plan


def is_kept(folder: Path) -> bool:
    """Whether what was brought into this folder is an ONNX file."""
    return (folder / FILE).is_file()


def explored_onnx(folder: Path) -> ExploredOnnx:
    """The generator of a model's folder. Raises ConfigError where what is known of it cannot be read."""
    try:
        said = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        name, plan = str(said["name"]), said["plan"]
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        name, plan = "", None
    return ExploredOnnx(folder / FILE, name, plan_of(plan))


def _check(said: Answers) -> None:
    if not 0 <= said.dim <= MOST_DIM:
        raise ConfigError(_REFUSED["dim"], name="ONNX", dim=said.dim, most=MOST_DIM)
    if not 0 <= said.classes <= MOST_CLASSES:
        raise ConfigError(_REFUSED["classes"], name="ONNX", classes=said.classes, most=MOST_CLASSES)
    for value, allowed in ((said.distribution, DISTRIBUTIONS), (said.values, RANGES)):
        if value and value not in allowed:
            raise ConfigError(N_("{value} does not go here. What does: {allowed}."), value=value[:60], allowed=", ".join(allowed))  # fmt: skip


# ── the process that runs it ─────────────────────────────────────────────────────────────────────────────────────────────


class _Child:
    """One process, for one file. Raises RunError and ConfigError in the words of _REFUSED."""

    def __init__(self, path: Path, name: str, plan: Mapping[str, Any], *, known: bool) -> None:
        self._name = name
        try:
            size = path.stat().st_size
        except OSError:
            raise RunError(GONE, name=name) from None
        self._process = subprocess.Popen(
            [sys.executable, "-P", onnx_worker.__file__, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._end = weakref.finalize(self, _end, self._process)
        self.first = self._ask({"plan": dict(plan), "known": known, "memory": MEMORY + 4 * size})[0]

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._end()

    def draw(self, rows: Tensor, shape: tuple[int, int, int]) -> Tensor:
        """rows (N, inputs) -> (N, *shape), as the file gives its values."""
        count = len(rows) * math.prod(shape)
        data = rows.detach().cpu().float().contiguous().numpy().astype("<f4").tobytes()
        said, answer = self._ask({"rows": len(rows), "bytes": len(data)}, data, 4 * count)
        if said.get("shape") != [len(rows), *shape]:
            self.end()
            raise RunError(_CRASHED, name=self._name)
        found = torch.from_numpy(np.frombuffer(answer, "<f4").astype(np.float32)).view(len(rows), *shape)
        return found

    def _ask(self, said: Mapping[str, Any], data: bytes = b"", wanted: int = 0) -> tuple[dict[str, Any], bytes]:
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(SECONDS, stop)
        timer.start()
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(said).encode() + b"\n" + data)
            self._process.stdin.flush()
            line = self._process.stdout.readline(_LINE)
            answer = json.loads(line) if line.endswith(b"\n") else None
            more = self._process.stdout.read(wanted) if isinstance(answer, dict) and "refused" not in answer else b""
        except (OSError, ValueError):
            answer, more = None, b""
        finally:
            timer.cancel()
        if not isinstance(answer, dict) or ("refused" not in answer and len(more) != wanted):
            self.end()
            raise RunError(_TIME, name=self._name, seconds=round(SECONDS)) if late.is_set() else RunError(_CRASHED, name=self._name)  # fmt: skip
        if "refused" in answer:
            raise self._refused(answer)
        return answer, more

    def _refused(self, answer: Mapping[str, Any]) -> ConfigError | RunError:
        code, params = answer["refused"], answer.get("params") or {}
        if code not in _REFUSED or not isinstance(params, dict):
            return RunError(_CRASHED, name=self._name)
        params = {"smallest": SMALLEST, "largest": LARGEST, "size": MEMORY >> 30, **params, "name": self._name}
        return (RunError if code in ("missing", "memory", "run") else ConfigError)(_REFUSED[code], **params)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


# ── the generator ────────────────────────────────────────────────────────────────────────────────────────────────────────


class OnnxGenerator(nn.Module):
    """inputs (N, dim + classes) -> pictures (N, C, H, W) in [−1, 1]. Without weights here; its gradient by z is found by central differences, which
    draws 2 · dim pictures for each row; that by the class, which nothing follows, is 0."""

    def __init__(self, path: Path, name: str, plan: Plan) -> None:
        super().__init__()
        self._path, self._name, self.plan = path, name, plan
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._heard = threading.local()
        low, high = RANGES[plan.values]
        self._scale, self._middle = 2 / (high - low), (high + low) / 2
        self._rows = max(1, min(_MOST_ROWS, _FLOATS // math.prod(plan.shape)))

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = _Differences.apply(inputs, self)
        return found

    @contextlib.contextmanager
    def watched(self, heard: Callable[[], None]) -> Iterator[None]:
        """While this lasts, `heard` is called before each part of what this thread has drawn; it may raise."""
        self._heard.by = heard
        try:
            yield
        finally:
            self._heard.by = None

    def draw(self, inputs: Tensor) -> Tensor:
        """As forward, without history. Raises RunError where the file cannot be run any more."""
        if not len(inputs):
            return torch.empty(0, *self.plan.shape)
        parts = []
        for part in torch.split(inputs, self._rows):
            if getattr(self._heard, "by", None) is not None:
                self._heard.by()
            with self._lock:
                if self._child is None or not self._child.lives:
                    self._child = _Child(self._path, self._name, self.plan.as_json(), known=True)
                parts.append((self._child.draw(part, self.plan.shape) - self._middle) * self._scale)
        return torch.cat(parts)


class _Differences(torch.autograd.Function):
    """The vector-Jacobian product vᵀ ∂G/∂z, ∂G/∂zᵢ ≈ (G(z + h eᵢ) − G(z − h eᵢ)) / 2h, whose error is h² G'''/6 and that of rounding over h."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, g: OnnxGenerator) -> Tensor:
        ctx.save_for_backward(inputs)
        ctx.g = g
        return g.draw(inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (inputs,) = ctx.saved_tensors
        g: OnnxGenerator = ctx.g
        found, step = torch.zeros_like(inputs), STEP_HALF if g.plan.half else STEP
        for row, gradient, out in zip(inputs, gradients[0], found, strict=True):
            for first in range(0, g.plan.dim, _MOST_ROWS):
                axes = torch.eye(g.plan.dim, len(row))[first : first + _MOST_ROWS] * step
                above, below = g.draw(torch.cat([row + axes, row - axes])).chunk(2)
                out[first : first + len(axes)] = ((above - below) * gradient).flatten(1).sum(1) / (2 * step)
        return found, None


@dataclass(frozen=True)
class ExploredOnnx(Explored):
    """The generator in the file at `path`, called `name`."""

    path: Path
    name: str
    plan: Plan
    step: int = 0
    _data: ImageSet = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        nothing = torch.empty(0, *self.plan.shape, dtype=torch.uint8)
        object.__setattr__(self, "_data", ImageSet(self.name, nothing, None, nothing, None, (), "unknown"))

    @cached_property
    def traits(self) -> Traits:
        return Traits(self.plan.dim, self.plan.distribution, self.plan.classes, open=False)

    @property
    def data(self) -> ImageSet:
        return self._data

    @cached_property
    def g(self) -> OnnxGenerator:
        return OnnxGenerator(self.path, self.name, self.plan)

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @cached_property
    def nbytes(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:  # it was deleted meanwhile
            return 0

    def watched(self, heard: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
        return self.g.watched(heard)
