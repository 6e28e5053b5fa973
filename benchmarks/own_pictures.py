"""Pictures of one's own: how fast thousands of them are imported, and what memory that takes, of the server and of the process that decodes:
plain photographs, then hostile files, with the limits that a server has by itself."""

import gzip
import io
import shutil
import tarfile
import tempfile
import threading
import time
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks._machine import machine
from gan_core.pictures.choices import Choices
from gan_core.pictures.importing import Given, Import, preview
from gan_core.pictures.limits import Limits
from gan_core.pictures.store import PictureSets

PICTURES = 5_000
SIZE = 64
_WIDTH, _HEIGHT = 800, 600
_LARGE = (7_800, 5_000)  # 39 megapixels
_LOOK = 0.02
_ZEROS = 100_000_000  # bytes of a piece of a bomb


def run(count: int = PICTURES) -> dict[str, object]:
    """Seconds, pictures a second, and peaks of memory in MB."""
    root = Path(tempfile.mkdtemp(prefix="own-pictures-"))
    try:
        plain = _photographs(root / "photographs.zip", count)
        found: dict[str, object] = {
            "pictures": count,
            "of": f"{_WIDTH} × {_HEIGHT}",
            "archive_mb": round(plain.stat().st_size / 1e6, 1),
            "preview_seconds": _preview(plain),
            "photographs": _imported(root, [plain]),
            "hostile": _imported(root, [plain, *_hostile(root)]),
        }
        return found | {"machine": machine()}
    finally:
        shutil.rmtree(root)


def _photographs(path: Path, count: int) -> Path:
    """JPEGs, no two alike, with a camera's amount of detail."""
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 6, (_HEIGHT, _WIDTH, 3))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(count):
            small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
            values = np.asarray(small.resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC)) + grain
            out = io.BytesIO()
            Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=85)
            archive.writestr(f"{'left' if number % 2 else 'right'}/{number}.jpg", out.getvalue())
    return path


def _hostile(root: Path) -> list[Path]:
    """A picture of 39 megapixels with transparency; a file of 3 GB of zeros in a ZIP; 11 GB of zeros in a TAR."""
    large, zipped, tarred = root / "large.png", root / "zeros.zip", root / "zeros.tar.gz"
    Image.new("RGBA", _LARGE, (200, 40, 90, 128)).save(large, compress_level=1)
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        member = partial(archive.open, "zeros.png", mode="w", force_zip64=True)
        with member() as file:
            for _ in range(30):
                file.write(bytes(_ZEROS))
    header = tarfile.TarInfo("zeros.png")
    header.size = 110 * _ZEROS
    piece = gzip.compress(bytes(_ZEROS))
    with tarred.open("wb") as out:
        out.write(gzip.compress(header.tobuf()))
        for _ in range(110):
            out.write(piece)
    return [large, zipped, tarred]


def _preview(path: Path) -> float:
    begin = time.perf_counter()
    preview([Given(path, path.name)], Choices(SIZE), Limits())
    return round(time.perf_counter() - begin, 2)


def _imported(root: Path, paths: list[Path]) -> dict[str, object]:
    sets = PictureSets(root)
    job = Import(sets, [Given(path, path.name) for path in paths], Choices(SIZE), "Benchmark", "", Limits())
    memory = _Memory()
    job.start()
    job.wait()
    own, decoder = memory.end()
    made, seconds = job.result, job.progress.seconds
    assert made is not None
    sets.delete(made.id)
    return {
        "taken": made.count,
        "left_out": {reason.code: reason.count for reason in job.refused},
        "seconds": round(seconds, 1),
        "pictures_per_second": round(made.count / seconds, 1),
        "server_adds_mb": own,
        "decoder_mb": decoder,
    }


class _Memory:
    """The largest resident memory of this process, above what it has now, and of the one that decodes."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._before = self._most = self._own.memory_info().rss
        self._decoder = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK):
            self._most = max(self._most, self._own.memory_info().rss)
            for child in self._own.children():
                self._decoder = max(self._decoder, _peak(child))

    def end(self) -> tuple[float, float]:
        """Both in MB."""
        self._ended.set()
        self._thread.join()
        return round((self._most - self._before) / 1e6, 1), round(self._decoder / 1e6, 1)


def _peak(process: psutil.Process) -> int:
    """Bytes: since it began where the system says that (Linux), else now."""
    try:
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return int(process.memory_info().rss)
    except (OSError, psutil.Error):  # it has ended
        return 0


if __name__ == "__main__":
    print(run())
