"""Errors that a person may see: each says what was wrong, what is allowed and what to do."""

from __future__ import annotations

from pathlib import Path

_OF_A_RUN = ("config.toml", "run.json")


class PlaygroundError(Exception):
    """`str(error)` is English; a page translates `template` and fills in `params` itself."""

    def __init__(self, template: str, **params: object) -> None:
        self.template = template
        # Only text and numbers: an error travels to browsers and into run.json.
        self.params = {name: v if isinstance(v, (str, int, float)) else str(v) for name, v in params.items()}
        super().__init__(template.format(**self.params))


class ConfigError(PlaygroundError):
    """A setting that does not exist, is out of range, or does not go with another one."""


class DataError(PlaygroundError):
    """A data set that cannot be had: no network, no file, wrong content."""


class CheckpointError(PlaygroundError):
    """A saved run that cannot be read: missing, cut short, of another version."""


class DeviceError(PlaygroundError):
    """A device that is absent or out of memory."""


class RunError(PlaygroundError):
    """A command that a run cannot take: not yours, not in this state, too many."""


class EngineError(PlaygroundError):
    """A compiled step that cannot be made or loaded here; the eager step can always go on."""


class ExportError(PlaygroundError):
    """Something that cannot be written as what was asked for: too large, too few moments, code that is not plain."""


class PluginError(PlaygroundError):
    """Code of somebody's own that cannot be loaded, or broke."""


def named(file: Path) -> str:
    """A file as a message may name it: from the run's folder on ("ring-1/checkpoints/best.safetensors"), and not where that lies on the
    server. A file of no run by its own name."""
    for home in list(file.parents)[:2]:
        if any((home / name).exists() for name in _OF_A_RUN):
            return file.relative_to(home.parent).as_posix()
    return file.name


def reason_of(error: BaseException) -> str:
    """What an exception says, in one line and without a path of the server."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error).splitlines()[0] if str(error) else type(error).__name__
