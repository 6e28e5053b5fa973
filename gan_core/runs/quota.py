"""How much the data folder may hold, and what goes first when that is too little.

In this order, and never from a run that is in use: deleted runs, those deleted first before the others; history and event files, of the runs
saved longest ago; all their checkpoints but the newest and the best. Settings, journals, curves, names, favourites with what they pin,
the newest and the best checkpoint are never removed: then new runs are refused.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from functools import partial

from gan_core.errors import RunError
from gan_core.runs.index import Query
from gan_core.runs.listing import Row
from gan_core.runs.store import Store
from gan_core.text import N_

log = logging.getLogger(__name__)

LOW_WATER = 0.9  # of the quota: room is made down to this, so that it is not made again at once
FULL = N_("The data folder holds {used} GB of the {quota} GB it may hold, and nothing more can be removed from it by itself. Delete "
          "runs on the Runs page, or start the server with a larger --quota.")  # fmt: skip

NO_ROOM = N_("This run takes {size} MB, and the data folder has room for {left} MB. Delete runs on the Runs page, or start the server with a larger --quota.")  # fmt: skip


def check(store: Store, limit: int, in_use: set[str]) -> None:
    """Raise RunError when there is no room for a new run, after making what room there is."""
    if store.index.bytes_used() > limit and make_room(store, limit, in_use) > limit:
        used = store.index.bytes_used()
        raise RunError(FULL, used=f"{used / 1e9:.2f}", quota=f"{limit / 1e9:.2f}")


def check_arrival(store: Store, limit: int, needed: int) -> None:
    """Raise RunError when a run of so many bytes, which comes from elsewhere, would fill the data folder: nothing is removed for it."""
    used = store.index.bytes_used()
    if used + needed > limit:
        raise RunError(NO_ROOM, size=f"{needed / 1e6:.0f}", left=f"{max(0, limit - used) / 1e6:.0f}")


def make_room(store: Store, limit: int, in_use: set[str]) -> int:
    """Remove what may go until the data folder is well within `limit` bytes; how many it holds then."""
    store.index.refresh()
    used = store.index.bytes_used()
    if used <= limit:
        return used
    for what, remove in _expendable(store, in_use):
        if store.index.bytes_used() <= LOW_WATER * limit:
            break
        log.info("the data folder is over its quota: %s", what)
        remove()
    return store.index.bytes_used()


def _expendable(store: Store, in_use: set[str]) -> Iterator[tuple[str, Callable[[], None]]]:
    for row in _oldest(store, deleted=True):
        yield f"deleted run {row.id} is removed for good", partial(_purge, store, row.id)
    for row in _oldest(store, deleted=False):
        if row.id not in in_use and not store.folder(row.id).is_held_elsewhere:
            yield f"history of run {row.id} is removed", partial(_trim, store, row.id)


def _purge(store: Store, run_id: str) -> None:
    with contextlib.suppress(RunError):  # somebody has just brought it back, or removed it
        store.purge(run_id)


def _trim(store: Store, run_id: str) -> None:
    """Locked, so that nobody opens or deletes it meanwhile."""
    folder = store.folder(run_id)
    with contextlib.suppress(RunError):  # somebody was quicker
        folder.lock()
        try:
            folder.trim()
        finally:
            folder.unlock()
    store.index.note(run_id)


def _oldest(store: Store, *, deleted: bool) -> list[Row]:
    """All of them, those saved longest ago first."""
    total = store.index.find(Query(deleted=deleted, limit=1))[1]
    return store.index.find(Query(deleted=deleted, sort="saved", descending=False, limit=max(1, total)))[0]
