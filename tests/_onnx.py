"""Generators as ONNX files, built node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

FLOAT, HALF, INT64, UINT8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.UINT8
DIM, SIDE = 6, 8


def network(inputs: int = DIM, outputs: int = SIDE * SIDE) -> nn.Sequential:
    """A smooth generator of torch, always the same one."""
    rng = torch.Generator().manual_seed(3)
    made = nn.Sequential(nn.Linear(inputs, 16), nn.Tanh(), nn.Linear(16, outputs), nn.Tanh())
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(torch.randn(weight.shape, generator=rng) * 0.5)
    return made.requires_grad_(False)


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], **more: Any) -> Any:
    return helper.make_node(operator, list(inputs), list(outputs), **more)


def value(name: str, kind: int, shape: Sequence[int | str | None]) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def constant(name: str, x: Any) -> Any:
    return numpy_helper.from_array(np.asarray(x), name)


def packed(nodes: Sequence[Any], inputs: Sequence[Any], outputs: Sequence[Any], constants: Sequence[Any], *, opset: int = 17, ir: int = 9,
           domains: Sequence[str] = ()) -> bytes:  # fmt: skip
    """The file."""
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(constants))
    versions = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    found: bytes = helper.make_model(graph, opset_imports=versions, ir_version=ir).SerializeToString()
    return found


def of_network(made: nn.Sequential | None = None, shape: Sequence[int] = (-1, 1, SIDE, SIDE), latent: Sequence[int | str] = ("N", DIM), kind: int = FLOAT,
               more: Sequence[Any] = (), out: str = "y", out_kind: int = 0, extra: Sequence[Any] = (), constants: Sequence[Any] = (), **options: Any) -> bytes:  # fmt: skip
    """The same network as a file: its input z of this shape, its pictures y; `more` nodes go from y to `out`."""
    made = made or network()
    type_of = {FLOAT: np.float32, HALF: np.float16}[kind]
    linear = [layer for layer in made if isinstance(layer, nn.Linear)]
    weights = [
        constant(f"{name}{i}", getattr(layer, word).numpy().astype(type_of))
        for i, layer in enumerate(linear)
        for name, word in (("w", "weight"), ("b", "bias"))
    ]
    nodes = [
        node("Flatten", ["z"], ["flat"]), node("Gemm", ["flat", "w0", "b0"], ["a"], transB=1), node("Tanh", ["a"], ["b"]),
        node("Gemm", ["b", "w1", "b1"], ["c"], transB=1), node("Tanh", ["c"], ["d"]), node("Reshape", ["d", "shape"], ["y"]), *more,
    ]  # fmt: skip
    return packed(
        nodes, [value("z", kind, latent), *extra], [value(out, out_kind or kind, [None] * len(shape))], [*weights, constant("shape", np.array(shape)), *constants], **options,
    )  # fmt: skip


def told(count: int = 5, kind: str = "index") -> bytes:
    """Of classes: the class number is looked up in a table and added to the noise, or its one-hot row multiplied with it."""
    table = constant("table", np.random.default_rng(1).normal(size=(count, DIM)).astype(np.float32))
    made = network()
    weights = [constant(f"{n}{i}", getattr(layer, w).numpy()) for i, layer in ((0, made[0]), (1, made[2])) for n, w in (("w", "weight"), ("b", "bias"))]  # fmt: skip
    look = node("Gather", ["table", "label"], ["e"]) if kind == "index" else node("MatMul", ["label", "table"], ["e"])
    nodes = [
        look, node("Add", ["z", "e"], ["s"]), node("Gemm", ["s", "w0", "b0"], ["a"], transB=1), node("Tanh", ["a"], ["b"]),
        node("Gemm", ["b", "w1", "b1"], ["c"], transB=1), node("Tanh", ["c"], ["d"]), node("Reshape", ["d", "shape"], ["y"]),
    ]  # fmt: skip
    label = value("label", INT64, ["N"]) if kind == "index" else value("label", FLOAT, ["N", count])
    return packed(nodes, [value("z", FLOAT, ["N", DIM]), label], [value("y", FLOAT, [None] * 4)],
                  [table, *weights, constant("shape", np.array([-1, 1, SIDE, SIDE]))])  # fmt: skip


def endless() -> bytes:
    """One that never ends: a loop whose condition stays true."""
    body = helper.make_graph(
        [node("Identity", ["cond_in"], ["cond_out"]), node("Identity", ["x_in"], ["x_out"])], "body",
        [value("i", INT64, []), value("cond_in", TensorProto.BOOL, []), value("x_in", FLOAT, [None] * 4)],
        [value("cond_out", TensorProto.BOOL, []), value("x_out", FLOAT, [None] * 4)],
    )  # fmt: skip
    loop = node("Loop", ["count", "true", "y"], ["out"], body=body)
    return of_network(
        more=[loop], out="out", constants=[constant("count", np.int64(2**62)), constant("true", np.bool_(True))]
    )


def enormous() -> bytes:
    """One that wants 4 TB."""
    more = [node("ConstantOfShape", ["count"], ["k"]), node("ReduceSum", ["k"], ["r"], keepdims=0), node("Add", ["y", "r"], ["out"])]  # fmt: skip
    return of_network(more=more, out="out", constants=[constant("count", np.array([10**12]))])


def elsewhere(location: str) -> bytes:
    """One whose first weight lies in another file."""
    from onnx import load_model_from_string

    model = load_model_from_string(of_network())
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", location
    found: bytes = model.SerializeToString()
    return found
