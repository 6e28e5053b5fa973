"""Why files were not taken: a few reasons with their counts, and the first names of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gan_core.text import N_

NAMED = 50  # names that are kept of each reason
LONGEST = 200  # characters of a name

REASONS = {
    "duplicate": N_("The same picture as another one"),
    "beside": N_("Beside the two folders"),
    "partner": N_("No picture of the same name in the other folder"),
    "format": N_("No picture in a format that is read here (PNG, JPEG, WebP, GIF, BMP, TIFF, PPM)"),
    "truncated": N_("The file ends early"),
    "broken": N_("The file is damaged"),
    "empty": N_("The file is empty"),
    "small": N_("Smaller than 8 × 8 pixels"),
    "pixels": N_("More pixels than are allowed"),
    "file": N_("The file is larger than is allowed"),
    "depth": N_("Values that are no brightness from 0 to 255 or 65,535"),
    "memory": N_("It needs more memory than is allowed"),
    "time": N_("Decoding takes too long"),
    "crashed": N_("The decoder fails on it"),
    "path": N_("Its name points outside of the archive"),
    "link": N_("A link, not a file"),
    "special": N_("A device or another special file"),
    "nested": N_("An archive inside an archive or a folder"),
    "encrypted": N_("Encrypted"),
    "packing": N_("Packed in a way that is not read here"),
    "archive": N_("The archive is damaged or ends early: what comes after is lost"),
    "bomb": N_("The archive unpacks to more than is allowed: the rest was not read"),
    "entries": N_("The archive or folder holds more files than are looked at: the rest was not read"),
    "over": N_("More pictures than a set may have"),
    "late": N_("The import took longer than is allowed: the rest was not read"),
    "unreadable": N_("The file cannot be opened"),
}  # fmt: skip
NOTES = {
    "rotated": N_("Turned upright as their camera says (EXIF)"),
    "alpha": N_("Transparent parts became white"),
    "animated": N_("Animated or of several pages: the first picture was taken"),
    "cmyk": N_("Converted from CMYK"),
    "deep": N_("16 bits a channel, reduced to 8"),
    "enlarged": N_("Smaller than the chosen size, enlarged"),
}  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """`code` of REASONS or NOTES; how many files; the names of the first NAMED of them, as text that can be shown."""

    code: str
    count: int
    names: tuple[str, ...]


class Listed:
    """Counts by reason, and the first names of each: bounded, whatever comes."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._names: dict[str, list[str]] = {}

    def add(self, code: str, name: str, count: int = 1) -> None:
        """`count` more files for this reason, of which one is called `name` ("" for none)."""
        self._counts[code] = self._counts.get(code, 0) + count
        names = self._names.setdefault(code, [])
        if name and len(names) < NAMED:
            names.append(name[:LONGEST])

    def count(self, codes: Iterable[str]) -> int:
        """How many files there are with one of these."""
        return sum(self._counts.get(code, 0) for code in codes)

    def reasons(self) -> tuple[Reason, ...]:
        """Those that occurred, the commonest first."""
        found = sorted(self._counts.items(), key=lambda pair: -pair[1])
        return tuple(Reason(code, count, tuple(self._names[code])) for code, count in found)
