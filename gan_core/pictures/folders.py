"""What the folders say that pictures come in: classes, or two kinds to translate between, with partners or without."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gan_core.errors import DataError
from gan_core.pictures.limits import MOST_CLASSES
from gan_core.text import N_

# Folders that are parts of a set, and no classes.
_PARTS = frozenset(["train", "training", "test", "testing", "val", "valid", "validation", "dev"])
# Part and kind in one, as data sets for translation have it: trainA, test_B.
_PART_AND_KIND = re.compile(rf"({'|'.join(_PARTS)})[ _-]?([ab])", re.IGNORECASE)
NOT_TWO = N_("To translate, pictures must lie in two folders, one for each kind, and here are {count}. Bring two folders, or an archive that holds two.")  # fmt: skip


@dataclass(frozen=True)
class Kinds:
    """Of each picture its kind ("" where it lies beside the folders), and by what it is called within its kind, without the ending of the file."""

    kinds: list[str]
    keys: list[str]


def classes_of(names: Sequence[str]) -> list[str] | None:
    """The class of each picture: its topmost folder below those that all have in common. None where some lie beside the folders, for fewer
    than 2 or more than MOST_CLASSES of them, and for fewer than 2 pictures in each on average. Folders called train, test and the like are
    parts of one set, and no classes."""
    depth = _depth(names)
    if depth is None:
        return None
    tops = [name.split("/")[depth] for name in names]
    return None if len(set(tops)) > min(MOST_CLASSES, len(names) // 2) else tops


def kinds_of(names: Sequence[str]) -> Kinds:
    """The two kinds that pictures are of: as `classes_of`, and trainA, trainB, testA, testB are A and B. Raises DataError for fewer or more."""
    inside = _inside(names)
    depth = _depth(inside)
    if depth is None:
        raise DataError(NOT_TWO, count=len({name.split("/")[0] for name in inside if "/" in name}))
    parts = [name.split("/") for name in inside]
    found = [_PART_AND_KIND.fullmatch(each[depth]) for each in parts]
    both = [match.groups() for match in found if match is not None]
    split = len(both) == len(parts)
    kinds = [kind.upper() for _part, kind in both] if split else [each[depth] for each in parts]
    if (count := len(set(kinds))) != 2:
        raise DataError(NOT_TWO, count=count)
    middle = [[part.lower()] for part, _kind in both] if split else [[] for _each in parts]
    known = dict(zip(inside, kinds, strict=True))
    keys = [
        "/".join([*each[:depth], *part, *each[depth + 1 : -1], PurePosixPath(each[-1]).stem])
        for each, part in zip(parts, middle, strict=True)
    ]
    called = dict(zip(inside, keys, strict=True))
    return Kinds([known.get(name, "") for name in names], [called.get(name, name) for name in names])


def _inside(names: Sequence[str]) -> list[str]:
    """Those that lie in folders of a level on which there are several, without what lies beside these."""
    left, depth = list(names), 0
    while True:
        deeper = [name for name in left if name.count("/") > depth]
        tops = {name.split("/")[depth] for name in deeper}
        if not deeper or (len(tops) > 1 and not all(top.lower() in _PARTS for top in tops)):
            return deeper or left
        left, depth = deeper, depth + 1


def _depth(names: Sequence[str]) -> int | None:
    """How far below the top the folders are that differ; None where some pictures lie beside them, or none differ."""
    folders = [name.split("/")[:-1] for name in names]
    depth = 0
    while folders:
        if not all(folders):
            return None
        tops = {parts[0] for parts in folders}
        if len(tops) > 1 and not all(top.lower() in _PARTS for top in tops):
            return depth
        folders = [parts[1:] for parts in folders]
        depth += 1
    return None
