"""What of a run goes into a parcel and comes out of one: every part is read by its own reader and written anew, so that nothing passes that
this version does not know, no owner and no path of a machine.

    carry(folder, target, Bearer(), strict=False)          # to send: what is damaged stays behind
    carry(brought, target, Bearer(id, owner), strict=True) # to take in: what is damaged refuses the whole
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from gan_core import config as settings
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.data import table
from gan_core.errors import CheckpointError, ConfigError, DataError, PlaygroundError, RunError
from gan_core.export.phases import phases
from gan_core.latent import favourites
from gan_core.latent.models import check_sizes
from gan_core.runs import about, atomic, checkpoint, curve_file, facts, frames, gauging, keeping, listing, pinned
from gan_core.runs.checkpoint import Saved
from gan_core.runs.folder import RunFolder
from gan_core.runs.measured import MOST as MOST_MEASURES
from gan_core.sharing import Share
from gan_core.text import N_, is_marked

log = logging.getLogger(__name__)

_EVER = 1 << 53  # more steps than any run takes
_LARGEST_STEP = 10**15
_LARGEST_TEXT = 16 << 20  # bytes of a text that is read as a whole
_LARGEST_PICTURE = 1 << 25  # pixels; a grid of 64 pictures has no more than 2²³
_LONGEST_WORD, _MOST_WORDS = 200, 100
_PLAYERS = ("ema", "discriminator", "encoder")
_WORD = re.compile(r"[a-z0-9_]{1,40}")
_HASH = re.compile(r"[0-9a-f]{64}")

DAMAGED = N_(
    "The part {part} of this file is damaged or was changed ({reason}). Export the run again where it was trained."
)
UNFIT = N_("The weights in {part} do not fit the settings of the run: the file was put together by hand, or changed. Export the run again where it was trained.")  # fmt: skip
NO_TABLE = N_(
    "The run learns a table that is neither in this file nor on this server. Export it again where the table is."
)
_FIELDS = ("python", "torch", "torchvision", "platform", "processor", "device")  # of the machine, as text


@dataclass(frozen=True)
class Bearer:
    """Whose run it becomes, and under which id; of nobody while it is on its way."""

    run: str = ""
    owner: str = ""

    @property
    def said(self) -> dict[str, Any]:
        return {"run": self.run, "owner": self.owner} if self.run else {}


@dataclass(frozen=True)
class _Way:
    """One carrying: from where to where, and whether anything damaged ends it."""

    source: RunFolder
    target: RunFolder
    bearer: Bearer
    strict: bool
    heard: Callable[[], None]

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Around the reading of a part. Raises RunError for one that is damaged, where that matters; OSError for the disk."""
        self.heard()
        try:
            yield
        except FileNotFoundError:  # a run that trains has just replaced it
            if self.strict:
                raise
        except (PlaygroundError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            if not self.strict:
                log.warning("%s of %s stays behind: %s", name, self.source.path, error)
            elif isinstance(error, RunError) or (isinstance(error, (ConfigError, DataError)) and name == "config.toml"):
                raise
            else:
                raise RunError(DAMAGED, part=name, reason=_reason(error)) from None


def carry(
    source: RunFolder, target: Path, bearer: Bearer, *, strict: bool, heard: Callable[[], None] = lambda: None
) -> RunConfig:
    """Write the run in `source` into the empty folder `target`; its settings at step 0. `heard` is called between the parts and may raise to
    end it. Raises RunError, ConfigError, DataError, CheckpointError, OSError."""
    way = _Way(source, RunFolder(target), bearer, strict, heard)
    config, known = _settings(way), _known(way)
    entries = _journal(way, config) if strict else []
    for name in ("checkpoints", "history", pinned.NAME):
        _states(way, name, config, len(entries))
    if not strict:  # behind the states, which count the entries before them: it may train meanwhile
        _journal(way, config)
    for one in (_curves, _diagnosis, _measures, _directions, _favourites, _about, _pictures, _table):
        one(way, config)
    _write_facts(way, config, known)
    return config


# ── settings, and what was changed ───────────────────────────────────────────────────────────────────────────────────────


def _settings(way: _Way) -> RunConfig:
    config = way.source.config()
    if way.strict:
        text = _text(way.source.path / "config.toml")
        with way.part("config.toml"):
            config = serial.from_toml(text)
    way.target.mend_config(config)
    return config


def data_name(folder: Path) -> str:
    """What the run in a folder from elsewhere learns, by its settings. Raises ConfigError, RunError, OSError."""
    return serial.from_toml(_text(folder / "config.toml")).data.name


def _text(path: Path) -> str:
    """Raises RunError, OSError."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_TEXT + 1)
        if len(data) > _LARGEST_TEXT:
            raise ValueError(f"more than {_LARGEST_TEXT} bytes")
        return data.decode("utf-8")
    except (UnicodeDecodeError, ValueError) as error:
        raise RunError(DAMAGED, part=path.name, reason=_reason(error)) from None
    except FileNotFoundError:
        raise RunError(DAMAGED, part=path.name, reason=N_("it is missing")) from None


def parsed(text: str) -> Any:
    """JSON as the standard has it: no NaN, no infinities. Raises ValueError, RecursionError."""

    def refused(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refused)


def _journal(way: _Way, config: RunConfig) -> list[dict[str, Any]]:
    entries = way.source.journal()
    path = way.source.path / "journal.jsonl"
    if way.strict and path.is_file():
        lines = _text(path).splitlines()
        with way.part(path.name):
            if len(entries) != len(lines):
                raise ValueError(f"line {len(entries) + 1}")
            for line in lines:
                parsed(line)
    kept = []
    with way.part(path.name):
        kept = [_entry(entry) for entry in entries]
        phases(config, kept)  # raises for changes that there cannot be
    if kept:
        way.target.cut_journal(kept)
    return kept


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Raises ValueError."""
    if not 0 <= entry["step"] <= _LARGEST_STEP:
        raise ValueError("step")
    plain = {
        key: value for key, value in entry.items() if key != "changes" and _WORD.fullmatch(key) and _is_plain(value)
    }
    if "changes" not in entry:
        return plain
    changes = {name: pair for name, pair in entry["changes"].items() if settings.field(name)}
    return plain | {"changes": changes}


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_WORD and value.isprintable()
    return value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value))


# ── states ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _states(way: _Way, name: str, start: RunConfig, entries: int) -> None:
    folder = way.source.path / name
    for file in sorted(folder.glob("[!.]*.safetensors")):
        part = f"{name}/{file.name}"
        with way.part(part):
            saved = _saved(checkpoint.read(file), way, start, entries)
            if saved.state["step"] != int(file.stem.removeprefix("best-")):
                raise ValueError("another step")
            if way.strict:
                _check_fit(saved, part)
            (way.target.path / name).mkdir(exist_ok=True)
            atomic.write_bytes(way.target.path / name / file.name, checkpoint.dump(saved), sync=way.strict)


def _saved(saved: Saved, way: _Way, start: RunConfig, entries: int) -> Saved:
    """The same state with settings that are known, and facts that go with it. Raises PlaygroundError, ValueError, TypeError."""
    step = saved.state.get("step")
    if type(step) is not int or not 0 <= step <= _LARGEST_STEP:
        raise ValueError("no step")
    journal = saved.journal if saved.journal is None or type(saved.journal) is int else -1
    if journal is not None and not 0 <= journal <= max(entries, 0 if way.strict else journal):
        raise ValueError("its journal is missing")
    config = serial.from_dict(saved.config)
    known = known_facts(saved.facts, strict=way.strict)
    known = known | {"summary": facts.summary(config)} | way.bearer.said if known else {}
    return Saved(saved.state, serial.to_dict(config), journal, serial.to_dict(start) if saved.start else {}, known)


def _check_fit(saved: Saved, part: str) -> None:
    """Whether the networks are those of the settings. Raises RunError."""
    config = serial.from_dict(saved.config)
    players = {name: saved.state[name] for name in (*_PLAYERS, "generator") if name in saved.state}
    if not all(isinstance(one, dict) for one in players.values()):
        raise RunError(UNFIT, part=part)
    try:
        check_sizes(config, players, part)
    except CheckpointError:
        raise RunError(UNFIT, part=part) from None


# ── what is said of it ───────────────────────────────────────────────────────────────────────────────────────────────────


def known_facts(values: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    """Of run.json what is known and of the form that it was written in, without owner, messages and runs beside it. Raises ValueError for
    anything else, where that matters."""
    found = {}
    for name, read in _FACTS.items():
        given = values.get(name)
        value = None if given is None else read(given)
        if value is not None:
            found[name] = value
        elif given is not None and strict:
            raise ValueError(name)
    return found


def _status(value: Any) -> str | None:
    """A run that trained, or failed for a reason that is said elsewhere, comes up paused."""
    return (value if value in ("finished", "stopped") else "paused") if value in listing.STATUSES else None


def _best(value: Any) -> dict[str, Any] | None:
    score = keeping.Score.read(value)
    good = (
        score is not None and math.isfinite(score.value) and math.isfinite(score.rank) and _WORD.fullmatch(score.metric)
    )
    return score.facts() if score is not None and good else None


def _judged(value: Any) -> dict[str, Any] | None:
    seen = gauging.read(value)
    if seen is None or len(seen.values) + len(seen.floor) > _MOST_WORDS:
        return None
    good = all(_WORD.fullmatch(key) and math.isfinite(x) for key, x in (*seen.values.items(), *seen.floor.items()))
    return gauging.facts(seen) if good and _is_plain(seen.by) and _is_plain(seen.features) else None


def _environment(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    found: dict[str, Any] = {
        key: value[key] for key in _FIELDS if isinstance(value.get(key), str) and _is_plain(value[key])
    }
    return found | ({"threads": value["threads"]} if type(value.get("threads")) is int else {})


def _parent(value: Any) -> dict[str, Any] | None:
    found = listing.parent_of(value)
    return None if found is None else {"run": found[0], "step": found[1]}


def _hash(value: Any) -> str | None:
    return value if isinstance(value, str) and _HASH.fullmatch(value) else None


def _kept_to(value: Any) -> dict[str, Any] | None:
    return Share.from_dict(value).to_dict() if isinstance(value, dict) else None


_FACTS: dict[str, Callable[[Any], Any]] = {
    "created": listing.utc_moment, "saved": listing.utc_moment, "status": _status, "step": listing.whole, "images": listing.whole,
    "seconds": listing.at_least_0, "progress": listing.share_of, "seed": listing.whole, "metrics": listing.finite_numbers, "best": _best, "parent": _parent,
    "data_hash": _hash, "environment": _environment, "share": _kept_to, "metrics_step": listing.whole, "judged": _judged, "gauge_share": listing.at_least_0,
}  # fmt: skip


def _known(way: _Way) -> dict[str, Any]:
    if not way.strict:
        return known_facts(way.source.facts(), strict=False)
    known: dict[str, Any] = {}
    text = _text(way.source.path / "run.json")
    with way.part("run.json"):
        values = parsed(text)
        if not isinstance(values, dict):
            raise ValueError("no object")
        known = known_facts(values, strict=True)
    return known


def _write_facts(way: _Way, config: RunConfig, known: Mapping[str, Any]) -> None:
    latest = config
    with contextlib.suppress(PlaygroundError):
        latest = way.target.latest_config()
    way.target.write_facts({**known, "summary": facts.summary(latest), **way.bearer.said})


def _curves(way: _Way, config: RunConfig) -> None:
    if not way.source.curves.path.is_file():
        return
    with way.part("metrics.csv"):
        if way.strict:
            curve_file.check(way.source.curves.path, frames.KEPT_NAMES)
        way.target.curves.rewrite(way.source.curves.load(frames.KEPT_NAMES, _EVER))


def _diagnosis(way: _Way, config: RunConfig) -> None:
    path = way.source.cases.path
    if not path.is_file():
        return
    with way.part(path.name):
        lines = _text(path).splitlines() if way.strict else way.source.cases.until(_EVER).splitlines()
        kept = [line for line in lines if _is_ours(parsed(line))]
        atomic.write_text(way.target.cases.path, "".join(line + "\n" for line in kept))
        atomic.write_text(way.target.cases.path, way.target.cases.until(_EVER))


def _is_ours(line: Any) -> bool:
    """Whether all its sentences are of this program, which fills them in: those of another version stay behind. Raises LookupError, TypeError,
    AttributeError."""
    return all(is_marked(one["template"]) and all(map(_is_plain, one["params"].values())) for one in line["findings"])


def _measures(way: _Way, config: RunConfig) -> None:
    if not way.source.measured.path.is_dir():
        return
    with way.part("measures"):
        found, problems = way.source.measured.read()
        if problems and way.strict:
            raise problems[0]
        for one in sorted(found, key=lambda one: one.time)[-MOST_MEASURES:]:
            if (
                not _WORD.fullmatch(one.features) or not 0 <= one.step <= _LARGEST_STEP
            ):  # they become the name of a file
                raise ValueError("no features")
            way.target.measured.keep(one)


def _directions(way: _Way, config: RunConfig) -> None:
    with way.part("latent.json"):
        if way.strict:
            way.source.directions.read()
        way.source.directions.share_with(way.target.directions, _EVER)


def _favourites(way: _Way, config: RunConfig) -> None:
    if not way.source.favourites.path.is_file():
        return
    with way.part(favourites.FILE):
        kept = way.source.favourites.read()
        if kept.damaged and way.strict:
            raise ValueError(f"{kept.damaged} cannot be read")
        if kept.favourites:
            way.target.favourites.add(kept.favourites)


def _about(way: _Way, config: RunConfig) -> None:
    said = about.read(way.source.path)
    path = way.source.path / about.FILE
    if way.strict and path.is_file():
        text = _text(path)
        with way.part(about.FILE):
            values = parsed(text)
            if not all(isinstance(one, str) for one in (values["name"], values["notes"], *values["tags"])):
                raise ValueError("no text")
            said = about.checked(values["name"], values["tags"], values["notes"])
    if said != about.About():
        about.write(way.target.path, said)


def _pictures(way: _Way, config: RunConfig) -> None:
    files = [way.source.path / "still.webp", *sorted(way.source.history.path.glob("[!.]*.webp"))]
    for file in files:
        if not file.is_file():
            continue
        name = str(file.relative_to(way.source.path)).replace("\\", "/")
        with way.part(name):
            data = file.read_bytes()
            if not _is_webp(data):
                raise ValueError("no WebP picture")
            (way.target.path / name).parent.mkdir(exist_ok=True)
            atomic.write_bytes(way.target.path / name, data, sync=False)


def _is_webp(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP",)) as image:
            if image.width * image.height > _LARGEST_PICTURE or getattr(image, "n_frames", 1) != 1:
                return False
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True


def _table(way: _Way, config: RunConfig) -> None:
    """Its numbers go along; a table that is nowhere cannot be learned, and so not be looked at."""
    name = config.data.table if config.data.name == "table" else ""
    if not name:
        return
    brought = way.source.path / table.FILE
    if brought.is_file():
        with way.part(table.FILE):
            atomic.write_bytes(way.target.path / table.FILE, table.again(brought, name))
            return
    try:
        table.put_beside(name, way.target.path)
    except DataError:
        if way.strict:
            raise RunError(NO_TABLE) from None


def _reason(error: BaseException) -> str:
    """In a few words, without a path of this machine."""
    if isinstance(error, PlaygroundError):
        return str(error.params.get("reason", type(error).__name__))[:_LONGEST_WORD]
    text = str(error).splitlines()[0][:_LONGEST_WORD] if str(error) else ""
    return text if isinstance(error, ValueError) and text else type(error).__name__
