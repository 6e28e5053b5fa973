"""What a run can be taken away as: script, settings, samples, curves, film. Pictures of the view are saved in the browser."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from gan_core import config as settings
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError
from gan_core.export import film, run
from gan_core.export.film import FilmJob, FilmPlan
from gan_core.export.run import MOST_SAMPLES, SamplesPlan
from gan_core.export.script import Script, script
from gan_core.export.writers import WRITERS
from gan_core.runs.folder import RunFolder
from gan_core.text import N_
from pages._ui import service
from pages._ui.failures import plain
from pages._ui.i18n import number, translate
from pages._ui.tensorboard import tensorboard

Translate = Callable[[str], str]
POLL_SECONDS = 1.0
_LATEST = -1  # the last saved step
KINDS = {
    "script": N_("Script"), "config": N_("Settings"), "samples": N_("Samples"), "curves": N_("Curves"), "film": N_("Film"),
    "tensorboard": N_("TensorBoard"),
}  # fmt: skip
_WITHOUT_RUN = ("script", "config")
_SIDES = (360, 480, 720, 1080)


@dataclass(frozen=True)
class File:
    """Something to download."""

    name: str
    data: bytes | str
    mime: str


def export(page: str, run_id: str | None, draft: RunConfig | None = None) -> None:
    """The button that opens it; without a run, `draft` is taken away. What is inside is made only while it is open, and in a fragment,
    so that choosing does not draw the whole page again."""
    _ = translate()
    with st.popover(_("Export"), icon=":material/download:", key=f"{page}.export.open", on_change="rerun") as box:
        if not box.open:
            return
        st.fragment(_export)(page, run_id, draft)
        job = _job(page, run_id)
        if job is not None and job.is_active:
            st.fragment(_progress, run_every=POLL_SECONDS)(page, run_id)


def _export(page: str, run_id: str | None, draft: RunConfig | None) -> None:
    _ = translate()
    kinds = list(KINDS) if run_id is not None else list(_WITHOUT_RUN)
    key = f"{page}.export"
    if st.session_state.get(key) not in kinds:
        st.session_state[key] = kinds[0]
    kind = (
        st.segmented_control(
            _("What to take away"), kinds, format_func=lambda code: _(KINDS[code]), key=key, required=True
        )
        or kinds[0]
    )
    folder = service.scheduler().store.folder(run_id) if run_id is not None else None
    try:
        if folder is None or run_id is None:
            _offer(page, _new(kind, draft or RunConfig(), _), _)
        elif kind == "film":
            _film(page, run_id, folder, _)
        elif kind == "tensorboard":
            tensorboard(page, run_id)
        else:
            _offer(page, _PARTS[kind](page, run_id, folder, _), _)
    except PlaygroundError as error:
        st.info(plain(_(error.template).format(**error.params)), icon=":material/info:")


def _offer(page: str, file: File, _: Translate) -> None:
    st.download_button(_("Download {file}").format(file=file.name), file.data, file.name, file.mime, icon=":material/download:",
                       key=f"{page}.download", on_click="ignore", width="stretch")  # fmt: skip


# ── a run that has not begun ─────────────────────────────────────────────────────────────────────────────────────────────


def _new(kind: str, draft: RunConfig, _: Translate) -> File:
    if kind == "config":
        return _toml(draft, "config", _)
    made = _script(serial.to_json(draft))
    _say_script(made, _)
    return _script_file(made, draft.data.name)


def _toml(config: RunConfig, name: str, _: Translate) -> File:
    st.caption(_("All settings as a text file. From the command line they train the same run:"))
    st.code(f"gan-playground train --config {name}.toml", language=None, wrap_lines=True)
    return File(f"{name}.toml", serial.to_toml(config), "application/toml")


@st.cache_data(show_spinner=False, max_entries=16)
def _script(config: str) -> Script:
    return script(serial.from_json(config))


def _say_script(made: Script, _: Translate) -> None:
    lines = number(sum(1 for line in made.text.splitlines() if line.strip()))
    st.caption(
        _("One file of {lines} lines that needs only PyTorch and repeats the run: same seed, same draws, same steps. With the eager "
          "engine on a CPU the weights are the same bit for bit; a compiled run differs in the last digits.").format(lines=lines)
    )  # fmt: skip
    if made.files:
        st.caption(
            _("It reads {files} from its own folder: both are in the archive.").format(files=", ".join(made.files))
        )


def _script_file(made: Script, name: str) -> File:
    file = f"{name.replace('-', '_')}.py"
    return (
        File(f"{name}.zip", made.zipped(file), "application/zip")
        if made.files
        else File(file, made.text, "text/x-python")
    )


# ── a run ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_script(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    made = run.run_script(folder)
    _say_script(made, _)
    if any(entry.get("changes") for entry in folder.journal()):
        st.caption(_("What was changed during the run is in it, at its steps."))
    return _script_file(made, run_id)


def _of_config(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    start = folder.config()
    session = service.scheduler().peek(run_id)
    now = session.expected_config if session is not None else folder.latest_config()
    changed = settings.differences(start, now)
    words = {"now": _("As they are now"), "start": _("At step 0")}
    which = "now"
    if changed:
        which = st.radio(
            _("Which"), list(words), format_func=lambda code: words[code], horizontal=True, key=f"{page}.export.config"
        )
    return _toml(now if which == "now" else start, "config", _)


def _of_samples(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    key = f"{page}.export.samples"
    left, right = st.columns(2)
    n = left.number_input(_("How many"), 1, MOST_SAMPLES, 1000, step=1000, key=f"{key}.n")
    seed = right.number_input(_("Seed of the latents"), 0, 2**31 - 1, 0, key=f"{key}.seed")
    words = {True: _("Averaged"), False: _("Live")}
    averaged = st.radio(_("Generator"), [True, False], format_func=lambda code: words[code], horizontal=True, key=f"{key}.averaged",
                        help=_("Its moving average, which pictures and metrics are made with, or the one that trains."))  # fmt: skip
    steps = [*folder.states(), _LATEST]
    if st.session_state.get(f"{key}.step") not in steps:
        st.session_state[f"{key}.step"] = _LATEST
    step = (
        st.select_slider(
            _("Moment"), steps, key=f"{key}.step", format_func=lambda s: _("last saved") if s == _LATEST else number(s)
        )
        if len(steps) > 1
        else _LATEST
    )
    made = run.samples(folder, SamplesPlan(int(n), int(seed), bool(averaged), None if step == _LATEST else step))
    st.caption(_("From the weights at step {step}.").format(step=number(made.step)) + " " + (
        _("Columns x and y, in the units of the data.") if made.suffix == "csv" else _("One array, samples × channels × height × width, from −1 to 1.")
    ))  # fmt: skip
    return File(f"{run_id}-step-{made.step}-samples.{made.suffix}", made.data, made.mime)


def _of_curves(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    data = run.metrics(folder)
    st.caption(
        _("A row stands for the steps from first to step and the number of looks in rows. Each series has its mean, and where a row "
          "stands for several looks its lowest (_low) and highest value (_high) and in how many of them it was known (_rows).")
    )  # fmt: skip
    return File(f"{run_id}-curves.csv", data, "text/csv")


_PARTS: dict[str, Callable[[str, str, RunFolder, Translate], File]] = {
    "script": _of_script, "config": _of_config, "samples": _of_samples, "curves": _of_curves,
}  # fmt: skip


# ── films ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _job(page: str, run_id: str | None) -> FilmJob | None:
    """The film of this run that was last asked for here."""
    found: FilmJob | None = st.session_state.get(f"{page}.film")
    return found if found is not None and found.run == run_id else None


def _film(page: str, run_id: str, folder: RunFolder, _: Translate) -> None:
    job, key = _job(page, run_id), f"{page}.export.film"
    busy = job is not None and job.is_active
    if st.session_state.get(f"{key}.kind") not in WRITERS:
        st.session_state[f"{key}.kind"] = "mp4"
    kind = st.segmented_control(_("Format"), list(WRITERS), format_func=lambda code: WRITERS[code].title, key=f"{key}.kind",
                                required=True, disabled=busy) or "mp4"  # fmt: skip
    sides = [side for side in _SIDES if side <= WRITERS[kind].side]
    if st.session_state.get(f"{key}.side") not in sides:
        st.session_state[f"{key}.side"] = 480
    left, right = st.columns(2)
    seconds = left.slider(_("Seconds"), int(film.SHORTEST), int(film.LONGEST), 10, key=f"{key}.seconds", disabled=busy)
    side = right.select_slider(_("Size"), sides, format_func=lambda s: f"{s} px", key=f"{key}.side", disabled=busy)
    kept = len(film.kept(folder))
    if kept < film.FEWEST:
        st.info(_(film.TOO_FEW).format(count=kept, fewest=film.FEWEST), icon=":material/info:")
    else:
        st.caption(_("From {n} kept moments, evenly in training steps.").format(n=number(kept)))
    if st.button(
        _("Make the film"),
        icon=":material/movie:",
        key=f"{key}.make",
        disabled=busy or kept < film.FEWEST,
        width="stretch",
    ):
        if (before := st.session_state.get(f"{page}.film")) is not None:
            before.discard()
        st.session_state[f"{page}.film"] = FilmJob(folder, FilmPlan(kind, float(seconds), side), run_id)
        st.rerun()
    if job is not None and not busy:
        _finished(page, job, _)


def _finished(page: str, job: FilmJob, _: Translate) -> None:
    if job.status == "done":
        try:
            data = job.data()
        except OSError:  # whoever tidies temporary folders was here
            st.session_state.pop(f"{page}.film")
            return
        st.caption(_("{file}, {size} MB").format(file=job.name, size=number(len(data) / 1e6, 1)))
        _offer(page, File(job.name, data, WRITERS[job.plan.kind].mime), _)
    elif job.status == "failed" and job.error is not None:
        st.error(plain(_(job.error.template).format(**job.error.params)), icon=":material/error:")


def _progress(page: str, run_id: str | None) -> None:
    """How far the film is; the whole page once, when it is done."""
    _ = translate()
    job = _job(page, run_id)
    if job is None or not job.is_active:
        st.rerun()
    text = _("Waiting for another film") if job.status == "waiting" else _("Picture {done} of {total}").format(
        done=number(job.done), total=number(job.total))  # fmt: skip
    st.progress(min(job.share, 1.0), text)
    if st.button(_("Cancel"), icon=":material/close:", key=f"{page}.film.cancel"):
        job.cancel()
