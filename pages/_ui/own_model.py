"""Models of one's own in the Latent Explorer: a file is brought, kept, explored like a run, and deleted again."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.config import DISTRIBUTIONS
from gan_core.errors import PlaygroundError
from gan_core.latent.models import LARGEST_MB, LARGEST_ONNX_MB, is_model, is_onnx
from gan_core.latent.onnx_models import Answers, Found
from gan_core.latent.onnx_worker import MOST_CLASSES, MOST_DIM, TRIAL
from gan_core.text import N_, joined, told
from pages._ui import file_box, service
from pages._ui.failures import plain
from pages._ui.i18n import number
from pages._ui.owner import owner_id

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

Translate = Callable[[str], str]

_VALUES = {
    "": N_("As its samples say"),
    "signed": N_("From −1 to 1"),
    "unit": N_("From 0 to 1"),
    "bytes": N_("From 0 to 255"),
}
_TURN, _FOUND = "latent.model.turn", "latent.model.found"


def own_model(chosen: str, _: Translate) -> None:
    """The button, and inside: a file to bring, and what was brought."""
    turn = st.session_state.setdefault(_TURN, 0)  # after a file was taken, a closed popover with an empty uploader
    with st.popover(
        _("Own model"), icon=":material/upload_file:", key=f"latent.model.{turn}", on_change="rerun"
    ) as box:
        if box.open:
            _bring(turn, _)
            _brought(chosen, _)


def _bring(turn: int, _: Translate) -> None:
    file_box.translated(_, LARGEST_ONNX_MB)
    file = st.file_uploader(
        _("A generator as a file (.safetensors or .onnx)"), key=f"latent.model.file.{turn}", max_upload_size=LARGEST_ONNX_MB,
        help=_("A .safetensors file that was saved with \"Save generator\", of at most {size} MB; or a generator of any other program, exported as ONNX, of at most "
               "{onnx} MB. Pickled files (.pt, .pth, .pkl) are never opened: they could run code.").format(size=number(LARGEST_MB), onnx=number(LARGEST_ONNX_MB)),
    )  # fmt: skip
    if file is None:
        st.session_state.pop(_FOUND, None)
    elif is_onnx(bytes(file.getbuffer()[:9]), file.name):
        _bring_onnx(file, _)
    else:
        _keep(file.getvalue(), file.name, None, _)


def _keep(data: bytes, name: str, said: Answers | None, _: Translate) -> None:
    try:
        model = service.models().add(data, name, owner_id(), said)
    except PlaygroundError as error:
        _say(error, _)
        return
    st.session_state[_TURN] += 1
    st.session_state.pop(_FOUND, None)
    st.query_params.from_dict({"run": model.id})
    st.rerun()


def _say(error: PlaygroundError, _: Translate) -> None:
    st.error(plain(told(error, _)), icon=":material/error:")


# ── an ONNX file: what was found out, and what only its owner knows ──────────────────────────────────────────────────────


def _bring_onnx(file: "UploadedFile", _: Translate) -> None:
    if st.session_state.get(_FOUND, ("",))[0] != file.file_id:
        with st.spinner(_("Looking into the file …")):
            try:
                found: Found | PlaygroundError = service.models().look_into(file.getvalue(), file.name, Answers())
            except PlaygroundError as error:
                found = error
        st.session_state[_FOUND] = file.file_id, found
    found = st.session_state[_FOUND][1]
    if isinstance(found, PlaygroundError):
        _say(found, _)
        return
    st.caption(_sentence(found, _))
    problem = st.container()  # above the form, where it is seen without scrolling
    with st.form("latent.model.onnx", border=False):
        said = _asked(found, _)
        if st.form_submit_button(_("Explore it"), icon=":material/explore:", type="primary"):
            with problem, st.spinner(_("Drawing its first pictures …")):
                _keep(file.getvalue(), file.name, said, _)


def _sentence(found: Found, _: Translate) -> str:
    """What goes in and what comes out, as far as it was found out."""
    parts = [_("In: noise of {dim} numbers.").format(dim=number(found.dim)) if found.dim else _("In: noise, of a size that the file leaves open.")]  # fmt: skip
    if found.label:
        parts.append(_("And a class, one of {count}.").format(count=number(found.classes)) if found.counted else _("And a class."))  # fmt: skip
    if found.full is not None and found.plan is not None:
        channels, height, width = found.full
        text = _("Out: pictures of {width} × {height} pixels in colour.") if channels == 3 else _("Out: pictures of {width} × {height} pixels in grey.")  # fmt: skip
        parts.append(text.format(width=number(width), height=number(height)))
        if found.full != found.plan.shape:
            shown = found.plan.shape
            parts.append(_("They are explored at {width} × {height}.").format(width=number(shown[2]), height=number(shown[1])))  # fmt: skip
    return joined(*parts)


def _asked(found: Found, _: Translate) -> Answers:
    latent, dim, classes = "", 0, 0
    if len(found.latents) > 1:
        latent = st.selectbox(
            _("Which input is the noise"), found.latents, index=found.latents.index(found.latent), format_func=plain,
            help=_("The file takes several lists of numbers. One is the noise; the other one is the class."),
        )  # fmt: skip
    if found.free:
        dim = int(st.number_input(
            _("Latent size"), 1, MOST_DIM, found.dim or 100, help=_("How many random numbers the generator starts from. Often 100, 128 or 512; whoever trained it knows."),
        ))  # fmt: skip
    if found.label and not found.counted:
        classes = int(st.number_input(
            _("Number of classes"), 1, MOST_CLASSES, found.classes or 10, help=_("How many kinds of pictures the generator can be asked for."),
        ))  # fmt: skip
    distribution = st.selectbox(
        _("Latent distribution"), list(DISTRIBUTIONS), format_func=lambda one: _(DISTRIBUTIONS[one]),
        help=_("What the noise was drawn from in training. If you do not know: Gaussian, the usual choice."),
    )  # fmt: skip
    seen = found.plan is not None
    options = [one for one in _VALUES if one or not seen]
    more = _(" {count} of its samples have values from {low} to {high}.").format(count=TRIAL, low=number(found.low, 2), high=number(found.high, 2)) if seen else ""  # fmt: skip
    values = st.selectbox(
        _("Value range of its pictures"), options, index=options.index(found.values) if seen else 0, format_func=lambda one: _(_VALUES[one]),
        help=_("Which numbers stand for black and for white. Wrong, and all pictures are too dark, too pale or too harsh.") + more,
    )  # fmt: skip
    return Answers(latent if latent != found.latent else "", dim, classes, distribution, values)


def _brought(chosen: str, _: Translate) -> None:
    for model in service.models().of(owner_id()):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(model.name), width="stretch")
            if model.id != chosen and st.button(
                _("Explore"), icon=":material/explore:", key=f"latent.model.go.{model.id}"
            ):
                st.query_params.from_dict({"run": model.id})
                st.rerun()
            if st.button(_("Delete"), icon=":material/delete:", key=f"latent.model.delete.{model.id}"):
                _delete(model.id, chosen, _)


def _delete(model_id: str, chosen: str, _: Translate) -> None:
    try:
        service.models().remove(model_id)
    except PlaygroundError as error:
        _say(error, _)
        return
    if is_model(chosen) and model_id == chosen:
        st.query_params.clear()
    st.rerun()
