"""What both labs are: a preset, settings beside it, a run, its live view, its history and its link."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import streamlit as st

from gan_core import config as settings
from gan_core import presets, registry, serial
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.runs.following import FollowedRun
from gan_core.runs.preview import preview_frame
from gan_core.runs.session import TrainingSession
from gan_core.text import N_
from pages._ui import service, tokens
from pages._ui.controls import Controls, full_title, value_text
from pages._ui.failures import plain
from pages._ui.i18n import language, number, translate
from pages._ui.live import live_labels, live_view
from pages._ui.owner import owner_id

Run = TrainingSession | FollowedRun
Kind = Literal["points", "images"]
HISTORY_SECONDS = 2.0
OTHER_LAB = N_("This link belongs to the other lab: its settings are ignored here.")
FILES = {"points": "lab.py", "images": "images.py"}


@dataclass
class Lab:
    """A lab page. `page` names it in presets, keys and addresses."""

    page: str
    kind: Kind
    default_preset: str

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def draft(self) -> RunConfig:
        """The settings that the next run will start with."""
        found: RunConfig = st.session_state.setdefault(f"{self.page}.draft", presets.load(self.default_preset))
        return found

    @draft.setter
    def draft(self, config: RunConfig) -> None:
        st.session_state[f"{self.page}.draft"] = config

    def session(self) -> Run | None:
        """The run that the address names, in the lab it belongs to; None without one, or (said so) when it is gone."""
        run_id = st.query_params.get("run")
        if not run_id:
            return None
        found = service.scheduler().get(run_id)
        if found is not None and found.config.kind != self.kind:
            st.switch_page(FILES[found.config.kind], query_params={"run": run_id})
        if found is None:
            del st.query_params["run"]
            _ = translate()
            st.warning(_("There is no such run here any more. You can start a new one."), icon=":material/info:")
            return None
        return found

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self, title: str, caption: str) -> None:
        """The whole page."""
        _ = translate()
        self._take_link(_)
        self._take_preset()
        session = self.session()
        own = session if isinstance(session, TrainingSession) and service.may_control(session) else None
        mine = own is not None
        if own is not None:
            self._follow(own)
        self._toolbar(title, session, mine, _)
        st.caption(self._notice(session, mine, _) or caption)
        self._view(session, mine, _)
        if session is not None:
            self._history(session, mine)
        with st.sidebar:
            self._preset_picker(_)
            config = own.expected_config if own is not None else self.draft
            shown = settings.replace(config, self._fixed_changes(config)) if mine else self.draft
            Controls(self.page, shown, self._applier(own)).draw()

    def _take_link(self, _: Callable[[str], str]) -> None:
        """Settings that come with the address, once; what is wrong with them is left out, and said while the link stays."""
        link = st.query_params.get("c")
        if not link:
            return
        key = f"{self.page}.link"
        if st.session_state.get(key, ("",))[0] != link:
            config, problems = serial.from_link(link)
            if config.kind == self.kind:
                self.draft = config
            elif not problems:
                problems = [ConfigError(OTHER_LAB)]
            st.session_state[key] = (link, problems)
        for problem in st.session_state[key][1]:
            st.warning(plain(_(problem.template).format(**problem.params)), icon=":material/link_off:")

    def _take_preset(self) -> None:
        name = st.query_params.get("preset")
        if name and st.session_state.get(f"{self.page}.asked") != name and name in self.presets():
            st.session_state[f"{self.page}.asked"] = name
            self.draft = presets.load(name)

    def presets(self) -> list[str]:
        """The names of this lab's presets."""
        return [e.name for e in registry.preset.entries() if e.info["page"] == self.page]

    def _preset_picker(self, _: Callable[[str], str]) -> None:
        key = f"{self.page}.preset"
        current = next((n for n in self.presets() if presets.load(n) == self.draft), None)
        st.session_state[key] = current or ""

        def choose() -> None:
            if name := st.session_state[key]:
                self.draft = presets.load(name)
                st.query_params.pop("run", None)
                st.query_params.pop("c", None)

        entry = registry.preset[current] if current else None
        st.selectbox(
            _("Preset"), self.presets() if current else ["", *self.presets()], key=key, on_change=choose,
            format_func=lambda n: _(registry.preset[n].title) if n else _("Your own settings"),
            help=_("A tested set of settings. Choosing one prepares a new run; a run that is going on goes on."),
        )  # fmt: skip
        st.caption(_(entry.help) if entry else _("Settings that no preset has. The link carries them anywhere."))

    def _follow(self, session: TrainingSession) -> None:
        """Coming to a run of one's own, its settings become the draft (and stay so while it changes). What is fixed in a run can still
        change with it, the seed at a reset: then the draft follows, unless it has a value of its own."""
        seen, now = f"{self.page}.run", session.expected_config
        known: RunConfig | None = st.session_state.get(f"{self.page}.drawn")
        if st.session_state.get(seen) != session.id:
            st.session_state[seen] = session.id
            self.draft = now
        elif known is not None:
            fixed = {name: new for name, (_old, new) in settings.differences(known, now).items()
                     if not settings.field(name).spec.live and settings.get(self.draft, name) == settings.get(known, name)}  # fmt: skip
            self.draft = settings.replace(self.draft, fixed)
        st.session_state[f"{self.page}.drawn"] = now

    def _fixed_changes(self, config: RunConfig) -> dict[str, Any]:
        """What the draft wants and a run cannot change: it waits for a new run."""
        changed = settings.differences(config, self.draft)
        return {name: new for name, (_old, new) in changed.items() if not settings.field(name).spec.live}

    def _applier(self, session: TrainingSession | None) -> Callable[[dict[str, Any]], None]:
        def apply(values: dict[str, Any]) -> None:
            draft = settings.replace(self.draft, values)
            live = {n: v for n, v in values.items() if settings.field(n).spec.live}
            if session is not None and live:
                session.change(live)
            self.draft = draft

        return apply

    def _waiting(self, session: Run | None, mine: bool) -> dict[str, Any]:
        return self._fixed_changes(session.expected_config) if session is not None and mine else {}

    def _notice(self, session: Run | None, mine: bool, _: Callable[[str], str]) -> str:
        """Why the settings beside the picture are not those of the run in it; it takes the caption's place: nothing jumps."""
        if waiting := self._waiting(session, mine):
            names = ", ".join(full_title(settings.field(n), _) for n in waiting)
            text = _("A new run is needed for: {names}. The run below goes on as it is.").format(names=names)
            return f":blue[:material/restart_alt: **{text}**]"
        if session is not None and not mine:
            text = _("You are watching somebody else's run. Start your own with its settings or with others.")
            if isinstance(session, FollowedRun):
                text = _(
                    "Another process trains this run: watch it here, change it there. It can be controlled here once it ends."
                )
            return f":blue[:material/visibility: **{text}**]"
        return ""

    def _toolbar(self, title: str, session: Run | None, mine: bool, _: Callable[[str], str]) -> None:
        """The title with what can be done beside it."""
        waiting = self._waiting(session, mine)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(title, anchor=False, width="content")
            text = _("Start training") if session is None else _("Start a new run")
            primary = session is None or bool(waiting)
            if st.button(
                text, type="primary" if primary else "secondary", icon=":material/play_arrow:", key=f"{self.page}.start"
            ):
                self._start(_)
            if session is not None and not mine and st.button(_("Use its settings"), icon=":material/content_copy:"):
                self.draft = session.config
                st.rerun()
            if waiting and st.button(_("Discard these changes"), icon=":material/undo:") and session is not None:
                self.draft = session.expected_config
                st.rerun()
            with st.popover(_("Link"), icon=":material/link:"):
                self._links(session, _)

    def _start(self, _: Callable[[str], str]) -> None:
        try:
            session = service.scheduler().create(self.draft, owner_id())
        except PlaygroundError as error:
            st.error(plain(_(error.template).format(**error.params)), icon=":material/error:")
            return
        st.session_state[f"{self.page}.run"] = session.id
        st.query_params.pop("c", None)
        st.query_params.pop("preset", None)
        st.query_params["run"] = session.id
        st.rerun()

    def _links(self, session: Run | None, _: Callable[[str], str]) -> None:
        here = urlsplit(st.context.url or "")
        address = f"{here.scheme}://{here.netloc}{here.path}" if here.netloc else ""
        config = session.expected_config if session is not None else self.draft
        st.caption(_("All settings, for a new run anywhere:"))
        st.code(f"{address}?c={serial.to_link(config)}", language=None, wrap_lines=True)
        if session is not None:
            st.caption(_("This run, for others to watch:"))
            st.code(f"{address}?run={session.id}", language=None, wrap_lines=True)
        st.caption(_("The same settings from the command line, with the file below:"))
        st.code("gan-playground train --config config.toml", language=None, wrap_lines=True)
        st.download_button(
            _("Download {file}").format(file="config.toml"), serial.to_toml(config), "config.toml", "application/toml",
            icon=":material/download:", key=f"{self.page}.toml", on_click="ignore",
        )  # fmt: skip

    def _view(self, session: Run | None, mine: bool, _: Callable[[str], str]) -> None:
        token = frame = None
        if session is None:
            frame = _preview(serial.to_link(self.draft))
        else:
            token = tokens.issue_for(session.id, control=mine)
        live_view(run_id=session.id if session else None, token=token, frame=frame, labels=live_labels(_, language().replace("_", "-")),
                  kind=self.kind, key=f"{self.page}.live", can_control=mine)  # fmt: skip
        if session is None and frame is None:
            entry = registry.dataset[self.draft.data.name]
            st.info(_("{data} is fetched when you start: the first time this takes a moment.").format(data=_(entry.title)),
                    icon=":material/download:")  # fmt: skip

    def _history(self, session: Run, mine: bool) -> None:
        with st.expander(translate()("Changes during this run")):
            drawn = st.session_state.get(f"{self.page}.drawn") if mine else None
            st.fragment(_marks, run_every=HISTORY_SECONDS)(session.id, isinstance(session, FollowedRun), drawn)


@st.cache_data(show_spinner=False, max_entries=64)
def _preview(link: str) -> bytes | None:
    return preview_frame(serial.from_link(link)[0])


def _marks(run_id: str, followed: bool, drawn: RunConfig | None) -> None:
    """Every change of a setting so far, as a row. `drawn`: the settings that the visitor's own controls show."""
    _ = translate()
    session = service.scheduler().get(run_id)
    if isinstance(session, FollowedRun) != followed:
        st.rerun()  # another process has taken the run, or let go of it: other controls
    if drawn is not None and isinstance(session, TrainingSession) and session.expected_config != drawn:
        st.rerun()  # they were changed beside the picture
    marks = session.marks if session is not None else ()
    if not marks:
        st.caption(
            _("Nothing yet. Change a setting while it trains: the change becomes a mark on the curves and a row here.")
        )
        return
    rows = [(m, settings.field(m.name)) for m in marks[::-1]]
    st.dataframe(
        {
            _("Step"): [number(m.step) for m, _f in rows],
            _("Setting"): [full_title(f, _) for _m, f in rows],
            _("Before"): [value_text(f, f.parse(m.old), _) for m, f in rows],
            _("After"): [value_text(f, f.parse(m.new), _) for m, f in rows],
        },
        hide_index=True,
    )
