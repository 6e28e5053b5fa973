"""Code of one's own: files that register losses, penalties, networks or data sets, which then are beside the built-in ones everywhere.

    plugins.load(Path("my_loss.py"))        # as `--plugin my_loss.py` does

A plugin is a program that its owner runs, and may do whatever a program may: it comes from the command line or a notebook alone, never
from a visitor.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import torch

from gan_core import config as settings
from gan_core import registry
from gan_core.config import RunConfig
from gan_core.errors import PluginError
from gan_core.registry import Entry, Registry
from gan_core.text import N_

NO_FILE = N_("There is no plugin {file}. Give the path of a Python file.")
BROKE = N_("The plugin {file} could not be loaded: {error} (line {line}).")
NOTHING = N_(
    "The plugin {file} registers nothing. It has to call registry.loss, penalty, network or dataset; docs/plugins.md has an example of each."
)
LACKS = N_(
    "The plugin {file} registers the {kind} '{name}' without {missing}. Say these, too, as the built-in ones do."
)
NOT_A_LOSS = N_(
    "The loss '{name}' of the plugin {file} has to give two finite numbers, for D and for G, from logits (B,) and (B,); it gives {given}."
)
STOPPED = N_("An error in the plugin {file}, line {line}: {error}.")
UNCOMPILED = N_("Steps with code of a plugin are not compiled: the run is trained eagerly.")
_loaded: dict[str, str] = {}  # path of a file -> the name of its module


def load(path: Path) -> list[Entry[object]]:
    """Run a file; what it has registered. Raises PluginError, and then nothing of it stays."""
    file = path.expanduser().resolve()
    if str(file) in _loaded:
        return list(_entries(str(file)))
    if not file.is_file():
        raise PluginError(NO_FILE, file=path)
    name = f"gan_playground_plugin_{len(_loaded)}_{file.stem}"
    _loaded[str(file)] = name
    try:
        _run(file, name)
        found = list(_entries(str(file)))
        if not found:
            raise PluginError(NOTHING, file=file.name)
        for entry in found:
            _check(entry, file)
    except BaseException:
        _forget(str(file))
        raise
    return found


def _run(file: Path, name: str) -> None:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(NO_FILE, file=file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with registry.loading(str(file)):
            spec.loader.exec_module(module)
    except SyntaxError as error:
        raise PluginError(BROKE, file=file.name, error=f"SyntaxError: {error.msg}", line=error.lineno or 0) from error
    except (Exception, SystemExit) as error:
        line = _line(error.__traceback__, str(file))
        raise PluginError(BROKE, file=file.name, error=_said(error), line=line or 0) from error


def _forget(file: str) -> None:
    for kind in registry.ALL:
        kind.withdraw(file)
    sys.modules.pop(_loaded.pop(file), None)


def _entries(file: str) -> Iterator[Entry[object]]:
    for kind in registry.ALL:
        yield from (entry for entry in kind.entries() if entry.origin == file)


# ── what a plugin has to say ─────────────────────────────────────────────────────────────────────────────────────────────


def _check(entry: Entry[object], file: Path) -> None:
    """Raise PluginError for an entry that says less than every built-in one of its kind does, and for a loss that is none."""
    kind = next(one for one in registry.ALL if entry.name in one and one[entry.name] is entry)
    missing = sorted(_always_said(kind, entry) - entry.info.keys())
    if missing:
        raise PluginError(LACKS, file=file.name, kind=kind.kind, name=entry.name, missing=", ".join(missing))
    if kind is registry.loss:
        _try_loss(entry, file)


def _always_said(kind: Registry[object], entry: Entry[object]) -> set[str]:
    """What every built-in entry of this kind says; of data sets, of the same kind of data."""
    built_in = [one for one in kind.entries() if not one.origin]
    alike = [set(one.info) for one in built_in if one.info.get("kind") == entry.info.get("kind")]
    return set.intersection(*alike) if alike else {"kind"}


def _try_loss(entry: Entry[object], file: Path) -> None:
    assert callable(entry.value)
    real = torch.linspace(-2, 2, 4)
    try:
        found = entry.value(real, real.flip(0), 0.0)
    except Exception as error:
        line = _line(error.__traceback__, str(file))
        raise PluginError(STOPPED, file=file.name, line=line or 0, error=_said(error)) from error
    try:
        d_loss, g_loss = (float(one) for one in found)
        good = math.isfinite(d_loss) and math.isfinite(g_loss)
    except (TypeError, ValueError, RuntimeError):
        good = False
    if not good:
        given = " ".join(str(found).split())[:100]
        raise PluginError(NOT_A_LOSS, name=entry.name, file=file.name, given=given)


# ── runs with it ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def used(config: RunConfig) -> list[str]:
    """The files whose code a run of these settings needs."""
    chosen = [
        field.spec.choices[settings.get(config, field.name)]
        for field in settings.fields()
        if isinstance(field.spec.choices, Registry)
    ]
    return sorted({entry.origin for entry in chosen if entry.origin})


def names() -> set[str]:
    """The names of the files that are loaded."""
    return {Path(file).name for file in _loaded}


def blamed(error: BaseException) -> PluginError | None:
    """What to say of an error that arose in a plugin; None for another."""
    if isinstance(error, PluginError):
        return error
    for file in _loaded:
        line = _line(error.__traceback__, file)
        if line is not None:
            return PluginError(STOPPED, file=Path(file).name, line=line, error=_said(error))
    return None


def _line(trace: TracebackType | None, file: str) -> int | None:
    """The last line of this file that an error passed through."""
    lines = [frame.lineno for frame in traceback.extract_tb(trace) if frame.filename == file]
    return lines[-1] if lines else None


def _said(error: BaseException) -> str:
    text = str(error).splitlines()[0][:200] if str(error) else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
