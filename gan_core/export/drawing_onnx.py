"""One picture of an ONNX generator as a short Python file that needs only onnxruntime, NumPy and Pillow: its latent, and how it was looked at."""

from __future__ import annotations

import base64
import textwrap

from torch import Tensor

from gan_core.latent.onnx_models import RANGES, ExploredOnnx

_TEXT = '''"""{title}: one picture of an ONNX generator, drawn again as GAN Playground has shown it.

    pip install onnxruntime numpy pillow
    python THIS_FILE {file} picture.png

{file} is the file that was brought as the model {name}.
"""

import base64
import sys

import numpy as np
import onnxruntime
from PIL import Image

LATENT = """
{latent}
"""  # 32-bit floats, {dim} of noise{behind}
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
types = {{"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32}}
inputs = {{one.name: one for one in session.get_inputs()}}
latent = np.frombuffer(base64.b64decode(LATENT), "<f4")[None]
noise = latent[:, :{dim}]{psi}
given = {{{noise_name!r}: noise}}
{label}for name, value in given.items():
    shape = inputs[name].shape
    value = value.reshape([1, -1, 1, 1][: len(shape)] if len(shape) else [])
    given[name] = np.repeat(value, {batch}, 0).astype(types[inputs[name].type]) if len(shape) else value.astype(types[inputs[name].type])
x = session.run([{output!r}], given)[0][:1].astype(np.float32)
x = {layout}  # (channels, height, width)
x = (x - {middle!r}) * {scale!r}  # from the file's range to [-1, 1]
pixels = np.clip(np.round((x + 1) * 127.5), 0, 255).astype(np.uint8)
Image.fromarray(pixels.transpose(1, 2, 0).squeeze(2) if len(pixels) == 1 else pixels.transpose(1, 2, 0)).save(sys.argv[2] if len(sys.argv) > 2 else "picture.png")
'''


def drawing_onnx(explored: ExploredOnnx, latent: Tensor, psi: float, title: str, file: str) -> str:
    """The text of the file. latent: inputs (inputs,); psi: truncation; `file`: what the ONNX file is called. Larger pictures than are shown are
    written in their own size."""
    plan = explored.plan
    low, high = RANGES[plan.values]
    data = latent.detach().cpu().float().contiguous().numpy().astype("<f4").tobytes()
    label = ""
    if plan.label:
        value = f"latent[:, {plan.dim}:]" + (".argmax(1)" if plan.form == "index" else "")
        label = f"given[{plan.label!r}] = {value}\n"
    layout = {"NCHW": "x[0]", "NHWC": "x[0].transpose(2, 0, 1)", "NHW": "x"}[plan.layout]

    def plain(text: str) -> str:
        return "".join(c if c.isprintable() else " " for c in text).replace("\\", " ").replace('"', "'")

    return _TEXT.format(
        title=plain(title), file=plain(file), name=plain(explored.name), dim=plan.dim, behind=f" and {plan.classes} of a class" if plan.classes else "",
        latent=textwrap.fill(base64.b64encode(data).decode("ascii"), 110), psi=f" * {psi!r}  # truncation" if psi != 1 else "",
        noise_name=plan.latent, label=label, batch=plan.batch or 1, output=plan.output, layout=layout, middle=(low + high) / 2, scale=2 / (high - low),
    )  # fmt: skip
