"""The generator of a run as an ONNX file, for whatever runs such files; checked against PyTorch before anybody gets it.

    made = onnx_file.write(folder, OnnxPlan(), out)
    made.difference     # the largest between what onnxruntime makes of the file and what PyTorch makes of the generator

Inputs are "z" (N, dim), of a generator that is told a class or has found categories "label" (N,), of one with numbers of a code "code" (N, numbers),
which may be left out; of a translation "picture" (N, C, H, W). The output is "samples". What they mean stands in the file's metadata.
"""

from __future__ import annotations

import importlib.util
import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gan_core import generate, serial
from gan_core.config import DISTRIBUTIONS, RunConfig
from gan_core.errors import ExportError
from gan_core.generate import SavedGenerator
from gan_core.memory import sample_shape
from gan_core.networks import given_shape
from gan_core.networks.style import StyleGenerator
from gan_core.networks.translation import Both
from gan_core.players import draw_inputs, drawn
from gan_core.runs import atomic
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

OPSET = 17  # every runtime of the last years has it
TOLERANCE = 1e-3  # of the half range: an eighth of a step between two of 256 shades
CHECKED = (1, 5)  # samples at once: the file must take any number
_LARGEST = 1_900_000_000  # bytes; a file of this form holds less than 2 GiB
MISSING = N_("An ONNX file needs two more packages on the server: onnx and onnxruntime. Install them with pip install -e '.[onnx]' and start the server again.")  # fmt: skip
DIFFERS = N_("The file was made, but onnxruntime draws something else from it than PyTorch does: they differ by {difference}, and {most} is allowed. It is not given out.")  # fmt: skip
CANNOT = N_("This generator cannot be written as ONNX: {reason}. Take its weights instead.")
TOO_LARGE = N_("This generator has {size} MB of weights, and an ONNX file holds {most}. Take its weights instead.")
NOT_FINITE = N_(
    "The generator at this step draws values that are not numbers: the run had diverged. Choose an earlier moment."
)
NO_WAY_BACK = N_("Only CycleGAN has a generator for the way back. Choose the way there.")


@dataclass(frozen=True)
class OnnxPlan:
    """Which generator: the averaged one or the one that trains, at a kept step or (None) the last saved one; back: CycleGAN's way back."""

    averaged: bool = True
    step: int | None = None
    back: bool = False


@dataclass(frozen=True)
class Made:
    """A file that was checked. difference: the largest absolute one between onnxruntime and PyTorch, in units of the output, over `samples`;
    inputs, output: what they mean, in English; bytes: its size."""

    step: int
    difference: float
    samples: int
    inputs: dict[str, str]
    output: str
    fixed: tuple[str, ...]
    bytes: int


def at_hand() -> bool:
    """Whether the packages are here."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))


def write(
    folder: RunFolder, plan: OnnxPlan, out: Path, heard: Callable[[int, int], None] = lambda done, total: None
) -> Made:
    """Write the generator of a run to `out`, whole or not at all. `heard(done, total)` is told how far it is and may raise to end it. Raises
    ExportError, CheckpointError, ConfigError, DataError, OSError."""
    if not at_hand():
        raise ExportError(MISSING)
    heard(0, 3)
    generator = generate.load(folder, "cpu", step=plan.step, averaged=plan.averaged)
    if plan.back and not isinstance(generator.module, Both):
        raise ExportError(NO_WAY_BACK)
    form = _Form(generator, plan)
    size = 4 * sum(p.numel() for p in form.parameters())
    if size > _LARGEST:
        raise ExportError(TOO_LARGE, size=round(size / 1e6), most=round(_LARGEST / 1e6))
    heard(1, 3)
    data = form.named(_exported(form), plan)
    heard(2, 3)
    difference, samples = _difference(form, data)
    half = 1.0 if generator.config.kind != "points" else generator.scale
    if not difference <= TOLERANCE * half:
        raise ExportError(DIFFERS, difference=f"{difference:.2g}", most=f"{TOLERANCE * half:.2g}")
    atomic.write_bytes(out, data)
    heard(3, 3)
    return Made(generator.step, difference, samples, form.meanings, form.output, form.fixed, len(data))


class _Form(nn.Module):
    """A generator as the file has it: inputs by their names, samples in their units, nothing drawn by chance."""

    def __init__(self, generator: SavedGenerator, plan: OnnxPlan) -> None:
        super().__init__()
        self.config, self.scale = generator.config, generator.scale
        module = generator.module
        if isinstance(module, Both):
            module = module.back if plan.back else module.there
        self.g = _plain(module)
        self.reversed = plan.back
        self.register_buffer("origin", torch.tensor(generator.origin))
        self.register_buffer("table", torch.eye(self.classes))
        self.origin: Tensor
        self.table: Tensor
        self.step = generator.step
        self.eval()  # the whole: exporting puts every part back into the mode of the whole

    @property
    def classes(self) -> int:
        """Classes that it is told, or categories that it has found."""
        return self.config.classes or self.config.latent.categories

    @property
    def numbers(self) -> int:
        """Of a code."""
        return self.config.latent.continuous if self.config.codes else 0

    @property
    def names(self) -> list[str]:
        if self.config.translates:
            return ["picture"]
        return ["z", *(["label"] if self.classes else []), *(["code"] if self.numbers else [])]

    def forward(self, *given: Tensor) -> Tensor:
        parts = dict(zip(self.names, given, strict=True))
        if self.config.translates:
            return self.g(parts["picture"]).clamp(-1, 1)  # type: ignore[no-any-return]
        latents = [parts["z"]]
        if "label" in parts:
            latents.append(self.table[parts["label"]])
        if "code" in parts:
            latents.append(parts["code"].expand(parts["z"].shape[0], -1))
        x = drawn(self.g, torch.cat(latents, 1), self.config.generator.truncation)
        return x * self.scale + self.origin if self.config.kind == "points" else x.clamp(-1, 1)

    def some(self, n: int, rng: torch.Generator) -> list[Tensor]:
        """n of each input, as it was trained with; pictures to translate are noise."""
        if self.config.translates:
            return [torch.rand(n, *self._given, generator=rng) * 2 - 1]
        whole, dim = draw_inputs(n, self.config, rng), self.config.latent.dim
        parts = [whole[:, :dim]]
        if self.classes:
            parts.append(whole[:, dim : dim + self.classes].argmax(1))
        return [*parts, *([whole[:, dim + self.classes :]] if self.numbers else [])]

    @property
    def _given(self) -> tuple[int, ...]:
        shape = sample_shape(self.config)
        return shape if self.reversed else given_shape(self.config, shape)

    # ── what is said of it in the file ───────────────────────────────────────────────────────────────────────────────────

    @property
    def meanings(self) -> dict[str, str]:
        latent = self.config.latent
        if self.config.translates:
            return {
                "picture": f"(N, {', '.join(map(str, self._given))}) float32 from -1 to 1: the pictures to translate"
            }
        said = {"z": f"(N, {latent.dim}) float32: the latents, drawn as {DISTRIBUTIONS[latent.distribution]}"}
        if self.classes:
            what = "the class to draw" if self.config.classes else "the category that the generator has found by itself"
            said["label"] = f"(N,) int64 from 0 to {self.classes - 1}: {what}"
        if self.numbers:
            said["code"] = f"(N, {self.numbers}) float32 from -1 to 1: the continuous code; all 0 where it is left out"
        return said

    @property
    def output(self) -> str:
        if self.config.kind == "points":
            return "(N, 2) float32: points in the units of the data"
        shape = sample_shape(self.config)
        channels = given_shape(self.config, shape)[0] if self.reversed else shape[0]
        return f"(N, {channels}, {shape[1]}, {shape[2]}) float32 from -1 to 1: pictures, channels first"

    @property
    def fixed(self) -> tuple[str, ...]:
        """What would be drawn or chosen anew in training, and stays the same in the file."""
        said = ["statistics of normalisation are those of training (eval mode)"]
        if isinstance(self.g, StyleGenerator):
            said = [
                f"truncation ψ = {self.config.generator.truncation:g}",
                "the noise of every layer is one map, always the same",
            ]
        if self.config.translates:
            said.append("dropout is off")
        return tuple(said)

    def named(self, data: bytes, plan: OnnxPlan) -> bytes:
        """The file with what it is and what its inputs mean; a code that is left out is zero."""
        import onnx

        model = onnx.load_model_from_string(data)
        if self.numbers:
            zero = np.zeros((1, self.numbers), np.float32)
            model.graph.initializer.append(onnx.numpy_helper.from_array(zero, "code"))
        said = {
            "source": "GAN Playground", "step": str(self.step), "player": "averaged generator" if plan.averaged else "live generator",
            "inputs": json.dumps(self.meanings, ensure_ascii=False), "output": self.output, "fixed": "; ".join(self.fixed),
            "config": json.dumps(serial.to_dict(self.config), ensure_ascii=False),
        }  # fmt: skip
        onnx.helper.set_model_props(model, said)
        onnx.checker.check_model(model)
        found: bytes = model.SerializeToString()
        return found


def _plain(module: nn.Module) -> nn.Module:
    """Without what stands behind its weights, such as spectral norm: each has the value that it has now."""
    for one in module.modules():
        if parametrize.is_parametrized(one):
            for name in list(one.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(one, name, leave_parametrized=True)
    return module.eval().requires_grad_(False)


def _exported(form: _Form) -> bytes:
    """Raises ExportError for an operation that there is not in ONNX."""
    axes = {name: {0: "N"} for name in ["z", "label", "picture", "samples"] if name in [*form.names, "samples"]}
    if "code" in form.names:
        axes["code"] = {0: "N or 1"}
    given = form.some(2, torch.Generator().manual_seed(0))
    try:
        with tempfile.TemporaryDirectory(prefix="gan-onnx-") as room, warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of tracing: the file is checked with other numbers of samples
            held = Path(room, "generator.onnx")
            torch.onnx.export(
                form, tuple(given), held, dynamo=False, opset_version=OPSET, input_names=form.names, output_names=["samples"], dynamic_axes=axes,
            )  # fmt: skip
            return held.read_bytes()
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, TypeError, ValueError) as error:
        raise ExportError(
            CANNOT, reason=str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        ) from None


def _difference(form: _Form, data: bytes) -> tuple[float, int]:
    """The largest between what onnxruntime and PyTorch draw, and of how many samples. Raises ExportError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # runs train beside it
    options.log_severity_level = 4
    largest, rng = 0.0, torch.Generator().manual_seed(1)
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        for n in CHECKED:
            given = form.some(n, rng)
            with torch.no_grad():
                expected = form(*given).numpy()
            found = session.run(["samples"], {name: x.numpy() for name, x in zip(form.names, given, strict=True)})[0]
            if not np.isfinite(expected).all():
                raise ExportError(NOT_FINITE)
            if found.shape != expected.shape:
                raise ExportError(CANNOT, reason=f"{found.shape} ≠ {expected.shape}")
            gap = float(np.abs(found - expected).max())
            largest = max(largest, gap if np.isfinite(gap) else np.inf)
    except ExportError:
        raise
    except Exception as error:  # onnxruntime's errors have no common ancestor but this one
        raise ExportError(CANNOT, reason=str(error).splitlines()[0][:200]) from None
    return largest, sum(CHECKED)


def usage(config: RunConfig, file: str) -> str:
    """A few lines of Python that draw samples with the file."""
    lines = ["import numpy as np", "import onnxruntime", "", f'session = onnxruntime.InferenceSession("{file}")']
    if config.translates:
        channels, height, width = given_shape(config, sample_shape(config))
        lines += [f"picture = np.zeros((1, {channels}, {height}, {width}), np.float32)  # yours, from -1 to 1", 'samples = session.run(["samples"], {"picture": picture})[0]']  # fmt: skip
        return "\n".join(lines)
    draw = "standard_normal((16, {dim}))" if config.latent.distribution == "gaussian" else "uniform(-1, 1, (16, {dim}))"
    lines.append(f'given = {{"z": np.random.default_rng(0).{draw.format(dim=config.latent.dim)}.astype(np.float32)}}')
    if count := config.classes or config.latent.categories:
        lines.append(f'given["label"] = np.arange(16) % {count}')
    lines.append('samples = session.run(["samples"], given)[0]')
    return "\n".join(lines)
