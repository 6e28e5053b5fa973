"""A run as a Jupyter notebook: the stand-alone script in cells where there can be one, otherwise the same settings trained with this library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan_core import plugins, registry, serial
from gan_core.config import RunConfig
from gan_core.errors import ExportError
from gan_core.export.phases import phases
from gan_core.export.script import Script, open_end, script
from gan_core.runs.folder import RunFolder

NAME = "run.ipynb"


@dataclass(frozen=True)
class Notebook:
    """The text of the file; the files that it reads from its own folder; whether it needs only PyTorch, or this library."""

    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    alone: bool = True

    def zipped(self, name: str) -> bytes:
        """All of it in one archive."""
        return Script(self.text, self.files).zipped(name)


def run_notebook(folder: RunFolder) -> Notebook:
    """Of a run up to the step at which it was last saved, changes included. Raises CheckpointError, ConfigError, DataError."""
    said = folder.facts()
    environment, step = said.get("environment"), said.get("step")
    threads = environment.get("threads") if isinstance(environment, dict) else None
    return notebook(folder.config(), folder.journal(), step if isinstance(step, int) and step > 0 else None,
                    threads if isinstance(threads, int) and threads > 0 else None)  # fmt: skip


def notebook(
    start: RunConfig, journal: Iterable[Mapping[str, Any]] = (), steps: int | None = None, threads: int | None = None
) -> Notebook:
    """The run that begins with `start`, as `script.script` has it. Raises ConfigError, DataError."""
    journal = list(journal)
    try:
        made = script(start, journal, steps, threads)
    except ExportError:
        return Notebook(_packed(_with_library(start, journal, steps)), alone=False)
    return Notebook(_packed(_of_script(made, start)), made.files)


# ── the script in cells ──────────────────────────────────────────────────────────────────────────────────────────────────


def _of_script(made: Script, start: RunConfig) -> list[tuple[str, str]]:
    more = f"\n\nIt reads {', '.join(made.files)} from its own folder." if made.files else ""
    cells = [("markdown", f"# {_title(start)}\n\nA GAN from GAN Playground, cell by cell. It needs only PyTorch, draws the same random numbers in the same order "
              f"as the app, and ends with a picture of its samples. Run all cells from top to bottom.{more}")]  # fmt: skip
    for title, text in made.parts:
        cells.append(("markdown", f"## {title}"))
        code = re.sub(
            r"^STEPS = int\(sys\.argv\[1\]\) if len\(sys\.argv\) > 1 else (\d+)",
            r"STEPS = \1",
            text,
            flags=re.MULTILINE,
        )
        if title == "What it needs":
            code = "from __future__ import annotations\n\n" + code
        cells.append(("code", code.replace("Path(__file__).with_name(", "Path(")))
    points = start.kind == "points"
    cells.append(("markdown", "## Picture"))
    cells.append(("code", _POINTS.format(samples="sample(1000)") if points else _PICTURES.format(samples="sample(64)")))
    return cells


# ── the same settings with this library ──────────────────────────────────────────────────────────────────────────────────


def _with_library(start: RunConfig, journal: list[Mapping[str, Any]], steps: int | None) -> list[tuple[str, str]]:
    found = phases(start, journal, steps)
    steps = steps if steps is not None else open_end(start)
    files = sorted({Path(file).name for phase in found for file in plugins.used(phase.config)})
    loaded = "".join(f'plugins.load(Path("{file}"))  # put it beside this notebook\n' for file in files)
    changes = "".join(f"    {phase.step}: r'''{_toml_of(phase.config)}''',\n" for phase in found[1:])
    cells = [
        ("markdown", f"# {_title(start)}\n\nThe same settings, trained with the library of GAN Playground (`pip install -e .` in its folder): a run of this kind cannot be "
         "written as a script of PyTorch alone. Run all cells from top to bottom."),
        ("markdown", "## Settings"),
        ("code", (_PLUGINS + loaded + "\n" if files else "") + f"CONFIG = r'''\n{_toml_of(start)}'''\nSTEPS = {steps}"),
    ]  # fmt: skip
    if changes:
        cells.append(("markdown", "## What was changed, at which step"))
        cells.append(("code", f"CHANGES = {{\n{changes}}}"))
    cells += [
        ("markdown", "## Training"),
        ("code", _TRAIN + (_CHANGE if changes else "") + _STEP),
        ("markdown", "## Picture"),
        ("code", _POINTS.format(samples=_SEEN) if start.kind == "points" else _PICTURES.format(samples=_SEEN)),
    ]  # fmt: skip
    return cells


def _toml_of(config: RunConfig) -> str:
    text = serial.to_toml(config)
    if "'''" in text:
        text = text.replace("'''", "' ' '")
    return text


_PLUGINS = "from pathlib import Path\n\nfrom gan_core import plugins\n\n"
_SEEN = "trainer.players.sample(trainer.players.preview.latents)"
_TRAIN = """from gan_core import serial
from gan_core.training import new_trainer

trainer = new_trainer(serial.from_toml(CONFIG))
for step in range(STEPS):
"""
_CHANGE = """    if step in CHANGES:
        trainer.change(serial.from_toml(CHANGES[step]))
"""
_STEP = """    trainer.step()
    if step % 100 == 0 or step == STEPS - 1:
        stats = trainer.read_stats()
        print(f"step {step + 1:>7}   D {stats.d_loss:8.4f}   G {stats.g_loss:8.4f}")
"""

# ── pictures with what Jupyter has ───────────────────────────────────────────────────────────────────────────────────────

_POINTS = """from IPython.display import SVG, display

made = {samples}.double()
low, high = made.min(0).values, made.max(0).values
side = float((high - low).max()) or 1.0
dots = "".join(
    f'<circle cx="{{20 + 360 * (x - float(low[0])) / side:.1f}}" cy="{{380 - 360 * (y - float(low[1])) / side:.1f}}" r="2" fill="#d9730d"/>'
    for x, y in made.tolist()
)
display(SVG(f'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><rect width="400" height="400" fill="#f3f5f7"/>{{dots}}</svg>'))
"""

_PICTURES = """import struct
import zlib

import torch
from IPython.display import Image, display


def png(grid: torch.Tensor) -> bytes:
    \"\"\"(H, W, 1 or 3) uint8 as a PNG file.\"\"\"
    height, width, channels = grid.shape
    rows = torch.cat([torch.zeros(height, 1, dtype=torch.uint8), grid.reshape(height, -1)], 1)  # before each row: no filter

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows.numpy().tobytes())) + chunk(b"IEND", b"")


made = {samples}
side = int(len(made) ** 0.5)
pixels = ((made[: side * side] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
_, c, h, w = pixels.shape
grid = pixels.view(side, side, c, h, w).permute(0, 3, 1, 4, 2).reshape(side * h, side * w, c)
display(Image(data=png(grid), width=max(384, side * w)))
"""


def _title(c: RunConfig) -> str:
    loss = registry.loss[c.loss].title if c.adversarial else registry.method[c.method].title
    return f"{registry.dataset[c.data.name].title}, {loss}, seed {c.seed}"


def _packed(cells: Iterable[tuple[str, str]]) -> str:
    """Of cells, each its kind and its text, the file: nbformat 4.5, which every Jupyter of the last years reads."""
    made: list[dict[str, Any]] = []
    for number, (kind, text) in enumerate(cells):
        cell: dict[str, Any] = {
            "id": f"cell-{number}",
            "cell_type": kind,
            "metadata": {},
            "source": text.strip("\n").splitlines(keepends=True),
        }
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return (
        json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False, indent=1)
        + "\n"
    )
