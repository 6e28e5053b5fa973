"""Models of one's own in the Latent Explorer: a file is brought, kept, explored like a run, and deleted again."""

from collections.abc import Callable

import streamlit as st

from gan_core.errors import PlaygroundError
from gan_core.latent.models import LARGEST_MB, is_model
from pages._ui import service
from pages._ui.failures import plain
from pages._ui.i18n import number
from pages._ui.owner import owner_id

Translate = Callable[[str], str]


def own_model(chosen: str, _: Translate) -> None:
    """The button, and inside: a file to bring, and what was brought."""
    with st.popover(_("Own model"), icon=":material/upload_file:", key="latent.model", on_change="rerun") as box:
        if box.open:
            _bring(_)
            _brought(chosen, _)


def _bring(_: Translate) -> None:
    turn = st.session_state.setdefault("latent.model.turn", 0)
    file = st.file_uploader(
        _("A generator that was saved with \"Save generator\""), key=f"latent.model.file.{turn}", max_upload_size=LARGEST_MB,
        help=_("A .safetensors file of at most {size} MB, from this app on any machine. Pickled files (.pt, .pth, .pkl) are never opened: they could run code.")
        .format(size=number(LARGEST_MB)),
    )  # fmt: skip
    if file is None:
        return
    try:
        model = service.models().add(file.getvalue(), file.name, owner_id())
    except PlaygroundError as error:
        st.error(plain(_(error.template).format(**error.params)), icon=":material/error:")
        return
    st.session_state["latent.model.turn"] = turn + 1  # an empty uploader next time
    st.query_params.clear()
    st.query_params["run"] = model.id
    st.rerun()


def _brought(chosen: str, _: Translate) -> None:
    for model in service.models().of(owner_id()):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(model.name), width="stretch")
            if model.id != chosen and st.button(
                _("Explore"), icon=":material/explore:", key=f"latent.model.go.{model.id}"
            ):
                st.query_params.clear()
                st.query_params["run"] = model.id
                st.rerun()
            if st.button(_("Delete"), icon=":material/delete:", key=f"latent.model.delete.{model.id}"):
                _delete(model.id, chosen, _)


def _delete(model_id: str, chosen: str, _: Translate) -> None:
    try:
        service.models().remove(model_id)
    except PlaygroundError as error:
        st.error(plain(_(error.template).format(**error.params)), icon=":material/error:")
        return
    if is_model(chosen) and model_id == chosen:
        st.query_params.clear()
    st.rerun()
