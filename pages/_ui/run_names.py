"""What lists of runs to choose from call them."""

from collections.abc import Callable

from gan_core.config import DEVICES
from gan_core.runs.listing import Row
from pages._ui.data_note import run_title
from pages._ui.failures import plain


def run_name(row: Row | None, run_id: str, _: Callable[[str], str]) -> str:
    """A run's name, or what it learns, and its id. Nothing that changes while it trains: Streamlit knows an option by its text, and what the browser
    still calls by an older text would be chosen as if it were something new."""
    if row is None:
        return run_id
    return _("{title} · {run}").format(title=plain(run_title(row, _)), run=run_id)


def device_name(device: str, _: Callable[[str], str]) -> str:
    """What computed a run, as its setting calls it ("CPU"), a GPU by its own name; empty where that is not known."""
    return _(DEVICES[device]) if device in DEVICES else device
