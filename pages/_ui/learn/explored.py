"""What figures of a learner's own runs share: the newest saved moments of those, pictures in rows, the link to the Latent Explorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import to_pixels
from gan_core.errors import PlaygroundError
from gan_core.latent.explorer import Room
from gan_core.text import N_
from pages._ui import service
from pages._ui.failures import plain
from pages._ui.i18n import number, translate

T = TypeVar("T")
_NOT_BEGUN = N_("This figure is drawn from your own runs: start those above first.")
_SIDE = 4  # screen pixels a pixel
_PAPER = 128


def begun(needs: tuple[str, ...], runs: Mapping[str, str]) -> bool:
    """Whether all runs that a figure needs were begun; if not, it is said."""
    there = all(lab in runs for lab in needs)
    if not there:
        st.info(translate()(_NOT_BEGUN), icon=":material/info:")
    return there


def room(run_id: str, step: int | None = None) -> Room:
    """A run's saved moment, the newest where none is named. Raises PlaygroundError."""
    explorer = service.explorers().of(run_id)
    return explorer.room(explorer.newest() if step is None else step)


def attempt(work: Callable[[], T]) -> T | None:
    """What it finds; None where it cannot be had, and then it is said why."""
    _ = translate()
    try:
        return work()
    except PlaygroundError as error:
        st.warning(plain(_(error.template).format(**error.params)), icon=":material/info:")
        return None


def sheet(pictures: Tensor, columns: int) -> NDArray[np.uint8]:
    """(N, C, H, W) in [−1, 1] -> (height, width, 3) uint8: in rows of so many, a line apart, each pixel a square."""
    pixels = to_pixels(pictures).numpy().transpose(0, 2, 3, 1)
    pixels = np.broadcast_to(pixels, (*pixels.shape[:3], 3))
    count, height, width, _three = pixels.shape
    rows = -(-count // columns)
    out = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), _PAPER, np.uint8)
    for i, picture in enumerate(pixels):
        y, x = i // columns * (height + 1), i % columns * (width + 1)
        out[y : y + height, x : x + width] = picture
    return out.repeat(_SIDE, 0).repeat(_SIDE, 1)


def explore(run_id: str, tool: str) -> None:
    """The link to this run in the Latent Explorer."""
    _ = translate()
    st.page_link("latent.py", label=_("Explore this latent space"), icon=":material/explore:", query_params={"run": run_id, "tool": tool})  # fmt: skip


def scheme() -> str:
    """ "light" or "dark", as the page is drawn."""
    return "dark" if st.context.theme.type == "dark" else "light"


def moment(step: int) -> str:
    """Of which step something is."""
    _ = translate()
    return _("step {step}").format(step=number(step))
