"""What a run can be taken away as: script, notebook, settings, samples, curves, weights, ONNX, film, the whole run. Pictures of the view are saved
in the browser."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from gan_core import config as settings
from gan_core import serial
from gan_core.comparison.entries import Compared
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError
from gan_core.export import film, onnx_file, run, weights
from gan_core.export.film import FilmJob, FilmPlan
from gan_core.export.job import FileJob
from gan_core.export.notebook import Notebook, notebook, run_notebook
from gan_core.export.onnx_file import Made, OnnxPlan
from gan_core.export.run import MOST_SAMPLES, SamplesPlan
from gan_core.export.script import Script, script
from gan_core.export.writers import WRITERS
from gan_core.parcels import packing
from gan_core.report.run import report
from gan_core.runs.folder import RunFolder
from gan_core.text import N_, joined, listed, told
from pages._ui import files_out, service
from pages._ui.data_note import run_title
from pages._ui.failures import plain
from pages._ui.i18n import file_size, number, speech, translate
from pages._ui.share import LABS, address
from pages._ui.tensorboard import tensorboard

Translate = Callable[[str], str]
POLL_SECONDS = 1.0
_LATEST = -1  # the last saved step
# What it is called, and what it is good for.
KINDS = {
    "script": (N_("Script"), N_("A Python file that repeats the run with PyTorch alone.")),
    "notebook": (N_("Notebook"), N_("The same for Jupyter, cell by cell, with a picture at the end.")),
    "config": (N_("Settings"), N_("All settings as a text file, for the command line.")),
    "samples": (N_("Samples"), N_("What the generator draws, as numbers.")),
    "curves": (N_("Curves"), N_("Losses and metrics as a table (CSV).")),
    "weights": (N_("Weights"), N_("All networks of a moment, for PyTorch (safetensors).")),
    "onnx": (N_("Generator (ONNX)"), N_("The generator for other programs, without PyTorch.")),
    "report": (N_("Report"), N_("One HTML page: settings, curves, samples, diagnosis, changes.")),
    "film": (N_("Film"), N_("The kept moments, one after the other.")),
    "zip": (N_("Whole run (ZIP)"), N_("Everything, to go on with it on another server.")),
    "tensorboard": (N_("TensorBoard"), N_("Files that TensorBoard reads, written while the run trains.")),
}  # fmt: skip
_WITHOUT_RUN = ("script", "notebook", "config")
_WIDTH = 420  # pixels; a phone has less
_SIDES = (360, 480, 720, 1080)


@dataclass(frozen=True)
class File:
    """Something to download; `data` may be made only when somebody wants it."""

    name: str
    data: bytes | str | Callable[[], bytes]
    mime: str


def export(page: str, run_id: str | None, draft: RunConfig | None = None) -> None:
    """The button that opens it; without a run, `draft` is taken away. What is inside is made only while it is open, and in a fragment,
    so that choosing does not draw the whole page again."""
    _ = translate()
    with st.popover(_("Export"), icon=":material/download:", key=f"{page}.export.open", on_change="rerun") as box:
        if not box.open:
            return
        with st.container(width=_WIDTH):  # the same for all kinds: what is wider would move the whole
            st.fragment(_export)(page, run_id, draft)
        for job in filter(None, (files_out.kept(page, run_id, kind) for kind in _MADE)):
            if job.is_active:
                st.fragment(files_out.progress, run_every=POLL_SECONDS)(job)


def _export(page: str, run_id: str | None, draft: RunConfig | None) -> None:
    _ = translate()
    kinds = list(KINDS) if run_id is not None else list(_WITHOUT_RUN)
    key = f"{page}.export"
    if st.session_state.get(key) not in kinds:
        st.session_state[key] = kinds[0]
    kind = st.selectbox(_("What to take away"), kinds, format_func=lambda code: _(KINDS[code][0]), key=key)
    st.caption(_(KINDS[kind][1]))
    folder = service.scheduler().store.folder(run_id) if run_id is not None else None
    try:
        if folder is None or run_id is None:
            _offer(page, _new(kind, draft or RunConfig(), _), _)
        elif kind in _MADE:
            _MADE[kind](page, run_id, folder, _)
        elif kind == "tensorboard":
            tensorboard(page, run_id)
        else:
            _offer(page, _PARTS[kind](page, run_id, folder, _), _)
    except PlaygroundError as error:
        st.info(plain(told(error, _)), icon=":material/info:")


def _offer(page: str, file: File, _: Translate) -> None:
    st.download_button(_("Download {file}").format(file=file.name), file.data, file.name, file.mime, icon=":material/download:",
                       key=f"{page}.download", on_click="ignore", width="stretch")  # fmt: skip


# ── a run that has not begun ─────────────────────────────────────────────────────────────────────────────────────────────


def _new(kind: str, draft: RunConfig, _: Translate) -> File:
    if kind == "config":
        return _toml(draft, "config", _)
    if kind == "notebook":
        return _notebook_file(_notebook(serial.to_json(draft)), draft.data.name, _)
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


@st.cache_data(show_spinner=False, max_entries=16)
def _notebook(config: str) -> Notebook:
    return notebook(serial.from_json(config))


def _notebook_file(made: Notebook, name: str, _: Translate) -> File:
    if made.alone:
        st.caption(_("It needs only PyTorch, and repeats the run as the script does."))
    else:
        st.caption(
            _(
                "A run of this kind needs this program's library: it trains the same settings with it (pip install -e . in its folder)."
            )
        )
    if made.files:
        st.caption(_("It reads {files} from its own folder: both are in the archive.").format(files=listed(made.files, _)))  # fmt: skip
        return File(f"{name}-notebook.zip", made.zipped(f"{name}.ipynb"), "application/zip")
    return File(f"{name}.ipynb", made.text, "application/x-ipynb+json")


def _say_script(made: Script, _: Translate) -> None:
    lines = number(sum(1 for line in made.text.splitlines() if line.strip()))
    st.caption(
        _("One file of {lines} lines that needs only PyTorch and repeats the run: same seed, same draws, same steps. With the eager "
          "engine on a CPU the weights are the same bit for bit; a compiled run differs in the last digits.").format(lines=lines)
    )  # fmt: skip
    if made.files:
        st.caption(
            _("It reads {files} from its own folder: both are in the archive.").format(files=listed(made.files, _))
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


def _of_notebook(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    return _notebook_file(run_notebook(folder), run_id, _)


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
    key, translates = f"{page}.export.samples", folder.config().translates
    left, right = st.columns(2)
    n = left.number_input(_("How many"), 1, MOST_SAMPLES, 1000, step=1000, key=f"{key}.n")
    what = _("Seed of the order") if translates else _("Seed of the latents")
    seed = right.number_input(what, 0, 2**31 - 1, 0, key=f"{key}.seed")
    if translates:
        st.caption(
            _("Translations of held-out pictures, in an order that the seed fixes; each once, before any comes again.")
        )
    averaged, step = _averaged(key, _), _moment(key, folder, _)
    made = run.samples(folder, SamplesPlan(int(n), int(seed), averaged, step))
    layout = (
        _("Columns x and y, in the units of the data.")
        if made.suffix == "csv"
        else _("One array, samples × channels × height × width, from −1 to 1.")
    )
    st.caption(joined(_("From the weights at step {step}.").format(step=number(made.step)), layout))
    return File(f"{run_id}-step-{made.step}-samples.{made.suffix}", made.data, made.mime)


def _averaged(key: str, _: Translate) -> bool:
    words = {True: _("Averaged"), False: _("Live")}
    return bool(st.radio(_("Generator"), [True, False], format_func=lambda code: words[code], horizontal=True, key=f"{key}.averaged",
                         help=_("Its moving average, which pictures and metrics are made with, or the one that trains.")))  # fmt: skip


def _moment(key: str, folder: RunFolder, _: Translate) -> int | None:
    """A kept step; None: the last saved one."""
    steps = [*folder.states(), _LATEST]
    if st.session_state.get(f"{key}.step") not in steps:
        st.session_state[f"{key}.step"] = _LATEST
    if len(steps) == 1:
        return None
    step = st.select_slider(
        _("Moment"), steps, key=f"{key}.step", format_func=lambda s: _("last saved") if s == _LATEST else number(s)
    )
    return None if step == _LATEST else int(step)


def _of_weights(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    step = _moment(f"{page}.export.weights", folder, _)
    config = folder.latest_config()
    at = step if step is not None else max(folder.states(), default=0)
    players = [name for name in weights.PLAYERS if name != "encoder" or config.paired]
    name = f"{run_id}-step-{at}.safetensors"
    st.caption(_("In it: {players}. It opens in the Latent Explorer under \"Own model\", too.").format(
        players=listed((_(weights.PLAYERS[one]) for one in players), _)))  # fmt: skip
    with st.expander(_("How to load it"), icon=":material/code:"):
        st.code(weights.loading(name), language="python", wrap_lines=True)
        try:
            text = _network(serial.to_json(config), name)
        except PlaygroundError as error:
            st.caption(plain(told(error, _)))
        else:
            st.download_button(_("Download {file}").format(file="load.py"), text, "load.py", "text/x-python", icon=":material/code:", on_click="ignore",
                               key=f"{page}.download.network", width="stretch", help=_("The generator as plain PyTorch code that takes these weights."))  # fmt: skip
    return File(name, lambda: weights.weights(folder, step).data, "application/octet-stream")


@st.cache_data(show_spinner=False, max_entries=16)
def _network(config: str, file: str) -> str:
    return weights.network(serial.from_json(config), file)


def _of_curves(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    data = run.metrics(folder)
    st.caption(
        _("A row stands for the steps from first to step and the number of looks in rows. Each series has its mean, and where a row "
          "stands for several looks its lowest (_low) and highest value (_high) and in how many of them it was known (_rows).")
    )  # fmt: skip
    return File(f"{run_id}-curves.csv", data, "text/csv")


def _of_report(page: str, run_id: str, folder: RunFolder, _: Translate) -> File:
    row, session, said = service.scheduler().store.index.get(run_id), service.scheduler().peek(run_id), speech()
    name = run_title(row, _) if row is not None else run_id
    status = session.status if session is not None else ""
    lab = address().rsplit("/", 1)[0] + f"/{LABS[folder.config().kind]}"
    st.caption(_("It needs nothing else: hand it in, print it, keep it. It says things as they were last saved."))
    return File(
        f"{run_id}-report.html",
        lambda: report(Compared.read(run_id, folder, name, status), said, lab).encode(),
        "text/html",
    )


_PARTS: dict[str, Callable[[str, str, RunFolder, Translate], File]] = {
    "script": _of_script, "notebook": _of_notebook, "weights": _of_weights, "config": _of_config, "samples": _of_samples, "curves": _of_curves,
    "report": _of_report,
}  # fmt: skip


# ── what takes seconds to make ───────────────────────────────────────────────────────────────────────────────────────────


def _film(page: str, run_id: str, folder: RunFolder, _: Translate) -> None:
    job, key = files_out.kept(page, run_id, "film"), f"{page}.export.film"
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
        files_out.begin(page, FilmJob(folder, FilmPlan(kind, float(seconds), side), run_id))
    if job is not None and not busy:
        files_out.finished(page, job, _)


def _onnx(page: str, run_id: str, folder: RunFolder, _: Translate) -> None:
    job, key = files_out.kept(page, run_id, "onnx"), f"{page}.export.onnx"
    if not onnx_file.at_hand():
        st.info(plain(_(onnx_file.MISSING)), icon=":material/info:")
        return
    busy, config = job is not None and job.is_active, folder.latest_config()
    averaged, step = _averaged(key, _), _moment(key, folder, _)
    back = False
    if config.cycles:
        ways = {False: _("There"), True: _("Back")}
        back = bool(st.radio(_("Direction"), [False, True], format_func=lambda code: ways[code], horizontal=True, key=f"{key}.back"))  # fmt: skip
    plan = OnnxPlan(averaged, step, back)
    if st.button(_("Make and check the file"), icon=":material/fact_check:", key=f"{key}.make", disabled=busy, width="stretch",
                 help=_("It is run in onnxruntime and compared with PyTorch before you get it.")):  # fmt: skip
        at = step if step is not None else max(folder.states(), default=0)
        name = f"{run_id}-step-{at}{'-back' if back else ''}{'' if averaged else '-live'}.onnx"
        files_out.begin(
            page, FileJob(lambda out, heard: onnx_file.write(folder, plan, out, heard), run_id, name, "onnx")
        )
    if job is not None and not busy and files_out.finished(page, job, _):
        made: Made = job.result
        st.caption(_("Checked: on {count} samples onnxruntime and PyTorch differ by {difference} at most.").format(
            count=number(made.samples), difference=f"{made.difference:.1g}"))  # fmt: skip
        with st.expander(_("How to use it"), icon=":material/code:"):
            st.markdown(
                "\n".join(
                    f"- `{name}`: {plain(said)}" for name, said in (*made.inputs.items(), ("samples", made.output))
                )
            )
            st.caption(plain(_("Fixed in the file: {what}.").format(what="; ".join(made.fixed))))
            st.code(onnx_file.usage(config, job.name), language="python", wrap_lines=True)
        if config.kind == "images":
            st.caption(_('It opens in the Latent Explorer under "Own model", too.'))


def _zip(page: str, run_id: str, folder: RunFolder, _: Translate) -> None:
    job, key = files_out.kept(page, run_id, "zip"), f"{page}.export.zip"
    busy, root = job is not None and job.is_active, service.scheduler().store.root
    st.caption(_("Settings, changes, curves, notes, favourites, checkpoints and its past; not who owns it, and no paths of this server. On "
                 "another server: Runs, \"Import a run\"."))  # fmt: skip
    there, pictures = packing.set_of(folder.config(), root), False
    if there is not None:
        size = sum(file.stat().st_size for file in there.glob("*.*"))
        pictures = st.checkbox(_("With its pictures ({size})").format(size=file_size(size)), value=True, key=f"{key}.pictures",
                               help=_("Without them it can be looked at there, but trained on only where the same set was imported."))  # fmt: skip
    if st.button(_("Pack the run"), icon=":material/archive:", key=f"{key}.make", disabled=busy, width="stretch"):

        def make(out: Path, heard: Callable[[int, int], None]) -> None:
            packing.pack(folder, out, root, pictures=pictures, heard=heard)

        files_out.begin(page, FileJob(make, run_id, f"{run_id}{packing.SUFFIX}", "zip"))
    if job is not None and not busy:
        files_out.finished(page, job, _)


_MADE: dict[str, Callable[[str, str, RunFolder, Translate], None]] = {"onnx": _onnx, "film": _film, "zip": _zip}
