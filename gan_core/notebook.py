"""Runs in a notebook: the same as in the browser and on the command line, with a picture that moves below the cell.

    from gan_core import notebook

    run = notebook.Run(preset="ring", seed=1)
    run.train(steps=2000)                    # again: 2000 more; the stop button ends it early, saved
    run.change({"g_optimizer.lr": 0.0001})
    run.picture()

The run is in a folder under the data folder, like any other: the app shows it, `gan-playground train --resume` goes on with it. As long as
the Run object is there, nobody else may train it.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core import cell, generate, presets, serial, sharing
from gan_core import config as settings
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, RunError
from gan_core.runs import headless
from gan_core.runs.breaking import NOT_SAVED
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession
from gan_core.sharing import Share
from gan_core.text import N_

__all__ = ["Run"]


class Run:
    """One run. Every method raises PlaygroundErrors, which say what was wrong, what is allowed and what to do."""

    def __init__(
        self, preset: str | None = None, *, config: RunConfig | None = None, link: str | None = None, file: str | Path | None = None,
        folder: str | Path | None = None, out: str | Path | None = None, data_dir: str | Path | None = None,
        tensorboard: bool = False, **changes: Any,
    ) -> None:  # fmt: skip
        """A new run from one of: the name of a `preset`, a `config`, a `link` as the labs give it, or a `file` (config.toml); from the default
        settings without any. Or the run in a `folder`, to go on with.

        changes: settings of a new run by name, such as seed=1 or loss="hinge"; of a name with a dot by `**{"g_optimizer.lr": 0.0001}` or
        g_optimizer__lr=0.0001. out: the new run's folder, which must be new or empty. data_dir: the data folder; None: as for the command
        line. tensorboard: write files for TensorBoard into the run's folder.
        """
        given = [
            name
            for name, value in (
                ("preset", preset),
                ("config", config),
                ("link", link),
                ("file", file),
                ("folder", folder),
            )
            if value is not None
        ]
        if len(given) > 1:
            raise ConfigError(
                N_("A run comes from one of preset, config, link, file or folder, not from {given}: name one."),
                given=", ".join(given),
            )
        root = Path(data_dir) if data_dir is not None else None
        self._begun = self._closed = False
        if folder is not None:
            if changes or out is not None:
                raise ConfigError(
                    N_(
                        "The run in a folder goes on as it is: out and settings belong to a new run. Use change() for what can change while it trains."
                    )
                )
            self._session = headless.resume(Path(folder), root, _darkroom())
        else:
            base, share = _base(preset, config, link, file)
            wanted = _named(changes)
            share.check(wanted)
            start = settings.replace(base, wanted)
            self._session = headless.start(start, Path(out) if out is not None else None, root, share, _darkroom())
        if tensorboard:
            self._session.write_events(True)

    # ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def train(self, steps: int | None = None, seconds: float | None = None) -> None:
        """Train so many `steps` more, or so many `seconds`, or to the end of the schedule; the same run, bit for bit, as the command line's. In a
        notebook the cell shows it live. The stop button (KeyboardInterrupt) ends it after the present turn: the run is saved and goes on with the
        next train(). What ends a training badly is said in `message`."""
        headless.check_end(self.config, steps, seconds, ("steps=…", "seconds=…"))
        _positive("steps", steps)
        _positive("seconds", seconds)
        session = self._ready()
        goal = session.step + int(steps) if steps is not None else None
        with session.watch(), cell.live(session, goal, seconds) as show:
            headless.go(session, goal, seconds, show)
        self._check_saved()

    def change(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> RunConfig:
        """Change live settings from the present step on, as the controls of the labs do: journalled, and marked on the curves. Names as in
        Run(). The settings as they are then."""
        session = self._ready()
        new = session.change(_named({**(values or {}), **more}))
        session.turn(0.0, until_step=session.step)
        self._check_saved()
        return new

    def save(self) -> Path:
        """Have everything on the disk, as each train() does at its end; the folder."""
        session = self._ready()
        headless.go(session, session.step, None, lambda: None)
        self._check_saved()
        return self.folder

    def close(self) -> None:
        """Let go of the run, so that the app or another process may go on with it."""
        if not self._closed:
            headless.finish(self._session)
        self._closed = True

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── what it has learned ──────────────────────────────────────────────────────────────────────────────────────────────

    def picture(self, side: int = 480) -> Image.Image:
        """What the labs show of it now: real and generated points over the discriminator's field, or the grid of generated pictures."""
        return cell.picture(self._ready().latest, side)

    def curves(self) -> dict[str, NDArray[Any]]:
        """`step` (n,) and each series (n,) that has numbers, NaN where it has none: pandas.DataFrame(run.curves()) makes a table. Of a long run
        a row is the mean of several looks."""
        curves = self._ready().curves
        rows = curves.rows()
        series = {name: rows.mean[:, i] for i, name in enumerate(curves.names)}
        return {"step": rows.last} | {name: values for name, values in series.items() if not np.isnan(values).all()}

    def sample(self, n: int = 16, seed: int = 0) -> NDArray[np.float32]:
        """(n, 2) points in data units, or (n, C, H, W) pictures in [−1, 1], of the averaged generator: as `gan-playground sample` draws them."""
        _positive("n", n)
        self.save()
        drawn: NDArray[np.float32] = generate.load(RunFolder(self.folder)).sample(n, seed).numpy()
        return drawn

    def evaluate(self, features: str | None = None) -> dict[str, Any]:
        """Its metrics by name, of as many samples as `gan-playground evaluate` takes; pictures by "classifier" or "inception" features."""
        self.save()
        found: dict[str, Any] = headless.evaluate(self.folder, features)["metrics"]
        return found

    # ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        assert self._session.folder is not None
        return self._session.folder.path

    @property
    def config(self) -> RunConfig:
        """Its settings now."""
        return self._session.expected_config

    @property
    def step(self) -> int:
        """How many steps it has been trained."""
        return self._ready().step

    @property
    def status(self) -> str:
        """paused, or failed where the training went wrong: then it is at its last good state."""
        return self._ready().status

    @property
    def message(self) -> str:
        """Why it is as it is, in a sentence; often empty."""
        return str(self._session.message)

    @property
    def diagnosis(self) -> list[str]:
        """What is wrong with it, the most serious first."""
        return [found.code for found in self._ready().diagnosis]

    @property
    def metrics(self) -> dict[str, float]:
        """The losses of the last look and the quick metrics of the present step."""
        return self._ready().final_metrics()

    def __repr__(self) -> str:
        c = self.config
        return f"<Run {self._session.id}: {c.data.name}, {c.loss}, seed {c.seed}, step {self._session.step}, {self._session.status}>"

    def _repr_html_(self) -> str:
        words = f"{self._session.id} · {self.config.data.name}, {self.config.loss}, seed {self.config.seed} · {headless.line(self._session)}"
        return cell.page(self._session, words) + f"<code>{html.escape(str(self.folder))}</code>"

    def _ready(self) -> TrainingSession:
        if self._closed:
            raise RunError(N_("This run was let go of. Open it again with Run(folder=…)."))
        if not self._begun:
            headless.begin(self._session)
            self._begun = True
        return self._session

    def _check_saved(self) -> None:
        message = self._session.message
        if message.template == NOT_SAVED:
            raise RunError(message.template, **message.params)


@cache
def _darkroom() -> Executor:
    """Where the pictures of all runs here are made beside their training."""
    return ThreadPoolExecutor(1, "darkroom")


def _base(
    preset: str | None, config: RunConfig | None, link: str | None, file: str | Path | None
) -> tuple[RunConfig, Share]:
    if preset is not None:
        return presets.load(preset), Share()
    if file is not None:
        try:
            return serial.from_toml(Path(file).read_text(encoding="utf-8")), Share()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(N_("{path} cannot be read: {reason}."), path=file, reason=error) from None
    if link is not None:
        found = sharing.from_query(dict(parse_qsl(urlsplit(link).query)))
        if found.problems:
            raise found.problems[0]
        return found.config, found.share
    return config or RunConfig(), Share()


def _named(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("__", "."): value for name, value in changes.items()}


def _positive(name: str, value: float | None) -> None:
    if value is not None and not value > 0:
        raise ConfigError(N_("{name} must be more than 0, not {value}."), name=name, value=value)
