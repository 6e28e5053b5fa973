"""Sets of pictures from the command line: import, list, delete. Such sets belong to no browser, as its runs do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gan_core.errors import ConfigError, DataError
from gan_core.pictures.advice import advice, advice_of_two, fitting_batch
from gan_core.pictures.choices import Choices
from gan_core.pictures.importing import PHASES, Given, Import, first_name
from gan_core.pictures.limits import Limits
from gan_core.pictures.reasons import NOTES, REASONS, Reason
from gan_core.pictures.store import COMMAND_LINE, PictureSet, PictureSets, sweep
from gan_core.text import N_

_LOOK = 0.2  # seconds between two looks at how far it is
_SHOWN = 5  # names of each reason, and classes, that are printed; JSON has all that are kept
NOT_HERE = N_("There is nothing called {path}. Name pictures, folders, ZIP or TAR archives.")
STOPPED = N_("The import was stopped. Nothing was kept of it.")
NOT_YOURS = N_("The set {name} was made in a browser, and somebody may still use it there. Add --of-visitors to delete it all the same.")  # fmt: skip
NO_SUCH = N_(
    "There is no set of pictures called {name} here. 'gan-playground pictures list' names those that there are."
)
SEVERAL = N_("Several sets are called {name}. Give one of these in its place: {ids}.")


def bring(paths: Sequence[Path], choices: Choices, name: str | None, sets: PictureSets, limits: Limits) -> PictureSet:
    """Make a set in a data folder, with a progress bar on stderr. Ctrl-C ends it, and nothing is kept. Raises PlaygroundError; whatever
    was left out until then is told on stderr."""
    for path in paths:
        if not path.exists():
            raise ConfigError(NOT_HERE, path=path)
    sweep(sets.root)
    given = [Given(path.resolve(), path.resolve().name) for path in paths]
    job = Import(sets, given, choices, first_name(given) if name is None else name, COMMAND_LINE, limits)
    with tqdm(
        total=1.0, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}", file=sys.stderr, disable=None
    ) as bar:
        job.start()
        try:
            while not job.wait(_LOOK):
                _show(job, bar)
        except KeyboardInterrupt:
            job.cancel()
            job.wait()
            raise
        _show(job, bar)
    if job.result is None:
        for text in _listed(job.refused, REASONS, "left out"):
            print(text, file=sys.stderr)
        raise job.error or DataError(STOPPED)
    return job.result


def _show(job: Import, bar: Any) -> None:
    now = job.progress
    bar.n = now.share
    bar.set_description_str(PHASES[now.phase], refresh=False)
    bar.set_postfix_str(f"taken {now.accepted:,}, left out {now.refused:,}")


def found(sets: PictureSets, wanted: str) -> str:
    """The id of the set with this name or id; of a damaged one by its id alone. Raises ConfigError."""
    every = sets.every()
    ids = [one.id for one in every] + sets.ids_of_damaged()
    if wanted in ids:
        return wanted
    named = [one.id for one in every if one.name == wanted]
    if len(named) > 1:
        raise ConfigError(SEVERAL, name=wanted, ids=", ".join(named))
    if not named:
        raise ConfigError(NO_SUCH, name=repr(wanted)[:100])
    return named[0]


def delete(sets: PictureSets, wanted: str, *, of_visitors: bool) -> str:
    """Delete the set with this name or id; its id. Raises ConfigError for none, and for one that a browser has."""
    set_id = found(sets, wanted)
    if not of_visitors and any(owner != COMMAND_LINE for owner in sets.owners(set_id)):
        raise ConfigError(NOT_YOURS, name=wanted)
    sets.delete(set_id)
    return set_id


def train_words(made: PictureSet, learned: int, *, translates: bool) -> str:
    """The command that trains the recipe for so many pictures. learned: how many a batch can be made of; translates: from one folder to the
    other."""
    from gan_core import presets

    if translates:
        suited = advice_of_two(made.count, made.size, paired=made.paired)
    else:
        suited = advice(made.count, made.size, made.channels)
    name = "own_pairs" if translates else "pictures"
    changes = {"data.name": name, "data.pictures": made.id, "data.image_size": suited.size} | dict(suited.changes)
    changes |= fitting_batch(presets.load(suited.preset).batch_size, learned)
    words = " ".join(f"--set {name}={value}" for name, value in changes.items())
    return f"gan-playground train --preset {suited.preset} {words}"


# ── as text and as JSON ──────────────────────────────────────────────────────────────────────────────────────────────────


def as_json(made: PictureSet, counts: Sequence[int]) -> dict[str, Any]:
    """A set, with how many pictures each class has."""
    said = asdict(made) | {
        "classes": dict(zip(made.classes, counts, strict=True)),
        "browser": made.owner != COMMAND_LINE,
    }
    for listed, texts in ((said["refused"], REASONS), (said["notes"], NOTES)):
        for one in listed:
            one["why"] = texts[one["code"]]
    del said["owner"]
    return said


def told(made: PictureSet, counts: Sequence[int]) -> str:
    """What came of an import, for people."""
    lines = [f"{made.name}: {_facts(made)}"]
    if counts:
        pairs = [f"{name} {count:,}" for name, count in zip(made.classes, counts, strict=True)]
        more = len(pairs) - 2 * _SHOWN
        lines.append("classes: " + ", ".join(pairs[: 2 * _SHOWN]) + (f" and {more:,} more" if more > 0 else ""))
    lines += _listed(made.refused, REASONS, "left out") + _listed(made.notes, NOTES, "taken, but changed")
    return "\n".join(lines)


def line(made: PictureSet) -> str:
    """One of a list."""
    whose = "" if made.owner == COMMAND_LINE else ", of a visitor"
    return f"{made.id}  {made.name}: {_facts(made)}, {made.created[:10]}{whose}"


def _facts(made: PictureSet) -> str:
    words = [f"{made.count:,} pictures ({made.held_out:,} held out)", f"{made.size} × {made.size}"]
    words += ["colour" if made.channels == 3 else "grey"]
    if made.paired:
        words.append(f"{made.count // 2:,} pairs")
    elif made.classes:
        words.append(f"{len(made.classes):,} classes")
    return ", ".join([*words, f"{made.bytes / 1e6:,.1f} MB"])


def _listed(reasons: Sequence[Reason], texts: Mapping[str, str], title: str) -> list[str]:
    if not reasons:
        return []
    lines = [f"{title}: {sum(reason.count for reason in reasons):,}"]
    for reason in reasons:
        names = ", ".join(reason.names[:_SHOWN]) + (", …" if reason.count > min(len(reason.names), _SHOWN) else "")
        lines.append(f"  {texts[reason.code]}: {reason.count:,}" + (f" ({names})" if names.strip(", …") else ""))
    return lines
