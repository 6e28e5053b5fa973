"""Runs without a browser: the same sessions, given all the turns."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from tqdm import tqdm

from gan_core import data as data_sets
from gan_core import engine, generate, metrics, registry
from gan_core.config import RunConfig, replace
from gan_core.engine.workshop import Workshop
from gan_core.errors import ConfigError, PlaygroundError, RunError
from gan_core.memory import check_memory
from gan_core.metrics.features import get_judges, offered
from gan_core.metrics.images import evaluate_drawn
from gan_core.metrics.measure import Measure, from_flat
from gan_core.metrics.translation import errors
from gan_core.runs import facts
from gan_core.runs.breaking import NOT_SAVED
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.looking import LOSSES, METRIC_SAMPLES
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store, data_dir
from gan_core.sharing import Share
from gan_core.text import N_

_TURN = 0.25
_WAIT = 0.005
IMAGE_SAMPLES = 5000
_LISTED = 20  # classes whose shares are told one by one


def start(
    config: RunConfig, out: Path | None, root: Path | None, share: Share | None = None, darkroom: Executor | None = None
) -> TrainingSession:
    """A new run in the folder `out`, or under the data folder; `share`: what its settings are kept to; `darkroom`: where pictures are made beside the training. Raises PlaygroundError."""
    check_memory(config)
    config = replace(config, {"engine": "compiled"}) if _engine(config) == "compiled" else config
    if out is None:
        store = Store(data_dir(root))
        run_id = store.new_id(config.data.name)
        folder = store.folder(run_id)
    else:
        folder, run_id = RunFolder(out), out.resolve().name
    folder.create(config, facts.of_new(run_id, "", config) | ({"share": share.to_dict()} if share else {}))
    return TrainingSession(
        run_id,
        "",
        config,
        folder,
        share=share,
        darkroom=darkroom,
        finish_at_horizon=False,
        workshop=_workshop(config, root),
    )


def _workshop(config: RunConfig, root: Path | None) -> Workshop | None:
    """Where programs are made; none for a run that wants none."""
    return Workshop(data_dir(root) / "engine") if _engine(config) != "eager" else None


def _engine(config: RunConfig) -> str:
    """What the run's engine means here. Raises ConfigError."""
    if registry.method[config.method].value.eager:
        return "eager"
    return engine.default() if config.engine == "auto" else config.engine


def resume(path: Path, root: Path | None = None, darkroom: Executor | None = None) -> TrainingSession:
    """The run in a folder, from its checkpoint; from step 0 if it ended before the first. Raises CheckpointError, ConfigError."""
    folder = RunFolder(path)
    said, config = folder.facts(), folder.config()
    restore = folder.was_saved(said)
    if restore:
        folder.read_checkpoint()  # fails here, before anything is touched
    session = TrainingSession(str(said.get("run", path.name)), str(said.get("owner", "")), config, folder, restore=restore,
                              share=Share.from_dict(said.get("share")), darkroom=darkroom, finish_at_horizon=False,
                              workshop=_workshop(config, root))  # fmt: skip
    session.prepare_stopped({})
    return session


def check_end(
    config: RunConfig, steps: int | None, seconds: float | None, options: tuple[str, str] = ("--steps", "--seconds")
) -> None:
    """Raise ConfigError for training that would never end; `options`: how the two are called there."""
    if steps is None and seconds is None and not config.horizon:
        raise ConfigError(N_("This run's schedule has no end (horizon=0): say how long with {steps} or {seconds}."),
                          steps=options[0], seconds=options[1])  # fmt: skip


def train(session: TrainingSession, steps: int | None = None, seconds: float | None = None) -> dict[str, Any]:
    """Train up to step `steps`, for `seconds` of training, or to the end of the schedule; the result as `--json` prints it.

    Raises PlaygroundError for a request without an end, and for data that cannot be loaded. Ctrl-C ends early, and saves.
    """
    check_end(session.config, steps, seconds)
    with progress_bar(session, steps, seconds) as (bar, show):
        begin(session)
        if go(session, steps, seconds, show):
            bar.write("Interrupted: saving.", file=sys.stderr)
    finish(session)
    if session.message.template == NOT_SAVED:
        _raise_message(session)
    return result(session)


def begin(session: TrainingSession) -> None:
    """Load the data, and build the run or load its checkpoint: none of it is part of the training. Raises RunError."""
    session.prepare()
    if session.status != "failed":
        session.turn(0.0, until_step=0)
    if session.status == "failed":
        if session.folder is not None and session.folder.created and not session.folder.has_checkpoint:
            session.folder.discard()  # so that the same command works once the cause is gone
        _raise_message(session)


def go(session: TrainingSession, steps: int | None, seconds: float | None, show: Callable[[], None]) -> bool:
    """Train as `train` does, calling `show` after each turn, then rest, with everything saved; whether somebody interrupted it."""
    with _Interrupts() as interrupts:
        try:
            _loop(session, steps, seconds, show, interrupts)
        except KeyboardInterrupt:
            interrupts.came = True
    session.send(Pause())
    session.turn(0.0)
    return interrupts.came


def finish(session: TrainingSession) -> None:
    """Let go of a run that rests."""
    session.release()
    if session.workshop is not None:
        session.workshop.close()


class _Interrupts:
    """Ctrl-C, or the stop button of a notebook, waits for the end of a turn, so that no step is left half done; a second one does not."""

    def __init__(self) -> None:
        self.came = False

    def __enter__(self) -> _Interrupts:
        self._before: Any = None
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) not in (
            None,
            signal.SIG_IGN,
        ):
            self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def _take(self, _signal: int, _frame: FrameType | None) -> None:
        if self.came:
            raise KeyboardInterrupt
        self.came = True

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


def _loop(
    session: TrainingSession,
    steps: int | None,
    seconds: float | None,
    show: Callable[[], None],
    interrupts: _Interrupts,
) -> None:
    begin, goal = session.seconds, steps if steps is not None else math.inf
    to_horizon = steps is None and seconds is None
    if session.step >= goal:
        return
    session.send(Resume())
    show()
    while not interrupts.came:
        left = math.inf if seconds is None else begin + seconds - session.seconds
        if session.step >= goal or left <= 0 or (to_horizon and session.images >= session.config.horizon):
            return
        until = steps if steps is not None else _horizon_step(session) if to_horizon else None
        if session.status == "running" and not session.wants_turn:  # it is ahead of its pace
            time.sleep(_WAIT)
            continue
        session.turn(min(_TURN, left), until_step=until)
        show()
        if session.status != "running":
            return


@contextlib.contextmanager
def progress_bar(
    session: TrainingSession, steps: int | None, seconds: float | None
) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A bar on stderr, where that is a terminal, and what brings it up to date."""
    with tqdm(
        total=1.0, bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}", file=sys.stderr, disable=None
    ) as bar:
        session.on_report = lambda text: bar.set_postfix_str(text)
        start: float | None = None

        def show() -> None:
            nonlocal start
            start = session.seconds if start is None else start
            bar.n = share_done(session, start, steps, seconds)
            bar.set_postfix_str(line(session))

        yield bar, show


def _horizon_step(session: TrainingSession) -> int:
    c = session.config
    return math.ceil(c.horizon / (c.batch_size * max(c.k_d, 1)))


def share_done(session: TrainingSession, begin: float, steps: int | None, seconds: float | None) -> float:
    """How far it is, 0 … 1, of up to step `steps`, or `seconds` beyond `begin` of training, or to the end of the schedule."""
    shares = [session.step / steps if steps else 0.0, (session.seconds - begin) / seconds if seconds else 0.0]
    if not steps and not seconds and session.config.horizon:
        shares.append(session.images / session.config.horizon)
    return min(1.0, max(shares))


def line(session: TrainingSession) -> str:
    """Step, speed and losses, for people."""
    losses = " ".join(f"{name} {value:.3f}" for name, value in session.last_row.items() if name in LOSSES)
    return f"step {session.step}, {session.steps_per_second:.0f}/s {losses}"


def _raise_message(session: TrainingSession) -> NoReturn:
    raise RunError(session.message.template, **session.message.params)


def result(session: TrainingSession) -> dict[str, Any]:
    """What `train --json` prints."""
    seconds = session.seconds
    trainer = session.trainer
    assert trainer is not None
    return {
        "run": str(session.folder.path) if session.folder else None, "status": session.status, "message": str(session.message),
        "step": session.step, "seconds": seconds, "steps_per_second": session.steps_per_second,
        "steps_per_second_mean": session.step / seconds if seconds else 0.0,
        "images_per_second": trainer.images / seconds if seconds else 0.0,
        "device": trainer.device.type, "metrics": session.final_metrics(),
    }  # fmt: skip


def describe(found: dict[str, Any]) -> str:
    """The result in a few lines for people."""
    lines = [found["message"]] if found["message"] else []
    lines += [
        f"{found['run']}",
        f"step {found['step']}, {found['seconds']:.1f} s, {found['steps_per_second_mean']:.0f} steps/s on {found['device']}",
        *(f"{name}: {value:.4g}" for name, value in found["metrics"].items() if isinstance(value, (int, float))),
    ]
    return "\n".join(lines)


def evaluate(path: Path, features: str | None = None) -> dict[str, Any]:
    """Measure the generator of a run's folder; pictures by "classifier" or "inception" features, or those usual for the set. Raises PlaygroundError."""
    saved = generate.load(RunFolder(path))
    kind = registry.dataset[saved.config.data.name].info["kind"]
    if kind == "points" and features not in (None, "classifier"):
        raise ConfigError(N_("--features is about pictures, and this run draws points: leave it out."))
    n = METRIC_SAMPLES if kind == "points" else IMAGE_SAMPLES
    with tqdm(total=1.0, bar_format="{l_bar}{bar}{postfix}", file=sys.stderr, disable=None) as bar:

        def progress(what: str, done: int, total: int) -> None:
            bar.n = done / total if total else 0.0
            bar.set_postfix_str(what)

        data = data_sets.load(saved.config.data, progress)
        if isinstance(data, data_sets.PairSet):
            n = len(data.test_given)
            by = features or ("classifier" if "classifier" in offered(saved.config.data) else None)
            judges = get_judges(by, data, progress) if by else None
            found: dict[str, Any] = dict(errors(saved.translators(data), n))
            if judges is not None:
                found |= evaluate_drawn(judges, saved.drawing(), n, data, progress, lenient=True)
        elif isinstance(data, data_sets.PointSet):
            found = metrics.evaluate(saved.sample(n), data, progress)
        else:
            judges = get_judges(
                features or offered(saved.config.data)[0], data, progress
            )  # what is missing is said before anything is drawn
            told = bool(saved.config.classes)
            found = evaluate_drawn(judges, saved.drawing(), n, data, progress, told=told)
    return {"run": str(Path(path).resolve()), "step": saved.step, "samples": n, "metrics": found}


def describe_evaluation(found: dict[str, Any]) -> str:
    """The figures of `evaluate` in a line each for people."""
    measures = from_flat(found["metrics"])
    lines = [
        f"{registry.metric[name].title}: {_written(name, value)} ({found['samples']:,} translations)"
        for name, value in found["metrics"].items()
        if name in registry.metric and registry.metric[name].info["kind"] == "pairs"
    ]
    if not measures and not lines:
        return "\n".join(f"{name}: {value}" for name, value in found["metrics"].items())
    lines += [_described(measure) for measure in measures]
    shares = found["metrics"].get("class_shares", ())
    if 0 < len(shares) <= _LISTED:
        lines.append("Shares of the classes: " + ", ".join(f"{100 * share:.1f} %" for share in shares))
    return "\n".join(lines)


def _described(m: Measure) -> str:
    spread = "" if m.spread is None else f" ± {_written(m.name, m.spread)}"
    floor = "" if m.floor is None else f"; real pictures: {_written(m.name, m.floor)}"
    counts = f"{m.samples:,} samples" + (f", {m.reference:,} real" if m.reference else "")
    return f"{m.heading}: {_written(m.name, m.value)}{spread}{floor} ({counts})"


def _written(name: str, value: float) -> str:
    form = registry.metric[name].info.get("written")
    return f"{100 * value:.1f} %" if form == "percent" else f"{value:.4g}"


__all__ = ["PlaygroundError", "describe", "describe_evaluation", "evaluate", "result", "resume", "start", "train"]
