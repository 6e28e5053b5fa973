"""The chosen run: its name, tags and notes, its past, its curves, and everything that can be done with it."""

import base64
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from gan_core import registry, sharing
from gan_core.comparison.entries import MOST_RUNS
from gan_core.comparison.figures import FEW, SHARES, faint
from gan_core.config import fields
from gan_core.errors import PlaygroundError
from gan_core.registry import Registry
from gan_core.runs import about, frames, moments, together
from gan_core.runs.commands import Command, Pause, Resume, Stop
from gan_core.runs.curve_file import CurveFile
from gan_core.runs.curves import Stretch
from gan_core.runs.folder import RunFolder
from gan_core.runs.following import FollowedRun
from gan_core.runs.listing import ACTIVE, Row
from gan_core.runs.moments import Kept
from gan_core.runs.session import TrainingSession
from gan_core.sharing import Share
from gan_core.text import told
from pages._ui import service
from pages._ui.charts import show_chart
from pages._ui.data_note import gone_note, row_data, run_title, set_is_gone
from pages._ui.export import export
from pages._ui.failures import plain
from pages._ui.i18n import number, percent
from pages._ui.lab import FILES
from pages._ui.live_words import LABELS
from pages._ui.owner import owner_id
from pages._ui.run_names import device_name
from pages._ui.runs_table import RunsTable, Translate, status
from pages._ui.theme import GENERATED, NEUTRAL, REAL

_CURVE_POINTS = 1000
_PATIENCE = 1.0  # seconds
_COLOURS = {
    "d": NEUTRAL, "g": GENERATED["light"], "real": REAL["light"], "fake": GENERATED["light"], "neutral": NEUTRAL
}  # fmt: skip


@dataclass
class RunPanel:
    """What stands beneath the table."""

    table: RunsTable
    _: Translate

    def draw(self) -> None:
        """The notice of what was deleted, then the chosen run, or what can be done with several."""
        self._undo()
        rows = [row for run_id in self.table.chosen if (row := service.scheduler().store.index.get(run_id)) is not None]
        rows = [row for row in rows if row.deleted == self.table.shows_deleted]
        if len(rows) > 1:
            self._several(rows)
        elif rows and rows[0].deleted:
            self._deleted(rows[0])
        elif rows:
            self._run(rows[0])

    # ── one run ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, row: Row) -> None:
        _ = self._
        mine = service.owns(row.owner)
        with st.container(border=True):
            st.subheader(plain(run_title(row, _)), anchor=False)
            if row.problem:
                st.warning(plain(_(row.problem)), icon=":material/broken_image:")
            if row.pictures and row.status not in ACTIVE and set_is_gone(row.pictures):
                gone_note(row.pictures, row.kind == "pairs", _)
            st.fragment(self._buttons, run_every=self.table.every)(row, mine)
            left, right = st.columns([2, 3], gap="large")
            with left:
                self._past(row)
                export("runs", row.id)
            with right:
                self._words(row, mine)
                st.fragment(self._facts, run_every=self.table.every)(row.id)
            self._curves(row)

    def _buttons(self, row: Row, mine: bool) -> None:
        _ = self._
        run = service.scheduler().peek(row.id)
        whole = self._is_readable(row.id)
        with st.container(horizontal=True):
            if st.button(_("Open"), type="primary", icon=":material/visibility:", disabled=not whole,
                         help=_("See it in its lab, live while it trains.")):  # fmt: skip
                st.switch_page(FILES[row.kind or "points"], query_params={"run": row.id})
            if row.kind != "pairs" and st.button(_("Explore"), icon=":material/explore:", disabled=not whole,
                         help=_("Walk through the latent space of its generator.")):  # fmt: skip
                st.switch_page("latent.py", query_params={"run": row.id})
            if mine and whole and not isinstance(run, FollowedRun):
                self._transport(row.id, run.status if run is not None else row.status)
            if st.button(_("Duplicate with changes"), icon=":material/content_copy:", disabled=not whole,
                         help=_("Take its settings to the lab, change what you like, start a new run.")):  # fmt: skip
                self._duplicate(row.id, run)
            if st.button(_("Delete"), icon=":material/delete:", disabled=not mine or isinstance(run, FollowedRun),
                         help=_("Move it to the deleted runs. This can be undone.")):  # fmt: skip
                self._delete([row])
        if isinstance(run, FollowedRun):
            st.caption(_("Another process trains this run: it can be watched and branched here, and changed there."))
        elif not mine:
            st.caption(_("This run belongs to somebody else: you can watch it, branch from it and take its settings."))

    def _transport(self, run_id: str, status: str) -> None:
        _ = self._
        if status not in ACTIVE:
            if st.button(_(LABELS["resume"]), icon=":material/play_arrow:", help=_("Go on from its last step.")):
                self._tell(run_id, Resume())
        else:
            if st.button(_(LABELS["pause"]), icon=":material/pause:", help=_(LABELS["pause.help"])):
                self._tell(run_id, Pause())
            if st.button(_(LABELS["stop"]), icon=":material/stop:", help=_(LABELS["stop.help"])):
                self._tell(run_id, Stop())

    def _tell(self, run_id: str, command: Command) -> None:
        """Pass a command on, and show the page as it is once the run has obeyed; in a long step that comes a little later."""
        run = service.scheduler().get(run_id)
        if not isinstance(run, TrainingSession):  # gone, or another process was quicker
            st.rerun()
        service.scheduler().send(run, command)
        patience = time.monotonic() + _PATIENCE
        while not run.has_obeyed and time.monotonic() < patience:
            time.sleep(0.02)
        st.rerun()

    def _duplicate(self, run_id: str, run: TrainingSession | FollowedRun | None) -> None:
        _ = self._
        try:
            config = (
                run.expected_config if run is not None else service.scheduler().store.folder(run_id).latest_config()
            )
            share = self._share(run_id)
        except PlaygroundError as error:
            st.error(plain(told(error, _)), icon=":material/error:")
            return
        st.switch_page(FILES[config.kind], query_params=sharing.to_query(config, share))

    def _share(self, run_id: str) -> Share:
        """What goes along with the settings of a run that is one's own: they stay locked where they are."""
        said = service.scheduler().store.folder(run_id).facts()
        return Share.from_dict(said.get("share")) if service.owns(str(said.get("owner", ""))) else Share()

    def _is_readable(self, run_id: str) -> bool:
        """Whether its settings are known: from their file, or from a checkpoint."""
        try:
            service.scheduler().store.folder(run_id).config()
        except PlaygroundError:
            return False
        return True

    def _words(self, row: Row, mine: bool) -> None:
        """Name, tags and notes: kept as soon as a field is left."""
        _ = self._
        key = f"runs.about.{row.id}"
        said = service.scheduler().store.about(row.id)
        known = [name for name, _count in service.scheduler().store.index.tags()]

        def keep() -> None:
            try:
                checked = about.checked(*(st.session_state[f"{key}.{part}"] for part in ("name", "tags", "notes")))
                service.scheduler().store.describe(row.id, checked)
            except PlaygroundError as error:
                st.session_state[f"{key}!"] = error

        for part, value in (("name", said.name), ("tags", list(said.tags)), ("notes", said.notes)):
            st.session_state[f"{key}.{part}"] = value
        st.text_input(_("Name"), key=f"{key}.name", placeholder=_("Give it a name"), max_chars=about.LONGEST_NAME,
                      on_change=keep, disabled=not mine)  # fmt: skip
        st.multiselect(_("Tags"), sorted({*known, *said.tags}), key=f"{key}.tags", accept_new_options=True,
                       max_selections=about.MOST_TAGS, placeholder=_("Add a tag"), on_change=keep, disabled=not mine)  # fmt: skip
        st.text_area(_("Notes"), key=f"{key}.notes", placeholder=_("What you tried, what you saw"), max_chars=about.LONGEST_NOTES,
                     height=100, on_change=keep, disabled=not mine)  # fmt: skip
        if problem := st.session_state.pop(f"{key}!", None):
            st.error(plain(told(problem, _)), icon=":material/error:")

    def _facts(self, run_id: str) -> None:
        _ = self._
        row = service.scheduler().store.index.get(run_id)
        if row is None:
            return
        words = {f.name: _(f.spec.title) for f in fields()}
        lines = [
            (_("Status"), status(row, _)),
            (_("Steps"), number(row.step)),
            (_("Samples seen"), number(row.images)),
            (_("Progress"), _progressed(row, _)),
            (_("Training time"), _("{seconds} s").format(seconds=number(row.seconds, 1))),
            (words["data.name"], row_data(row, _) or "–"),
            (words["loss"], _named(registry.method if row.loss in registry.method else registry.loss, row.loss, _)),
            (words["penalty"], _named(registry.penalty, row.penalty, _)),
            (
                _("Networks"),
                " · ".join(
                    _named(registry.network, name, _) for name in dict.fromkeys((row.generator, row.discriminator))
                ),
            ),
            (_("Device"), device_name(row.device, _) or "–"),
            *self._of_now(run_id),
        ]
        if row.best:
            value = _("{metric} {value} at step {step}").format(
                metric=_named(registry.metric, str(row.best["metric"]), _), value=_written(str(row.best["metric"]), float(row.best["value"])), step=number(int(row.best["step"])))  # fmt: skip
            lines.append((_("Best checkpoint"), value))
        if row.parent:
            lines.append(
                (_("Branched from"), _("{run}, step {step}").format(run=row.parent, step=number(row.parent_step)))
            )
        lines.append((_("Folder"), row.id))
        st.markdown(
            "\n".join(
                "- " + _("{name}: {value}").format(name=plain(name), value=f"**{plain(value)}**")
                for name, value in lines
            )
        )

    def _of_now(self, run_id: str) -> list[tuple[str, str]]:
        """What is known of a run in the memory of this process: its pace and the time left while it trains, and what memory it needs."""
        _ = self._
        run = service.scheduler().peek(run_id)
        if not isinstance(run, TrainingSession) or not run.latest.machine:
            return []
        seen, lines = run.latest, []
        if run.status == "running":
            pace = _("{steps} steps/s, {samples} samples/s")
            lines.append((_("Pace"), pace.format(steps=number(seen.rate, 1), samples=number(seen.rate_images, 0))))
            if seen.left is not None:
                lines.append(
                    (
                        _("Time left at this pace"),
                        _("about {minutes} min").format(minutes=number(max(1, seen.left / 60), 0)),
                    )
                )
        needed = sum(seen.machine[part] for part in ("weights", "activations", "pictures"))
        lines.append(
            (_("Memory, estimated"), _("about {megabytes} MB").format(megabytes=number(max(1, needed / 1e6), 0)))
        )
        if "allocated" in seen.machine:
            held = _("{megabytes} MB, of all runs").format(megabytes=number(seen.machine["allocated"] / 1e6, 0))
            lines.append((_("In use on the GPU"), held))
        return lines

    # ── its past ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _past(self, row: Row) -> None:
        """The kept moments: look at one, branch from one."""
        _ = self._
        folder = service.scheduler().store.folder(row.id)
        kept = moments.kept(folder)
        if not kept:
            st.caption(
                _("Nothing is kept of its past yet: the first moments are written a few seconds after its start.")
            )
            return
        moment = self._moment(row, kept)
        self._picture(folder, moment)
        state = _("the best measured") if moment.best else ""
        st.caption(_("Step {step}").format(step=number(moment.step)) + (f" · {state}" if state else ""))
        if st.button(_("Branch from here"), icon=":material/call_split:", disabled=not moment.state,
                     help=_("A new run that goes on from this moment; this one stays as it is.") if moment.state
                     else _("Of this moment only the picture is kept, not the weights.")):  # fmt: skip
            self._branch(row, moment.step)

    def _moment(self, row: Row, kept: list[Kept]) -> Kept:
        _ = self._
        by_step = {moment.step: moment for moment in kept}
        key = f"runs.moment.{row.id}"
        if st.session_state.get(key) not in by_step:
            st.session_state[key] = kept[-1].step
        if len(kept) == 1:
            return kept[0]
        chosen = st.select_slider(
            _("Kept moments"), list(by_step), key=key, format_func=number,
            help=_("Steps at which its weights or its picture were kept. The longer a run, the further they lie apart."),
        )  # fmt: skip
        return by_step[chosen]

    def _picture(self, folder: RunFolder, moment: Kept) -> None:
        _ = self._
        try:
            picture = _picture(
                str(folder.path), moment.step, folder.curves.path.stat().st_mtime_ns if moment.best else 0
            )
        except (PlaygroundError, OSError) as error:
            text = told(error, _) if isinstance(error, PlaygroundError) else str(error)
            st.warning(plain(text), icon=":material/broken_image:")
            return
        st.image(picture, width="stretch", alt=_("The run at step {step}").format(step=number(moment.step)))

    def _branch(self, row: Row, step: int) -> None:
        _ = self._
        try:
            run = service.scheduler().branch(row.id, step, owner_id())
        except PlaygroundError as error:
            st.error(plain(told(error, _)), icon=":material/error:")
            return
        st.switch_page(FILES[run.config.kind], query_params={"run": run.id})

    # ── its curves ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _curves(self, row: Row) -> None:
        _ = self._
        file = service.scheduler().store.folder(row.id).curves.path
        try:
            stat = file.stat()
        except FileNotFoundError:  # there are none yet
            return
        curves = _loaded(str(file), stat.st_mtime_ns, stat.st_size)
        panels = dict.fromkeys(panel for panel, _role in frames.CURVES.values() if _drawn(curves, panel))
        with st.container(key="runs-curves"):
            for panel in panels:
                show_chart(self._figure(curves, panel), f"runs.curves.{row.id}.{panel}", self._)

    def _figure(self, curves: Stretch, panel: str) -> go.Figure:
        """Means as lines; the band from the lowest to the highest value that each stands for."""
        _ = self._
        figure, written = go.Figure(), ".1%" if panel == "metrics" else ".4g"  # shares as percentages
        for n, i in enumerate(_drawn(curves, panel)):
            name = frames.CURVE_NAMES[i]
            colour = _COLOURS[frames.CURVES[name][1]]
            shown = curves if not _is_measured(panel) else _known(curves, i)
            no_line = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
            figure.add_scatter(x=shown.steps, y=shown.high[:, i], **no_line)
            figure.add_scatter(x=shown.steps, y=shown.low[:, i], fill="tonexty", fillcolor=faint(colour), **no_line)
            mode = "lines" if len(shown.steps) > FEW else "lines+markers"
            figure.add_scatter(
                x=shown.steps, y=shown.mean[:, i], mode=mode, name=_(LABELS[f"curve.{name}"]), hovertemplate=f"%{{y:{written}}}",
                line={"color": colour, "width": 1.6, "dash": ("solid", "dash", "dot")[n % 3]},
            )  # fmt: skip
        figure.update_layout(
            title={"text": _(LABELS[f"panel.{panel}"]), "font": {"size": 15}, "yref": "container", "y": 0.97, "yanchor": "top"}, height=280, margin={"l": 8, "r": 8, "t": 64, "b": 8},
            hovermode="x unified", legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"},
            xaxis={"title": _(LABELS["axis.step"])}, yaxis={"tickformat": SHARES if panel == "metrics" else ""},
        )  # fmt: skip
        return figure

    # ── deleting ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _several(self, rows: list[Row]) -> None:
        _ = self._
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(_("**{n}** runs chosen").format(n=number(len(rows))), width="content")
            own = [row for row in rows if service.owns(row.owner)]
            if self.table.shows_deleted:
                if st.button(_("Restore them"), icon=":material/undo:", disabled=not own):
                    self._restore([row.id for row in own])
                return
            fit = together.FEWEST <= len(rows) <= together.MOST and all(
                r.kind == "points" and not r.problem for r in rows
            )
            if fit and st.button(_("Side by side"), icon=":material/compare:",
                                 help=_("See them beside each other, with their curves in the same charts.")):  # fmt: skip
                st.switch_page("compare.py", query_params={"runs": ",".join(row.id for row in rows)})
            if len(rows) <= MOST_RUNS and st.button(_("Compare"), icon=":material/balance:", type="primary",
                         help=_("Curves, samples, settings and figures of these runs, and whether the difference is luck.")):  # fmt: skip
                st.switch_page("comparison.py", query_params={"runs": ",".join(row.id for row in rows)})
            if st.button(_("Delete them"), icon=":material/delete:", disabled=not own,
                           help=_("Move those that are yours to the deleted runs. This can be undone.")):  # fmt: skip
                self._delete(own)

    def _deleted(self, row: Row) -> None:
        _ = self._
        mine = service.owns(row.owner)
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(run_title(row, _))}**", width="content")
            if st.button(_("Restore"), type="primary", icon=":material/undo:", disabled=not mine):
                self._restore([row.id])
            with st.popover(_("Delete for good"), icon=":material/delete_forever:", disabled=not mine):
                st.markdown(_("Its settings, curves and weights will be gone. This cannot be undone."))
                if st.button(_("Yes, delete it for good"), type="primary", key=f"runs.purge.{row.id}"):
                    if self._try(partial(service.scheduler().store.purge, row.id)):
                        st.session_state["runs.gone"] = [
                            i for i in st.session_state.get("runs.gone", []) if i != row.id
                        ]
                    self.table.choose([])
                    st.rerun()

    def _delete(self, rows: list[Row]) -> None:
        gone = [row.id for row in rows if self._try(partial(service.scheduler().delete, row.id))]
        st.session_state["runs.gone"] = gone
        if gone:
            self.table.choose([])
            st.rerun()

    def _restore(self, run_ids: list[str]) -> None:
        for run_id in run_ids:
            self._try(partial(service.scheduler().store.restore, run_id))
        st.session_state["runs.gone"] = []
        self.table.choose([])
        st.rerun()

    def _undo(self) -> None:
        """What was deleted last, with a way back."""
        _ = self._
        gone: list[str] = st.session_state.get("runs.gone", [])
        if not gone:
            return
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="runs-undo"):
            text = _("Deleted: {n} runs.") if len(gone) > 1 else _("Deleted: {n} run.")
            st.markdown(text.format(n=number(len(gone))), width="content")
            if st.button(_("Undo"), icon=":material/undo:", type="primary"):
                self._restore(gone)

    def _try(self, action: Callable[[], None]) -> bool:
        _ = self._
        try:
            action()
        except PlaygroundError as error:
            st.error(plain(told(error, _)), icon=":material/error:")
            return False
        return True


@st.cache_data(show_spinner=False, max_entries=64)
def _picture(folder: str, step: int, version: int) -> str:
    """A data address: Streamlit's own would be gone when a page that runs again asks for it late. `version` tells apart what may
    change under the same step."""
    del version
    picture = moments.picture_at(RunFolder(Path(folder)), step)
    return "data:image/webp;base64," + base64.b64encode(picture).decode("ascii")


@st.cache_data(show_spinner=False, max_entries=16)
def _loaded(file: str, changed: int, size: int) -> Stretch:
    """The curves in a file that has not changed since."""
    del changed, size
    return CurveFile(Path(file)).load(frames.CURVE_NAMES, 1 << 53).window(0, math.inf, _CURVE_POINTS)


def _drawn(curves: Stretch, panel: str) -> list[int]:
    """Which series of a panel have anything to show."""
    return [i for i, name in enumerate(frames.CURVE_NAMES)
            if frames.CURVES[name][0] == panel and not np.isnan(curves.mean[:, i]).all()]  # fmt: skip


def _known(curves: Stretch, i: int) -> Stretch:
    """The rows in which series i has a value: what is measured now and then is no gap in between."""
    rows = ~np.isnan(curves.mean[:, i])
    return Stretch(curves.steps[rows], curves.low[rows], curves.mean[rows], curves.high[rows])


def _progressed(row: Row, _: Translate) -> str:
    """How far its schedule is; a run that has trained and says nothing of that has no end."""
    if row.progress is not None:
        return percent(row.progress)
    return _("no end set") if row.images else "–"


def _named(entries: Registry[Any], name: str, _: Translate) -> str:
    return _(entries[name].title) if name in entries else name or "–"


def _written(name: str, value: float) -> str:
    """The value of a metric as it is written, shares as percentages."""
    form = registry.metric[name].info.get("written") if name in registry.metric else None
    return percent(value, 1) if form == "percent" else number(value, 0 if form == "count" else 4)


def _is_measured(panel: str) -> bool:
    """Whether it shows what is measured from time to time, with steps in between that have no value."""
    return any(shown == panel and name in registry.metric for name, (shown, *_rest) in frames.CURVES.items())
