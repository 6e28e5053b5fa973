"""A run as one short Python file that needs only torch, and repeats it: the same draws in the same order, the same steps.

Losses, penalties, data, schedules and networks are the sources of the very functions that train here (sources.py); only what is around
them is written out, and only the parts of it that the run uses: here what is made before the first step and after the last, in
objectives.py and loop.py what is between.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from gan_core import config as settings
from gan_core import device as devices
from gan_core import networks, players, registry, streams
from gan_core.config import RunConfig
from gan_core.data import sets
from gan_core.data.sets import PointSet
from gan_core.export import layout, loop, modules, parts
from gan_core.export.objectives import objectives
from gan_core.export.phases import phases
from gan_core.export.subject import PLAYERS, Subject
from gan_core.generate import BATCH
from gan_core.networks import spectral
from gan_core.trainer import PREVIEW_POINTS

_OPEN_END = 10_000  # steps of a run that has no horizon and has not been trained yet


@dataclass(frozen=True)
class Script:
    """The text of the file, the files that it reads from its own folder (few scripts need any), and its parts behind the head: what each is, and
    its text."""

    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    parts: tuple[tuple[str, str], ...] = ()

    def zipped(self, name: str) -> bytes:
        """All of it in one archive; the script is called `name`."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, self.text)
            for file, data in self.files.items():
                archive.writestr(file, data)
        return buffer.getvalue()


def script(
    start: RunConfig, journal: Iterable[Mapping[str, Any]] = (), steps: int | None = None, threads: int | None = None
) -> Script:
    """The run that begins with `start`, with what its journal says was changed, up to `steps` (None: to the end of its schedule).
    `threads`: CPU threads that it was trained with. Raises ExportError for what cannot stand alone, DataError, ConfigError."""
    s = Subject(phases(start, journal, steps))
    steps = steps if steps is not None else open_end(start)
    threads = threads or start.threads or devices.default_threads(start.kind)
    s.sources.need("sys")
    s.sources.need("torch")
    s.sources.need("torch", "nn")
    random, data, made, seen = (_part(s, write) for write in (_random, _data, _networks, _noise))
    losses, learning = _part(s, objectives), _part(s, loop.learning)
    steps_taken, end = _part(s, loop.loop), _part(s, _end)
    changes = _part(s, loop.changes)  # now it is known which constants there are
    body = {
        "What it needs": s.sources.imports(), "Settings": _settings(s, steps, threads), "Random numbers": random, "Data": data, "Networks": made + "\n\n" + seen,
        "Losses": losses, "One step": learning + "\n\n" + changes, "Training": steps_taken, "Samples": end,
    }  # fmt: skip
    text = "\n\n".join([_head(s, steps, threads), *body.values()])
    told = tuple((title, layout.spaced(part)) for title, part in body.items() if part.strip())
    return Script(layout.spaced(text), dict(s.literals.files), told)


def _part(s: Subject, write: Callable[[Subject], str]) -> str:
    """A part of the file, behind what it needs."""
    text = write(s)
    return s.sources.flush() + "\n" + text


def open_end(c: RunConfig) -> int:
    """How many steps a run takes that nobody has trained yet."""
    return math.ceil(c.horizon / (c.batch_size * max(c.k_d, 1))) if c.horizon else _OPEN_END


# ── the head of the file ─────────────────────────────────────────────────────────────────────────────────────────────────


def _head(s: Subject, steps: int, threads: int) -> str:
    c = s.start
    words = [registry.dataset[c.data.name].title, f"{registry.loss[c.loss].title} loss"]
    words += [registry.penalty[c.penalty].title] if c.penalty != "none" else []
    words += [f"seed {c.seed}"]
    more = f"\nReads from its own folder: {', '.join(s.literals.files)}.\n" if s.literals.files else ""
    return parts.HEAD.format(
        title=", ".join(words), steps=steps, torch=torch.__version__, more=more, samples=_samples_file(s),
        threads=f"{threads} thread{'s' if threads > 1 else ''}",
    )  # fmt: skip


def _settings(s: Subject, steps: int, threads: int) -> str:
    lines = [f"STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {steps}"]
    for item in settings.fields():
        if item.name in s.constants:
            name, value = s.value(item.name), settings.get(s.start, item.name)
            unit = f", {item.spec.unit}" if item.spec.unit else ""
            lines.append(f"{name} = {layout.literal(value)}  # {item.spec.title}{unit}")
    device = devices.resolve(s.start.device).type
    return "\n".join([*lines, f'DEVICE = torch.device("{device}")', f"torch.set_num_threads({threads})"])


# ── before the first step ────────────────────────────────────────────────────────────────────────────────────────────────


def _random(s: Subject) -> str:
    c = s.start.latent
    draw = s.sources.take(players.draw_latents, given={"distribution": c.distribution})
    s.sources.need("collections.abc", "Callable")
    s.sources.need("torch", "Tensor")
    where = "" if s.on_cpu else 'DEVICE if purpose in ("latent", "augment") else "cpu"'
    purposes = f"({', '.join(map(layout.literal, streams.PURPOSES))})"
    return (
        parts.STREAM
        + parts.GENERATORS.format(seed=s.value("seed"), purposes=purposes, count=len(streams.PURPOSES), where=where)
        + (
            f'latents = Stream(lambda n, rng: {draw}(n, {s.value("latent.dim")}, rng), rng["latent"], {streams.block_rows(c.dim)})'
        )
    )


def _data(s: Subject) -> str:
    if isinstance(s.data, PointSet):
        draw = s.sources.take(s.data.draw)
        on = f"lambda n, rng: {draw}(n, rng).to(DEVICE)"
        return f'reals = Stream({on}, rng["data"], {streams.block_rows(2)})'
    s.sources.take(sets.to_unit)
    memory = ".contiguous(memory_format=torch.channels_last)" if s.data.images.dim() == 4 else ""
    pictures = s.literals.file("pictures", s.data.images)
    return parts.PICTURES.format(pictures=f"{pictures}.to(DEVICE){memory}")


def _networks(s: Subject) -> str:
    c, shape = s.start, s.data.shape
    g, d = networks.on_meta(c, shape)
    kinds = {type(m).__name__ for m in [*g.modules(), *d.modules()]} & {"Linear", "Conv2d", "ConvTranspose2d"}
    made = {
        name: modules.network(player, c, shape, s.sources)
        for name, player in (("G", "generator"), ("D", "discriminator"))
    }
    memory = "" if s.is_points else ".to(memory_format=torch.channels_last)"
    lines = [f"G = fill({made['G']})", f"D = fill({made['D']})"]
    for name, part in (("G", c.generator), ("D", c.discriminator)):
        if part.spectral_norm:
            at = 1 if name == "G" else len(lines)  # in the order in which the run's own are made
            lines.insert(at, f'{s.sources.take(spectral.add_spectral_norm)}({name}, rng["init"])')
    lines += [f"{name} = {name}.to(DEVICE){memory}" for name in ("G", "D")] if memory or not s.on_cpu else []
    if s.averages:
        s.sources.need("copy")
        lines.append("average = copy.deepcopy(G).requires_grad_(False)")
    lines += [f"{name} = {modules.optimizer(player, c, s.value(f'{name}.lr'))}" for player, name in PLAYERS]
    return parts.fill(sorted(kinds)) + "\n\n" + "\n".join(lines)


def _noise(s: Subject) -> str:
    return parts.NOISY if s.is_noisy else ""


# ── after the last step ──────────────────────────────────────────────────────────────────────────────────────────────────


def _end(s: Subject) -> str:
    made = "average" if s.averages else "G"
    g = networks.on_meta(s.start, s.data.shape)[0]
    has_buffers = s.start.generator.spectral_norm or [*g.buffers()]
    buffers = parts.BUFFERS if s.averages and has_buffers else ""
    draw = f"{players.draw_latents.__name__}({BATCH}, {s.value('latent.dim')}, latent_rng)[: n - done]"
    scale = ""
    if isinstance(s.data, PointSet):
        scale += f" * {s.data.scale!r}" if s.data.scale != 1 else ""
        scale += f" + torch.tensor({s.data.origin!r})" if any(s.data.origin) else ""
    text = parts.SAMPLE.format(average=made, draw=draw, batch=BATCH, scale=scale, buffers=buffers)
    s.sources.need("pathlib", "Path")
    if isinstance(s.data, PointSet):
        return text + parts.POINTS_END.format(count=PREVIEW_POINTS, file=_samples_file(s))
    side = players.preview_side(s.start)
    return text + parts.PICTURES_END.format(
        count=side * side, side=side, file=_samples_file(s), code=5 if s.data.shape[0] == 1 else 6
    )


def _samples_file(s: Subject) -> str:
    if isinstance(s.data, PointSet):
        return "samples.csv"
    return "samples.pgm" if s.data.shape[0] == 1 else "samples.ppm"
