"""What the server runs with: options of the command, and Streamlit's own settings, forced on every way of starting."""

import gc
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from streamlit import config

from gan_core.errors import PlaygroundError
from gan_core.pictures.limits import Limits
from gan_core.runs.store import data_dir
from pages._ui.theme import theme_options

# The server depends on these, so neither a config file nor a flag may change them.
FORCED: Mapping[str, object] = {
    "runner.postScriptGC": False,  # a full collection after every script holds the GIL for 150 ms and starves training
    "runner.magicEnabled": False,  # a bare expression in a page is a mistake, not output
    "server.fileWatcherType": "none",  # a reloaded module would be a second scheduler
    "server.runOnSave": False,
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",  # a traceback goes to the log, never to a visitor
    "client.showErrorLinks": False,
    "server.maxUploadSize": 200,  # MB; uploads are held in memory
    "server.enableWebsocketCompression": False,  # see _compress_nothing
    **theme_options(),
}


@dataclass(frozen=True)
class ServeOptions:
    """How to serve. Under `streamlit run` and plain uvicorn only Streamlit's options and the environment count.

    data_dir: None means GAN_PLAYGROUND_DATA_DIR, else ~/gan-playground. allow_origin: origins of other pages that may
    connect, beside those in GAN_PLAYGROUND_ALLOW_ORIGIN (separated by commas). max_runs, max_per_owner: runs that train
    at once. grace_seconds: how long a run that nobody watches goes on. engine: None means GAN_PLAYGROUND_ENGINE, else auto.
    picture_limits: how much is taken of pictures of one's own. pictures_folder: its folders may be chosen as data; None: none may. plugin_problems: of plugins that could not be loaded.
    tensorboard: files for TensorBoard are written of all runs.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    data_dir: Path | None = None
    browser: bool = True
    allow_origin: tuple[str, ...] = ()
    grace_seconds: float = 600.0
    max_runs: int = 8
    max_per_owner: int = 4
    quota_gb: float = 20.0
    engine: str | None = None
    picture_limits: Limits = field(default_factory=Limits)
    pictures_folder: Path | None = None
    plugin_problems: tuple[PlaygroundError, ...] = ()
    tensorboard: bool = False

    @property
    def folder(self) -> Path:
        """The data folder."""
        return data_dir(self.data_dir)

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach the server: then runs that belong to no browser are its user's."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def origins(self) -> tuple[str, ...]:
        """All origins that may connect beside our own."""
        named = os.environ.get("GAN_PLAYGROUND_ALLOW_ORIGIN", "").split(",")
        return self.allow_origin + tuple(origin.strip() for origin in named if origin.strip())


_options: ServeOptions | None = None


def use(options: ServeOptions) -> None:
    """Make `options` those of this process, Streamlit's port, address and allowed origins included."""
    global _options
    _options = options
    force()


def options() -> ServeOptions:
    """The options of this process."""
    return _options or ServeOptions()


def force() -> None:
    """Set what the server depends on, now and again whenever Streamlit reads its configuration anew.

    Streamlit throws every option away and parses again when a config file changes, which would undo this silently.
    """
    _apply()
    _compress_nothing()
    for disconnect in _reapply:
        disconnect()
    _reapply[:] = [config.on_config_parsed(_apply, force_connect=True)]


_reapply: list[Callable[[], None]] = []


def _compress_nothing() -> None:
    """Frames hardly shrink, and each viewer's would be compressed anew: nine times the work with thirty viewers.

    Under plain uvicorn compression is the default, and its Config exists before the app is imported: hence the class.
    """
    never = property(lambda _config: False, lambda _config, _value: None)
    setattr(uvicorn.Config, "ws_per_message_deflate", never)  # noqa: B010 - its type is bool to a type checker


def _apply() -> None:
    for name, value in FORCED.items():
        _set(name, value)
    if _options is not None:
        _set("server.address", _options.host)
        _set("server.port", _options.port)
        _set("server.headless", True)  # this process opens the browser itself
    known = list(config.get_option("server.corsAllowedOrigins"))
    _set("server.corsAllowedOrigins", known + [origin for origin in options().origins if origin not in known])


def _set(name: str, value: object) -> None:
    if config.get_option(name) != value:
        config.set_option(name, value, where_defined="GAN Playground")


def freeze_imports() -> None:
    """Take everything imported so far out of later garbage collections; call it once the imports are done."""
    gc.collect()
    gc.freeze()


def unfreeze_imports() -> None:
    """Let the interpreter take everything apart when it ends; some libraries complain about what is left over."""
    gc.unfreeze()


def base_path() -> str:
    """The path that the app is served under: "" or "/prefix", from Streamlit's server.baseUrlPath."""
    path = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""
