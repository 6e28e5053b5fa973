"""The page Compare: runs beside each other after the fact. The address says which: `?runs=a,b`."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from gan_core.comparison import album, figures, lines, luck, telling
from gan_core.comparison.differing import differing
from gan_core.comparison.entries import (
    FEWEST,
    MOST,
    MOST_RUNS,
    TOO_MANY,
    Entry,
    entries,
    read_all,
)
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.report.comparison import report
from gan_core.report.run import report as report_of_run
from gan_core.runs import words
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.index import Query
from gan_core.runs.listing import ACTIVE, Row
from gan_core.runs.repeating import MOST_SEEDS, seeds
from gan_core.runs.session import TrainingSession
from gan_core.text import N_, led, listed, told
from pages._ui import service
from pages._ui.album import Cell, album_view
from pages._ui.charts import FIRST, show_chart
from pages._ui.controls import full_title
from pages._ui.data_note import run_title
from pages._ui.failures import plain
from pages._ui.i18n import number, speech
from pages._ui.mirrored import mirrored
from pages._ui.owner import owner_id
from pages._ui.run_names import run_name
from pages._ui.share import LABS, address

Translate = Callable[[str], str]

PAGE = "comparison"
LIVE_SECONDS, IDLE_SECONDS = 3.0, 20.0
_OFFERED = 60  # runs to choose from: the newest
_SMOOTHING = {0.0: N_("None"), 0.005: N_("A little"), 0.02: N_("Some"), 0.08: N_("Much")}
GONE = N_("There is no run {run} here any more.")


@dataclass
class Comparison:
    """The page."""

    _: Translate

    def draw(self) -> None:
        _ = self._
        self._bar = st.container(horizontal=True, vertical_alignment="center")
        self._bar.header(_("Compare"), anchor=False, width="content")
        asked = [run_id for run_id in st.query_params.get("runs", "").split(",") if run_id]
        rows = self._rows(asked)
        self._chooser(rows)
        found = self._entries(list(rows))
        if found is None:
            return
        if len(found) < FEWEST and len(found[0].runs if found else ()) < FEWEST:
            st.info(
                _("Choose two to eight runs above, or repeat the one that is chosen with other seeds."),
                icon=":material/balance:",
            )
            if not found:
                return
        if self._data_differ(found):
            st.warning(
                _("These runs learn different data: their figures cannot be compared with each other."),
                icon=":material/info:",
            )
        every = LIVE_SECONDS if any(run.status in ACTIVE for entry in found for run in entry.runs) else IDLE_SECONDS
        st.fragment(self._legend, run_every=every)(list(rows))
        self._repeat(found)
        axis, smoothing, spread = self._view(found)
        self._take_away(found, axis)
        st.fragment(self._samples, run_every=every)(list(rows), axis)
        st.fragment(self._judgement, run_every=every)(list(rows), axis)
        self._settings(found)
        st.fragment(self._curves, run_every=every)(list(rows), axis, smoothing, spread)

    # ── which runs ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _rows(self, asked: Sequence[str]) -> dict[str, Row]:
        """The runs that the address names, as far as they are here."""
        _ = self._
        found = dict[str, Row]()
        problems = list[PlaygroundError]()
        for run_id in dict.fromkeys(asked):
            row = _row(run_id)
            if row is None:
                problems.append(ConfigError(GONE, run=run_id[:40]))
            elif len(found) < MOST_RUNS:
                found[run_id] = row
            else:
                problems.append(ConfigError(TOO_MANY, most=MOST_RUNS))
                break
        for problem in problems:
            self._warn(problem)
        return found

    def _warn(self, problem: PlaygroundError) -> None:
        st.warning(plain(told(problem, self._)), icon=":material/info:")

    def _chooser(self, rows: dict[str, Row]) -> None:
        _ = self._
        newest, _total = service.scheduler().rows(Query(limit=_OFFERED))
        known = {row.id: row for row in newest if not row.problem} | rows
        kinds = {row.kind for row in rows.values()}
        options = [run_id for run_id, row in known.items() if run_id in rows or not kinds or row.kind in kinds]
        key = mirrored(f"{PAGE}.runs", list(rows))

        def choose() -> None:
            chosen = st.session_state[key]
            if chosen:
                st.query_params["runs"] = ",".join(chosen)
            else:
                st.query_params.pop("runs", None)

        st.multiselect(
            _("Runs"), options, key=key, on_change=choose, max_selections=MOST_RUNS, placeholder=_("Choose runs of one kind"),
            format_func=lambda run_id: run_name(known.get(run_id), run_id, _),
            help=_("Two to eight. Runs that differ in their seed alone count as one: they show the spread."),
        )  # fmt: skip

    def _entries(self, run_ids: Sequence[str], *, quiet: bool = False) -> list[Entry] | None:
        """What is compared, read anew; None where these cannot be compared."""
        store = service.scheduler().store
        asked = []
        for run_id in run_ids:
            row, session = _row(run_id), service.scheduler().peek(run_id)
            if row is not None:
                status = session.status if session is not None else row.status
                asked.append((run_id, store.folder(run_id), run_title(row, self._), status))
        runs, problems = read_all(asked)
        try:
            found = entries(runs)
        except PlaygroundError as error:
            if not quiet:
                self._warn(error)
            return None
        if not quiet:
            for problem in problems:
                self._warn(problem)
            if sum(len(entry.runs) for entry in found) < len(runs):
                self._warn(ConfigError(TOO_MANY, most=MOST))
        return found

    def _data_differ(self, found: Sequence[Entry]) -> bool:
        return len({entry.config.data for entry in found}) > 1

    # ── what they are, and again with other seeds ────────────────────────────────────────────────────────────────────────

    def _legend(self, run_ids: list[str]) -> None:
        """A line an entry: its letter, what it is, its seeds and how far they are."""
        _ = self._
        found = self._entries(run_ids, quiet=True) or []
        parts = []
        for entry in found:
            for run in entry.runs:
                service.touch(run.id)
            said = [self._difference(found, entry)]
            steps = sorted({run.step for run in entry.runs})
            said.append(telling.seeds(speech(), entry))
            far = f"{number(steps[0])}–{number(steps[-1])}" if len(steps) > 1 else number(steps[0])
            said.append(_("step {step}").format(step=far))
            states = dict.fromkeys(run.status for run in entry.runs)
            said.append(listed((_(words.STATUSES.get(state, state)) for state in states), _))
            letter = f"<span style='background:{figures.COLOURS[entry.place]}'>{entry.letter}</span>"
            parts.append(f"<div>{letter} {html.escape(' · '.join(said))}</div>")
        st.html(f"<div class='gp-legend'>{''.join(parts)}</div>")
        mine = [
            s
            for e in found
            for r in e.runs
            if isinstance(s := service.scheduler().peek(r.id), TrainingSession) and service.may_control(s)
        ]
        active = [s for s in mine if s.status in ACTIVE]
        resting = [s for s in mine if s.status == "paused"]
        if active or resting:
            with st.container(horizontal=True):
                if active and st.button(_("Pause all"), icon=":material/pause:", key=f"{PAGE}.pause"):
                    for session in active:
                        service.scheduler().send(session, Pause())
                if resting and st.button(_("Resume all"), icon=":material/play_arrow:", key=f"{PAGE}.resume"):
                    for session in resting:
                        service.scheduler().send(session, Resume())

    def _difference(self, found: Sequence[Entry], entry: Entry) -> str:
        return telling.name(speech(), found, entry)

    def _repeat(self, found: Sequence[Entry]) -> None:
        """Run again with seeds 1 … n."""
        _ = self._
        with st.container(horizontal=True, vertical_alignment="bottom", key="comparison-repeat"):
            n = st.number_input(_("Seeds 1 to"), 1, MOST_SEEDS, 3, key=f"{PAGE}.n", width=140,
                                help=_("Each entry is run again with those of these seeds that it does not have yet: with the same settings, "
                                       "the same changes at the same steps, and up to the step that it has come to."))  # fmt: skip
            missing = {entry.letter: [seed for seed in seeds(int(n)) if seed not in entry.seeds] for entry in found}
            count = sum(map(len, missing.values()))
            room = MOST_RUNS - sum(len(entry.runs) for entry in found)
            text = _("Run again: {count} new runs") if count != 1 else _("Run again: {count} new run")
            text = text if count else _("All these seeds are here")
            if st.button(
                text.format(count=number(count)),
                icon=":material/casino:",
                key=f"{PAGE}.repeat",
                disabled=not count or count > room,
            ):
                self._start(found, missing)
        if count > room:
            st.caption(_("At most {most} runs fit into one comparison.").format(most=MOST_RUNS))

    def _start(self, found: Sequence[Entry], missing: dict[str, list[int]]) -> None:
        _ = self._
        made = list[str]()
        problem: PlaygroundError | None = None
        for entry in found:
            try:
                if missing[entry.letter]:
                    made += [
                        run.id
                        for run in service.scheduler().repeat(entry.runs[0].id, missing[entry.letter], owner_id())
                    ]
            except PlaygroundError as error:
                problem = error
        if made:
            known = [run_id for run_id in st.query_params.get("runs", "").split(",") if run_id]
            st.query_params["runs"] = ",".join([*known, *made])
        if problem is not None:
            st.error(plain(told(problem, _)), icon=":material/error:")
        elif made:
            st.rerun()

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _view(self, found: Sequence[Entry]) -> tuple[str, float, bool]:
        """Axis, smoothing, and whether several seeds are drawn as a band."""
        _ = self._
        runs = [run for entry in found for run in entry.runs]
        axes = [axis for axis in lines.AXES if lines.has_axis(runs, axis)]
        with st.container(horizontal=True, vertical_alignment="bottom", key="comparison-view"):
            axis = st.segmented_control(_("Compare at the same"), axes, format_func=lambda a: _(lines.AXES[a]), key=f"{PAGE}.axis",
                                        default="step", required=True) or "step"  # fmt: skip
            smoothing = st.select_slider(_("Smoothing"), list(_SMOOTHING), key=f"{PAGE}.smoothing", width=180,
                                         format_func=lambda s: _(_SMOOTHING[s]),
                                         help=_("Each point becomes the mean of those before it, older ones counting less: half as much after 0.5, 2 or 8 % of the axis."))  # fmt: skip
            spread = st.toggle(_("Seeds as a band"), True, key=f"{PAGE}.spread",
                               help=_("The mean of an entry's seeds and one standard deviation to both sides, over thin lines of the seeds. Off: every seed has a line."))  # fmt: skip
        if len(axes) < len(lines.AXES):
            st.caption(
                _("Runs of earlier versions did not keep how many samples they had seen and how long they had trained.")
            )
        return axis, float(smoothing), bool(spread)

    def _take_away(self, found: Sequence[Entry], axis: str) -> None:
        """The report and the link, above everything else: they are what one comes back for."""
        _ = self._
        judged = str(st.session_state.get(f"{PAGE}.by", ""))
        said, lab = speech(), address().removesuffix(PAGE) + LABS[found[0].config.kind]

        ids = [run.id for entry in found for run in entry.runs]

        def made() -> bytes:
            now = self._entries(ids, quiet=True) or found  # as it is when somebody wants it
            if len(ids) == 1:
                return report_of_run(now[0].runs[0], said, lab).encode()
            return report(now, said, axis=axis, link=lab, by=judged).encode()

        with self._bar:
            st.download_button(_("Report"), made, "comparison.html" if len(ids) > 1 else "report.html", "text/html", icon=":material/description:", key=f"{PAGE}.report", on_click="ignore",
                               help=_("This comparison as one page that needs nothing else: to hand in, to print, to keep."))  # fmt: skip
            with st.popover(_("Link"), icon=":material/link:"):
                st.caption(_("This comparison, for others who can reach this server:"))
                st.code(f"{address()}?runs={','.join(ids)}", language=None, wrap_lines=True)

    def _samples(self, run_ids: list[str], axis: str) -> None:
        _ = self._
        found = self._entries(run_ids, quiet=True) or []
        shown = album.one_each(found)
        if not shown:
            return
        common = album.has_own_latents_in_common(shown)
        latents = max(int(st.session_state.get(f"{PAGE}.latents", album.OWN)), album.OWN if common else album.OWN + 1)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Samples"), anchor=False, width="content")
            if st.button(_("Other latents"), icon=":material/shuffle:", key=f"{PAGE}.other",
                         help=_("Draw the same new latents through all generators. Only moments whose weights are kept can be seen then.")):  # fmt: skip
                st.session_state[f"{PAGE}.latents"] = latents % album.MOST_LATENTS + 1
                st.rerun()
            if (
                latents != album.OWN
                and common
                and st.button(_("Those of the runs"), icon=":material/undo:", key=f"{PAGE}.own")
            ):
                st.session_state[f"{PAGE}.latents"] = album.OWN
                st.rerun()
        st.caption(album.told(speech(), shown, latents))
        cells = []
        for entry, run in zip(found, shown, strict=True):
            steps = album.moments(run, latents)
            name = self._difference(found, entry) + (
                "" if len(entry.runs) == 1 else " · " + _(telling.SEED).format(seeds=run.config.seed)
            )
            cells.append(
                Cell(run.id, entry.letter, name, figures.COLOURS[entry.place], lines.at_steps(run, steps, axis), steps)
            )
        album_view(
            cells,
            latents,
            _(lines.AXES[axis]),
            translates=shown[0].config.translates and latents != album.OWN,
            key=f"{PAGE}.album",
            _=_,
        )

    def _curves(self, run_ids: list[str], axis: str, smoothing: float, spread: bool) -> None:
        _ = self._
        found = self._entries(run_ids, quiet=True) or []
        known = figures.known_curves(found, axis)
        st.subheader(_("Curves"), anchor=False)
        if not known:
            st.caption(_("The curves appear with the first steps."))
            return
        chosen = st.pills(
            _("Curves"), known, selection_mode="multi", default=[n for n in (*FIRST, "fd", "swd", "test_l1") if n in known] or known[:4],
            key=f"{PAGE}.curves.{len(known)}", format_func=lambda n: words.curve_title(n, _), label_visibility="collapsed",
        )  # fmt: skip
        with st.container(key="runs-curves"):
            for name in (name for name in known if name in chosen):
                figure = figures.curve_chart(found, name, axis, smoothing, _, spread=spread)
                if figure is not None:
                    show_chart(figure, f"{PAGE}.chart.{name}", _)

    # ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _judgement(self, run_ids: list[str], axis: str) -> None:
        """The last measured figures at the furthest place that all have come to, and what can be said of their differences."""
        _ = self._
        found = self._entries(run_ids, quiet=True) or []
        if sum(len(entry.runs) for entry in found) < FEWEST:
            return
        st.subheader(
            _("Which is better, and is it luck?") if len(found) > 1 else _("Figures and their spread"), anchor=False
        )
        judged = luck.judged(found, axis)
        if not judged:
            st.caption(_("Nothing is known yet that they have measured around the same place."))
            return
        if st.session_state.get(f"{PAGE}.by") not in judged:
            st.session_state[f"{PAGE}.by"] = luck.first(judged)
        name = st.selectbox(
            _("Judge by"), judged, key=f"{PAGE}.by", width=320, format_func=lambda n: words.curve_title(n, _)
        )
        verdict = luck.verdict(found, name, axis)
        if verdict is None:
            st.caption(_("Nothing is known yet that they have measured around the same place."))
            return
        said = telling.sentences(speech(), verdict)
        st.markdown("\n".join("- " + led(plain(values), plain(text)) for values, text in said))
        st.caption(plain(telling.basis(speech(), found, verdict, axis)))
        rows = [
            [plain(title), *(f"**{text}**" if best else text for text, best in cells)]
            for title, cells in telling.table(speech(), found, judged, axis)
        ]
        rows.append([_("Seeds"), *(number(len(entry.runs)) for entry in found)])
        _table("figures", found, rows)
        st.caption(_(telling.TABLE_NOTE))

    # ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _settings(self, found: Sequence[Entry]) -> None:
        _ = self._
        if len(found) < FEWEST:
            return
        st.subheader(_("Settings that differ"), anchor=False)
        different = differing(found)
        if not different:
            st.caption(_(telling.NOTHING_DIFFERS))
            return
        rows = [
            [plain(full_title(field, _)), *(plain(telling.course(speech(), field, course)) for course in courses)]
            for field, courses in different
        ]
        _table("settings", found, rows)


def _row(run_id: str) -> Row | None:
    """The row of a run that is here and not deleted; of one that has just begun, too."""
    store = service.scheduler().store
    if not store.exists(run_id):
        return None
    if (row := store.index.get(run_id)) is None:
        store.index.note(run_id)
        row = store.index.get(run_id)
    return row if row is not None and not row.deleted else None


def _table(name: str, found: Sequence[Entry], rows: Sequence[Sequence[str]]) -> None:
    """A column an entry; what is wider than the screen scrolls in itself."""
    head = ["", *(entry.letter for entry in found)]
    first, *others = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)]
    with st.container(key=f"{PAGE}-table-{name}"):
        st.markdown("\n".join([first, "|" + " --- |" * len(head), *others]))
