"""Pixels as they come in -> the files of a set, whose name is a digest of its content."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gan_core.errors import DataError
from gan_core.pictures.choices import Choices
from gan_core.pictures.folders import Kinds, classes_of, kinds_of
from gan_core.pictures.limits import FEWEST
from gan_core.pictures.naming import Shape
from gan_core.text import N_

_SHARE, _FEWEST_HELD, _MOST_HELD = 0.1, 10, 10_000
TOO_FEW = N_("Only {count} pictures could be used; a set needs at least {least} different ones. Add more pictures.")
TOO_FEW_PAIRS = N_(
    "Only {count} different pictures have one of the same name in the other folder; at least {least} are needed. Call the two of a pair alike, or import "
    "the folders without pairs."
)
TOO_FEW_OF_A_KIND = N_(
    "Only {count} pictures of the kind {name} could be used; at least {least} of each are needed. Add more of them."
)
_GREYS = np.array([299, 587, 114])  # thousandths of the brightness of red, green and blue (ITU-R BT.601)


@dataclass
class Picture:
    """One that was taken: its name with folders, where its pixels lie in the file of all, and their digest."""

    name: str
    place: int
    digest: bytes


class Making:
    """A set that is being made in `folder`. Not more than names and digests are held in memory."""

    def __init__(self, folder: Path, choices: Choices) -> None:
        self.folder, self.choices = folder, choices
        self.pictures: list[Picture] = []
        self.left: list[tuple[str, str]] = []  # out in the end: the code of a reason, and a name
        self._channels = 1 if choices.colour == "grey" else 3
        self._digests: set[bytes] = set()
        self._all_grey = choices.colour == "auto"
        self._part = folder / "arrived"
        self._file = self._part.open("wb")

    def add(self, pixels: bytes, name: str, *, is_grey: bool) -> bool:
        """Take a picture of the size and the channels that `choices` say; False where it is there already. Raises OSError."""
        digest = hashlib.sha256(pixels).digest()
        if digest in self._digests and not self._in_pairs:  # two photographs may have the same outlines
            return False
        self._digests.add(digest)
        self._file.write(pixels)
        self.pictures.append(Picture(name, len(self.pictures), digest))
        self._all_grey &= is_grey
        return True

    @property
    def _in_pairs(self) -> bool:
        return self.choices.folders == "names"

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def finish(self) -> str:
        """Write the files of the set; its name. `left` says then what was left out in the end. Raises OSError, and DataError for fewer than a set
        needs, and for other folders than the choices speak of."""
        self._file.close()
        to_grey = self._all_grey and self._channels == 3
        if to_grey:
            self._digest_greys()
        if len(self.pictures) < FEWEST:
            raise DataError(TOO_FEW, count=len(self.pictures), least=FEWEST)
        order, labels, held, classes = self._pairs() if self._in_pairs else self._one_by_one()
        shape = Shape(1 if to_grey else self._channels, self.choices.size, len(classes), self._in_pairs)
        digest = self._write_pictures(order, shape, to_grey)
        if classes:
            self._write_array("labels.npy", labels)
            digest.update(labels.astype("<i8").tobytes())
        said: dict[str, Any] = {"held_out": held, "classes": classes}
        digest.update(json.dumps(said).encode())
        said |= {"count": len(order), "channels": shape.channels, "size": shape.size}
        self._write_text("set.json", json.dumps(said, ensure_ascii=False))
        self._part.unlink()
        return shape.name(digest.hexdigest())

    def _one_by_one(self) -> tuple[list[Picture], NDArray[np.int64], int, list[str]]:
        """The pictures in their order, their classes by number, how many are held out, what the classes are called."""
        apart = self.choices.folders == "apart"
        classes = self._kinds().kinds if apart else classes_of([picture.name for picture in self.pictures])
        counts = Counter(classes or ())
        fewest = min(counts, key=counts.__getitem__, default="")
        if apart and counts[fewest] < FEWEST // 2:
            raise DataError(TOO_FEW_OF_A_KIND, count=counts[fewest], name=fewest, least=FEWEST // 2)
        numbers = {name: number for number, name in enumerate(sorted(counts))}
        labels = np.array([numbers[name] for name in classes or ()], np.int64)
        # By digest, so that neither the names of files nor their order make another set of the same pictures.
        # Two kinds lie one after the other, so that each can be read off the disk by itself.
        order = sorted(range(len(self.pictures)), key=lambda i: (labels[i] if apart else 0, self.pictures[i].digest))
        held = held_out(labels[order] if classes else np.zeros(len(order), np.int64))
        order = [order[i] for i in np.flatnonzero(~held)] + [order[i] for i in np.flatnonzero(held)]
        return [self.pictures[i] for i in order], labels[order] if classes else labels, int(held.sum()), list(numbers)

    def _kinds(self) -> Kinds:
        """Of those that lie in the two folders; others are left out."""
        found = kinds_of([picture.name for picture in self.pictures])
        self.left += [("beside", one.name) for one, kind in zip(self.pictures, found.kinds, strict=True) if not kind]
        rows = [i for i, kind in enumerate(found.kinds) if kind]
        self.pictures = [self.pictures[i] for i in rows]
        return Kinds([found.kinds[i] for i in rows], [found.keys[i] for i in rows])

    def _pairs(self) -> tuple[list[Picture], NDArray[np.int64], int, list[str]]:
        """The same of pairs, the two of each one after the other."""
        found, left = self._kinds(), self.left
        sides: dict[str, dict[str, Picture]] = {kind: {} for kind in sorted(set(found.kinds))}
        for picture, kind, key in zip(self.pictures, found.kinds, found.keys, strict=True):
            if sides[kind].setdefault(key, picture) is not picture:
                left.append(("partner", picture.name))
        first, second = sides.values()
        left += [
            ("partner", side[key].name)
            for side, other in ((first, second), (second, first))
            for key in side
            if key not in other
        ]
        pairs: dict[bytes, tuple[Picture, Picture]] = {}
        for key in first:
            if key in second:
                pair = first[key], second[key]
                if pairs.setdefault(pair[0].digest + pair[1].digest, pair) is not pair:
                    left += [("duplicate", one.name) for one in pair]
        if len(pairs) < FEWEST:
            raise DataError(TOO_FEW_PAIRS, count=len(pairs), least=FEWEST)
        order = [one for _digest, pair in sorted(pairs.items()) for one in pair]
        held = 2 * int(held_out(np.zeros(len(pairs), np.int64)).sum())
        return order[held:] + order[:held], np.arange(len(order)) % 2, held, list(sides)

    def _digest_greys(self) -> None:
        """What the pixels will be decides on the order, and whether two are the same; those that are are left out."""
        kept: dict[bytes, Picture] = {}
        same = []
        for picture, pixels in zip(self.pictures, self._pixels(self.pictures), strict=True):
            picture.digest = hashlib.sha256(grey(pixels).tobytes()).digest()
            if kept.setdefault(picture.digest, picture) is not picture:
                same.append(("duplicate", picture.name))
        if not self._in_pairs:
            self.pictures = list(kept.values())
            self.left += same

    def _pixels(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.uint8]]:
        """(S, S, C) of each, read from the disk one by one."""
        side, channels = self.choices.size, self._channels
        length = side * side * channels
        with self._part.open("rb") as file:
            for picture in pictures:
                file.seek(picture.place * length)
                yield np.frombuffer(file.read(length), np.uint8).reshape(side, side, channels)

    def _write_pictures(self, pictures: Sequence[Picture], shape: Shape, to_grey: bool) -> Any:
        """pictures.npy; a digest that has taken in its pixels."""
        digest = hashlib.sha256()
        with (self.folder / "pictures.npy").open("wb") as file:
            whole = (len(pictures), shape.channels, shape.size, shape.size)
            npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": whole})
            for pixels in self._pixels(pictures):
                data = (grey(pixels) if to_grey else pixels).transpose(2, 0, 1).tobytes()
                digest.update(data)
                file.write(data)
            _to_disk(file)
        return digest

    def _write_array(self, name: str, array: NDArray[np.int64]) -> None:
        with (self.folder / name).open("wb") as file:
            np.save(file, array, allow_pickle=False)
            _to_disk(file)

    def _write_text(self, name: str, text: str) -> None:
        with (self.folder / name).open("wb") as file:
            file.write(text.encode("utf-8"))
            _to_disk(file)


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(S, S, 3) -> (S, S, 1): the brightness of each pixel, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded."""
    bright: NDArray[np.int64] = pixels.astype(np.int64) @ _GREYS
    return ((bright + 500) // 1000).astype(np.uint8)[..., None]


def held_out(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) labels in an order that says nothing -> (N,) which of them are held out for the metrics: the first of each class, in equal
    shares (largest remainders); a tenth of all, at least 10 and at most 10,000; at least one of each class is left to train on."""
    count = int(np.clip(round(len(labels) * _SHARE), _FEWEST_HELD, _MOST_HELD))
    sizes = Counter(labels.tolist())
    exact = {label: count * size / len(labels) for label, size in sizes.items()}
    shares = {label: min(int(exact[label]), size - 1) for label, size in sizes.items()}
    missing = count - sum(shares.values())
    while missing > 0 and (open_ones := [label for label, size in sizes.items() if shares[label] < size - 1]):
        most = max(open_ones, key=lambda label: (exact[label] - shares[label], -label))
        shares[most] += 1
        missing -= 1
    held = np.zeros(len(labels), bool)
    for label, share in shares.items():
        held[np.flatnonzero(labels == label)[:share]] = True
    return held
