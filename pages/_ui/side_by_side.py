"""Runs beside each other: what shall differ between them, their pictures, and their curves in the same charts.

The address says all of it: `?v=…&v=…` are configurations that wait to be started (links as a lab makes them), `?preset=…` those of
a preset, `?runs=a,b` runs, whether they train in step or not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gan_core import config as settings
from gan_core import presets, registry, serial
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.runs import together
from gan_core.runs.following import FollowedRun
from gan_core.runs.session import TrainingSession
from gan_core.text import N_, listed, pair, told
from pages._ui import charts, service, tokens
from pages._ui.controls import Controls, full_title, value_text
from pages._ui.failures import plain
from pages._ui.hints import NO_PRESET, hints
from pages._ui.i18n import language, translate
from pages._ui.lab import in_short, preview
from pages._ui.live import live_view
from pages._ui.live_words import LABELS, live_labels
from pages._ui.mirrored import current, mirrored
from pages._ui.own_data import last, own_data_button
from pages._ui.owner import owner_id
from pages._ui.share import address

Translate = Callable[[str], str]
Run = TrainingSession | FollowedRun

PAGE = "compare"
LETTERS = "ABCD"
CHARTS_SECONDS = 2.0
_START = "ring"
_START_WITHOUT = {"penalty": "none"}  # what the second version of an untouched page has otherwise

ONLY_POINTS = N_("Only runs of the 2-D Lab can stand side by side: run {run} learns pictures.")
ONLY_POINTS_HERE = N_(
    "Only configurations of the 2-D Lab can stand side by side: this link has one that learns pictures."
)
GONE = N_("There is no run {run} here any more.")
TOO_MANY = N_("At most {most} fit side by side: the others are left out.")


@dataclass
class SideBySide:
    """The page. Its drafts are whole configurations; what is named are the settings in which they differ."""

    _: Translate

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def drafts(self) -> list[RunConfig]:
        """The configurations that the next start will begin with; equal in data and seed."""
        found: list[RunConfig] | None = st.session_state.get(f"{PAGE}.drafts")
        if found is None:
            first = presets.load(_START)
            found = st.session_state[f"{PAGE}.drafts"] = [first, settings.replace(first, _START_WITHOUT)]
        return found

    @drafts.setter
    def drafts(self, configs: list[RunConfig]) -> None:
        st.session_state[f"{PAGE}.drafts"] = configs

    @property
    def names(self) -> list[str]:
        """The settings that have a control in each column: those that differ, and those that were asked for."""
        asked: list[str] = st.session_state.get(f"{PAGE}.names", [])
        shown = {*asked, *together.differing(self.drafts)}
        return [field.name for field in settings.fields() if field.name in shown]

    def take(self, configs: Sequence[RunConfig]) -> None:
        """Begin anew with these; one alone is compared with itself until something is made to differ."""
        self.drafts = list(configs) if len(configs) > 1 else [configs[0], configs[0]]
        st.session_state[f"{PAGE}.names"] = []

    # ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self) -> None:
        _ = self._
        self._take_address()
        runs = self._runs()
        mine = bool(runs) and all(isinstance(run, TrainingSession) and service.may_control(run) for run in runs)
        if mine:
            self._follow(runs)
        self._toolbar(runs, mine)
        st.caption(self._notice(runs, mine))
        if mine or not runs:
            self._what_differs(runs)
        self._pictures(runs, mine)
        if runs:
            st.fragment(_curves, run_every=CHARTS_SECONDS)([run.id for run in runs], leader(runs).id)
        with st.sidebar:
            self._preset_picker()
            drafts = self.drafts
            apply = self._applier(runs if mine else [], range(len(drafts)))
            Controls(PAGE, drafts[0], apply, frozenset(self.names), extras={"data": lambda: own_data_button(PAGE, drafts[0], apply)},
                     own=lambda name: last(PAGE, name)).draw()  # fmt: skip

    def _take_address(self) -> None:
        """What the address asks for, each time that it comes to ask for it; what is wrong with it is said for as long as it is there."""
        links, preset = st.query_params.get_all("v"), st.query_params.get("preset")
        asked, key = (tuple(links), preset), f"{PAGE}.address"
        if not any(asked):
            st.session_state.pop(key, None)
            return
        before: tuple[Any, list[PlaygroundError]] = st.session_state.get(key, (None, []))
        problems = before[1]
        if before[0] != asked:
            problems = self._take_links(links) if links else self._take_named(str(preset))
            st.session_state[key] = (asked, problems)
        for problem in problems:
            st.warning(plain(told(problem, self._)), icon=":material/link_off:")

    def _take_links(self, links: list[str]) -> list[PlaygroundError]:
        found = [serial.from_link(link) for link in links[: together.MOST]]
        problems = [problem for _config, some in found for problem in some]
        if len(links) > together.MOST:
            problems.append(ConfigError(TOO_MANY, most=together.MOST))
        configs = [config for config, _some in found]
        if any(config.kind != "points" for config in configs):
            return [*problems, ConfigError(ONLY_POINTS_HERE)]
        try:
            if len(configs) > 1:
                together.check(configs)
        except ConfigError as error:
            return [*problems, error]
        self.take(configs)
        return problems

    def _take_named(self, preset: str) -> list[PlaygroundError]:
        if preset not in self.presets():
            return [ConfigError(NO_PRESET, name=preset, allowed=", ".join(self.presets()))]
        self.take(presets.versions(preset))
        return []

    def presets(self) -> list[str]:
        """The presets that can be compared: those of versions first."""
        entries = [e for e in registry.preset.entries() if e.info["page"] in (PAGE, "lab")]
        return [e.name for e in sorted(entries, key=lambda e: e.info["page"] != PAGE)]

    def _runs(self) -> list[Run]:
        """The runs that the address names, as far as they are here and are runs of points."""
        asked = [run_id for run_id in st.query_params.get("runs", "").split(",") if run_id]
        problems, found = [], list[Run]()
        for run_id in dict.fromkeys(asked):
            run = service.scheduler().get(run_id)
            if run is None:
                problems.append(ConfigError(GONE, run=run_id[:40]))
            elif run.config.kind != "points":
                problems.append(ConfigError(ONLY_POINTS, run=run_id))
            else:
                found.append(run)
        if len(found) > together.MOST:
            problems.append(ConfigError(TOO_MANY, most=together.MOST))
        for problem in problems:
            st.warning(plain(told(problem, self._)), icon=":material/info:")
        if asked and not found:
            del st.query_params["runs"]
        return found[: together.MOST]

    def _follow(self, runs: list[Run]) -> None:
        """Coming to runs of one's own, their settings become the drafts."""
        key, now = f"{PAGE}.runs", [run.expected_config for run in runs]
        known: tuple[list[str], list[RunConfig]] = st.session_state.get(key, ([], []))
        ids = [run.id for run in runs]
        if known[0] != ids:
            self.take(now)
        elif (
            known[1] != now
        ):  # changed elsewhere: what is live is the runs' own; what waits for a new start goes on waiting
            self.drafts = [
                settings.replace(one, self._waiting(one, draft)) for one, draft in zip(now, self.drafts, strict=False)
            ]
        st.session_state[key] = (ids, now)

    def _waiting(self, config: RunConfig, draft: RunConfig) -> dict[str, Any]:
        """What a draft has otherwise and a run cannot change."""
        changed = settings.differences(config, draft)
        return {name: new for name, (_old, new) in changed.items() if not settings.field(name).spec.live}

    def _all_waiting(self, runs: list[Run], mine: bool) -> list[str]:
        pairs = zip([run.expected_config for run in runs], self.drafts, strict=False) if mine else ()
        names = {name for config, draft in pairs for name in self._waiting(config, draft)}
        return [field.name for field in settings.fields() if field.name in names]

    def _are_together(self, runs: list[Run]) -> bool:
        sets = {run.together if isinstance(run, TrainingSession) else () for run in runs}
        return len(sets) == 1 and () not in sets

    def _notice(self, runs: list[Run], mine: bool) -> str:
        _ = self._
        if waiting := self._all_waiting(runs, mine):
            names = listed((full_title(settings.field(name), _) for name in waiting), _)
            text = _("A new start is needed for: {names}. The runs below go on as they are.").format(names=names)
            return f":blue[:material/restart_alt: **{text}**]"
        if runs and not mine:
            text = _(
                "Not all of these runs are yours: watch them here. Start your own with their settings or with others."
            )
            return f":blue[:material/visibility: **{text}**]"
        if runs and not self._are_together(runs):
            return _("These runs were not started together: each goes its own way, and is controlled in the lab.")
        return _(
            "Two to four configurations on the same data with the same seed, in step: what differs between them makes the difference."
        )

    def _toolbar(self, runs: list[Run], mine: bool) -> None:
        _ = self._
        waiting = bool(self._all_waiting(runs, mine))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(_("Side by side"), anchor=False, width="content")
            text = _("Start together") if not runs else _("Start anew together")
            if st.button(
                text,
                type="primary" if waiting or not runs else "secondary",
                icon=":material/play_arrow:",
                key=f"{PAGE}.start",
            ):
                self._start()
            if runs and not mine and st.button(_("Use their settings"), icon=":material/content_copy:"):
                self._use([run.expected_config for run in runs])
            with st.popover(_("Link"), icon=":material/link:"):
                st.caption(_("These configurations, for new runs anywhere:"))
                links = "&".join(f"v={serial.to_link(config)}" for config in self.drafts)
                st.code(f"{address()}?{links}", language=None, wrap_lines=True)
                if runs:
                    st.caption(_("These runs, for others to watch:"))
                    st.code(f"{address()}?runs={','.join(run.id for run in runs)}", language=None, wrap_lines=True)

    def _use(self, configs: list[RunConfig]) -> None:
        """Settings of others' runs for one's own: on the first one's data and seed, since only those can be compared."""
        alike = {f.name: settings.get(configs[0], f.name) for f in settings.fields() if together.must_be_alike(f.name)}
        try:
            self.take([settings.replace(config, alike) for config in configs])
        except ConfigError as error:
            st.error(plain(told(error, self._)), icon=":material/error:")
            return
        st.query_params.clear()
        st.rerun()

    def _start(self) -> None:
        try:
            runs = service.scheduler().create_together(self.drafts, owner_id())
        except PlaygroundError as error:
            st.error(plain(told(error, self._)), icon=":material/error:")
            return
        names = self.names
        st.query_params.clear()
        st.query_params["runs"] = ",".join(run.id for run in runs)
        st.session_state[f"{PAGE}.runs"] = ([run.id for run in runs], [run.expected_config for run in runs])
        st.session_state[f"{PAGE}.names"] = names
        st.rerun()

    # ── what differs ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _what_differs(self, runs: list[Run]) -> None:
        """The settings that are not alike, with a control of each in every column."""
        _ = self._
        with st.expander(_("What differs"), expanded=not runs, key=f"{PAGE}.differs", on_change="rerun"):
            self._choose_names()
            for i, column in enumerate(st.columns(len(self.drafts), gap="large")):
                with column:
                    st.markdown(badge(i))
                    self._controls_of(i, runs)
            if len(self.drafts) < together.MOST:
                st.button(_("Another configuration"), icon=":material/add:", key=f"{PAGE}.add", on_click=self._add)

    def _choose_names(self) -> None:
        _ = self._
        drafts = self.drafts
        fields = {f.name: f for f in settings.fields() if not together.must_be_alike(f.name)}
        means_something = {name for name, f in fields.items()
                           if f.spec.shown_if is None or any(f.spec.shown_if(config) for config in drafts)}  # fmt: skip
        key = mirrored(f"{PAGE}.chosen", self.names)
        st.multiselect(
            _("Settings that may differ"), [name for name in fields if name in {*means_something, *self.names}], key=key,
            format_func=lambda name: full_title(fields[name], _), on_change=self._chosen, placeholder=_("Choose settings"),
            help=_("Each gets a control in every column. Taking one away gives all columns the value of A. Everything else is set for all in the sidebar."),
        )  # fmt: skip

    def _chosen(self) -> None:
        names: list[str] = st.session_state[current(f"{PAGE}.chosen")]
        first = self.drafts[0]
        gone = {name: settings.get(first, name) for name in self.names if name not in names}
        if gone:
            self._apply(self._own_runs(), range(1, len(self.drafts)), gone)
        st.session_state[f"{PAGE}.names"] = names

    def _controls_of(self, i: int, runs: list[Run]) -> None:
        _ = self._
        config = self.drafts[i]
        controls = Controls(f"{PAGE}.{i}", config, self._applier(runs, [i]))
        shown = [name for name in self.names if controls.means_something(name)]
        for name in shown:
            controls.one(name)
        if not shown:
            st.caption(_("Choose above what shall differ.") if not self.names else _("Nothing to set here."))
        if len(self.drafts) > together.FEWEST:
            st.button(_("Remove {letter}").format(letter=LETTERS[i]), icon=":material/close:", key=f"{PAGE}.{i}.remove",
                      on_click=self._remove, args=(i,))  # fmt: skip

    def _add(self) -> None:
        names = self.names
        self.drafts = [*self.drafts, self.drafts[-1]]
        st.session_state[f"{PAGE}.names"] = names
        self._leave_runs()

    def _remove(self, i: int) -> None:
        names = self.names
        self.drafts = [config for n, config in enumerate(self.drafts) if n != i]
        st.session_state[f"{PAGE}.names"] = names
        self._leave_runs()

    def _leave_runs(self) -> None:
        """Another number of configurations is a new beginning: the runs go on, and are in the table of all runs."""
        st.query_params.pop("runs", None)

    def _own_runs(self) -> list[Run]:
        ids = [run_id for run_id in st.query_params.get("runs", "").split(",") if run_id]
        found = [service.scheduler().get(run_id) for run_id in ids]
        return [run for run in found if isinstance(run, TrainingSession) and service.may_control(run)]

    def _applier(self, runs: list[Run], which: Sequence[int]) -> Callable[[dict[str, Any]], None]:
        return lambda values: self._apply(runs, which, values)

    def _apply(self, runs: list[Run], which: Sequence[int], values: dict[str, Any]) -> None:
        """New values for some of the configurations and, as far as they are live, for their runs: for all or for none. Raises
        ConfigError."""
        drafts = [settings.replace(one, values) if i in which else one for i, one in enumerate(self.drafts)]
        live = {name: value for name, value in values.items() if settings.field(name).spec.live}
        mine = [runs[i] for i in which] if live and len(runs) == len(drafts) else []
        for run in mine:
            settings.replace(run.expected_config, live)
        for run in mine:
            if isinstance(run, TrainingSession):
                run.change(live)
        names = self.names
        self.drafts = drafts
        st.session_state[f"{PAGE}.names"] = names

    def _preset_picker(self) -> None:
        _ = self._
        found = next((name for name in self.presets() if presets.versions(name) == self.drafts), "")
        key = mirrored(f"{PAGE}.preset", found)

        def choose() -> None:
            if name := st.session_state[key]:
                self.take(presets.versions(name))
                st.query_params.clear()

        st.selectbox(
            _("Preset"), ["", *self.presets()], key=key, on_change=choose,
            format_func=lambda name: _(registry.preset[name].title) if name else _("Your own settings"),
            help=_("Tested settings to begin with. Choosing one prepares a new start; runs that are going on go on."),
        )  # fmt: skip
        entry = registry.preset[found] if found else None
        about = "\n\n".join([_(entry.help), *hints(entry, _)]) if entry else ""
        st.caption(about or _("What is set here is set for all configurations."))

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _pictures(self, runs: list[Run], mine: bool) -> None:
        _ = self._
        configs = [run.expected_config for run in runs] if runs else self.drafts
        labels = live_labels(_, language().replace("_", "-"))
        frames = [None] * len(runs) if runs else self._previews(configs)
        first = leader(runs) if runs else None
        in_step = mine and self._are_together(runs)
        if first is not None:
            live_view(run_id=first.id, token=tokens.issue_for(first.id, control=in_step), frame=None, labels=labels, kind="points",
                      key=f"{PAGE}.bar", can_control=in_step, only="bar" if in_step else "legend")  # fmt: skip
        else:
            live_view(run_id=None, token=None, frame=frames[0], labels=labels, kind="points", key=f"{PAGE}.bar", can_control=False,
                      only="legend")  # fmt: skip
        with st.container(key="compare-cells"):
            columns = st.columns(len(configs), gap="medium")
        for i, column in enumerate(columns):
            run = runs[i] if runs else None
            with column:
                st.markdown(f"{badge(i)} {plain(self._difference(configs, i))}")
                live_view(run_id=run.id if run else None, token=tokens.issue_for(run.id, control=False) if run else None,
                          frame=frames[i], labels=labels, kind="points", key=f"{PAGE}.{i}.live", can_control=False, only="cell",
                          caption=f"{LETTERS[i]} · {in_short(configs[i], _)}")  # fmt: skip
                if run is not None:
                    st.page_link(
                        "lab.py",
                        label=_("Open in the lab"),
                        icon=":material/scatter_plot:",
                        query_params={"run": run.id},
                    )

    def _previews(self, configs: Sequence[RunConfig]) -> list[bytes | None]:
        try:
            return [preview(config) for config in configs]
        except PlaygroundError as error:  # its table is on another server, say
            st.error(plain(told(error, self._)), icon=":material/error:")
            return [None] * len(configs)

    def _difference(self, configs: Sequence[RunConfig], i: int) -> str:
        """What this one has otherwise than the others, in words; what means nothing in it is not said."""
        _ = self._
        fields = [settings.field(name) for name in together.differing(configs)]
        parts = [pair(full_title(f, _), value_text(f, settings.get(configs[i], f.name), _), _) for f in fields
                 if f.spec.shown_if is None or f.spec.shown_if(configs[i])]  # fmt: skip
        return " · ".join(parts) or _("the same as the others")


def leader(runs: Sequence[Run]) -> Run:
    """The run that speaks for all: the first that trains; else the first that can go on; else the first."""
    for wanted in (("running", "queued", "preparing"), ("paused",)):
        for run in runs:
            if run.status in wanted:
                return run
    return runs[0]


def badge(i: int) -> str:
    """The letter of a column, in the colour of its curves."""
    return f":{charts.BADGES[i]}-badge[**{LETTERS[i]}**]"


def _curves(run_ids: list[str], leads: str) -> None:
    """The curves of all runs in the same charts; the whole page again when another run has to speak for them."""
    _ = translate()
    runs = [run for run_id in run_ids if (run := service.scheduler().peek(run_id)) is not None]
    if len(runs) != len(run_ids) or leader(runs).id != leads:
        st.rerun()
    with_curves = [run for run in runs if isinstance(run, TrainingSession)]
    charts.compare([(LETTERS[run_ids.index(run.id)], run.latest) for run in with_curves], LABELS, _)
