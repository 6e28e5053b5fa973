"""Links: the settings in an address, with what is locked or hidden in it and a note; and what a lab does that was opened by one."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from gan_core import config as settings
from gan_core import sharing
from gan_core.config import GROUPS, RunConfig
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.sharing import LONGEST_NOTE, Share
from gan_core.text import told
from pages._ui.controls import full_title
from pages._ui.failures import plain

Translate = Callable[[str], str]
_GROUP = "group:"
LABS = {"points": "lab", "images": "images", "pairs": "translate"}  # the address of the lab of a kind of runs


@dataclass(frozen=True)
class Rules:
    """What a lab is kept to: `share`, with the settings as they are in `config`."""

    share: Share
    config: RunConfig

    def check(self, config: RunConfig) -> None:
        """Raise ConfigError for settings that differ where they may not."""
        self.share.check(settings.differences(self.config, config))


def address() -> str:
    """The address of this page, without a query."""
    here = urlsplit(st.context.url or "")
    return f"{here.scheme}://{here.netloc}{here.path}" if here.netloc else ""


def link(config: RunConfig, share: Share) -> str:
    """The whole address that opens these settings."""
    query = sharing.to_query(config, share)
    c = query.pop("c")  # it comes encoded
    rest = "&" + urlencode(query, safe=";,!", quote_via=quote) if query else ""
    return f"{address()}?c={c}{rest}"


def taken(page: str) -> tuple[sharing.Shared | None, list[PlaygroundError]]:
    """What the link in the address says, at its first sight only (None later, until the address has been without it); and what is wrong
    with it, for as long as it is there."""
    query = {
        name: value for name in sharing.PARAMETERS if isinstance(value := st.query_params.get(name), str) and value
    }
    key = f"{page}.link"
    if not query or ("run" in st.query_params and "c" not in query):
        st.session_state.pop(key, None)
        return None, []
    before: tuple[dict[str, str], list[PlaygroundError]] | None = st.session_state.get(key)
    if before is not None and before[0] == query:
        return None, before[1]
    try:
        found: sharing.Shared | None = sharing.from_query(query)
        problems = found.problems if found else []
    except sharing.ShareError as error:
        found, problems = None, [error]
    st.session_state[key] = (query, problems)
    return found, problems


def forget_link() -> None:
    """Take the link, or the preset that was named, out of the address: what it said has been used."""
    for name in (*sharing.PARAMETERS, "preset"):
        st.query_params.pop(name, None)


def show_note(rules: Rules | None, _: Translate) -> None:
    """The note of whoever made the link, above everything."""
    if rules is None or not rules.share.note:
        return
    with st.container(border=True, key="share-note"):
        st.markdown("  \n".join(plain(line) for line in rules.share.note.split("\n")))


def links(page: str, config: RunConfig, rules: Rules | None, _: Translate) -> None:
    """The address of these settings. Whoever is kept to something passes that on; anybody else may lock and hide."""
    st.caption(_("All settings, for a new run anywhere:"))
    place = st.empty()
    share = rules.share if rules is not None else _chosen(page, _)
    place.code(link(config, share), language=None, wrap_lines=True)
    if rules is not None and share.kept:
        st.caption(_("It keeps what the link that you came by keeps."))


def _chosen(page: str, _: Translate) -> Share:
    """What a person locks and hides in the link that they are about to pass on."""
    with st.expander(_("Lock, hide, add a note"), icon=":material/lock:", key=f"{page}.share", on_change="rerun"):
        lock = _some(f"{page}.share.lock", _("Locked: shown, and cannot be changed"), _)
        hide = _some(f"{page}.share.hide", _("Hidden: not shown, and cannot be changed"), _)
        note = st.text_area(_("Note, shown above the lab"), max_chars=LONGEST_NOTE, height=90, key=f"{page}.share.note",
                            placeholder=_("Which clusters are missing, and why?"))  # fmt: skip
        st.caption(_("The server keeps to this for every run that is started from the link. Your own runs stay free."))
    return Share(lock, hide, note)


def _some(key: str, title: str, _: Translate) -> frozenset[str]:
    """Settings chosen one by one or by their groups; or all but those."""
    words = {"these": _("These"), "but": _("Everything but these")}
    how = st.radio(title, list(words), format_func=lambda code: words[code], horizontal=True, key=f"{key}.how")
    options = [f"{_GROUP}{group}" for group in GROUPS] + [f.name for f in settings.fields()]

    def name(code: str) -> str:
        if code.startswith(_GROUP):
            return _("All of: {group}").format(group=_(GROUPS[code.removeprefix(_GROUP)]))
        return full_title(settings.field(code), _)

    picked = st.multiselect(
        title,
        options,
        format_func=name,
        key=f"{key}.names",
        placeholder=_("Choose settings or groups"),
        label_visibility="collapsed",
    )
    groups = {code.removeprefix(_GROUP) for code in picked if code.startswith(_GROUP)}
    named = {f.name for f in settings.fields() if f.name in picked or f.spec.group in groups}
    return frozenset(named if how == "these" else {f.name for f in settings.fields()} - named)


def refuse(page: str, error: ConfigError) -> None:
    """Have a refusal shown in the next run of the page's script."""
    st.session_state[f"{page}.refused"] = error


def show_refusal(page: str, _: Translate) -> None:
    """What was refused last, once."""
    if error := st.session_state.pop(f"{page}.refused", None):
        st.error(plain(told(error, _)), icon=":material/lock:")
