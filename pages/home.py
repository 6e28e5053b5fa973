"""Home: what this is, presets that start with one button, the runs that are going on, the device in use."""

from collections.abc import Callable

import streamlit as st

from gan_core import device, estimate, presets, registry
from gan_core.errors import PlaygroundError
from gan_core.registry import Entry
from gan_core.runs.session import TrainingSession
from gan_core.text import in_words, joined, told
from pages._ui import service
from pages._ui.data_note import data_title
from pages._ui.failures import plain
from pages._ui.hints import hints
from pages._ui.i18n import number, translate
from pages._ui.lab import FILES as LABS
from pages._ui.live_words import LABELS
from pages._ui.owner import owner_id
from pages._ui.routes import PICTURES, PICTURES_FOLDER
from pages._ui.share import address

FILES = {"lab": "lab.py", "images": "images.py", "translate": "translate.py", "compare": "compare.py"}
RUNS_SECONDS = 3.0
MINUTES_FROM = 120  # seconds; fewer are said as seconds


def _card(entry: Entry[dict[str, object]], _: Callable[[str], str]) -> None:
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        with st.container():
            st.image(
                _picture(entry.name), width="stretch", alt=_("What it looks like: {title}").format(title=_(entry.title))
            )
            st.subheader(_(entry.title), anchor=False)
            st.markdown(_(entry.help))
            st.caption("\n\n".join([*hints(entry, _), _time(entry, _)]))
        if st.button(
            _("Start"), key=f"start-{entry.name}", type="primary", icon=":material/play_arrow:", width="stretch"
        ):
            _start(entry, _)


def _picture(name: str) -> str:
    """Its address; Home's own is that of the app. Without a browser, the file."""
    here = address()
    return f"{here.rstrip('/')}{PICTURES}/{name}.webp" if here else str(PICTURES_FOLDER / f"{name}.webp")


def _time(entry: Entry[dict[str, object]], _: Callable[[str], str]) -> str:
    config = presets.load(entry.name)
    if "versions" in entry.info:
        return _("{count} runs side by side, until you stop them.").format(count=number(len(entry.info["versions"])))
    if not config.horizon:
        return _("Goes on until you stop it.")
    here = estimate.seconds_here(config, service.scheduler().sessions())
    if here is None:
        return _("Lasts {samples} real samples; the time here is known after the first run.").format(
            samples=number(config.horizon)
        )
    if here >= MINUTES_FROM:
        return _("About {minutes} min on this machine.").format(minutes=number(round(here / 60)))
    return _("About {seconds} s on this machine.").format(seconds=number(round(here / 5) * 5 or 5))


def _start(entry: Entry[dict[str, object]], _: Callable[[str], str]) -> None:
    scheduler, page = service.scheduler(), FILES[entry.info["page"]]
    try:
        if "versions" in entry.info:
            runs = scheduler.create_together(presets.versions(entry.name), owner_id())
            query = {"runs": ",".join(run.id for run in runs)}
        else:
            query = {"run": scheduler.create(presets.load(entry.name), owner_id()).id}
    except PlaygroundError as error:
        st.error(plain(told(error, _)), icon=":material/error:")
        return
    st.switch_page(page, query_params=query)


@st.fragment(run_every=RUNS_SECONDS)
def _runs() -> None:
    """The runs in memory, one's own first."""
    _ = translate()
    me = owner_id()
    sessions = sorted(service.scheduler().sessions(), key=lambda s: s.owner != me)
    if not sessions:
        st.caption(_("None yet. Start one above."))
    for session in sessions:
        _run(session, session.owner == me, _)


def _run(session: TrainingSession, mine: bool, _: Callable[[str], str]) -> None:
    title = data_title(session.config, _)
    status = _(LABELS[f"status.{session.status}"])
    whose = "" if mine else " · " + _("somebody else's: you can watch")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            LABS[session.config.kind], label=plain(title), icon=":material/visibility:",
            query_params={"run": session.id},
        )  # fmt: skip
        st.caption(f"{status} · " + _("step {step}").format(step=number(session.latest.step)) + whose)


def _device(_: Callable[[str], str]) -> None:
    report = device.report()
    st.markdown(_("**{name}** does the training.").format(name=plain(in_words(report.name, _))))
    if report.why_no_gpu:
        st.caption(
            joined(
                _("No GPU is used: {why}").format(why=_(report.why_no_gpu)), _("The README says how to change that.")
            )
        )


def draw() -> None:
    """The page."""
    _ = translate()
    st.title("GAN Playground", anchor=False)
    st.markdown(
        _("Train a generative adversarial network in your browser, change it while it trains, and see why it works or fails. "
          "Choose one of these to begin.")
    )  # fmt: skip
    st.page_link("learn.py", label=_("New to GANs? The lessons begin at the beginning."), icon=":material/school:")
    for goal, title in presets.GOALS.items():
        st.header(_(title), anchor=False)
        with st.container(key=f"presets-{goal}"):
            for entry in (e for e in registry.preset.entries() if e.info["goal"] == goal):
                _card(entry, _)
    st.header(_("Runs going on"), anchor=False)
    _runs()
    st.page_link("runs.py", label=_("Everything that was trained here"), icon=":material/list:")
    st.header(_("This machine"), anchor=False)
    _device(_)


draw()
