"""Translation by hand: below the live view of a run that translates, a board to draw on and what a saved moment makes of it.

Pictures are decoded by the browser alone, and travel beside Streamlit, on the socket of the Latent Explorer.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gan_core import data as data_sets
from gan_core.config import RunConfig
from gan_core.text import N_
from pages._ui import tokens
from pages._ui.i18n import language
from pages._ui.latent_words import LABELS as EXPLORERS
from pages._ui.live_words import LABELS as LIVE

Translate = Callable[[str], str]

_HERE = Path(__file__).parent
_PARTS = (
    "live/frame", "live/dom", "live/link", "latent/parts", "latent/asking", "latent/pictures", "hand/board", "hand/hand",
)  # fmt: skip  # joined to one module
HTML = '<div class="gl gh"></div>'
STYLE = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("live.css", "hand.css"))
SCRIPT = "\n".join((_HERE / f"{part}.js").read_text(encoding="utf-8") for part in _PARTS)

# Code -> English; a code with `.help` is the sentence of a tooltip. {kind} is what the data call the pictures.
LABELS: dict[str, str] = {
    "hand.hint": N_("Draw, or bring a picture: the newest saved moment of the run translates what is on the board."),
    "hand.board": N_("{kind}: draw here"),
    "hand.board.saved": N_("{kind}, by hand"),
    "hand.made": LIVE["pairs.fake"],
    "hand.made.saved": LIVE["pairs.fake"],
    "hand.back": LIVE["pairs.back"],
    "hand.back.saved": LIVE["pairs.back"],
    "hand.step": N_("step {step}"),
    "sketch.pick": N_("Pick"),
    "sketch.pick.help": N_("Takes a colour from the board."),
    "hand.shade": N_("Brightness"),
    "hand.width": N_("Width"),
    "hand.width.help": N_("Of the pen and of the eraser, in pixels of what the network gets."),
    "hand.width.value": N_("{count} px"),
    "hand.invert": N_("Invert"),
    "hand.invert.help": N_("Light becomes dark, and dark light."),
    "hand.bring": N_("Choose a picture"),
    "hand.bring.how": N_("Or drop one here or paste it: PNG, JPEG, WebP or GIF, at most 10 MB. Its middle is taken, as small as the network's pictures."),
    "hand.save": N_("Save"),
    "hand.save.help": N_("What is on the board and its translation, as a PNG."),
    "hand.keys": N_("Keyboard: arrow keys move the pen, with Shift farther; the space bar puts it down or lifts it."),
    "hand.held": N_("Held-out pictures to begin from"),
    "hand.held.one": N_("Held-out picture {number}"),
}  # fmt: skip
# Those that the Explorer says in the same words.
SHARED = (
    "nothing.yet", "waiting", "closed.4401", "closed.4403", "closed.4404", "undo", "undo.help", "redo", "redo.help",
    "sketch", "sketch.pen", "sketch.eraser", "sketch.clear", "sketch.color", "sketch.board", "project.large", "project.pixels", "project.broken",
)  # fmt: skip
ANCHOR = "try"
_KINDS = {"hand.board": 0, "hand.board.saved": 0, "hand.made": 1, "hand.made.saved": 1, "hand.back": 0, "hand.back.saved": 0}  # fmt: skip

_component = st.components.v2.component("gan_hand", html=HTML, css=STYLE, js=SCRIPT)


def hand_labels(config: RunConfig, _: Translate, lang: str) -> dict[str, str]:
    """All words in the visitor's language, with the names of the two kinds of pictures."""
    titles = [_(title) for title in data_sets.info_of(config.data)["titles"]]
    words = {code: _(text) for code, text in (LABELS | {code: EXPLORERS[code] for code in SHARED}).items()}
    return words | {code: words[code].format(kind=titles[k]) for code, k in _KINDS.items()} | {"lang": lang}


def way_there(_: Translate) -> None:
    """A link down to the board."""
    st.markdown(f":material/draw: [{_('Try it yourself')}](#{ANCHOR})", width="content")


def hand(key: str, run_id: str, config: RunConfig, can_control: bool, _: Translate) -> None:
    """Show the board of a run, and what its newest saved moment makes of what is drawn there."""
    st.subheader(_("Try it yourself"), anchor=ANCHOR)
    words = hand_labels(config, _, language().replace("_", "-"))
    data = {
        "run": run_id, "token": tokens.issue_for(run_id, control=can_control), "control": can_control, "labels": words, "cycles": config.cycles,
        "into": data_sets.info_of(config.data)["titles"][0],
    }  # fmt: skip
    _component(data=data, key=key, on_renew_change=lambda: None)
