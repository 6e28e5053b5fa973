"""A run from another server: its ZIP is brought, looked into, and becomes a run of the visitor."""

from collections.abc import Callable

import streamlit as st

from gan_core.errors import PlaygroundError
from gan_core.text import N_, told
from pages._ui import service
from pages._ui.bring import drop_zone, held
from pages._ui.failures import plain
from pages._ui.i18n import language, translate
from pages._ui.owner import owner_id
from pages._ui.uploads import Tray

TITLE = N_("Import a run")
_OPEN, _TRAY, _PROBLEM, DONE = "runs.import.open", "runs.import.tray", "runs.import.problem", "runs.import.done"


class ImportRun:
    """The button and its dialog; `choose` is told the ids of the runs that shall be seen."""

    def __init__(self, choose: Callable[[list[str]], None]) -> None:
        self.choose, self.owner = choose, owner_id()

    def button(self) -> None:
        """A button that opens the dialog."""
        _ = translate()
        st.button(_(TITLE), icon=":material/unarchive:", key="runs.import", on_click=self._open,
                  help=_("A run that was taken away as \"Whole run (ZIP)\", here or on another server, becomes one of yours."))  # fmt: skip

    def show(self) -> None:
        """The dialog, while it is open; what came of it, once."""
        _ = translate()
        if st.session_state.pop(DONE, None):
            st.success(_("The run is here. It rests where it was saved: open it in its lab, explore it, or train on."), icon=":material/check_circle:")  # fmt: skip
        if st.session_state.get(_OPEN):
            st.dialog(_(TITLE), on_dismiss=self._close)(self._dialog)()

    def _open(self) -> None:
        st.session_state[_OPEN] = True

    def _close(self) -> None:
        st.session_state.pop(_OPEN, None)
        st.session_state.pop(_PROBLEM, None)
        self._give_up()

    def _give_up(self) -> None:
        if known := st.session_state.pop(_TRAY, None):
            service.arrivals().remove(known, self.owner)

    def _tray(self) -> Tray:
        arrivals = service.arrivals()
        known = st.session_state.get(_TRAY)
        tray = (arrivals.get(known, self.owner) if known else None) or arrivals.new(self.owner)
        st.session_state[_TRAY] = tray.id
        held(tray.id)
        return tray

    def _dialog(self) -> None:
        _ = translate()
        st.caption(
            _(
                'A file that "Export" → "Whole run (ZIP)" has made. Nothing in it is executed: whatever is no part of a run refuses the whole.'
            )
        )
        if problem := st.session_state.get(_PROBLEM):
            st.error(plain(told(problem, _)), icon=":material/error:")
        try:
            tray = self._tray()
            if tray.given:
                self._take(tray, _)
                return
            drop_zone(
                tray,
                service.arrivals().limits,
                f"runs.import.bring.{tray.id}",
                language().replace("_", "-"),
                _,
                variant="run",
            )
        except PlaygroundError as error:
            st.error(plain(told(error, _)), icon=":material/error:")

    def _take(self, tray: Tray, _: Callable[[str], str]) -> None:
        """What has arrived becomes a run; or it is said why not, and another file can be chosen."""
        brought = tray.given[-1]
        st.session_state.pop(_PROBLEM, None)
        try:
            with st.spinner(_("Looking into the file …")):
                run_id = service.scheduler().take_in(brought.path, brought.name, self.owner, service.arrivals().limits)
        except PlaygroundError as error:
            st.session_state[_PROBLEM] = error
            self._give_up()
        else:
            self._close()
            self.choose([run_id])
            st.session_state[DONE] = True
        st.rerun()
