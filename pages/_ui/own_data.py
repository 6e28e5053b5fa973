"""Your own data: the dialog in which a distribution is drawn, typed, taken from a picture, or imported as a table."""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core.config import SCALINGS, RunConfig
from gan_core.data import csv_text, drawing, table
from gan_core.data.csv_text import Columns, Sheet
from gan_core.errors import DataError, PlaygroundError
from gan_core.text import N_, pair, told
from pages._ui import file_box, service
from pages._ui.charts import show_chart
from pages._ui.controls import new_data
from pages._ui.draw import drawing_board
from pages._ui.failures import plain
from pages._ui.i18n import number, translate
from pages._ui.theme import REAL

Translate = Callable[[str], str]
Apply = Callable[[dict[str, Any]], None]

TITLE = N_("Your own data")
TYPES = ["csv", "tsv", "txt"]
_SHOWN = 2000  # points of the preview


def own_data_button(page: str, config: RunConfig, apply: Apply) -> None:
    """A button that opens the dialog. `apply` takes the settings that result; it raises ConfigError and changes nothing."""
    _ = translate()
    if st.button(_(TITLE), icon=":material/draw:", key=f"{page}.own", width="stretch",
                 help=_("Draw a distribution, type a word, take a picture, or import two columns of a table.")):  # fmt: skip
        st.dialog(_(TITLE), width="medium", on_dismiss=lambda: _forget(page))(_dialog)(page, config, apply)


def last(page: str, name: str) -> str:
    """The drawing or the table that this visitor used last, "" for none."""
    return str(st.session_state.get(f"{page}.last.{name}", ""))


def _forget(page: str) -> None:
    """A file that was looked at and not used need not stay in memory."""
    st.session_state.pop(f"{page}.sheet", None)


def _dialog(page: str, config: RunConfig, apply: Apply) -> None:
    _ = translate()
    st.caption(_("Data cannot change while a run goes on: what you choose here waits for a new run."))
    board, sheet = st.tabs([_("Draw, type or take a picture"), _("Table (CSV)")])
    with board:
        _guarded(lambda: _board(page, config, apply, _), _)
    with sheet:
        _guarded(lambda: _table(page, config, apply, _), _)


def _guarded(draw: Callable[[], None], _: Translate) -> None:
    """What is wrong is said in its place."""
    try:
        draw()
    except PlaygroundError as error:
        st.error(plain(told(error, _)), icon=":material/error:")


def _use(page: str, config: RunConfig, name: str, changes: dict[str, Any], apply: Apply) -> None:
    """Make it the data of the next run and close the dialog. Raises ConfigError, DataError where that cannot be."""
    wanted = new_data(config, name, changes[f"data.{name}"]) | changes
    data_sets.load(settings.replace(config, wanted).data)
    apply(wanted)
    value = changes[f"data.{name}"]
    st.session_state[f"{page}.last.{name}"] = value
    _forget(page)
    st.rerun()


def _board(page: str, config: RunConfig, apply: Apply, _: Translate) -> None:
    shown = config.data.name == "drawing"
    present = config.data.drawing or drawing.encode(drawing.example()) if shown else last(page, "drawing")
    made = drawing_board(present, f"{page}.board", _)
    if made is not None:
        _use(page, config, "drawing", {"data.drawing": made}, apply)


# ── a table ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _table(page: str, config: RunConfig, apply: Apply, _: Translate) -> None:
    file_box.translated(_, types=TYPES)
    file = st.file_uploader(
        _("A text file with columns of numbers"), type=TYPES, key=f"{page}.upload",
        help=_("Commas, semicolons, tabs or spaces between columns, names in the first row or none; at most {rows} rows.")
        .format(rows=number(csv_text.MOST_ROWS)),
    )  # fmt: skip
    if file is None:
        _present(config, _)
        return
    sheet = _sheet(page, file, _)
    if isinstance(sheet, DataError):
        raise sheet
    names = {i: sheet.names[i] for i in sheet.numeric}
    left, right, below = st.columns(3)
    # Another file has other columns: under the same key the browser would go on showing a name of the last file.
    x = left.selectbox(_("To the right"), list(names), format_func=names.__getitem__, key=f"{page}.x.{file.file_id}")
    y = right.selectbox(
        _("Upwards"), list(names), index=1, format_func=names.__getitem__, key=f"{page}.y.{file.file_id}"
    )
    scaling = settings.field("data.scaling").spec
    chosen = below.selectbox(_(scaling.title), list(SCALINGS), format_func=lambda code: _(SCALINGS[code]),
                             key=f"{page}.scaling", help=f"{_(scaling.help)}\n\n{_(scaling.more)}")  # fmt: skip
    if x == y:
        st.error(_("Choose two different columns."), icon=":material/error:")
        return
    found = _columns(page, sheet, x, y)
    _said(found, sheet, _)
    if len(found.points):
        _picture(found.points, names[x], names[y], page)
    if st.button(_("Use this data"), type="primary", icon=":material/check:", key=f"{page}.use-table"):
        name = table.keep(found.points, (names[x], names[y]), service.scheduler().store.root)
        _use(page, config, "table", {"data.table": name, "data.scaling": chosen}, apply)


def _present(config: RunConfig, _: Translate) -> None:
    if config.data.name == "table" and config.data.table:
        said = table.summary(config.data)
        text = _("Now: {x} and {y}, {rows} rows.").format(x=said["x"], y=said["y"], rows=number(said["rows"]))
        st.caption(plain(text))


def _sheet(page: str, file: Any, _: Translate) -> Sheet | DataError:
    """What is in the chosen file, or why it is no table; read once."""
    key = f"{page}.sheet"
    kept = st.session_state.get(key)
    if kept is None or kept[0] != file.file_id:
        with st.spinner(_("Reading the file")):
            kept = st.session_state[key] = (file.file_id, _read(file.getvalue()), {})
    sheet: Sheet | DataError = kept[1]
    return sheet


def _read(raw: bytes) -> Sheet | DataError:
    try:
        return csv_text.read(raw)
    except DataError as error:
        return error


def _columns(page: str, sheet: Sheet, x: int, y: int) -> Columns:
    kept = st.session_state[f"{page}.sheet"][2]
    if (x, y) not in kept:
        kept.clear()
        kept[x, y] = csv_text.columns(sheet, x, y)
    found: Columns = kept[x, y]
    return found


def _said(found: Columns, sheet: Sheet, _: Translate) -> None:
    """How many rows there are, which were skipped, and a doubt about the encoding."""
    if sheet.encoding == "latin-1":
        st.caption(
            _("The file is not UTF-8 and was read as Latin-1: letters with accents may be wrong, numbers are not.")
        )
    st.caption(_("Rows that can be used: {rows}.").format(rows=number(len(found.points))))
    if found.skipped:
        lines = [
            _("Rows skipped: {skipped}. They lack a number in one of the two columns.").format(
                skipped=number(found.skipped)
            )
        ]
        lines += [pair(_("Line {line}").format(line=number(line)), plain(text), _) for line, text in found.examples]
        st.warning("  \n".join(lines), icon=":material/rule:")


def _picture(points: NDArray[np.float64], x: str, y: str, page: str) -> None:
    """Some of the rows as points, spread over the whole file."""
    shown = points[np.linspace(0, len(points) - 1, min(len(points), _SHOWN)).astype(int)]
    dark = st.context.theme.type == "dark"
    figure = go.Figure(go.Scattergl(x=shown[:, 0], y=shown[:, 1], mode="markers", hoverinfo="x+y",
                                    marker={"size": 4, "color": REAL["dark" if dark else "light"], "opacity": 0.6}))  # fmt: skip
    figure.update_layout(
        height=300, margin={"l": 8, "r": 8, "t": 8, "b": 8}, xaxis={"title": _label(x)}, yaxis={"title": _label(y)}
    )
    show_chart(figure, f"{page}.table-preview", translate(), {"displayModeBar": False})


def _label(text: str) -> str:
    """Plotly reads a few tags in titles."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
