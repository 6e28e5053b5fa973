"""What both labs are: a preset, settings beside it, a run, its live view, its history and its link."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import plugins, presets, registry, serial
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.runs.following import FollowedRun
from gan_core.runs.listing import ACTIVE
from gan_core.runs.preview import preview_frame
from gan_core.runs.session import TrainingSession
from gan_core.sharing import Share
from gan_core.text import N_, listed, told
from pages._ui import graph, service, tokens
from pages._ui import settings as server
from pages._ui.beside import compare, ghost, with_others
from pages._ui.controls import Controls, full_title, label, value_text
from pages._ui.data_note import data_title, fetch_note, gone_note, lacks_pictures, licence_note, no_set_note
from pages._ui.export import export
from pages._ui.failures import plain
from pages._ui.hand import hand, way_there
from pages._ui.hints import NO_PRESET, hints, recipe
from pages._ui.i18n import language, number, translate
from pages._ui.live import Only, live_view
from pages._ui.live_words import live_labels
from pages._ui.measure import measure
from pages._ui.mirrored import mirrored
from pages._ui.own_data import last, own_data_button
from pages._ui.own_pictures import OwnPictures
from pages._ui.owner import owner_id
from pages._ui.share import Rules, address, forget_link, links, refuse, show_note, show_refusal, taken

Run = TrainingSession | FollowedRun
Kind = Literal["points", "images", "pairs"]
HISTORY_SECONDS = 2.0
OTHER_LAB = N_("This link belongs to another lab: its settings are ignored here.")
FILES = {"points": "lab.py", "images": "images.py", "pairs": "translate.py"}


@dataclass
class Lab:
    """A lab page. `page` names it in presets, keys and addresses."""

    page: str
    kind: Kind
    default_preset: str
    part: Only = "all"  # of the live view

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def draft(self) -> RunConfig:
        """The settings that the next run will start with."""
        found: RunConfig = st.session_state.setdefault(f"{self.page}.draft", presets.load(self.default_preset))
        return found

    @draft.setter
    def draft(self, config: RunConfig) -> None:
        """Raises ConfigError for what the link that the visitor came by has locked."""
        if self.rules is not None:
            self.rules.check(config)
        st.session_state[f"{self.page}.draft"] = config

    @property
    def rules(self) -> Rules | None:
        """What new runs are kept to here: as the link said, or the visitor's own run that is shown."""
        found: Rules | None = st.session_state.get(f"{self.page}.rules")
        return found

    @rules.setter
    def rules(self, rules: Rules | None) -> None:
        st.session_state[f"{self.page}.rules"] = rules

    def adopt(self, config: RunConfig) -> bool:
        """Make these the settings of the next run, or have it said why not."""
        try:
            self.draft = config
        except ConfigError as error:
            refuse(self.page, error)
            return False
        return True

    @property
    def run_id(self) -> str | None:
        """The run that is shown: the address names it."""
        return st.query_params.get("run")

    @run_id.setter
    def run_id(self, run_id: str | None) -> None:
        if run_id:
            st.query_params["run"] = run_id
        else:
            st.query_params.pop("run", None)

    def session(self) -> Run | None:
        """The run that is shown, in the lab it belongs to; None without one, or (said so) when it is gone."""
        run_id = self.run_id
        if not run_id:
            return None
        found = service.scheduler().get(run_id)
        if found is not None and found.config.kind != self.kind:
            st.switch_page(FILES[found.config.kind], query_params={"run": run_id})
        if found is None:
            self.run_id = None
            _ = translate()
            st.warning(_("There is no such run here any more. You can start a new one."), icon=":material/info:")
            return None
        return found

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self, title: str, caption: str) -> None:
        """The whole page."""
        _ = translate()
        self._take_link(_)
        self._take_preset(_)
        session = self.session()
        own = session if isinstance(session, TrainingSession) and service.may_control(session) else None
        mine = own is not None
        if own is not None:
            self._follow(own)
        show_note(self.rules, _)
        for problem in server.options().plugin_problems:
            st.warning(plain(told(problem, _)), icon=":material/extension_off:")
        self._toolbar(title, session, mine, _)
        show_refusal(self.page, _)
        st.caption(self._notice(session, mine, _) or caption)
        if session is not None and session.status not in ACTIVE and lacks_pictures(session.config.data):
            gone_note(session.config.data.pictures, session.config.translates, _)
        self._view(session, mine, _)
        if session is not None:
            if self.kind == "pairs":
                hand(f"{self.page}.hand", session.id, session.config, mine, _)
            self._history(session, mine)
            if self.kind != "points":
                measure(self.page, session.id, service.owns(session.owner))
        with st.sidebar:
            self._preset_picker(_)
            config = own.expected_config if own is not None else self.draft
            shown = self._shown(config) if mine else self.draft
            share = self.rules.share if self.rules is not None else Share()
            apply = self._applier(own)
            free = not {"data.name", "data.drawing", "data.table"} & (share.lock | share.hide)
            more = {"data": lambda: own_data_button(self.page, shown, apply)} if self.kind == "points" and free else {}
            if self.kind != "points":
                # Locked ones that are not here can still be imported: the same files become the same set.
                free = not {"data.name", "data.pictures"} & (share.lock | share.hide) or lacks_pictures(shown.data)
                pictures = self._own_pictures(shown, apply) if free else None
                more = {"data": lambda: self._beside_pictures(shown, pictures, _)}
            Controls(self.page, shown, apply, share.hide, share.lock, more, lambda name: last(self.page, name)).draw()

    def _own_pictures(self, shown: RunConfig, apply: Callable[[dict[str, Any]], None]) -> OwnPictures:
        def adopt(config: RunConfig) -> bool:
            self.draft = config  # as choosing a preset does: for the next run
            self.run_id = None
            forget_link()
            return True

        return OwnPictures(self.page, shown, apply, adopt)

    def _beside_pictures(self, shown: RunConfig, pictures: OwnPictures | None, _: Callable[[str], str]) -> None:
        """What stands under the choice of the data: the visitor's own, and whose the chosen ones are."""
        own = bool(registry.dataset[shown.data.name].info.get("imported"))
        none = own and not shown.data.pictures
        if none:
            no_set_note(shown.translates, _)
        if pictures is not None:
            pictures.button(primary=none or lacks_pictures(shown.data))
            pictures.show()
        if not none:
            if own:
                st.caption(_("Chosen: **{name}**").format(name=plain(data_title(shown, _))))
            licence_note(shown.data, _)

    def _take_link(self, _: Callable[[str], str]) -> None:
        """Settings that come with the address, once; what is wrong with them is left out, and said while the link stays. What it
        locks is for new runs: a run that is shown stays as free as it was."""
        found, problems = taken(self.page)
        if found is not None and found.config.kind == self.kind:
            if self.run_id is None:
                self.rules = Rules(found.share, found.config) if found.share else None
            self.adopt(found.config)
        elif found is not None and not problems:
            problems.append(ConfigError(OTHER_LAB))
        for problem in problems:
            st.warning(plain(told(problem, _)), icon=":material/link_off:")

    def _take_preset(self, _: Callable[[str], str]) -> None:
        """The preset that the address names, whole, each time that it comes to be named; one of another page opens there."""
        name, key = st.query_params.get("preset"), f"{self.page}.asked"
        if name and name not in self.presets():
            if name in registry.preset:
                st.switch_page(f"{registry.preset[name].info['page']}.py", query_params={"preset": name})
            unknown = ConfigError(NO_PRESET, name=name, allowed=", ".join(self.presets()))
            st.warning(plain(told(unknown, _)), icon=":material/link_off:")
        elif name and st.session_state.get(key) != name:
            self.rules = None  # a new beginning, as any other address
            self.draft = presets.load(name)
        st.session_state[key] = name

    def presets(self) -> list[str]:
        """The names of this lab's presets."""
        return [e.name for e in registry.preset.entries() if e.info["page"] == self.page]

    def _preset_picker(self, _: Callable[[str], str]) -> None:
        found = next((n for n in self.presets() if presets.load(n) == self.draft), None)
        key = mirrored(f"{self.page}.preset", found or "")

        def choose() -> None:
            if (name := st.session_state[key]) and self.adopt(presets.load(name)):
                self.run_id = None
                forget_link()

        entry = registry.preset[found] if found else None
        st.selectbox(
            _("Preset"), self.presets() if found else ["", *self.presets()], key=key, on_change=choose,
            format_func=lambda n: _(registry.preset[n].title) if n else _("Your own settings"),
            help=_("A tested set of settings. Choosing one prepares a new run; a run that is going on goes on."),
        )  # fmt: skip
        about = "\n\n".join([_(entry.help), *hints(entry, _)]) if entry else ""
        st.caption(about or _("Settings that no preset has. The link carries them anywhere."))
        if entry:
            recipe(entry, _)

    def _follow(self, session: TrainingSession) -> None:
        """Coming to a run of one's own, its settings become the draft (and stay so while it changes); what it is kept to holds for
        those after it. What is fixed in a run can still change with it, the seed at a reset: then the draft follows, unless it has a
        value of its own."""
        self.rules = Rules(session.share, session.expected_config) if session.share else None
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

    def _shown(self, config: RunConfig) -> RunConfig:
        """The run's settings as the controls show them, with what waits for a new run; where these two do not go together, those of the new
        run."""
        try:
            return settings.replace(config, self._fixed_changes(config))
        except ConfigError:
            return self.draft

    def _applier(self, session: TrainingSession | None) -> Callable[[dict[str, Any]], None]:
        def apply(values: dict[str, Any]) -> None:
            draft = settings.replace(self.draft, values)
            if self.rules is not None:
                self.rules.check(draft)
            # What comes with a choice that needs a new run is for that run, too: the one on the screen goes on as it is.
            if session is not None and all(settings.field(name).spec.live for name in values):
                session.change(values)
            self.draft = draft

        return apply

    def _waiting(self, session: Run | None, mine: bool) -> dict[str, Any]:
        return self._fixed_changes(session.expected_config) if session is not None and mine else {}

    def _notice(self, session: Run | None, mine: bool, _: Callable[[str], str]) -> str:
        """Why the settings beside the picture are not those of the run in it; it takes the caption's place: nothing jumps."""
        if waiting := self._waiting(session, mine):
            names = listed((full_title(settings.field(n), _) for n in waiting), _)
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
                self.adopt(session.config)
                st.rerun()
            if waiting and st.button(_("Discard these changes"), icon=":material/undo:") and session is not None:
                self.draft = session.expected_config
                st.rerun()
            if session is not None and self.kind != "pairs" and st.button(
                _("Explore"), icon=":material/explore:", key=f"{self.page}.explore",
                help=_("Walk through the latent space of this generator, while it trains or afterwards."),
            ):  # fmt: skip
                st.switch_page("latent.py", query_params={"run": session.id})
            if session is not None and self.kind == "pairs":
                way_there(_)
            with st.popover(_("Link"), icon=":material/link:"):
                self._links(session, _)
            export(self.page, session.id if session is not None else None, self.draft)
            if self.kind == "points":
                compare(session, session.expected_config if session is not None and not waiting else self.draft, _)
            elif session is not None:
                with_others(session.id, _("Compare"), _)

    def _start(self, _: Callable[[str], str]) -> None:
        try:
            if self.rules is not None:
                self.rules.check(self.draft)
            session = service.scheduler().create(
                self.draft, owner_id(), self.rules.share if self.rules is not None else None
            )
        except PlaygroundError as error:
            st.error(plain(told(error, _)), icon=":material/error:")
            return
        st.session_state[f"{self.page}.run"] = session.id
        forget_link()
        self.run_id = session.id
        st.rerun()

    def _branch(self, session: Run | None, step: int) -> None:
        """Go on from an earlier moment of the run on the screen, as a run of one's own; it opens in its place."""
        if session is None:
            return
        try:
            made = service.scheduler().branch(session.id, step, owner_id())
        except PlaygroundError as error:
            st.session_state[f"{self.page}.problem"] = told(error, translate())
            return
        self.run_id = made.id

    def _links(self, session: Run | None, _: Callable[[str], str]) -> None:
        links(self.page, session.expected_config if session is not None else self.draft, self.rules, _)
        if session is not None:
            st.caption(_("This run, for others to watch:"))
            st.code(f"{address()}?run={session.id}", language=None, wrap_lines=True)

    def _view(self, session: Run | None, mine: bool, _: Callable[[str], str]) -> None:
        token = frame = None
        if session is None:
            try:
                frame = preview(self.draft, data_sets.is_available(self.draft.data.name))
            except (
                PlaygroundError
            ) as error:  # its table is on another server, say, or has less than a batch: the page is there to change it
                st.error(plain(told(error, _)), icon=":material/error:")
                return
            if frame is None:  # nothing can be drawn yet: what to do stands where the pictures will be
                fetch_note(self.draft.data.name, _)
                return
        else:
            token = tokens.issue_for(session.id, control=mine)
        config = session.config if session is not None else self.draft
        live_view(run_id=session.id if session else None, token=token, frame=frame, labels=self._words(config, _),
                  kind=self.kind, key=f"{self.page}.live", can_control=mine, about=graph.about(config, _), only=self.part,
                  caption=in_short(session.expected_config if session is not None else self.draft, _),
                  on_branch=lambda step: self._branch(session, step),
                  ghost=ghost(session, _) if self.kind == "points" else None,
                  on_remedy=lambda asked: self._treat(session, asked, _))  # fmt: skip
        if problem := st.session_state.pop(f"{self.page}.problem", None):
            st.toast(plain(problem), icon=":material/error:")

    def _words(self, config: RunConfig, _: Callable[[str], str]) -> dict[str, str]:
        """What the live view says; of a translation with the names of the two kinds of pictures."""
        words = dict(live_labels(_, language().replace("_", "-")))
        if config.translates:
            info = data_sets.info_of(config.data)
            into, out = info["titles"]
            words |= {
                "pairs.into": _(into),
                "pairs.out": _(out),
                "pairs.matched": "1" if info.get("matched", True) else "",
                "bylayer.g": _("Generator, from what goes in to what comes out"),
            }
        return words

    def _treat(self, session: Run | None, asked: Any, _: Callable[[str], str]) -> None:
        """Change what the run's own diagnosis proposes for a condition. Of what the browser says only the condition's name counts."""
        own = isinstance(session, TrainingSession) and service.may_control(session)
        if not isinstance(session, TrainingSession) or not own or not isinstance(asked, dict):
            return
        found = {f.code: f.changes for f in session.diagnosis} if asked.get("run") == session.id else {}
        changes = found.get(str(asked.get("code")), {})
        if not changes:
            st.toast(
                _("The diagnosis has changed meanwhile: this remedy is not proposed any more."), icon=":material/info:"
            )
            return
        try:
            self._applier(session)(changes)
        except ConfigError as error:
            st.toast(plain(told(error, _)), icon=":material/error:")

    def _history(self, session: Run, mine: bool) -> None:
        _ = translate()
        with st.expander(_("Changes during this run")):
            drawn = st.session_state.get(f"{self.page}.drawn") if mine else None
            st.fragment(_marks, run_every=HISTORY_SECONDS)(session.id, isinstance(session, FollowedRun), drawn)


def in_short(config: RunConfig, _: Callable[[str], str]) -> str:
    """The settings that name a run: data, loss, penalty, networks, seed."""
    words = [data_title(config, _)]
    words.append(
        _(registry.loss[config.loss].title) if config.adversarial else _in_two(config, "method", "kl_weight", _)
    )
    if config.penalty != "none":
        field = settings.field("penalty_weight")
        weight = f"{label(field, config, _)} {value_text(field, config.penalty_weight, _)}"
        words.append(listed([_(registry.penalty[config.penalty].title), weight], _))
    for player in ("generator", "discriminator"):
        part = getattr(config, player)
        inside = (
            value_text(settings.field(f"{player}.hidden"), part.hidden, _) if part.network == "mlp" else f"{part.width}"
        )
        words.append(f"{player[0].upper()} {_(registry.network[part.network].title)} {inside}")
    return " · ".join([*words, f"{_(settings.field('seed').spec.title)} {config.seed}"])


def _in_two(config: RunConfig, name: str, with_: str, _: Callable[[str], str]) -> str:
    """A choice and the number that belongs to it: "VAE, Weight β of the codes 1"."""
    choice, weight = settings.field(name), settings.field(with_)
    said = f"{label(weight, config, _)} {value_text(weight, settings.get(config, with_), _)}"
    return listed([value_text(choice, settings.get(config, name), _), said], _)


def preview(config: RunConfig, here: bool = True) -> bytes | None:
    """The packed frame of a GAN with these settings that has not been trained; None while its data are not `here`. Raises PlaygroundError."""
    if data_sets.imported(config.data):  # what is remembered may be of a set that was deleted since
        data_sets.pictures.check(config.data)
    return _preview(serial.to_link(config), here)


@st.cache_data(show_spinner=False, max_entries=64)
def _preview(link: str, here: bool) -> bytes | None:
    try:
        return preview_frame(serial.from_link(link)[0]) if here else None
    except Exception as error:
        if (of_plugin := plugins.blamed(error)) is not None:
            raise of_plugin from error
        raise


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
