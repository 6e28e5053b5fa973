"""A new run from a kept moment of another: the same settings, data order, curves and changes until then; after that its own way."""

from __future__ import annotations

import contextlib
from typing import Any

from gan_core import serial
from gan_core.errors import PlaygroundError, RunError
from gan_core.runs import atomic, facts, frames, moments
from gan_core.runs.about import About
from gan_core.runs.checkpoint import Saved
from gan_core.runs.folder import RunFolder
from gan_core.text import N_


def branch(source: RunFolder, source_id: str, step: int, target: RunFolder, target_id: str, owner: str) -> None:
    """Make `target` what `source` was at `step`. Raises RunError when nothing to go on from is kept there, or the disk refuses;
    CheckpointError, ConfigError for damaged files."""
    kept = source.states()
    if step not in kept:
        raise RunError(N_("Nothing is kept of this run at step {step}. Choose one of the kept moments."), step=step)
    saved = source.read_state(step)
    source.know_table(source.config())
    born = facts.of_new(target_id, owner, source.config())
    images, config = int(saved.state["images"]), serial.from_dict(saved.config)
    curves = source.curves.load(frames.KEPT_NAMES, step)
    said = _said(source, owner) | born
    said |= {"parent": {"run": source_id, "step": step}, "status": "paused", "step": step, "images": images,
             "progress": min(images / config.horizon, 1.0) if config.horizon else None, "summary": facts.summary(config),
             "seconds": _seconds(saved, source, step), "metrics": {k: v for k, v in curves.last().items() if k in frames.CURVES}}  # fmt: skip
    entries = source.journal()
    counted = sum(e["step"] <= step for e in entries) if saved.journal is None else saved.journal

    def fill(made: RunFolder) -> None:
        made.write_checkpoint(saved._replace(start=serial.to_dict(source.config()), facts=said))
        made.cut_journal(entries[:counted])
        made.curves.rewrite(curves)
        if said_then := source.cases.until(step):
            atomic.write_text(made.cases.path, said_then)
        source.measured.share_with(made.measured, step)
        source.directions.share_with(made.directions, step)
        with contextlib.suppress(PlaygroundError):  # a picture can be done without
            made.write_still(moments.picture_at(source, step))

    target.create(source.config(), said, fill)


def described(source: About) -> About:
    """What the new run is called at first."""
    return About(source.name, source.tags)


def _said(source: RunFolder, owner: str) -> dict[str, Any]:
    """What stays true of the new run: the data and the machine, and to whom the source belongs also what its link has locked; numbers
    of the moment are measured anew."""
    known = source.facts()
    staying = ("data_hash", "environment", *(["share"] if known.get("owner") == owner else []))
    return {name: known[name] for name in staying if name in known}


def _seconds(saved: Saved, source: RunFolder, step: int) -> float:
    """Training time at that step: as the state says, or in proportion."""
    if "seconds" in saved.facts:
        return float(saved.facts["seconds"])
    known = source.facts()
    return float(known.get("seconds", 0.0)) * min(1.0, step / max(1, int(known.get("step", step) or step)))
