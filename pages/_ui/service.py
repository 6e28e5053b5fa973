"""The one scheduler of this process: made when the server starts, saved and closed when it stops."""

import atexit
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gan_core import engine
from gan_core.errors import PlaygroundError, RunError
from gan_core.text import N_
from pages._ui import settings
from pages._ui.owner import owner_id

if TYPE_CHECKING:
    from gan_core.engine.orders import Part
    from gan_core.latent.explorer import Explorers
    from gan_core.latent.models import Models
    from gan_core.runs.folder import RunFolder
    from gan_core.runs.following import FollowedRun
    from gan_core.runs.scheduler import Scheduler
    from gan_core.runs.session import TrainingSession
    from gan_core.runs.store import Store
    from pages._ui.uploads import Arrivals

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_scheduler: "Scheduler | None" = None
_explorers: "tuple[Store, Explorers] | None" = None
_arrivals: "tuple[Store, Arrivals] | None" = None


def scheduler() -> "Scheduler":
    """The scheduler of all runs; made at the first call where no server made it (a test of a page)."""
    global _scheduler
    with _lock:
        if _scheduler is None:
            _scheduler = _new_scheduler()
        return _scheduler


def _new_scheduler() -> "Scheduler":
    from gan_core.pictures.store import sweep
    from gan_core.runs.scheduler import Scheduler  # torch: seconds that only a server or a page has to wait for
    from gan_core.runs.store import Store

    chosen = settings.options()
    sweep(chosen.folder)
    return Scheduler(
        Store(chosen.folder),
        max_runs=chosen.max_runs,
        max_per_owner=chosen.max_per_owner,
        grace_seconds=chosen.grace_seconds,
        quota_bytes=int(chosen.quota_gb * 1e9),
        engine=engine.default(chosen.engine),
        events=chosen.tensorboard,
    )


def explorers() -> "Explorers":
    """What is explored of the runs here: one for as long as the scheduler is."""
    global _explorers
    from gan_core.latent.explorer import Explorers
    from gan_core.latent.models import is_model

    store, brought = scheduler().store, models()
    with _lock:
        if _explorers is None or _explorers[0] is not store:
            _explorers = store, Explorers(lambda one: brought.folder(one) if is_model(one) else store.folder(one))
        return _explorers[1]


def models() -> "Models":
    """The generators that were brought here as files."""
    from gan_core.latent.models import Models

    return Models(scheduler().store.root)


def arrivals() -> "Arrivals":
    """The trays of files that visitors bring: one object for as long as the scheduler is."""
    global _arrivals
    from pages._ui.uploads import Arrivals

    store = scheduler().store
    with _lock:
        if _arrivals is None or _arrivals[0] is not store:
            _arrivals = store, Arrivals(store.root, settings.options().picture_limits)
        return _arrivals[1]


def explorable(run_id: str) -> bool:
    """Whether there is such a run that is not deleted, or such a model."""
    return scheduler().store.exists(run_id) or models().exists(run_id)


def run_folder(run_id: str) -> "RunFolder | None":
    """The folder of a run that is here and not deleted."""
    store = scheduler().store
    return store.folder(run_id) if store.exists(run_id) else None


def touch(run_id: str) -> None:
    """Somebody looks at a run in another way than live: one that trains is not left alone."""
    from gan_core.runs.session import TrainingSession

    run = scheduler().peek(run_id)
    if isinstance(run, TrainingSession):
        run.touch()


def command(run_id: str, action: str, value: object = None) -> None:
    """Tell a run what an action of `gan_core.runs.commands` means; `value` for those that change a setting. Raises RunError, ConfigError."""
    from gan_core.runs.commands import SETTINGS
    from gan_core.runs.following import FollowedRun
    from gan_core.runs.lock import IN_USE

    session = scheduler().get(run_id)
    if session is None:
        raise RunError(N_("The run {run} is gone."), run=run_id)
    if isinstance(session, FollowedRun):
        raise RunError(IN_USE, path=session.folder.path)
    if action in SETTINGS:
        for one in scheduler().beside(session):
            one.change({action: value})
    else:
        scheduler().send(session, session.named(action))


def may_control(run: "TrainingSession | FollowedRun") -> bool:
    """Whether the visitor may command a run: one of their own; one that belongs to no browser (the command line's), where only
    this machine can reach the server; never one that another process trains."""
    from gan_core.runs.following import FollowedRun

    return not isinstance(run, FollowedRun) and owns(run.owner)


def owns(owner: str) -> bool:
    """Whether a run with this owner is the visitor's."""
    return owner == owner_id() or (not owner and settings.options().is_private)


def _warm_up() -> None:
    """Import what a first run needs, before somebody waits for it."""
    scheduler().compile_ahead(_first_step())
    if not scheduler().sessions():  # what is taken out of the garbage collections now is never let go of, runs included
        settings.freeze_imports()


def _first_step() -> "Part":
    """Take the first step of a run that nobody sees: torch imports a second's worth of modules at it. What it needs compiled, the presets
    to begin with need, too."""
    from gan_core import device, presets
    from gan_core.engine.orders import Part
    from gan_core.runs.session import TrainingSession

    session = TrainingSession("warm-up", "", presets.load("ring"))
    session.prepare()
    session.turn(0.0)
    session.frame()
    assert session.trainer is not None
    return Part.of(session.trainer, device.default_threads("points"))


@atexit.register  # a server that was told twice to stop skips its lifespan's end
def stop() -> None:
    """Save every run and close the scheduler; does nothing where there is none."""
    global _scheduler
    with _lock:
        closing, _scheduler = _scheduler, None
    if closing is not None:
        closing.close()


@contextmanager
def using(replacement: "Scheduler") -> Iterator[None]:
    """For tests: `scheduler()` is `replacement` inside the block. It is not closed at the end."""
    global _scheduler
    before, _scheduler = _scheduler, replacement
    try:
        yield
    finally:
        _scheduler = before


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """From the server's start, imports included, to its end with every run saved."""
    scheduler()
    settings.freeze_imports()
    warming = threading.Thread(target=_warm_up, name="warm-up")
    warming.start()  # no daemon: torch cannot be torn down beside a thread that imports it
    try:
        yield
    finally:
        warming.join()
        stop()
        settings.unfreeze_imports()


class PlainStartupErrors:
    """Middleware: a server that cannot start (its data folder, say) logs one sentence, not a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        failed: list[Message] = []

        async def hold_failure(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, hold_failure)
        except (PlaygroundError, OSError) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        except BaseException:
            for message in failed:
                await send(message)
            raise
