"""How much is taken of what comes from outside."""

from __future__ import annotations

from dataclasses import dataclass

FEWEST = 20  # pictures that a set must have
SMALLEST = 8  # pixels of a side that a picture must have
MOST_CLASSES = 1000


@dataclass(frozen=True)
class Limits:
    """pictures: of a set. upload: bytes that one import may bring. megapixels: of one picture. entries: of an archive or a folder that are
    looked at. unpacked: bytes that an archive may unpack to. file: bytes of one picture's file. seconds: for decoding one picture. minutes: of one
    import. sets: of one owner. kept: bytes of all sets of a data folder together.
    """

    pictures: int = 20_000
    upload: int = 2_000_000_000
    megapixels: float = 40.0
    entries: int = 250_000
    unpacked: int = 10_000_000_000
    file: int = 200_000_000
    seconds: float = 20.0
    minutes: float = 60.0
    sets: int = 20
    kept: int = 20_000_000_000

    @property
    def memory(self) -> int:
        """Bytes of address space of the process that decodes: its libraries, a file, and five copies of a picture with four channels."""
        return int(1.2e9 + self.file + 20e6 * self.megapixels)
