"""The live view: a browser component that draws the frames of a run as they arrive on a WebSocket.

The page only mounts it and hands over a token; pictures, curves and commands travel beside Streamlit. The words on
screen are listed here as codes with their English text; the page translates them, once a script run.
"""

import base64
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from gan_core import registry
from gan_core.config import fields
from gan_core.engine import workshop
from gan_core.runs import breaking, engines, lock, scheduler, session
from gan_core.text import N_

_HERE = Path(__file__).parent
_PARTS = ("frame", "dom", "points", "images", "curves", "link", "controls", "view")  # joined to one module

HTML = '<div class="gl"></div>'
STYLE = (_HERE / "live.css").read_text(encoding="utf-8")
SCRIPT = "\n".join((_HERE / "live" / f"{part}.js").read_text(encoding="utf-8") for part in _PARTS)

# Code -> English. A code with `.help` is the sentence of a tooltip, one with `.hint` what to look for in a panel.
LABELS: dict[str, str] = {
    "transport": N_("Training"),
    "pause": N_("Pause"),
    "pause.help": N_("Hold the training; nothing is lost."),
    "resume": N_("Resume"),
    "resume.help": N_("Go on from this step."),
    "step": N_("Step"),
    "step.help": N_("Make one training step; pause first."),
    "stop": N_("Stop"),
    "stop.help": N_("End the training here; the run is kept and can be resumed."),
    "reset": N_("Reset"),
    "reset.help": N_("Start again from step 0 with the same seed."),
    "status.preview": N_("Untrained"),
    "status.preparing": N_("Preparing"),
    "status.queued": N_("Waiting"),
    "status.queued.at": N_("Waiting, place {place}"),
    "status.running": N_("Training"),
    "status.paused": N_("Paused"),
    "status.finished": N_("Finished"),
    "status.stopped": N_("Stopped"),
    "status.failed": N_("Failed"),
    "watching": N_("Watching"),
    "watching.help": N_("This run belongs to somebody else: you can watch it, not change it."),
    "reconnecting": N_("Reconnecting"),
    "crowded": N_("Too many viewers, trying again"),
    "disconnected": N_("Not connected"),
    "closed.4401": N_("The permission to watch this run has expired. Reload the page; the run itself goes on."),
    "closed.4403": N_("The server does not let this page watch the run. Open the page at the server's own address."),
    "closed.4404": N_("This run is no longer on the server. Saved runs stay on disk: resume it or start a new one."),
    "unreadable": N_("A picture arrived damaged and was skipped."),
    "stat.step": N_("steps"),
    "stat.images": N_("samples seen"),
    "stat.rate": N_("steps/s"),
    "engine.eager": N_("eager"),
    "engine.eager.help": N_("Each step calls one small operation after the other."),
    "engine.compiling": N_("compiling"),
    "engine.compiling.help": N_(
        "Training goes on eagerly while a faster program for the whole step is made; then it changes over by itself."
    ),
    "engine.compiled": N_("compiled"),
    "engine.compiled.help": N_("The whole step is one program, made for these settings."),
    "progress": N_("Progress of the schedule"),
    "progress.help": N_("How much of the learning-rate schedule has been used up."),
    "picture": N_("Real points, generated points and the critic's field"),
    "real": N_("Real"),
    "real.help": N_("Points of the data that the generator tries to imitate: blue circles."),
    "fake": N_("Generated"),
    "fake.help": N_("What the generator makes of fixed random inputs: orange diamonds."),
    "field": N_("Critic's field"),
    "field.help": N_("What the discriminator believes at each place; the thin line is where it cannot decide."),
    "field.low": N_("generated"),
    "field.high": N_("real"),
    "field.key.help": N_("Colour of the critic's field: orange where it says generated, blue where it says real."),
    "weights": N_("Weights of the generator"),
    "averaged": N_("Averaged"),
    "averaged.help": N_("Samples of the averaged generator (EMA): calmer and usually better."),
    "live": N_("Live"),
    "live.help": N_("Samples of the generator as it is at this very step."),
    "hover": N_("Point at the picture to read a place"),
    "place": N_("x {x}, y {y}"),
    "verdict.probability": N_("D says: {value} real"),
    "verdict.real": N_("Critic leans towards real"),
    "verdict.fake": N_("Critic leans towards generated"),
    "verdict.undecided": N_("Critic is undecided"),
    "zoom.in": N_("Zoom in"),
    "zoom.out": N_("Zoom out"),
    "zoom.reset": N_("Show all"),
    "zoom.range": N_("Steps {from} to {to}"),
    "zoom.hint": N_("Drag to zoom"),
    "grid.real": N_("Real"),
    "grid.real.help": N_("Pictures from the data set."),
    "grid.fake": N_("Generated"),
    "grid.fake.help": N_("Pictures the generator makes of the same fixed inputs each time. Click one to enlarge it."),
    "cell": N_("row {row}, column {column}"),
    "enlarged": N_("Enlarged picture"),
    "previous": N_("Previous picture"),
    "next": N_("Next picture"),
    "close": N_("Close"),
    "curves.empty": N_("Curves appear after the first steps"),
    "axis.step": N_("step"),
    "axis.log": N_("log scale"),
    "mark": N_("Step {step}: {text}"),
    "mark.change": N_("{name}: {old} → {new}"),
    "panel.loss": N_("Losses"),
    "panel.loss.hint": N_("Neither should run away from the other"),
    "panel.critic": N_("Discriminator's output (mean logit)"),
    "panel.critic.hint": N_("Close together: it hardly tells them apart"),
    "panel.gradients": N_("Gradient norms"),
    "panel.gradients.hint": N_("Spikes or zeros announce trouble"),
    "panel.penalty": N_("Penalty"),
    "panel.penalty.hint": N_("Should settle, not grow"),
    "panel.metrics": N_("Quality of the samples"),
    "panel.metrics.hint": N_("Measured on a larger draw from time to time"),
    "panel.distance": N_("Distance from the data"),
    "panel.distance.hint": N_("The lower the better, down to the floor beside the figure"),
    "curve.d_loss": N_("Discriminator"),
    "curve.d_loss.help": N_("What the discriminator tries to make small, without the penalty."),
    "curve.g_loss": N_("Generator"),
    "curve.g_loss.help": N_("What the generator tries to make small."),
    "curve.d_real": N_("On real"),
    "curve.d_real.help": N_(
        "Mean logit that the discriminator gives to real samples: the higher, the surer that they are real."
    ),
    "curve.d_fake": N_("On generated"),
    "curve.d_fake.help": N_(
        "Mean logit that the discriminator gives to generated samples: the lower, the surer that they are not real."
    ),
    "curve.d_gradient": N_("Discriminator"),
    "curve.d_gradient.help": N_("Length of the gradient over all the discriminator's weights."),
    "curve.g_gradient": N_("Generator"),
    "curve.g_gradient.help": N_("Length of the gradient over all the generator's weights."),
    "curve.penalty": N_("Penalty"),
    "curve.penalty.help": N_("What the penalty adds to the discriminator's loss."),
    "curve.quality": N_("High quality"),
    "curve.quality.help": N_("Share of samples within three standard deviations of a cluster's centre."),
    "curve.coverage": N_("Modes covered"),
    "curve.coverage.help": N_("Share of the clusters that have at least one good sample."),
    "curve.swd": N_("Sliced Wasserstein"),
    "curve.swd.help": N_(
        "How far the generated samples must be moved to lie like real ones, averaged over directions."
    ),
    "perfect": N_("perfect: {value}"),
    "from.samples": N_("from {samples} samples at step {step}"),
}

_SENTENCES = (session.PREPARING, *breaking.SENTENCES, session.NOT_SAVED, session.SCHEDULE_DONE,
              scheduler.ABANDONED, lock.IN_USE, *engines.SENTENCES, *workshop.SENTENCES)  # fmt: skip

_component = st.components.v2.component("gan_live", html=HTML, css=STYLE, js=SCRIPT)


def live_labels(_: Callable[[str], str], lang: str = "en", sentences: Iterable[str] = ()) -> dict[str, str]:
    """The words of the view in the page's language; `lang` (a BCP 47 tag) sets how numbers are written.

    Titles of metrics and settings come from their own metadata. A frame carries a message as template and parameters, the
    same for every viewer: the templates of a session are included, `sentences` are further ones that may turn up.
    """
    words = {code: _(text) for code, text in LABELS.items()}
    for metric in registry.metric.entries():
        words |= {f"metric.{metric.name}": _(metric.title), f"metric.{metric.name}.help": _(metric.help),
                  f"metric.{metric.name}.written": metric.info.get("written", "number")}  # fmt: skip
    words |= {f"setting.{field.name}": _(field.spec.title) for field in fields()}
    words |= {f"message:{template}": _(template) for template in (*_SENTENCES, *sentences) if template}
    return words | {"lang": lang}


def live_data(*, run_id: str | None, token: str | None, frame: bytes | None, labels: Mapping[str, str],
              kind: Literal["points", "images"], can_control: bool, stamp: int = 0) -> dict[str, Any]:  # fmt: skip
    """What the browser gets: JSON only, because bytes inside a dict would arrive as one useless string.

    `frame` (a packed frame of an untrained GAN) is sent only while there is no run; it is some 10-60 kB. `stamp`: larger in what is
    said later; the browser may hear an earlier state of the page after a later one.
    """
    preview = base64.b64encode(frame).decode("ascii") if frame and run_id is None else None
    words = dict(labels)
    return {"run": run_id, "token": token, "frame": preview, "labels": words, "kind": kind, "control": can_control,
            "stamp": stamp}  # fmt: skip


def live_view(*, run_id: str | None, token: str | None, frame: bytes | None, labels: Mapping[str, str],
              kind: Literal["points", "images"], key: str, can_control: bool,
              on_renew: Callable[[], None] | None = None) -> bool:  # fmt: skip
    """Mount the live view of a run, or a still preview without one.

    labels: from `live_labels`. can_control: whether this person may command the run; the server has the last word.
    on_renew: called before the script runs when the browser needs a new token (the old one has expired).
    Returns whether the browser asked for a new token in this script run.
    """
    stamp = _stamp(f"{key}.stamp", (run_id, token, hash(frame), labels.get("lang"), kind, can_control))
    data = live_data(
        run_id=run_id, token=token, frame=frame, labels=labels, kind=kind, can_control=can_control, stamp=stamp
    )
    result = _component(data=data, key=key, on_renew_change=on_renew or (lambda: None))
    return result.renew is not None


def _stamp(key: str, said: tuple[Any, ...]) -> int:
    """When this was first said in this session (microseconds): the same for the same, so that it is not sent again."""
    kept: tuple[tuple[Any, ...], int] | None = st.session_state.get(key)
    if kept is None or kept[0] != said:
        kept = st.session_state[key] = (said, time.time_ns() // 1000)
    return kept[1]
