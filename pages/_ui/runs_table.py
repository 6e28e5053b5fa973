"""The table of all runs: search, filters, sorting and pages, done by the index; live, and the same for ten or ten thousand."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import streamlit as st

from gan_core import registry
from gan_core.config import fields
from gan_core.errors import PlaygroundError
from gan_core.runs import stills
from gan_core.runs.index import Query
from gan_core.runs.listing import ACTIVE, Row
from gan_core.text import N_, told
from pages._ui import service
from pages._ui.data_note import row_data, run_title
from pages._ui.failures import plain
from pages._ui.i18n import number
from pages._ui.live_words import LABELS
from pages._ui.owner import owner_id
from pages._ui.run_names import device_name

Translate = Callable[[str], str]

PAGE_ROWS = 50
LIVE_SECONDS, IDLE_SECONDS = 2.0, 10.0  # between two looks at the table, while anything trains and while nothing does
_THUMB = 56  # pixels
_THUMB_SECONDS = 20.0
_DELETED = "deleted"
STATUSES = {
    "": N_("All runs"),
    "active": N_("Training or waiting"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "stopped": N_("Stopped"),
    "failed": N_("Failed"),
    _DELETED: N_("Deleted"),
}
SORTS = {
    "created": N_("Started"),
    "saved": N_("Last saved"),
    "name": N_("Name"),
    "dataset": N_("Data"),
    "status": N_("Status"),
    "step": N_("Steps"),
    "seconds": N_("Training time"),
    "quality": N_("High quality"),
    "swd": N_("Sliced Wasserstein distance"),
    "size": N_("Size on disk"),
}


@dataclass
class RunsTable:
    """The table and what is chosen in it: the run in the address (`?run=`), or several by their ids."""

    _: Translate
    live: bool = False  # whether anything trains

    @property
    def every(self) -> float:
        """Seconds between two looks."""
        return LIVE_SECONDS if self.live else IDLE_SECONDS

    @property
    def shows_deleted(self) -> bool:
        """Whether it lists deleted runs."""
        return bool(st.session_state.get("runs.status") == _DELETED)

    @property
    def chosen(self) -> list[str]:
        """Ids of the chosen runs."""
        found: list[str] = st.session_state.setdefault("runs.chosen", [])
        asked = st.query_params.get("run")
        return [asked] if asked and asked not in found else found

    def choose(self, run_ids: list[str]) -> None:
        """Choose these instead; one of them is kept in the address."""
        st.session_state["runs.chosen"] = run_ids
        if len(run_ids) == 1:
            st.query_params["run"] = run_ids[0]
        else:
            st.query_params.pop("run", None)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self) -> None:
        """Limits, filters, rows, pages."""
        self.live = service.scheduler().anything_trains()
        st.fragment(self._limits, run_every=self.every)()
        query = self._filters()
        st.fragment(self._rows, run_every=self.every)(query)

    def _limits(self) -> None:
        _ = self._
        places = service.scheduler().places(owner_id())
        used, quota = service.scheduler().store.index.bytes_used(), service.scheduler().quota_bytes
        parts = [
            _("**{n} of {limit}** places for training in use").format(n=places.running, limit=places.limit),
            _("yours: **{n} of {limit}**").format(n=places.own_running, limit=places.own_limit),
            _("waiting: **{n}**").format(n=places.waiting),
            _("disk: **{used} of {quota}**").format(used=_bytes(used), quota=_bytes(quota or 0)),
        ]
        st.caption(
            " · ".join(parts),
            help=_("More runs than places wait in the order they came. When the disk's share is used up, deleted runs go first, then the "
                   "history of runs saved longest ago; a run's settings, curves, newest and best checkpoint always stay."),
        )  # fmt: skip

    def _filters(self) -> Query:
        _ = self._
        with st.container(horizontal=True, vertical_alignment="bottom", key="runs-filters"):
            text = st.text_input(
                _("Search"), key="runs.text", placeholder=_("Name, tag, note, data, loss …"), max_chars=200
            )
            status = st.selectbox(_("Show"), list(STATUSES), key="runs.status", format_func=lambda s: _(STATUSES[s]))
            tags = st.multiselect(
                _("Tags"), [name for name, _count in service.scheduler().store.index.tags()],
                key="runs.tags", placeholder=_("Any"),
            )  # fmt: skip
            sort = st.selectbox(_("Sort by"), list(SORTS), key="runs.sort", format_func=lambda s: _(SORTS[s]))
            up = st.toggle(_("Lowest first"), key="runs.up")
            mine = st.toggle(_("Mine only"), key="runs.mine")
        deleted = status == _DELETED
        return Query(
            text=text, tags=tuple(tags), status="" if deleted else status, deleted=deleted,
            owner=owner_id() if mine else "", sort=sort, descending=not up, limit=PAGE_ROWS,
        )  # fmt: skip

    def _rows(self, query: Query) -> None:
        _ = self._
        key = f"runs.page.{hash(query)}"  # another search begins at its first page
        page = int(st.session_state.get(key, 1))
        try:
            rows, total = service.scheduler().rows(replace(query, offset=(page - 1) * PAGE_ROWS))
        except PlaygroundError as error:
            st.error(plain(told(error, _)), icon=":material/error:")
            return
        if not rows and page > 1:  # the last run of the last page is gone
            del st.session_state[key]
            st.rerun(scope="fragment")
        if service.scheduler().anything_trains() != self.live:
            st.rerun()  # with another pace
        if not rows:
            st.info(self._nothing(query), icon=":material/search:")
            return
        first = (page - 1) * PAGE_ROWS
        st.caption(_("{first}–{last} of {total}. Tick a row to see more of it.").format(
            first=number(first + 1), last=number(first + len(rows)), total=number(total)))  # fmt: skip
        self._table(rows)
        if total > PAGE_ROWS:
            st.pagination(-(-total // PAGE_ROWS), key=key)

    def _nothing(self, query: Query) -> str:
        _ = self._
        if query.deleted:
            return _("No run was deleted.")
        if query.text or query.tags or query.status or query.owner:
            return _("No run matches. Search for less, or show all runs.")
        return _("Nothing has been trained here yet. Start a run on the Home page or in one of the labs.")

    def _table(self, rows: list[Row]) -> None:
        ids = [row.id for row in rows]
        chosen = [i for i, run_id in enumerate(ids) if run_id in self.chosen]
        # Another key when rows come, go or move: the browser keeps a selection by its place in the table.
        key = f"runs.table.{hash((tuple(ids), self._('Name')))}"

        def changed() -> None:
            picked = st.session_state[key]["selection"]["rows"]
            self.choose([ids[i] for i in picked if i < len(ids)])
            st.session_state["runs.changed"] = True

        st.dataframe(
            self._columns(rows), key=key, hide_index=True, row_height=_THUMB + 8, height=min(len(rows), 7) * (_THUMB + 8) + 38,
            column_config=self._config(), on_select=changed, selection_mode="multi-row",
            placeholder="–", alt=self._("Table of runs"),
            selection_default={"selection": {"rows": chosen, "columns": [], "cells": []}},
        )  # fmt: skip
        if st.session_state.pop("runs.changed", False):
            st.rerun()  # the panel beneath is outside of this fragment

    def _columns(self, rows: list[Row]) -> dict[str, list[Any]]:
        _ = self._
        return {
            "picture": [_thumbnail(row) for row in rows],
            "name": [run_title(row, _) for row in rows],
            "status": [status(row, _) for row in rows],
            "progress": [None if row.progress is None else 100 * row.progress for row in rows],
            "step": [row.step for row in rows],
            "seconds": [row.seconds for row in rows],
            "quality": [100 * q if (q := row.metrics.get("quality")) is not None else None for row in rows],
            "swd": [row.metrics.get("swd") for row in rows],
            "data": [row_data(row, _) for row in rows],
            "loss": [_objective(row.loss, _) for row in rows],
            "tags": [list(row.tags) for row in rows],
            "device": [device_name(row.device, _) for row in rows],
            "created": [_moment(row.created) for row in rows],
            "size": [row.size / 1e6 for row in rows],
        }  # fmt: skip

    def _config(self) -> dict[str, Any]:
        _, c = self._, st.column_config
        metric = {e.name: e for e in registry.metric.entries()}
        words = {f.name: _(f.spec.title) for f in fields()}
        return {
            "picture": c.ImageColumn("", width=_THUMB + 16, pinned=True),
            "name": c.TextColumn(_("Name"), width="medium"),
            "status": c.TextColumn(_("Status"), width=110),
            "progress": c.ProgressColumn(_("Schedule"), width=110, min_value=0, max_value=100, format="%.0f%%",
                                         help=_("How much of the learning-rate schedule has been used up.")),
            "step": c.NumberColumn(_("Steps"), width=90, format="localized"),
            "seconds": c.NumberColumn(_("Time"), width=80, format=_("{seconds} s").format(seconds="%.0f"), help=_("Seconds of training.")),
            "quality": c.NumberColumn(_(metric["quality"].title), width=100, format="%.1f%%", help=_(metric["quality"].help)),
            "swd": c.NumberColumn(_("Distance"), width=90, format="%.4f", help=_(metric["swd"].title) + ". " + _(metric["swd"].help)),
            "data": c.TextColumn(words["data.name"], width=150),
            "loss": c.TextColumn(words["loss"], width=130),
            "tags": c.ListColumn(_("Tags"), width=130),
            "device": c.TextColumn(_("Device"), width=90),
            "created": c.DatetimeColumn(_("Started"), width=140, format="YYYY-MM-DD HH:mm", timezone=st.context.timezone or "UTC"),
            "size": c.NumberColumn(_("Disk"), width=80, format="%.1f MB"),
        }  # fmt: skip


def _bytes(n: int) -> str:
    """In the unit that a person would choose."""
    return f"{number(n / 1e9, 1)} GB" if n >= 1e9 else f"{number(n / 1e6, 0)} MB"


def status(row: Row, _: Translate) -> str:
    """Its status in words."""
    if row.problem:
        return _("Damaged")
    label = LABELS.get(f"status.{row.status}")
    return _(label) if label else row.status


def _objective(name: str, _: Translate) -> str:
    """What a run minimises, in words: its loss, or the method that has one of its own."""
    for known in (registry.loss, registry.method):
        if name in known:
            return _(known[name].title)
    return name


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _thumbnail(row: Row) -> str | None:
    """A data address, so that a page of rows is one message and the picture needs no permission of its own. That of a run which
    trains is renewed now and then: the table blinks where a picture changes."""
    now = int(time.monotonic() / _THUMB_SECONDS) if row.status in ACTIVE else row.saved
    return _small(row.id, row.deleted, now)


@lru_cache(maxsize=1024)
def _small(run_id: str, deleted: bool, _version: int | str) -> str | None:
    picture = service.scheduler().store.still(run_id, deleted=deleted)
    small = stills.resized(picture, (2 * _THUMB, 2 * _THUMB)) if picture else None
    return "data:image/webp;base64," + base64.b64encode(small).decode("ascii") if small else None
