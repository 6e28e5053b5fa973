"""Files that were made on a thread (`FileJob`) on their way to a browser: streamed from the disk, never held in a session."""

import secrets
import threading
import weakref
from collections.abc import Callable

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from gan_core.export.job import FileJob
from gan_core.text import told
from pages._ui import tokens
from pages._ui.failures import plain
from pages._ui.i18n import file_size, number, translate

Translate = Callable[[str], str]
FILES = "/api/files"
_lock = threading.Lock()
_offered: "weakref.WeakValueDictionary[str, FileJob]" = weakref.WeakValueDictionary()
_names: "weakref.WeakKeyDictionary[FileJob, str]" = weakref.WeakKeyDictionary()


def address(job: FileJob) -> str:
    """Where a browser gets the file of a job that is done, relative to any page; for as long as the job is kept."""
    with _lock:
        name = _names.setdefault(job, secrets.token_hex(8))
        _offered[name] = job
    return f"{FILES[1:]}/{tokens.files.issue(name, 'take')}"


async def take(request: Request) -> Response:
    """The file that a token names, as a download."""
    try:
        grant = tokens.files.check(request.path_params["token"])
    except tokens.TokenError:
        grant = None
    with _lock:
        job = _offered.get(grant.run) if grant is not None else None
    if job is None or job.status != "done" or not job.path.is_file():
        return PlainTextResponse("This file is not kept any more. Make it again on the page.", 404)
    return FileResponse(
        job.path, media_type="application/octet-stream", filename=job.name, headers={"Cache-Control": "no-store"}
    )


def kept(page: str, run_id: str | None, kind: str) -> FileJob | None:
    """The job of this kind and run that was last asked for here."""
    found: FileJob | None = st.session_state.get(f"{page}.{kind}")
    return found if found is not None and found.run == run_id else None


def begin(page: str, job: FileJob) -> None:
    """Keep a new job in the place of another one of its kind, and draw the page."""
    if (before := st.session_state.get(f"{page}.{job.kind}")) is not None:
        before.discard()
    st.session_state[f"{page}.{job.kind}"] = job
    st.rerun()


def finished(page: str, job: FileJob, _: Translate) -> bool:
    """What became of a job that has ended; whether its file is offered."""
    if job.status == "done":
        try:
            size = job.size
        except OSError:  # whoever tidies temporary folders was here
            st.session_state.pop(f"{page}.{job.kind}")
            return False
        text = _("Download {file}").format(file=job.name)
        st.link_button(text, address(job), icon=":material/download:", width="stretch")
        st.caption(file_size(size))
        return True
    if job.status == "failed" and job.error is not None:
        st.error(plain(told(job.error, _)), icon=":material/error:")
    return False


def progress(job: FileJob) -> None:
    """How far it is; the whole page once, when it is done."""
    _ = translate()
    if not job.is_active:
        st.rerun()
    text = _("Waiting for another file") if job.status == "waiting" else _("Making {file}").format(file=job.name)
    if job.kind == "film" and job.status != "waiting":
        text = _("Picture {done} of {total}").format(done=number(job.done), total=number(job.total))
    st.progress(min(job.share, 1.0), text)
    if st.button(_("Cancel"), icon=":material/close:", key=f"{job.kind}.{id(job)}.cancel"):
        job.cancel()
