"""The server: `streamlit run app.py`, `uvicorn app:app` and `gan-playground` all serve this."""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # `pages` is found beside this file, in a checkout and inside the installed package

from gan_core import heaps
from pages._ui import late_refreshes, settings
from pages._ui.failures import show_failure
from pages._ui.owner import OwnerCookie
from pages._ui.routes import routes
from pages._ui.service import PlainStartupErrors, lifespan

heaps.share()
settings.force()
late_refreshes.drop_them()

app = st.App(
    HERE / "pages" / "_shell.py",
    routes=routes(),
    lifespan=lifespan,
    middleware=[Middleware(PlainStartupErrors), Middleware(OwnerCookie, path=settings.base_path() or "/")],
    on_script_error=show_failure,
)
