"""A process of its own that runs one ONNX file, so that whatever the file makes it do, the server goes on.

    python -P onnx_worker.py FILE         (only NumPy, onnx and onnxruntime are imported, nothing of this project)

It reads a line of JSON, {"plan": …, "memory": bytes}, and answers with a line: {"facts": …}, or {"refused": code, …}. With a whole plan each
further line {"rows": n, "output": floats a row} and n × inputs little-endian 32-bit floats is answered by {} and the pictures (n, C, H, W), as
floats; {"rows": n} alone is refused. It ends when its input does.

plan: "latent", the name of the input; "dim"; "label", the input for a class, "" without; "form": "index" or "onehot"; "classes"; "output"; "layout":
NCHW, NHWC or NHW; "shape": (C, H, W) as it is answered, at most SIDE a side; "batch": rows that the file takes at once, 0 any number; "rows": of those
as many as it gets, fewer of larger pictures; "half": whether it reckons in 16-bit floats.
What is not in it is found out.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIDE = 256  # pixels: larger pictures are made smaller by the means of areas
SMALLEST, LARGEST = 4, 1024
MOST_DIM, MOST_CLASSES = 4096, 10_000
TRIAL = 16  # pictures
_PIXELS, _MOST_ROWS = 2**20, 64  # that it draws at once: its layers may have dozens of numbers for each pixel
_IDLE_SECONDS = 900
_USUAL_DIMS = (100, 128, 512, 64, 256, 32, 16, 2, 10, 8, 20, 50, 62, 120, 140, 200, 1024, 1, 3, 4, 5, 6, 12, 24, 48, 96)
_FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_WHOLES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_PICTURES = {**_FLOATS, "tensor(uint8)": np.uint8}
_OWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")  # whose operators onnxruntime has
_LABELS = ("label", "class", "cond", "onehot", "one_hot", "target")


class RefusedError(Exception):
    """code: which sentence says it; params: what goes into it."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, params


# ── what the file says ───────────────────────────────────────────────────────────────────────────────────────────────────


def read(data: bytes) -> Any:
    """The ModelProto in it, which refers to nothing outside. Raises RefusedError."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError, RecursionError):
        raise RefusedError("damaged") from None
    if not model.ir_version or not model.graph.node:
        raise RefusedError("damaged")
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or len(tensor.external_data):
            raise RefusedError("external", tensor=tensor.name[:60])
    own = {(function.domain, function.name) for function in model.functions}
    for node in _nodes(model):
        if node.domain not in _OWN_DOMAINS and (node.domain, node.op_type) not in own:
            raise RefusedError("operator", operator=f"{node.domain}.{node.op_type}"[:80])
    return model


def _graphs(graph: Any) -> Iterator[Any]:
    waiting = [graph]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += _inside(one.node)


def _inside(nodes: Iterable[Any]) -> list[Any]:
    attributes = [attribute for node in nodes for attribute in node.attribute]
    return [a.g for a in attributes if a.HasField("g")] + [graph for a in attributes for graph in a.graphs]


def _all_graphs(model: Any) -> Iterator[Any]:
    yield from _graphs(model.graph)
    for function in model.functions:
        for graph in _inside(function.node):
            yield from _graphs(graph)
    for info in model.training_info:
        yield from _graphs(info.initialization)
        yield from _graphs(info.algorithm)


def _nodes(model: Any) -> Iterator[Any]:
    for graph in _all_graphs(model):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def _tensors(model: Any) -> Iterator[Any]:
    for graph in _all_graphs(model):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    attributes = [attribute for node in _nodes(model) for attribute in node.attribute]
    attributes += [attribute for function in model.functions for attribute in function.attribute_proto]
    for attribute in attributes:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        for sparse in [*([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []), *attribute.sparse_tensors]:  # fmt: skip
            yield from (sparse.values, sparse.indices)


def classes_of(model: Any, label: str) -> int:
    """How many classes an input of class numbers has, by the table that it is looked up in; 0 where that cannot be seen."""
    sizes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    same = {label}
    for node in model.graph.node:
        if node.op_type in ("Cast", "Squeeze", "Unsqueeze", "Flatten", "Reshape", "Identity") and node.input[0] in same:
            same.add(node.output[0])
        elif node.op_type == "Gather" and len(node.input) == 2 and node.input[1] in same and sizes.get(node.input[0]):
            return int(sizes[node.input[0]][0])
    return 0


# ── running it ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Model:
    """The file, ready to be run. known: whether it has been looked into before, and is not again."""

    def __init__(self, data: bytes, *, known: bool = False) -> None:
        import onnxruntime

        self._proto: Any = None if known else read(data)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2 if (os.cpu_count() or 1) >= 4 else 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # what one large batch took goes back
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no common ancestor but this one
            raise _why(error) from None
        self._inputs = {one.name: one for one in self._session.get_inputs()}
        self._outputs = {one.name: one for one in self._session.get_outputs() if one.type in _PICTURES}

    def planned(self, said: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The plan, completed as far as can be; and what else there is to say: "latents", the inputs that may be the noise; "free", whether
        the size is; "needs", what has to be said before it can be tried; "low" and "high" of what it drew. Raises RefusedError."""
        plan = dict(said)
        latents = [name for name, one in self._inputs.items() if one.type in _FLOATS and len(one.shape) in (2, 4)]
        others = [name for name, one in self._inputs.items() if one.type in _WHOLES and len(one.shape) in (0, 1, 2)]
        if not latents:
            raise RefusedError("no_latent")
        if plan.get("latent") not in latents:
            plan["latent"] = _likely(latents, {name: self._inputs[name].shape for name in latents})
        rest = [name for name in self._inputs if name != plan["latent"]]
        labels = [name for name in rest if name in others or (name in latents and len(self._inputs[name].shape) == 2)]
        if len(rest) > 1 or (rest and not labels):
            raise RefusedError("inputs", names=", ".join(name for name in rest if name not in labels[:1])[:120])
        plan["label"] = labels[0] if labels else ""
        plan["form"] = ("index" if labels[0] in others else "onehot") if labels else ""
        dim, free = self._dim(plan)
        if labels:
            plan["classes"] = self._classes(plan)
        else:
            plan["classes"] = 0
        facts: dict[str, Any] = {"latents": latents, "free": free, "counted": bool(labels) and bool(self._fixed_classes(plan)), "needs": []}  # fmt: skip
        if labels and not plan["classes"]:
            plan["classes"] = 0
            facts["needs"].append("classes")
        if dim:
            plan["dim"] = dim
        elif plan["classes"] or not labels:
            plan["dim"] = self._tried(plan)
        else:
            plan["dim"] = 0
        if not plan["dim"]:
            facts["needs"].append("dim")
        if facts["needs"]:
            return plan, facts
        try:
            return plan, facts | self._trial(plan)
        except RefusedError as error:
            if error.code == "run" and free:  # most likely it is another size
                raise RefusedError("size", dim=plan["dim"], reason=error.params["reason"]) from None
            raise

    def _dim(self, plan: Mapping[str, Any]) -> tuple[int, bool]:
        """The size of the latent, 0 where it has to be found, and whether the file leaves it open."""
        shape = self._inputs[plan["latent"]].shape
        if len(shape) == 4 and any(isinstance(side, int) and side != 1 for side in shape[2:]):
            raise RefusedError("no_latent")
        if isinstance(shape[1], int):
            if not 1 <= shape[1] <= MOST_DIM:
                raise RefusedError("dim", dim=shape[1], most=MOST_DIM)
            return shape[1], False
        return int(plan.get("dim") or 0), True

    def _fixed_classes(self, plan: Mapping[str, Any]) -> int:
        if plan["form"] == "onehot":
            size = self._inputs[plan["label"]].shape[1]
            found = size if isinstance(size, int) else 0
        else:
            shape = self._inputs[plan["label"]].shape
            if len(shape) == 2 and shape[1] != 1 and isinstance(shape[1], int):
                raise RefusedError("inputs", names=plan["label"][:120])
            found = classes_of(self._proto, plan["label"])
        if found > MOST_CLASSES:
            raise RefusedError("classes", classes=found, most=MOST_CLASSES)
        return found

    def _classes(self, plan: Mapping[str, Any]) -> int:
        return self._fixed_classes(plan) or int(plan.get("classes") or 0)

    def _tried(self, plan: dict[str, Any]) -> int:
        """The first of the usual sizes that it runs with; 0 for none."""
        for dim in _USUAL_DIMS:
            with contextlib.suppress(RefusedError):
                self._run({**plan, "dim": dim}, _noise(self._batch(plan) or 1, dim, plan["classes"]), None)
                return dim
        return 0

    def _batch(self, plan: Mapping[str, Any]) -> int:
        size = self._inputs[plan["latent"]].shape[0]
        return size if isinstance(size, int) else 0

    def _trial(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Draws TRIAL pictures, and completes the plan by what they are. Raises RefusedError for what is no picture."""
        rows = _noise(TRIAL, plan["dim"], plan["classes"])
        plan["batch"] = self._batch(plan)
        if plan["batch"] > 4 * TRIAL:
            raise RefusedError("batch", batch=plan["batch"], most=4 * TRIAL)
        name, layout, shape = self._picture(plan, rows)
        rows_at_once = max(1, min(_MOST_ROWS, _PIXELS // (shape[1] * shape[2])))
        half = "tensor(float16)" in (self._inputs[plan["latent"]].type, self._outputs[name].type)
        plan |= {"output": name, "layout": layout, "rows": plan["batch"] or rows_at_once, "half": half}
        plan["shape"] = [shape[0], *(min(side, SIDE) for side in shape[1:])]
        pictures = self.draw(plan, rows)
        if pictures.shape != (TRIAL, *plan["shape"]):
            raise RefusedError("output", found=_shapes({name: pictures.shape}))
        if not np.isfinite(pictures).all():
            raise RefusedError("finite")
        low, high = float(pictures.min()), float(pictures.max())
        if not np.allclose(self.draw(plan, rows[:1]), pictures[:1], atol=1e-3 * max(1e-6, high - low)):
            raise RefusedError("chance")
        return {"low": low, "high": high, "full": list(shape)}

    def _picture(self, plan: dict[str, Any], rows: Floats) -> tuple[str, str, tuple[int, ...]]:
        """Which output is the picture, how it lies in it, and its (C, H, W)."""
        try:
            found = self._run(plan, np.resize(rows, (plan["batch"] or 2, rows.shape[1])), list(self._outputs))
        except RefusedError:
            if plan["batch"]:
                raise
            plan["batch"] = 1  # the file says any number, and then takes one
            found = self._run(plan, rows[:1], list(self._outputs))
        for name, value in zip(self._outputs, found, strict=True):
            layout = _layout(value.shape)
            if layout:
                if plan["batch"] == 0 and len(value) != 2:
                    plan["batch"] = 1
                return name, layout, _as_nchw(value[:1], layout).shape[1:]
        raise RefusedError("output", found=_shapes({n: v.shape for n, v in zip(self._outputs, found, strict=True)}))

    def draw(self, plan: Mapping[str, Any], rows: Floats) -> Floats:
        """rows (N, dim + classes) -> (N, C, H, W) as the file gives its values, at most SIDE a side. Raises RefusedError."""
        size = plan["rows"]
        parts = []
        for first in range(0, len(rows), size):
            part = rows[first : first + size]
            if len(part) < plan["batch"]:  # it takes so many and no other number
                part = np.concatenate([part, np.repeat(part[-1:], size - len(part), 0)])
            value = self._run(plan, part, [plan["output"]])[0]
            if _layout(value.shape) != plan["layout"] or len(value) != len(part):
                raise RefusedError("output", found=_shapes({plan["output"]: value.shape}))
            parts.append(_smaller(_as_nchw(value, plan["layout"]).astype(np.float32)))
        return np.concatenate(parts)[: len(rows)]

    def _run(self, plan: Mapping[str, Any], rows: Floats, outputs: list[str] | None) -> list[Any]:
        latent, dim = self._inputs[plan["latent"]], plan["dim"]
        z = rows[:, :dim].reshape(len(rows), dim, *([1, 1] if len(latent.shape) == 4 else []))
        given: dict[str, Any] = {plan["latent"]: z.astype(_FLOATS[latent.type])}
        if plan["label"]:
            label, behind = self._inputs[plan["label"]], rows[:, dim:]
            if plan["form"] == "onehot":
                given[plan["label"]] = behind.astype(_FLOATS[label.type])
            else:
                numbers = behind.argmax(1).astype(_WHOLES[label.type])
                given[plan["label"]] = numbers.reshape([[], [-1], [-1, 1]][len(label.shape)])
        try:
            found: list[Any] = self._session.run(outputs, given)
        except Exception as error:
            raise _why(error) from None
        return found


def _noise(count: int, dim: int, classes: int) -> Floats:
    """(count, dim + classes): Gaussian, and behind it the classes in turn, the last one among them."""
    z = np.random.default_rng(0).standard_normal((count, dim)).astype(np.float32)
    if not classes:
        return z
    return np.concatenate([z, np.eye(classes, dtype=np.float32)[np.linspace(0, classes - 1, count).round().astype(int)]], 1)  # fmt: skip


def _likely(names: list[str], shapes: Mapping[str, list[Any]]) -> str:
    """The noise among several inputs: not what is called a class; else the widest."""
    plain = [name for name in names if not any(word in name.lower() for word in _LABELS)] or names
    return max(plain, key=lambda name: (len(shapes[name]) == 4, shapes[name][1] if isinstance(shapes[name][1], int) else 0))  # fmt: skip


def _layout(shape: tuple[int, ...]) -> str:
    """How a picture lies in an output of this shape; "" where it is none."""

    def fits(*sides: int) -> bool:
        return all(SMALLEST <= side <= LARGEST for side in sides)

    if len(shape) == 4 and shape[1] in (1, 3) and fits(*shape[2:]):
        return "NCHW"
    if len(shape) == 4 and shape[3] in (1, 3) and fits(*shape[1:3]):
        return "NHWC"
    return "NHW" if len(shape) == 3 and fits(*shape[1:]) else ""


def _as_nchw(value: NDArray[Any], layout: str) -> NDArray[Any]:
    if layout == "NHWC":
        return value.transpose(0, 3, 1, 2)
    return value[:, None] if layout == "NHW" else value


def _smaller(x: Floats) -> Floats:
    """(N, C, H, W), at most SIDE a side: the means of areas as equal as whole pixels allow."""
    for axis in (2, 3):
        side = x.shape[axis]
        if side > SIDE:
            edges = np.arange(SIDE + 1) * side // SIDE
            counts = np.diff(edges).astype(np.float32)
            x = np.add.reduceat(x, edges[:-1], axis) / (counts[:, None] if axis == 2 else counts)
    return np.ascontiguousarray(x, np.float32)


def _shapes(found: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {' × '.join(str(n) for n in shape) or '1'}" for name, shape in found.items())[:160] or "–"


def _why(error: Exception) -> RefusedError:
    text = str(error)
    if "bad_alloc" in text or "llocat" in text or isinstance(error, MemoryError):
        return RefusedError("memory")
    if "opset" in text or "IR version" in text:
        return RefusedError("version")
    if "not a registered function/op" in text or "No Op registered" in text or "NOT_IMPLEMENTED" in text:
        return RefusedError("operator", operator=_reason(text))
    if "PROTOBUF" in text:
        return RefusedError("damaged")
    return RefusedError("run", reason=_reason(text))


def _reason(text: str) -> str:
    """What onnxruntime says, without the places in its own sources."""
    line = text.splitlines()[0].rpartition("Status Message: ")[2].rpartition("[ONNXRuntimeError] : ")[2]
    line = re.sub(r"^\d+ : [A-Z_]+ : ", "", line)
    return " ".join(part for part in line.split() if "/onnxruntime" not in part)[:200]


# ── the process ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bounded(memory: int) -> None:
    """Only so much memory, no file that is written, no core."""
    with contextlib.suppress(ImportError):  # where there are no such limits
        import resource

        for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(what, (most, most))


def _listen(source: BinaryIO, heard: queue.Queue[tuple[dict[str, Any], bytes]]) -> None:
    """Reads on a thread of its own, so that the process ends with its parent even while the file runs."""
    while line := source.readline():
        said = json.loads(line)
        heard.put((said, source.read(said.get("bytes", 0))))
    os._exit(0)


def main(path: str) -> None:
    """Serves one file until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    heard: queue.Queue[tuple[dict[str, Any], bytes]] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, heard), daemon=True).start()

    def say(answer: Mapping[str, Any], data: bytes = b"") -> None:
        answers.write(json.dumps(answer).encode() + b"\n" + data)
        answers.flush()

    first, _ = heard.get()
    _bounded(first["memory"])
    plan: dict[str, Any] = dict(first["plan"])
    try:
        with open(path, "rb") as file:
            model = Model(file.read(), known=first["known"])
        facts: dict[str, Any] = {}
        if not first["known"]:
            plan, facts = model.planned(plan)
        say({"plan": plan, "facts": facts})
    except ImportError:
        say({"refused": "missing"})
        return
    except MemoryError:
        say({"refused": "memory"})
        return
    except RefusedError as error:
        say({"refused": error.code, "params": error.params})
        return
    while True:
        try:
            said, data = heard.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            return
        rows = np.frombuffer(data, "<f4").reshape(said["rows"], -1)
        try:
            pictures = model.draw(plan, rows)
        except MemoryError:
            say({"refused": "memory"})
        except RefusedError as error:
            say({"refused": error.code, "params": error.params})
        else:
            say({"shape": list(pictures.shape)}, pictures.astype("<f4").tobytes())


if __name__ == "__main__":
    main(sys.argv[1])
