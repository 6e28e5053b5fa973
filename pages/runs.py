"""Runs: everything trained here, in one table that can be searched; the chosen run beneath it."""

import streamlit as st

from pages._ui.i18n import translate
from pages._ui.import_run import ImportRun
from pages._ui.run_panel import RunPanel
from pages._ui.runs_table import RunsTable


def draw() -> None:
    """The page."""
    _ = translate()
    table = RunsTable(_)
    bring = ImportRun(table.choose)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(_("Runs"), anchor=False)
        bring.button()
    bring.show()
    table.draw()
    RunPanel(table, _).draw()


draw()
